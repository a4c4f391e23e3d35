"""HearVersion on the real steps: what it hears, what it refuses, and that CloudFormation always gets an answer."""

import io
import json
import signal
import wave
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import pytest
from functions.hear_version import app as hear_version

from handlers.buckets import recordings
from handlers.hearing import NotHeard, listen
from stitcher.storage import StorageFault
from tests.integration.steps import CONTEXT, INPUT, OUTPUT, Buckets, Context, say_it

MACHINE = "arn:aws:states:ap-south-1:123456789012:stateMachine:stitcher-stitch-test"
URL = (
    "https://cloudformation-custom-resource-response-apsouth1.s3.ap-south-1.amazonaws.com/"
    "arn%3Aaws%3Acloudformation%3Aap-south-1%3A123456789012%3Astack/x?X-Amz-Signature=0"
)
Said = Callable[[dict[str, Any]], dict[str, Any]]


def asked(kind: str, version: int, before: int | None = None, url: str = URL) -> dict[str, Any]:
    """A request of CloudFormation (its guide, "Custom resource request objects")."""
    event: dict[str, Any] = {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "arn:aws:cloudformation:ap-south-1:123456789012:stack/audio-stitcher-test/0a1b",
        "RequestId": "0a1b2c3d",
        "ResourceType": "Custom::HeardVersion",
        "LogicalResourceId": "HeardVersion",
        "ResourceProperties": {"Version": f"{MACHINE}:{version}", "ServiceTimeout": "300"},
    }
    if before is not None:
        event |= {"OldResourceProperties": {"Version": f"{MACHINE}:{before}"}, "PhysicalResourceId": "HeardVersion"}
    return event


