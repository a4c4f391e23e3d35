"""What a Lambda's cold start costs on top of boto3: the import of its handler, alone, as the function is packaged."""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 3
HEAVY = ("numpy", "pydub", "imageio_ffmpeg", "stitcher.formats.ffmpeg", "stitcher.joining.render")
"""What neither a cache hit nor a spliced message may load."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "ap-south-1",
    "BUCKET_INPUT": "bench-audios", "BUCKET_OUTPUT": "bench-output", "CACHE_PREFIX": "cache/", "URL_SECONDS": "900",
    "LOG_WORDS": "false", "REFUSED_QUEUE_URL": "https://sqs.invalid/bench",
    "CHANGES_QUEUE_URL": "https://sqs.invalid/bench", "RESULTS_BUCKET": "bench-results",
    "PROMPTS_BUCKET": "bench-prompts", "PROMPT_POINTERS": "/bench/prompts/", "PROMPT_SECONDS": "30",
    "MODEL_SECONDS": "60", "LEASE_SECONDS": "150", "MODEL_CALLS_PER_DAY": "1000",
    "IMAGES_BUCKET": "bench-images", "DEFAULT_PROMPT": "animal", "MODEL_SMALL": "bench", "MODEL_LARGE": "bench",
    "STUDIO_ORIGIN": "http://127.0.0.1:4600", "LINK_SECONDS": "900", "CAMPAIGN_DAYS": "30",
    "CAMPAIGN_STATE_MACHINE": "arn:aws:states:ap-south-1:000000000000:stateMachine:bench", "EVENT_SOURCE": "bench",
    "SETTINGS_DIGEST": "bench", "CANARY": "false", "RESULT_SECONDS": "60",
    "POWERTOOLS_SERVICE_NAME": "bench", "POWERTOOLS_METRICS_NAMESPACE": "Bench", "POWERTOOLS_LOG_LEVEL": "INFO",
}  # fmt: skip
OURS = ("handlers", "identifier", "stitcher")
LAMBDA = {"LAMBDA_TASK_ROOT": "/var/task", "AWS_LAMBDA_FUNCTION_NAME": "bench"}
"""By these libraries know that they run on Lambda; without them X-Ray's makes two clients when imported, which it does
not there."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Median milliseconds of a processor for a handler's import on top of boto3's, and which heavy modules it loads."""

    ms: float
    heavy: tuple[str, ...]


def steps() -> list[str]:
    """The functions, by the names of their folders."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


def environment(**more: str) -> dict[str, str]:
    """A function's environment on top of this process's, without what that says of an account of its own."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))}
    return outer | ENVIRONMENT | more


def imported(step: str) -> Imported:
    """Import a step's handler several times, each in a fresh process."""
    folder = ROOT / "functions" / step
    hidden = ",".join(sorted(_not_shipped(folder / "requirements.txt")))
    runs = []
    for _ in range(REPEATS):
        command = [sys.executable, str(ROOT / "tools" / "bench" / "cold_import.py"), str(folder), hidden]
        done = subprocess.run(command, env=environment(**LAMBDA), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{step} cannot be imported: {done.stderr}")
        runs.append(json.loads(done.stdout))
    loaded = runs[0]["modules"]
    return Imported(statistics.median(run["ms"] for run in runs), tuple(name for name in HEAVY if name in loaded))


def _not_shipped(requirements: Path) -> set[str]:
    """Top-level modules that are installed here, but not in the function: X-Ray's tracer imports all it can patch."""
    shipped: set[tuple[str, str]] = set()  # distribution, extra
    waiting = [Requirement(line) for line in requirements.read_text().splitlines()]
    waiting = [wanted for wanted in waiting if wanted.marker is None or wanted.marker.evaluate()]
    while waiting:
        wanted = waiting.pop()
        for extra in {"", *wanted.extras}:
            if (canonicalize_name(wanted.name), extra) in shipped:
                continue
            shipped.add((canonicalize_name(wanted.name), extra))
            needs = map(Requirement, metadata.requires(wanted.name) or ())
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    names = {name for name, _ in shipped}
    return {
        module
        for module, distributions in _installed().items()
        if names.isdisjoint(map(canonicalize_name, distributions)) and module not in OURS
    }


@cache
def _installed() -> dict[str, list[str]]:
    """Top-level modules with the distributions that they are from."""
    return dict(metadata.packages_distributions())
