"""The benchmark's numbers as people read them, and held to the project's targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.bench.approaches import FLOOR, PYDUB
from tools.bench.handlers import HEAVY
from tools.bench.planning import CLIPS, WORDS
from tools.bench.requests_counted import CASES, CLIPS_OF_MESSAGE, HIT, PREPARED, WARM

MP3 = "splice mp3"
FASTER, CPU_SECONDS, HIT_REQUESTS, MISS_REQUESTS = 1000, 0.3, 2, 4
START_MS, ZIPPED_MB = 250, 12
EACH_MESSAGE = ("CacheLookupFunction", "StitchFunction", "PublishFunction")
PLAN_MS = 5
UNCACHED_SECONDS, HIT_MS = 8, 4
"""Of a processor: for 1,000 messages that are not in the cache, and for one that is."""
TEN = 10


def targets(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What the project promises: `what`, `limit`, `found` (numbers or names), `passed`."""
    ours, theirs = found["approaches"][MP3], found["approaches"][PYDUB]
    requests, handlers = found["requests"], found["handlers"]
    ratio = theirs["ms"]["files"][TEN] / ours["ms"]["files"][TEN]
    rounds = zip(theirs["rounds_ms"]["files"][TEN], ours["rounds_ms"]["files"][TEN], strict=True)
    by_round = [slow / fast for slow, fast in rounds]
    spliced = [(f"on a {case}", requests[case]["heavy"]) for case in (HIT, WARM, PREPARED)]
    imports = [(f"by {step}'s import", handlers[step]["heavy"]) for step in ("cache_lookup", "stitch", "publish")]
    loaded = [f"{module} {when}" for when, heavy in spliced + imports for module in heavy]
    return [
        _target(
            "ten-clip MP3 from files, times less CPU than pydub as commonly used"
            f" ({_number(min(by_round))} to {_number(max(by_round))} by round)",
            ratio,
            at_least=FASTER,
        ),
        *(
            _target(f"CPU seconds for 1,000 ten-clip MP3 messages from {source}", used[TEN], at_most=CPU_SECONDS)
            for source, used in ours["ms"].items()
        ),
        {"what": f"nothing of {', '.join(HEAVY)} loaded on a hit or by a spliced message", "limit": "none",
         "found": ", ".join(loaded) or "none", "passed": not loaded},
        *(
            _target(f"{name} from nothing to ready, ms of a processor", found["starts"][name]["ms"], at_most=START_MS)
            for name in EACH_MESSAGE
        ),
        *(
            _target(f"{name}'s package, MB zipped", found["starts"][name]["zipped_mb"], at_most=ZIPPED_MB)
            for name in EACH_MESSAGE
        ),
        *_costs(found["messages"]),
        _target(
            f"{WORDS} words planned on {_number(CLIPS)} clips, ms of a processor", found["planning"][0], at_most=PLAN_MS
        ),
        _target("S3 requests on a hit", requests[HIT]["total"], at_most=HIT_REQUESTS),
        _target("S3 requests on a miss, all clips in memory", requests[WARM]["total"], at_most=MISS_REQUESTS),
        _target(
            f"S3 requests on a miss, none of {CLIPS_OF_MESSAGE} prepared clips in memory",
            requests[PREPARED]["total"],
            at_most=MISS_REQUESTS + CLIPS_OF_MESSAGE,
        ),
    ]  # fmt: skip


def _costs(messages: dict[int, Any]) -> Iterator[dict[str, Any]]:
    for size, cost in messages.items():
        of = f"with a voice of {_number(size)} clips"
        uncached, hit = sum(cost["uncached_ms"].values()), sum(cost["hit_ms"].values())
        requests = cost["hit_requests"]
        yield _target(
            f"CPU seconds in the handlers for 1,000 uncached messages {of}", uncached, at_most=UNCACHED_SECONDS
        )
        yield _target(f"CPU milliseconds in the handlers for a hit {of}", hit, at_most=HIT_MS)
        yield _target(f"S3 requests on a hit {of}", sum(requests.values()), at_most=HIT_REQUESTS)
        yield _target(f"of them lists, {of}", requests.get("ListObjectsV2", 0), at_most=0)


def _target(what: str, found: float, *, at_least: float | None = None, at_most: float | None = None) -> dict[str, Any]:
    passed = found >= at_least if at_least is not None else found <= (at_most or 0)
    limit = f"≥ {_number(at_least)}" if at_least is not None else f"≤ {_number(at_most or 0)}"
    return {"what": what, "limit": limit, "found": _number(found), "passed": passed}


