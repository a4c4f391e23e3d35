"""Each handler on its sample event and off the happy path, over moto's S3."""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from functions.cache_lookup import app as cache_lookup
from functions.fetch_clips import app as fetch_clips
from functions.publish import app as publish
from functions.stitch import app as stitch
from moto import mock_aws
from pydantic import ValidationError

from stitcher import limits
from stitcher.api import StitchRequest
from stitcher.prepared import CorruptPrepared, PreparedClip
from stitcher.repo import NotStored
from tests.conftest import ROOT, SAMPLES

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


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """The sample clips in the input bucket, an empty output bucket, and the functions' environment."""
    variables = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "ap-south-1",
        "BUCKET_INPUT": INPUT, "BUCKET_OUTPUT": OUTPUT, "CACHE_PREFIX": "cache/", "URL_SECONDS": "900",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made_once: list[Any] = [cache_lookup.repos, fetch_clips.repos, stitch.output, publish.output]
    with mock_aws():
        s3 = boto3.client("s3", region_name="ap-south-1")
        for bucket in (INPUT, OUTPUT):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        found = Buckets(s3)
        for path in SAMPLES.glob("*.*"):
            found.put(INPUT, path.name, path.read_bytes())
        for cached in made_once:
            cached.cache_clear()
        yield found
        for cached in made_once:
            cached.cache_clear()


def say_it(message: str) -> dict[str, Any]:
    """The whole workflow, step by step; returns what the last one answered."""
    found: dict[str, Any] = cache_lookup.lambda_handler({"request": {"message": message}}, CONTEXT)
    if found["outcome"] != "miss":
        return found
    for clip in found["to_prepare"]:
        assert fetch_clips.lambda_handler(clip, CONTEXT) == {"outcome": "ready"}
    staged = stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)
    handed_on = {"plan": found["plan"], "output_key": found["output_key"], "staged": staged}
    answer: dict[str, Any] = publish.lambda_handler(handed_on, CONTEXT)
    return answer


