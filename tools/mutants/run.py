"""Runs the tests on each mutant, in copies of the repository, as many at once as there are processors.

What is heavy to import and is not ours is imported once; each run is a fork of that. A run may take of a processor what
ten undisturbed ones take, and then counts as noticed: the change made an endless loop.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
LEAST_SECONDS = 60
"""A run may always take this much of a processor."""
LOG = "pytest.log"
"""What the last run in a copy said."""


@dataclass(frozen=True)
class Trial:
    """A mutant and the tests that have to notice it, the nearest first."""

    mutant: Mutant
    tests: tuple[str, ...]


def warm() -> None:
    """Import the third-party packages that the tests need."""
    import boto3  # noqa: F401
    import jsonschema  # noqa: F401
    import moto  # noqa: F401
    import numpy  # noqa: F401
    import pydantic  # noqa: F401
    import samtranslator.translator.transform  # noqa: F401


def copy_of_repository(folder: Path) -> Path:
    """Everything that git knows, as it lies here."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True)  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for environment in (".venv-local", ".venv-delivery"):  # tests ask IAM's evaluator there
        if (ROOT / environment).exists():
            (folder / environment).symlink_to(ROOT / environment)
    return folder


def start(folder: Path, tests: Sequence[str], seconds: int) -> int:
    """Run the tests in a fork of this process; returns its id. It ends with 0 if they pass."""
    if pid := os.fork():
        return pid
    status = 70
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        log = os.open(folder / LOG, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for stream in (0, 1, 2):
            os.dup2(log, stream)
        os.chdir(folder)
        os.environ["HYPOTHESIS_PROFILE"] = "mutants"
        os.environ["PYTHONPATH"] = str(folder / "src")
        sys.path[:0] = [str(folder / "src"), str(folder)]
        sys.path[:] = [entry for entry in sys.path if Path(entry) not in (ROOT, ROOT / "src")]
        for name in [name for name in sys.modules if name.split(".")[0] in ("tools", "stitcher", "identifier")]:
            del sys.modules[name]
        sys.dont_write_bytecode = True
        import pytest

        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    except BaseException:  # a fork must not go on with what its parent does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def seconds_of(folder: Path, tests: Sequence[str]) -> float:
    """What the tests take of a processor without a mutant. Raises `RuntimeError` if they fail already."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _, status = os.waitpid(start(folder, tests, 3_600), 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        raise RuntimeError(f"the tests fail without a mutant already:\n{(folder / LOG).read_text()[-3_000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _end(running: Mapping[int, object]) -> None:
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def run(trials: Sequence[Trial], minutes: float) -> Iterator[tuple[Trial, bool]]:
    """Each trial with whether the tests noticed, as far as the minutes suffice."""
    warm()
    end = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch, contextlib.ExitStack() as exits:
        copies = [copy_of_repository(Path(scratch) / str(number)) for number in range(os.cpu_count() or 1)]
        limits = {
            tests: max(LEAST_SECONDS, round(10 * seconds_of(copies[0], tests)))
            for tests in dict.fromkeys(trial.tests for trial in trials)
        }
        waiting, running = list(reversed(trials)), dict[int, tuple[Trial, Path]]()
        exits.callback(_end, running)
        while running or (waiting and time.monotonic() < end):
            while copies and waiting and time.monotonic() < end:
                trial, folder = waiting.pop(), copies.pop()
                (folder / trial.mutant.path).write_text(trial.mutant.text)
                running[start(folder, trial.tests, limits[trial.tests])] = trial, folder
            if not running:
                continue
            pid, status = os.wait()
            trial, folder = running.pop(pid)
            shutil.copy2(ROOT / trial.mutant.path, folder / trial.mutant.path)
            copies.append(folder)
            yield trial, status != 0
