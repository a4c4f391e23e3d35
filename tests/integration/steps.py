"""The steps as the workflow calls them, over moto's S3."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from functions.cache_lookup import app as cache_lookup
from functions.fetch_clips import app as fetch_clips
from functions.publish import app as publish
from functions.stitch import app as stitch

from tests.paths import ROOT

INPUT, OUTPUT = "stitcher-audios-test", "stitcher-output-test"
EVENTS = ROOT / "events"


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


class Context(LambdaContext):
    """What Lambda tells a handler, as far as the handlers use it."""

    def __init__(self) -> None:
        self._function_name = "step"
        self._function_version = "1"
        self._invoked_function_arn = "arn:aws:lambda:ap-south-1:123456789012:function:step"
        self._memory_limit_in_mb = 1024
        self._aws_request_id = "5f7a2c1e"


CONTEXT = Context()


@dataclass
class Buckets:
    """Both buckets, seen from outside."""

    s3: Any

    def put(self, bucket: str, key: str, data: bytes) -> str:
        etag: str = self.s3.put_object(Bucket=bucket, Key=key, Body=data)["ETag"]
        return etag.strip('"')

    def read(self, bucket: str, key: str) -> bytes:
        data: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", ())]


def now() -> str:
    """The time as Step Functions writes it."""
    return datetime.now(UTC).isoformat()


def asked(**request: Any) -> dict[str, Any]:
    """What the workflow hands to CacheLookup."""
    return {"request": request, "started": now(), "request_id": "the-request"}


def looked_up(message: str, **asks: Any) -> dict[str, Any]:
    found: dict[str, Any] = cache_lookup.lambda_handler(asked(message=message, **asks), CONTEXT)
    return found


def say_it(message: str, **asks: Any) -> dict[str, Any]:
    """The whole workflow, step by step; returns what the last one answered."""
    found = looked_up(message, **asks)
    if found["outcome"] != "miss":
        return found
    made = stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)
    if made["outcome"] == "unprepared":
        for clip in made["clips"]:
            assert fetch_clips.lambda_handler(clip, CONTEXT) == {"outcome": "ready"}
        made = stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)
    handed_on = {"plan": found["plan"], "output_key": found["output_key"], "staged": made["staged"], "started": now()}
    answer: dict[str, Any] = publish.lambda_handler(handed_on, CONTEXT)
    return answer


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Metrics by name: (value, dimensions), from what was printed in CloudWatch's embedded metric format."""
    found: dict[str, Any] = {}
    for line in capsys.readouterr().out.splitlines():
        blob = json.loads(line)
        for directive in blob["_aws"]["CloudWatchMetrics"]:
            (names,) = directive["Dimensions"]
            for metric in directive["Metrics"]:
                found[metric["Name"]] = (blob[metric["Name"]][0], {name: blob[name] for name in names})
    return found
