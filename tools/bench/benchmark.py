"""Ways to make one spoken message of recorded clips, side by side, and the other costs of the functions.

    python -m tools.bench.benchmark

measures, checks the project's targets, and writes benchmark.json and benchmark.md. docs/benchmark.md says what is
compared and how. The exit code is 1 where a target is missed.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from stitcher.clips.encode import encode
from stitcher.clips.prepare import prepare
from stitcher.formats.ffmpeg import decode_to_wav, ffmpeg_path
from stitcher.formats.profiles import FORMS, RATE
from tools.bench.approaches import APPROACHES, RESULT, recordings
from tools.bench.handlers import ROOT, imported, steps
from tools.bench.measure import peak_mb, processes, saying, timings
from tools.bench.messages import SIZES, measured
from tools.bench.planning import planned
from tools.bench.report import markdown, targets
from tools.bench.requests_counted import CASES, counted
from tools.bench.starts import starts

COUNTS = (2, 10, 50, 200)
TEN = 10
ROUNDS, ROUNDS_OF_TEN = 3, 5
"""More for the message that a target rests on."""
MEMORY_COUNTS = (10, 200)
PACKAGES = ("aws-lambda-powertools", "av", "boto3", "imageio-ffmpeg", "moto", "numpy", "pydantic", "pydub")
RESULTS = Path(__file__).parent / "results"
FUNCTIONS = ("CacheLookupFunction", "StitchFunction", "PublishFunction", "FetchClipsFunction", "PlanFunction")
STARTED = time.perf_counter()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _say("preparing the sample clips")
        _prepare(folder)
        found: dict[str, Any] = {"made": _about(), "approaches": _approaches(folder)}
        _say("imports of the handlers")
        found["handlers"] = {step: asdict(imported(step)) for step in steps()}
        _say("S3 requests")
        found["requests"] = {case: counted(case, folder) for case in CASES}
        found["messages"] = {}
        for size in SIZES:
            _say(f"messages with a voice of {size} clips")
            found["messages"][size] = measured(size)
    _say("planning")
    found["planning"] = planned()
    _say("starts of the functions")
    found["starts"] = {name: asdict(start) for name, start in starts(built(), FUNCTIONS).items()}
    found["targets"] = targets(found)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "benchmark.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    (options.output / "benchmark.md").write_text(markdown(found))
    print(markdown(found))
    return 0 if all(target["passed"] for target in found["targets"]) else 1


def built() -> Path:
    """The packages, built and finished by the environment of `make setup`, which has `sam`."""
    done = subprocess.run([ROOT / ".venv" / "bin" / "python", "-m", "tools.local", "build"], cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError("the packages could not be built: `make setup` installs what that needs")
    return ROOT / ".local" / "build"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.benchmark",
        description="Compare ways to make one spoken message of recorded clips, and check the project's targets.",
        epilog="Takes some minutes; the machine should do nothing else. Exit codes: 0 targets met; 1 one is missed.",
    )
    parser.add_argument(
        "--output", type=Path, default=RESULTS, metavar="FOLDER", help="where to write (default: tools/bench/results)"
    )
    return parser


def _say(progress: str) -> None:
    print(f"{time.perf_counter() - STARTED:4.0f} s  {progress}", file=sys.stderr, flush=True)


def _about() -> dict[str, Any]:
    """The machine and the versions of the run."""
    versions = {"ffmpeg": [ffmpeg_path(), "-version"], "sox": [shutil.which("sox") or "", "--version"]}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "programs": {name: _version(command) for name, command in versions.items() if command[0]},
    }


def _version(command: Sequence[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"v?\d+\.\d[\w.]*", said)
    return found[0] if found else "unknown"


def _prepare(folder: Path) -> None:
    """What the approaches take: each clip prepared in each form, and finished messages for the floor."""

    def prepare_one(index: int, path: Path) -> None:
        samples = prepare(path.name, path.read_bytes())
        for ready in encode(samples, FORMS):
            (folder / f"{index}.{ready.profile}").write_bytes(ready.to_bytes())

    paths = recordings()
    with ThreadPoolExecutor() as pool:
        list(pool.map(prepare_one, range(len(paths)), paths))
    for count in COUNTS:
        made = saying("splice mp3", count, folder, in_memory=True)()
        (folder / f"{RESULT}-{count}.mp3").write_bytes(made)


def _approaches(folder: Path) -> dict[str, Any]:
    """Each approach's numbers by its name."""
    found: dict[str, Any] = {
        name: {
            "about": approach.about,
            **{key: {"files": {}, "memory": {}} for key in ("ms", "rounds_ms")},
        }
        for name, approach in APPROACHES.items()
    }
    for source in ("files", "memory"):
        for count in COUNTS:
            _say(f"messages of {count} clips from {source}")
            messages = {name: saying(name, count, folder, in_memory=source == "memory") for name in APPROACHES}
            for name, timing in timings(messages, ROUNDS_OF_TEN if count == TEN else ROUNDS).items():
                found[name]["ms"][source][count] = timing.ms
                found[name]["rounds_ms"][source][count] = timing.rounds
    for name, approach in found.items():
        _say(f"processes and memory: {name}")
        say = saying(name, TEN, folder, in_memory=False)
        approach["processes"] = processes(say)
        # What an approach leaves out would not be in its time either.
        wav = decode_to_wav(say(), rate=RATE, seconds=60).wav
        approach["channels"] = int.from_bytes(wav[22:24], "little")  # of floats, 4 bytes each
        approach["seconds"] = len(wav) / 4 / RATE / approach["channels"]
        approach["peak_mb"] = {count: peak_mb(name, count, folder) for count in MEMORY_COUNTS}
    return found


if __name__ == "__main__":
    sys.exit(main())
