"""A bounded mix of calls: messages from the cache, new ones and refused ones; how fast, how even, what fails.

    make load SECONDS=30 AT_ONCE=4          # on the embedded AWS, with the memory of its functions over time
    make load API_URL=https://… VOICE=…     # on a deployed API; takes the ambient credentials

On the embedded AWS the times are an emulator's on this machine. They show what grows with time, what breaks when calls
meet, and how long our own code takes; not how fast AWS is.
"""

import json
import random
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.client import Caller, ambient_caller
from tools.local.pictures import put_picture, put_prompts, result_of
from tools.local.stack import ROOT, Stack, running

SAVED = ROOT / "tools" / "bench" / "results" / "load.json"
WEIGHTS = {"hit": 6, "made": 3, "missing word": 1, "malformed": 1}
EXPECTED = {"hit": 200, "made": 200, "missing word": 422, "malformed": 400}
NOBODY_RECORDED = "qxzv"
GROWTH = 1.5
"""Times the memory of the first third of the run that the last third may have, and 50 MB."""


@dataclass
class Tally:
    """What came of the calls."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in WEIGHTS})
    unexpected: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)


def requests(clips: list[str], voice: str, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, body) for ever, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no secrets
    known = [{"message_parts": chance.choices(clips, k=3), "voice": voice} for _ in range(5)]
    while True:
        (kind,) = chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
        gap_ms = chance.randrange(5001)
        new = {"message_parts": chance.choices(clips, k=chance.randint(1, 10)), "voice": voice, "gap_ms": gap_ms}
        bodies: dict[str, dict[str, Any]] = {
            "hit": chance.choice(known),
            "made": new,
            "missing word": {"message": NOBODY_RECORDED, "voice": voice},
            "malformed": {"message_parts": clips[0], "voice": voice},
        }
        yield kind, bodies[kind]


def drive(caller: Caller, voice: str, *, seconds: float, at_once: int, sample: Callable[[], float | None]) -> Tally:
    """Call for `seconds`, `at_once` calls at a time; `sample` gives the functions' memory in MB if it is known."""
    answer = caller.get(f"/voices/{voice or '-'}/clips", limit=50)
    if answer.status != 200:
        raise RuntimeError(
            f"the clips of voice {voice or '-'} cannot be listed: {answer.status} {answer.body.decode()}"
        )
    clips = [entry["key"].rpartition("/")[2] for entry in answer.json()["clips"]]
    todo, tally, lock = requests(clips, voice, seed=1), Tally(), threading.Lock()
    warm = {json.dumps(body): body for kind, body in (next(todo) for _ in range(60)) if kind == "hit"}
    for body in warm.values():
        caller.post("/stitch", body)
    end = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end:
            with lock:
                kind, body = next(todo)
            began = time.monotonic()
            answer = caller.post("/stitch", body)
            with lock:
                tally.seconds[kind].append(time.monotonic() - began)
                if answer.status != EXPECTED[kind]:
                    tally.unexpected.append(f"{kind}: {answer.status} {answer.body[:200].decode(errors='replace')}")

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (memory := sample()) is not None:
            tally.memory_mb.append(memory)
        time.sleep(1)
    return tally


def problems(tally: Tally) -> list[str]:
    """What must not be: answers of another kind, and memory that grows with the calls."""
    found = list(dict.fromkeys(tally.unexpected))[:5]
    third = len(tally.memory_mb) // 3
    if third >= 3:
        first, last = max(tally.memory_mb[:third]), max(tally.memory_mb[-third:])
        if last > GROWTH * first + 50:
            found.append(f"the functions' memory grew from {first:.0f} to {last:.0f} MB")
    return found


def report(tally: Tally, seconds: float, at_once: int) -> str:
    """The table that `make load` prints."""
    out = [f"{'':14}{'calls':>7}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"]
    for kind, times in [*tally.seconds.items(), ("all", [one for some in tally.seconds.values() for one in some])]:
        if len(times) > 1:
            cuts = statistics.quantiles(times, n=100, method="inclusive")
            figures = "".join(f"{1000 * cuts[rank - 1]:9.0f}" for rank in (50, 95, 99))
            out.append(f"{kind:14}{len(times):7}{len(times) / seconds:10.1f}{figures}")
    out.append(f"{at_once} at once for {seconds:.0f} s; unexpected answers: {len(tally.unexpected)}")
    if memory := tally.memory_mb:
        first, most, last = memory[0], max(memory), memory[-1]
        out.append(f"memory of the functions: {first:.0f} MB at the start, {most:.0f} at most, {last:.0f} at the end")
    return "\n".join(out)


def memory_mb() -> float | None:
    """Resident memory of the embedded AWS's functions; None if the system has no /proc."""
    if not Path("/proc/self/status").exists():
        return None
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"_worker.py" in (folder / "cmdline").read_bytes():
                resident = re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())
                total += int(resident.group(1)) / 1024 if resident else 0
        except OSError:  # it has ended
            continue
    return total


def look_at_pictures(stack: Stack) -> None:
    """Ten pictures, so that their function's duration is known, too; the stand-in for the model answers at once."""
    put_prompts(stack)
    data = (ROOT / "samples" / "images" / "cow.jpg").read_bytes()
    for number in range(10):
        result_of(stack, put_picture(stack, f"inbox/animal/cow-{number}.jpg", data))


def durations(stack: Stack) -> dict[str, dict[str, float]]:
    """By function: the median of its calls' durations (ms) and its log (bytes) for one call."""
    logs, found = stack.client("logs"), {}
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
        events = [
            event["message"]
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            for event in page["events"]
        ]
        took = [
            float(ms) for text in events for ms in re.findall(r"REPORT RequestId: \S+\s+Duration: ([\d.]+) ms", text)
        ]
        if took:
            step = group["logGroupName"].rpartition("-")[2]
            function = "".join(part.title() for part in step.split("_"))
            size = sum(len(text.encode()) for text in events)
            found[function] = {"ms": statistics.median(took), "log_bytes": round(size / len(took))}
    return found


@contextmanager
def _target(url: str) -> Iterator[tuple[Caller, Stack | None]]:
    if url:
        yield ambient_caller(url), None
        return
    with running() as stack:
        stack.put_clips(ROOT / "samples" / "clips")
        yield stack.caller, stack


def load(url: str, voice: str, *, seconds: float, at_once: int, save: bool) -> int:
    """Send the load and print the results; returns the exit code, 1 if a result is wrong."""
    with _target(url) as (caller, stack):
        tally = drive(caller, voice, seconds=seconds, at_once=at_once, sample=memory_mb if stack else lambda: None)
        print(report(tally, seconds, at_once))
        if save and stack:
            look_at_pictures(stack)
            SAVED.write_text(
                json.dumps({"date": f"{datetime.now(UTC):%Y-%m-%d}", "functions": durations(stack)}, indent=1)
            )
    found = problems(tally)
    print("\n".join(found) if found else "every answer was the one that was expected")
    return 1 if found else 0
