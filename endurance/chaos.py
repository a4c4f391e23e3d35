"""`make chaos`: every step and every call of AWS fails in turn, and the promises are checked.

The calls are those of a run without faults, by path and function. Of calls that a function makes several of (one per
clip, say) the first and the last fail. What is promised, whatever fails:

- the caller gets the right answer, or a clean 5xx problem
- nothing half-written is in `cache/` or under `prepared/`: what is there is what it has to be, byte for byte
- the next try succeeds
"""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.client import Response, fetch
from local.stack import HOME, running, say

from endurance.lab import BAD, CLIPS, Lab
from stitcher.decode import RATE, decode

STEPS = ("CacheLookup", "Stitch", "FetchClips", "Publish")
WRITES = ("PutObject", "CopyObject", "SendMessage")
STARTS = "StartSyncExecution"
HELD_SECONDS = 20


@dataclass(frozen=True)
class Path:
    """One way through the service: what is there before, and how it is gone."""

    name: str
    says: str
    go: Callable[[Lab, str], Response]
    prepared: bool = True
    cached: bool = False
    before: tuple[str, ...] = (*CLIPS, "voice.toml")


PATHS = (
    Path("cold", "a new message of clips that nobody prepared", Lab.stitch, prepared=False),
    Path("warm", "a new message of prepared clips", Lab.stitch),
    Path("hit", "a message that was made before", Lab.stitch, cached=True),
    Path("plan", "POST /plans", Lab.plan),
    Path("voices", "GET /voices", Lab.voices),
    Path("clips", "GET /voices/{voice}/clips", Lab.clips),
    Path("event", "a clip is put, and then the message asked for", Lab.put_and_stitch, prepared=False),
    Path("refused", "a file that is no audio is put", Lab.refuse_and_stitch),
)


@dataclass(frozen=True)
class Case:
    """One fault on one path."""

    path: Path
    by: str
    operation: str
    nth: int
    kind: str
    times: int = 1
    """How many calls fail; 0 for all."""

    @property
    def fault(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("by", "operation", "nth", "kind", "times")}

    def __str__(self) -> str:
        which = f" {self.nth}" if self.nth > 1 else ""
        return f"{self.path.name}: {self.by} {self.operation}{which} {self.kind}{'' if self.times else ' for good'}"


@dataclass
class Outcome:
    """What came of a case: the first answer's status, the seconds it took, and the promises that were broken."""

    case: Case
    status: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


def cases(path: Path, calls: Iterable[dict[str, Any]]) -> Iterator[Case]:
    """Every fault of the calls that were recorded on a path."""
    made = Counter((call["by"], call["operation"]) for call in calls)
    for (by, operation), count in made.items():
        for nth in sorted({1, count}):
            for kind in _kinds(by, operation):
                yield Case(path, by, operation, nth, kind)
        for kind in ("service_exception",) if by == "workflow" else ("internal_error",):
            yield Case(path, by, operation, 1, kind, times=0)


def _kinds(by: str, operation: str) -> Iterator[str]:
    """How one call of it can fail once."""
    if by == "workflow":
        yield "throttled"
        return
    yield "slow_down"
    if operation == STARTS:
        return
    yield "cut"
    if operation in WRITES:
        yield from ("lost", "killed_after")
    elif operation != "HeadObject":
        yield "truncated"
    yield from ("stalled", "killed")
    if by in STEPS:
        yield "overrun"


def learn(lab: Lab) -> None:
    """Make the message once without a fault: from now on it is known what it has to be."""
    _begin(lab, PATHS[0], "chaos-first")
    answer = lab.stitch("chaos-first").json()
    lab.forms = lab.read_forms("chaos-first")
    ((lab.key, (lab.audio, lab.metadata)),) = lab.cached().items()
    seconds = len(decode(lab.audio)) / RATE
    if answer["output_file"] != lab.key or abs(1000 * seconds - answer["duration_ms"]) > 60:
        raise ValueError(f"without a fault already: {answer}, {seconds:.2f} s of audio under {lab.key}")
    lab.forget("chaos-first")


def record(lab: Lab, path: Path, voice: str) -> list[dict[str, Any]]:
    """The calls of a path without faults; its answer is what others are measured against."""
    _begin(lab, path, voice)
    lab.arm(None)
    response = path.go(lab, voice)
    calls: list[dict[str, Any]] = lab.report()["calls"]
    if response.status != 200:
        raise ValueError(f"{path.name} fails without a fault already: {response}")
    lab.answers[path.name] = _anonymous(response, voice)
    lab.forget(voice)
    return calls


