"""How an approach is measured: processor time, processes, and, in a process of its own, memory.

Linux, because of /proc. What getrusage calls the largest resident set is not used: a new process inherits it from the
one that started it, so that it says how large the parent was.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tools.bench.approaches import APPROACHES

Say = Callable[[], bytes]

ROUND_SECONDS = 0.3
"""Of each approach in each round; one message where that takes longer."""


def saying(name: str, clips: int, folder: Path, *, in_memory: bool) -> Say:
    """What makes a message of `clips` clips with an approach, its sources at hand."""
    approach = APPROACHES[name]
    return partial(approach.say, approach.sources(clips, folder, in_memory=in_memory))


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of a processor for a message: the median of the rounds, and each, to see how steady it is."""

    ms: float
    rounds: list[float]


def timings(messages: dict[str, Say], rounds: int) -> dict[str, Timing]:
    """Times each message; all take turns, so that a burst of other load meets each of them."""
    taken: dict[str, list[float]] = {name: [] for name in messages}
    for _ in range(rounds):
        for name, say in messages.items():
            taken[name].append(_timed(say))
    return {name: Timing(statistics.median(each), each) for name, each in taken.items()}


def _timed(say: Say) -> float:
    """Milliseconds of a processor (user and system, with child processes) for a message, in one round."""
    end, before = time.perf_counter() + ROUND_SECONDS, _cpu()
    runs = 0
    while not runs or time.perf_counter() < end:
        say()
        runs += 1
    return 1000 * (_cpu() - before) / runs


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


@contextmanager
def each_process(started: Callable[[int], None]) -> Iterator[None]:
    """Calls `started` with the id of every process that Python starts meanwhile, once its program runs."""
    start = subprocess.Popen.__init__

    def watched(self: "subprocess.Popen[Any]", *arguments: Any, **options: Any) -> None:
        start(self, *arguments, **options)
        started(self.pid)

    with patch.object(subprocess.Popen, "__init__", watched):
        yield


def processes(say: Say) -> int:
    """How many processes one message starts."""
    found: list[int] = []
    with each_process(found.append):
        say()
    return len(found)


def peak_mb(name: str, clips: int, folder: Path) -> dict[str, float]:
    """Peak resident memory of one message from files, in MB (10^6 bytes): Python's, and its largest child's."""
    command = [sys.executable, "-m", "tools.bench.measure", name, str(clips), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _peak(pid: int | str) -> int:
    """Bytes, the largest so far (VmHWM, proc(5)); 0 of a process that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return 1024 * int(found[1]) if found else 0


def _watch_memory(say: Say) -> dict[str, float]:
    """Runs one message; children are looked at every half millisecond as long as they live."""
    children: list[int] = [0]

    def watch(pid: int) -> None:
        while peak := _peak(pid):
            children.append(peak)
            time.sleep(0.0005)

    with each_process(lambda pid: threading.Thread(target=watch, args=(pid,)).start()):
        say()
    return {"process": _peak("self") / 1e6, "child": max(children) / 1e6}


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.measure", description="Peak memory of a message, as JSON."
    )
    parser.add_argument("approach", choices=APPROACHES)
    parser.add_argument("clips", type=int, help="in the message")
    parser.add_argument("folder", type=Path, help="what bench.benchmark prepared")
    options = parser.parse_args()
    say = saying(options.approach, options.clips, options.folder, in_memory=False)
    print(json.dumps(_watch_memory(say)))


if __name__ == "__main__":
    _main()