def answered(body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """What the workflow's last state makes of a body."""
    return {"status": "SUCCEEDED", "output": json.dumps({"status": status, "body": json.dumps(body)})}


class Aws:
    """A workflow of the real steps, and S3's two presigned URLs: of the audio, and of the answer to CloudFormation."""

    def __init__(self, buckets: Buckets) -> None:
        self.buckets = buckets
        self.versions: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.workflow: Said = lambda request: answered(say_it(**request))
        self.audio: Callable[[bytes], bytes] = lambda audio: audio
        self.kind = "audio/mpeg"

    def start_sync_execution(self, *, stateMachineArn: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        self.versions.append(stateMachineArn)
        return self.workflow(json.loads(input)["request"])

    def open(self, request: Request, timeout: int) -> Any:
        got = io.BytesIO()
        if request.get_method() == "PUT":
            assert request.full_url == URL
            assert request.get_header("Content-type") == "", "it is part of what the URL's signature covers"
            assert isinstance(request.data, bytes)
            assert len(request.data) <= 4096, "CloudFormation takes no more"
            self.answers.append(json.loads(request.data))
        else:
            key = urlsplit(request.full_url).path.lstrip("/").removeprefix(f"{OUTPUT}/")
            got = io.BytesIO(self.audio(self.buckets.read(OUTPUT, key)))
        headers = Message()
        headers["Content-Type"] = self.kind
        got.headers = headers  # type: ignore[attr-defined]
        return got


@pytest.fixture
def aws(empty_buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> Aws:
    made = Aws(empty_buckets)
    monkeypatch.setattr(hear_version, "workflows", lambda: made)
    monkeypatch.setattr(hear_version, "urlopen", made.open)
    monkeypatch.setattr(hear_version, "PAUSES", ())
    return made


def answer(aws: Aws, event: dict[str, Any], left_ms: int = 120_000) -> dict[str, Any]:
    """The one answer to a request."""
    context = Context()
    context.get_remaining_time_in_millis = lambda: left_ms  # type: ignore[method-assign]
    hear_version.lambda_handler(event, context)
    (found,) = aws.answers
    assert {name: found[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    assert found["PhysicalResourceId"] == "HeardVersion", "another id would let CloudFormation delete the one before"
    return found


@pytest.mark.parametrize(("kind", "before"), [("Create", None), ("Update", 6)])
def test_a_new_version_is_heard_in_an_empty_bucket_and_leaves_no_clip(aws: Aws, kind: str, before: int | None) -> None:
    found = answer(aws, asked(kind, 7, before))
    assert (found["Status"], found["Data"]) == ("SUCCESS", {"Version": f"{MACHINE}:7"}), found
    assert aws.versions == [f"{MACHINE}:7"]
    assert aws.buckets.keys(INPUT) == []


def test_no_message_is_said_twice(aws: Aws) -> None:
    """Else the cache, or a clip that was prepared by the version before, could answer for a version that is broken."""
    for _ in range(2):
        hear_version.hear(f"{MACHINE}:7")
    assert len(aws.buckets.keys(OUTPUT, "cache/")) == 2


def swapped(request: dict[str, Any]) -> dict[str, Any]:
    return request | {"message": " ".join(reversed(request["message"].split()))}


def cut(audio: bytes) -> bytes:
    return audio[: len(audio) * 7 // 8]


@pytest.mark.parametrize(
    ("workflow", "audio", "reason"),
    [
        (lambda _: {"status": "FAILED", "error": "StitchFailed", "cause": "a step"}, None, "FAILED, StitchFailed"),
        (lambda _: {"status": "TIMED_OUT"}, None, "TIMED_OUT"),
        (lambda _: {"status": "FAILED", "cause": "🌾\ud800" * 9_000}, None, "FAILED, None: 🌾?🌾"),
        (lambda _: answered({"code": "missing_words", "detail": "no clip"}, 422), None, "422, missing_words: no clip"),
        (lambda _: answered({"public_url": "file:///etc/passwd"}), None, "not https"),
        (lambda _: {"status": "SUCCEEDED", "output": "[]"}, None, "TypeError"),
        (lambda request: answered(say_it(**request | {"message": request["message"].split()[0]})), None, "s long"),
        (lambda request: answered(say_it(**swapped(request))), None, "not the tone of"),
        (None, cut, "cut off"),
        (None, lambda _: b"<Error/>", "not audio"),
    ],
)  # fmt: skip
def test_a_version_that_is_not_heard_fails_with_the_reason(
    aws: Aws, workflow: Said | None, audio: Callable[[bytes], bytes] | None, reason: str
) -> None:
    aws.workflow, aws.audio = workflow or aws.workflow, audio or aws.audio
    found = answer(aws, asked("Update", 7, 6))
    assert found["Status"] == "FAILED"
    assert reason in found["Reason"]
    assert found["Reason"].startswith(f"{MACHINE}:7 was not heard: ")
    assert "docs/operations.md#a-new-version-is-not-heard" in found["Reason"]
    assert "Data" not in found
    assert aws.buckets.keys(INPUT) == []


def test_audio_of_another_format_is_not_what_callers_expect(aws: Aws) -> None:
    aws.kind = "audio/wav"
    assert "audio/wav, not audio/mpeg" in answer(aws, asked("Create", 2))["Reason"]


def test_silence_is_not_heard() -> None:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as out:
            out.setparams((1, 2, 8_000, 0, "NONE", ""))
            out.writeframes(bytes(2 * 8_000 * 3 // 2))
        silence = file.getvalue()
    with pytest.raises(NotHeard, match="first half of the message is silent"):
        listen(silence, [400, 900])


def test_rights_that_do_not_hold_yet_are_waited_for(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hear_version, "PAUSES", (0, 0))
    heard, failed = aws.workflow, iter([True, True, False])
    aws.workflow = lambda request: {"status": "FAILED"} if next(failed) else heard(request)
    assert answer(aws, asked("Create", 2))["Status"] == "SUCCESS"


def test_a_rollback_is_not_kept_from_the_version_before(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Perhaps nothing works at this moment: the version was heard when it came."""

    def broken(*_: Any, **__: Any) -> None:
        raise StorageFault

    monkeypatch.setattr(recordings(), "save", broken)
    aws.workflow = broken  # type: ignore[assignment]
    found = answer(aws, asked("Update", 6, 7))
    assert (found["Status"], found["Data"], aws.versions) == ("SUCCESS", {"Version": f"{MACHINE}:6"}, [])


def test_the_first_version_of_a_stack_is_not_heard(aws: Aws) -> None:
    """Nobody knows the address of its API yet, and a first deployment that fails later can remove its empty buckets."""
    found = answer(aws, asked("Create", 1))
    assert (found["Status"], found["Data"], aws.versions) == ("SUCCESS", {"Version": f"{MACHINE}:1"}, [])
    assert aws.buckets.keys(INPUT) == aws.buckets.keys(OUTPUT) == []


def test_a_version_is_older_by_its_number_and_not_by_its_text(aws: Aws) -> None:
    assert answer(aws, asked("Update", 10, 9))["Status"] == "SUCCESS"
    assert aws.versions == [f"{MACHINE}:10"]


def test_a_version_that_failed_before_is_heard_again(aws: Aws) -> None:
    """A deployment without rollback keeps the properties that failed, and may be tried again with the same ones."""
    answer(aws, asked("Update", 7, 7))
    assert aws.versions == [f"{MACHINE}:7"]


def test_a_request_of_another_form_is_answered_too(aws: Aws) -> None:
    event = asked("Update", 7)
    del event["ResourceProperties"]["Version"]
    assert answer(aws, event)["Status"] == "FAILED"


def test_a_deletion_succeeds_without_a_try(aws: Aws) -> None:
    found = answer(aws, asked("Delete", 7))
    assert (found["Status"], aws.versions) == ("SUCCESS", [])


def test_cloudformation_has_its_answer_before_the_function_is_out_of_time(aws: Aws) -> None:
    def endless(_: dict[str, Any]) -> dict[str, Any]:
        signal.pause()
        return {}

    aws.workflow = endless
    found = answer(aws, asked("Create", 2), left_ms=1000 * hear_version.LEFT_SECONDS)
    assert (found["Status"], len(aws.versions)) == ("FAILED", 1)
    assert "there was no message in time" in found["Reason"]
    assert aws.buckets.keys(INPUT) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://cloudformation-custom-resource-response-apsouth1.s3.ap-south-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-apsouth1.s3.ap-south-1.amazonaws.com.example.org/x",
        "https://evil.example.org/cloudformation-custom-resource-response-apsouth1.s3.ap-south-1.amazonaws.com/x",
        "https://mine.s3.ap-south-1.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-apsouth1.s3.ap-south-1.amazonaws.com:8443/x",
        "https://cloudformation-custom-resource-response-a@evil.s3.amazonaws.com/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_nobody_but_cloudformation_gets_an_answer(aws: Aws, url: str) -> None:
    with pytest.raises(ValueError, match="not CloudFormation's"):
        hear_version.lambda_handler(asked("Delete", 7, url=url), CONTEXT)
    assert aws.answers == []


@pytest.mark.parametrize(
    "host",
    ["apsouth1.s3.ap-south-1.amazonaws.com", "useast1.s3.amazonaws.com", "useast1.s3-us-east-1.amazonaws.com",
     "cnnorth1.s3.cn-north-1.amazonaws.com.cn"],
)  # fmt: skip
def test_cloudformations_buckets_are_known_in_every_form(host: str) -> None:
    assert hear_version.ANSWERED_AT.fullmatch(f"https://cloudformation-custom-resource-response-{host}/x?y=z")