def trial(lab: Lab, case: Case, voice: str) -> Outcome:
    """One case, from an empty cache to an empty cache."""
    _begin(lab, case.path, voice)
    outcome, began = Outcome(case), time.monotonic()
    lab.arm(case.fault)
    try:
        response = case.path.go(lab, voice)
        outcome.status, outcome.seconds = response.status, time.monotonic() - began
        if not lab.report()["struck"]:
            outcome.broken.append("the fault did not strike")
        lab.arm(None)
        outcome.broken += _not_right(lab, case.path, response, voice) if response.status == 200 else _not_clean(response)
        again = case.path.go(lab, voice)
        outcome.broken += [f"the next try: {what}" for what in _not_right(lab, case.path, again, voice)]
        _wait_for_held(lab)
        outcome.broken += _half_written(lab, voice)
    except OSError as error:  # no answer at all
        outcome.broken.append(repr(error))
    finally:
        lab.arm(None)
    lab.forget(voice)
    return outcome


def _begin(lab: Lab, path: Path, voice: str) -> None:
    lab.forget(voice)
    for name in path.before:
        lab.put_clip(voice, name)
    if path.prepared:
        lab.put_prepared(voice)
    if path.cached:
        lab.put_cached()


def _wait_for_held(lab: Lab) -> None:
    """Until what a function still does after its caller has gone on is done."""
    deadline = time.monotonic() + HELD_SECONDS
    while lab.report()["held"] and time.monotonic() < deadline:
        time.sleep(0.05)


def _anonymous(response: Response, voice: str) -> bytes:
    return response.body.replace(voice.encode(), b"<voice>")


def _not_right(lab: Lab, path: Path, response: Response, voice: str) -> list[str]:
    """What is wrong with an answer that has to be the right one."""
    if response.status != 200:
        return [f"{response.status} {response.body[:200]!r}"]
    if path.go in (Lab.plan, Lab.voices, Lab.clips):
        return [] if _anonymous(response, voice) == lab.answers[path.name] else [f"another answer: {response.body!r}"]
    answer = response.json()
    heard = fetch(answer["public_url"])
    right = answer["success"] is True and answer["output_file"] == lab.key and heard.body == lab.audio
    return [] if right else [f"not the message: {answer}, {heard.status}, {len(heard.body)} bytes"]


def _not_clean(response: Response) -> list[str]:
    """What is wrong with an answer that tells of a fault."""
    wrong = []
    if response.status not in (429, 500, 502, 503, 504):
        wrong.append(f"status {response.status}")
    if response.headers.get("content-type") != "application/problem+json":
        wrong.append(f"media type {response.headers.get('content-type')}")
    if not response.headers.get("x-request-id"):
        wrong.append("no X-Request-Id")
    try:
        problem = response.json()
    except ValueError:
        return [*wrong, f"no JSON: {response.body[:200]!r}"]
    if not {"type", "title", "success"} <= problem.keys() <= {"type", "title", "status", "success"}:
        wrong.append(f"it says {problem}")
    if problem.get("success") is not False or problem.get("status", response.status) != response.status:
        wrong.append(f"it says {problem}")
    return wrong


def _half_written(lab: Lab, voice: str) -> list[str]:
    """What is in the cache or prepared, and is not what it has to be."""
    wrong = [
        f"{key} holds {len(data)} bytes, {metadata}"
        for key, (data, metadata) in lab.cached().items()
        if (key, data, metadata) != (lab.key, lab.audio, lab.metadata)
    ]
    forms = lab.read_forms(voice)
    return wrong + [f"{name} as {form}: {len(forms[name, form])} bytes" for name, form in forms if forms[name, form] != lab.forms[name, form]]


def run(paths: Iterable[str] = (), kinds: Iterable[str] = ()) -> list[Outcome]:
    """All cases (of the paths and kinds that are named, if any) on an embedded stack of their own."""
    with running(state=HOME / "chaos") as stack:
        lab = Lab(stack)
        lab.events(on=False)
        learn(lab)
        number = itertools.count(1)
        planned = [
            case
            for path in PATHS
            if not paths or path.name in paths
            for case in cases(path, record(lab, path, f"chaos{next(number)}"))
            if not kinds or case.kind in kinds
        ]
        outcomes = []
        for case in planned:
            outcome = trial(lab, case, f"chaos{next(number)}")
            outcomes.append(outcome)
            say(f"{len(outcomes):>4}/{len(planned)}  {outcome.status}  {outcome.seconds:4.1f} s  {case}")
            for what in outcome.broken:
                say(f"      BROKEN {what}")
        return outcomes