def test_the_sample_events_are_what_the_steps_hand_on(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler(event("cache_lookup"), CONTEXT)
    assert found["outcome"] == "miss"
    assert event("fetch_clips") == found["to_prepare"][0]
    assert event("stitch") == {"plan": found["plan"]}
    assert event("publish")["plan"] == found["plan"]
    assert event("publish")["output_key"] == found["output_key"]
    assert event("stitch_workflow")["request"] == event("cache_lookup")["request"]


def test_every_function_has_a_sample_event() -> None:
    steps = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert steps <= {path.stem for path in EVENTS.glob("*.json")}


@pytest.mark.parametrize("path", sorted((EVENTS / "api").glob("*.json")), ids=lambda path: path.stem)
def test_the_sample_requests_are_requests(path: Path) -> None:
    assert StitchRequest.of(json.loads(path.read_text()))


def test_fetch_clips_prepares_its_sample_event(buckets: Buckets) -> None:
    clip = event("fetch_clips")
    assert fetch_clips.lambda_handler(clip, CONTEXT) == {"outcome": "ready"}
    (key,) = buckets.keys(OUTPUT)
    assert key == f"prepared/v1/-/{clip['etag']}.clip"
    assert PreparedClip.from_bytes(buckets.read(OUTPUT, key)).samples > 0


def test_stitch_says_its_sample_event(buckets: Buckets) -> None:
    plan = event("stitch")["plan"]
    for segment in plan["segments"]:
        if "key" in segment:
            fetch_clips.lambda_handler(segment, CONTEXT)
    staged = stitch.lambda_handler(event("stitch"), CONTEXT)
    assert staged["key"] == "work/5f7a2c1e.mp3"
    assert hashlib.md5(buckets.read(OUTPUT, staged["key"]), usedforsecurity=False).hexdigest() == staged["etag"]


def test_publish_promotes_its_sample_event(buckets: Buckets) -> None:
    audio = (SAMPLES / "good_morning.mp3").read_bytes()
    buckets.put(OUTPUT, "work/sample.mp3", audio)
    answer = publish.lambda_handler(event("publish"), CONTEXT)
    assert answer["cached"] is False
    assert buckets.read(OUTPUT, answer["output_file"]) == audio
    assert buckets.s3.head_object(Bucket=OUTPUT, Key=answer["output_file"])["ContentType"] == "audio/mpeg"


def test_what_was_published_is_a_hit(buckets: Buckets) -> None:
    made = say_it("hello, shreeshail")
    found = say_it("Hello Shreeshail")
    assert found["outcome"] == "hit"
    same = {"output_file", "duration_ms", "audio_files"}
    assert {key: found["answer"][key] for key in same} == {key: made[key] for key in same}
    assert found["answer"]["cached"] is True


def test_only_clips_that_are_not_prepared_are_fetched(buckets: Buckets) -> None:
    say_it("hello")
    found = cache_lookup.lambda_handler({"request": {"message": "hello shreeshail shreeshail"}}, CONTEXT)
    assert [clip["key"] for clip in found["to_prepare"]] == ["shreeshail.wav"]


def test_a_refusal_is_data(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler({"request": {"message": "hello elephant"}}, CONTEXT)
    assert found["outcome"] == "rejected"
    assert found["problem"]["missing"] == ["elephant"]


def test_a_request_that_is_no_object_is_refused_not_a_fault(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler({"request": [1]}, CONTEXT)
    assert found["problem"]["code"] == "invalid_request"


def test_a_clip_replaced_since_it_was_planned_is_changed(buckets: Buckets) -> None:
    buckets.put(INPUT, "hello.wav", b"another take")
    assert fetch_clips.lambda_handler(event("fetch_clips"), CONTEXT) == {"outcome": "changed"}


def test_a_clip_deleted_since_it_was_planned_is_changed(buckets: Buckets) -> None:
    buckets.s3.delete_object(Bucket=INPUT, Key="hello.wav")
    assert fetch_clips.lambda_handler(event("fetch_clips"), CONTEXT) == {"outcome": "changed"}


def test_a_clip_over_the_limit_is_not_even_read(buckets: Buckets) -> None:
    clip = event("fetch_clips") | {"size": limits.CLIP_BYTES + 1, "etag": "not-asked-for"}
    outcome = fetch_clips.lambda_handler(clip, CONTEXT)
    assert outcome["outcome"] == "unusable"
    assert "20 MB" in outcome["reason"]


def test_a_clip_that_is_no_audio_is_not_stored(buckets: Buckets) -> None:
    etag = buckets.put(INPUT, "hello.wav", b"text")
    outcome = fetch_clips.lambda_handler(event("fetch_clips") | {"etag": etag}, CONTEXT)
    assert (outcome["outcome"], outcome["key"]) == ("unusable", "hello.wav")
    assert buckets.keys(OUTPUT) == []


def test_a_damaged_prepared_clip_is_a_fault(buckets: Buckets) -> None:
    found = cache_lookup.lambda_handler(event("cache_lookup"), CONTEXT)
    for clip in found["to_prepare"]:
        fetch_clips.lambda_handler(clip, CONTEXT)
    key = buckets.keys(OUTPUT, "prepared/")[0]
    buckets.put(OUTPUT, key, buckets.read(OUTPUT, key)[:-1])
    with pytest.raises(CorruptPrepared):
        stitch.lambda_handler({"plan": found["plan"]}, CONTEXT)
    assert buckets.keys(OUTPUT, "work/") == []


def test_the_first_writer_wins(buckets: Buckets) -> None:
    sample = event("publish")
    buckets.put(OUTPUT, "work/sample.mp3", (SAMPLES / "good_morning.mp3").read_bytes())
    buckets.s3.put_object(Bucket=OUTPUT, Key=sample["output_key"], Body=b"first", Metadata={"duration-ms": "7"})
    answer = publish.lambda_handler(sample, CONTEXT)
    assert answer["duration_ms"] == 7
    assert buckets.read(OUTPUT, sample["output_key"]) == b"first"


def test_another_file_than_the_staged_one_is_not_published(buckets: Buckets) -> None:
    buckets.put(OUTPUT, "work/sample.mp3", b"not what was staged")
    with pytest.raises(NotStored):
        publish.lambda_handler(event("publish"), CONTEXT)
    assert buckets.keys(OUTPUT, "cache/") == []


@pytest.mark.parametrize("handler", [fetch_clips.lambda_handler, stitch.lambda_handler, publish.lambda_handler])
def test_an_event_of_another_form_is_a_fault(buckets: Buckets, handler: Any) -> None:
    with pytest.raises(ValidationError):
        handler({"unexpected": True}, CONTEXT)


def test_no_text_of_a_message_is_logged(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    for step in (cache_lookup, fetch_clips, stitch, publish):
        monkeypatch.setattr(step.logger.registered_handler, "stream", log)
    say_it("hello shreeshail")
    cache_lookup.lambda_handler({"request": {"message": "hello mister elephant"}}, CONTEXT)
    text = log.getvalue()
    assert "looked up" in text
    assert not any(word in text for word in ("shreeshail", "elephant", "X-Amz-Signature"))