def markdown(found: dict[str, Any]) -> str:
    """The whole report."""
    return "\n".join(_lines(found))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    made, approaches = found["made"], found["approaches"]
    versions = ", ".join(f"{name} {version}" for name, version in (made["programs"] | made["packages"]).items())
    yield "# Benchmark"
    yield ""
    yield "Written by `python -m tools.bench.benchmark`; docs/benchmark.md says what is compared and how."
    yield ""
    yield f"{made['date']}, {made['machine']}, {made['cpus']} CPUs (load average {made['load']} at the start), "
    yield f"Python {made['python']}, {versions}."
    for source, title in (("files", "from files"), ("memory", "from memory")):
        yield from ("", f"## CPU milliseconds a message, {title}", "")
        yield "Child processes with them. In brackets: how many times less than pydub as commonly used."
        yield ""
        counts = list(approaches[PYDUB]["ms"][source])
        yield from _table(
            ["approach", *(f"{count} clips" for count in counts)],
            (
                [approach["about"], *(_speed(approaches, name, source, count) for count in counts)]
                for name, approach in approaches.items()
            ),
        )
    yield from ("", "## Cost of a ten-clip message", "")
    yield "Memory: peak MB of Python + its largest child, message from files. Audio: what the file decodes to, in"
    yield "seconds × channels."
    yield ""
    yield from _table(
        ["approach", "processes", "memory, 10 clips", "memory, 200 clips", "audio"],
        (
            [
                approach["about"],
                str(approach["processes"]),
                *(f"{peak['process']:.0f} + {peak['child']:.0f}" for peak in approach["peak_mb"].values()),
                f"{approach['seconds']:.2f} × {approach['channels']}",
            ]
            for approach in approaches.values()
        ),
    )
    yield from _of_functions(found)
    yield from ("", "## Import of each handler on top of boto3", "")
    yield "CPU milliseconds, the median of some processes."
    yield ""
    yield from _table(
        ["function", "ms", "heavy modules"],
        ([step, _number(one["ms"]), ", ".join(one["heavy"]) or "–"] for step, one in found["handlers"].items()),
    )
    yield from ("", "## S3 requests of a ten-clip message", "")
    yield from _table(
        ["case", "requests", "by step", "processes", "heavy modules"],
        (
            [f"{case}: {CASES[case]}", str(one["total"]), _by_step(one["requests"]), str(one["processes"]),
             ", ".join(one["heavy"]) or "–"]
            for case, one in found["requests"].items()
        ),
    )  # fmt: skip
    yield from ("", "## Targets", "")
    yield from _table(
        ["target", "limit", "found", ""],
        (
            [each["what"], each["limit"], each["found"], "pass" if each["passed"] else "**FAIL**"]
            for each in found["targets"]
        ),
    )
    yield ""


def _of_functions(found: dict[str, Any]) -> Iterator[str]:
    splice = found["approaches"][MP3]["ms"]["memory"][TEN]
    yield from ("", "## What messages cost inside the handlers", "")
    yield "CPU seconds for 1,000 ten-word messages, X-Ray and Powertools at work, S3 in another process."
    yield f"The splice alone takes {_number(splice)}."
    yield ""
    yield from _table(
        ["clips of the voice", "1,000 hits", "1,000 uncached", "CacheLookup", "Stitch", "Publish"],
        (
            [_number(size), *map(_number, (
                sum(cost["hit_ms"].values()), sum(cost["uncached_ms"].values()), *cost["uncached_ms"].values()))]
            for size, cost in found["messages"].items()
        ),
    )  # fmt: skip
    yield from ("", "## A hit, for voices of any size", "")
    yield "CPU milliseconds. The first hit of a function loads the voice's catalogue object. By the list is how a voice"
    yield "is read where a clip has just changed, and how each hit was read before there were catalogue objects."
    yield ""
    yield from _table(
        ["clips of the voice", "requests", "ms", "the first, ms", "by the list, requests", "by the list, ms"],
        (
            [_number(size), _counts(cost["hit_requests"]), _number(sum(cost["hit_ms"].values())),
             _number(cost["first_ms"]), _counts(cost["listed_requests"]), _number(cost["listed_ms"])]
            for size, cost in found["messages"].items()
        ),
    )  # fmt: skip
    yield from ("", "## From nothing to a ready handler", "")
    yield "CPU milliseconds of a process with the package as Lambda gets it: least and median of the rounds."
    yield "In brackets: times the least of the second floor."
    yield ""
    floor = list(found["starts"].values())[1]["ms"]
    yield from _table(
        ["start", "least", "median", "MB zipped"],
        (
            [name, f"{_number(one['ms'])} ({_number(one['ms'] / floor)})", _number(one["median_ms"]),
             _number(one["zipped_mb"]) if one["zipped_mb"] else "–"]
            for name, one in found["starts"].items()
        ),
    )  # fmt: skip


def _speed(approaches: dict[str, Any], name: str, source: str, count: int) -> str:
    ms, theirs = approaches[name]["ms"][source][count], approaches[PYDUB]["ms"][source][count]
    return _number(ms) if name == FLOOR else f"{_number(ms)} ({_number(theirs / ms)})"


def _by_step(requests: dict[str, dict[str, int]]) -> str:
    return "; ".join(f"{step}: {_counts(counts)}" for step, counts in requests.items())


def _counts(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{count:g} {operation}" for operation, count in counts.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _number(value: float) -> str:
    """Two or three digits that mean something; all of a whole number."""
    if isinstance(value, int):
        return f"{value:,}"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
