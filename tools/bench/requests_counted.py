"""How many S3 requests a message makes: the functions' handlers in the workflow's order, over moto's S3.

Counted, not timed: moto answers from memory. Each case runs in a fresh process, so that what it loads can be seen too:

    python -m tools.bench.requests_counted "warm miss" FOLDER
"""

import argparse
import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from stitcher.clip import Clip
from stitcher.clips.prepared import prepared_key
from stitcher.formats.profiles import FORMS
from tools.bench.approaches import CLIPS, recordings
from tools.bench.handlers import ENVIRONMENT, HEAVY, ROOT, environment
from tools.bench.measure import each_process
from tools.bench.workflow import Workflow

HIT, WARM, PREPARED, COLD = "hit", "warm miss", "prepared miss", "cold miss"
CASES = {
    HIT: "the message is in the cache",
    WARM: "its clips are prepared, and in Stitch's memory",
    PREPARED: "its clips are prepared, none in Stitch's memory",
    COLD: "no clip is prepared",
}
CLIPS_OF_MESSAGE = 10
INPUT, OUTPUT, REGION = (ENVIRONMENT[name] for name in ("BUCKET_INPUT", "BUCKET_OUTPUT", "AWS_DEFAULT_REGION"))


def counted(case: str, folder: Path) -> dict[str, Any]:
    """One ten-clip MP3 message.

    Returns
    -------
    dict
        `requests` by step and S3 operation, their `total`, the `heavy` modules loaded at the end (by all steps
        together), and the `processes` started.
    """
    command = [sys.executable, "-m", "tools.bench.requests_counted", case, str(folder)]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{case}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _fill_buckets(folder: Path, *, prepared: bool) -> list[str]:
    """Put the default voice's clips, and what was prepared of them in `folder`; returns the message's clips."""
    import boto3

    s3 = boto3.client("s3")
    for bucket in (INPUT, OUTPUT):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]
    voice = [(index, path) for index, path in enumerate(recordings()) if path.parent == CLIPS]
    for index, path in voice:
        put = s3.put_object(Bucket=INPUT, Key=path.name, Body=path.read_bytes())
        clip = Clip(path.name, put["ETag"].strip('"'), path.stat().st_size, path.stem)
        for form in FORMS if prepared else ():
            body = (folder / f"{index}.{form}").read_bytes()
            s3.put_object(Bucket=OUTPUT, Key=prepared_key(clip, form), Body=body)
    return [path.name for _, path in voice[:CLIPS_OF_MESSAGE]]


def _counted(case: str, folder: Path) -> dict[str, Any]:
    from moto import mock_aws

    with mock_aws():
        parts = _fill_buckets(folder, prepared=case != COLD)
        workflow = Workflow()
        if case in (HIT, WARM):  # said before: the same message, or another one of the same clips
            workflow.say({"message_parts": parts, "gap_ms": 120 if case == HIT else 240})
            workflow.forget()
        started: list[int] = []
        with each_process(started.append):
            answer = workflow.say({"message_parts": parts, "gap_ms": 120})
    if answer["cached"] != (case == HIT) or answer["path"] != "spliced":
        raise RuntimeError(f"{case}: {answer}")
    return {
        "requests": workflow.requests,
        "total": sum(count.total() for count in workflow.requests.values()),
        "heavy": [name for name in HEAVY if name in sys.modules],
        "processes": len(started),
    }


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.requests_counted", description="One message, as JSON.")
    parser.add_argument("case", choices=CASES)
    parser.add_argument("folder", type=Path, help="what bench.benchmark prepared")
    options = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()):  # logs and metrics
        found = _counted(options.case, options.folder)
    print(json.dumps(found))


if __name__ == "__main__":
    _main()
