"""How many S3 requests a message makes: the functions' handlers in the workflow's order, over moto's S3.

Counted, not timed: moto answers from memory. Each case runs in a fresh process, so that what it loads can be seen too:

    python -m tools.bench.requests_counted "warm miss" FOLDER
"""

import argparse
import contextlib
import importlib.util
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from stitcher.clip import Clip
from stitcher.clips.prepared import prepared_key
from stitcher.formats.profiles import FORMS
from tools.bench.approaches import CLIPS, recordings
from tools.bench.handlers import ENVIRONMENT, HEAVY, ROOT, environment
from tools.bench.measure import each_process

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


class Workflow:
    """The steps of statemachine/stitch.asl.json, each S3 request counted by step and operation."""

    def __init__(self) -> None:
        import boto3

        self.requests: dict[str, Counter[str]] = {}
        self._step = ""
        boto3.setup_default_session()
        session: Any = boto3.DEFAULT_SESSION
        # Every try makes a request; at "before-send" moto would answer before it is counted.
        session.events.register("request-created.s3", self._count)

    def _count(self, operation_name: str, **_: object) -> None:
        self.requests.setdefault(self._step, Counter())[operation_name] += 1

    def _invoke(self, step: str, event: Mapping[str, Any]) -> dict[str, Any]:
        from aws_lambda_powertools.utilities.typing import LambdaContext

        context = LambdaContext()
        context._function_name = context._invoked_function_arn = context._aws_request_id = step
        context._memory_limit_in_mb = 1769
        self._step = step
        answer: dict[str, Any] = _app(step).lambda_handler(dict(event), context)
        return answer

    def say(self, parts: Sequence[str], gap_ms: int = 120) -> dict[str, Any]:
        """The answer to one request."""
        found = self._invoke("cache_lookup", {"request": {"message_parts": list(parts), "gap_ms": gap_ms}})
        if found["outcome"] == "hit":
            return dict(found["answer"])
        made = self._invoke("stitch", {"plan": found["plan"]})
        if made["outcome"] == "unprepared":
            for clip in made["clips"]:
                self._invoke("fetch_clips", clip)
            made = self._invoke("stitch", {"plan": found["plan"]})
        handed_on = {"plan": found["plan"], "output_key": found["output_key"], "staged": made["staged"]}
        return self._invoke("publish", handed_on)


@cache
def _app(step: str) -> ModuleType:
    """The step's app.py under a name of its own, loaded when it first runs: on Lambda each is alone."""
    spec = importlib.util.spec_from_file_location(f"app_of_{step}", ROOT / "functions" / step / "app.py")
    if spec is None or spec.loader is None:
        raise ImportError(step)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
            workflow.say(parts, gap_ms=120 if case == HIT else 240)
            workflow.requests.clear()
        started: list[int] = []
        with each_process(started.append):
            answer = workflow.say(parts)
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
