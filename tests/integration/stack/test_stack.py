"""The deployed workflow on the embedded AWS, with IAM enforced: what can be seen only from inside."""

import contextlib
import hashlib
import json
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError
from tools.client import Caller, Response, fetch
from tools.local.stack import REGION, STACK, Stack
from tools.operations.catalogue import rebuild

from stitcher.clips.decode import Samples, decode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import prepared_key
from stitcher.errors import FAULT
from stitcher.formats.profiles import FORMS, RATE
from stitcher.planning.catalogue import clip_of
from stitcher.storage import AlreadyStored, BucketRepo, NotStored, Stored, Unchanged
from tests.conftest import wait_until_prepared
from tests.paths import ROOT, SAMPLES
from tests.waiting import until

MESSAGE = {"message": "good morning farmers"}


def keys(stack: Stack, prefix: str) -> set[str]:
    """What lies in a folder of the output bucket."""
    pages = stack.client("s3").get_paginator("list_objects_v2")
    listed = pages.paginate(Bucket=stack.outputs["OutputBucketName"], Prefix=prefix)
    return {item["Key"] for page in listed for item in page.get("Contents", ())}


def put_clip(stack: Stack, key: str, data: bytes) -> None:
    stack.client("s3").put_object(Bucket=stack.outputs["InputBucketName"], Key=key, Body=data)


def forget(stack: Stack, *prefixes: str) -> None:
    """Empty folders of the output bucket."""
    s3, bucket = stack.client("s3"), stack.outputs["OutputBucketName"]
    for prefix in prefixes:
        while listed := s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents"):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": item["Key"]} for item in listed]})


def unprepare(stack: Stack, clip: Stored) -> None:
    """As if the clip's event had not been worked off yet; other tests need the samples as they are."""
    s3, bucket = stack.client("s3"), stack.outputs["OutputBucketName"]
    named = clip_of(clip)
    assert named
    keys = [{"Key": prepared_key(named, profile)} for profile in FORMS]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})


def found(audio: Samples, clip: Samples) -> tuple[int, float]:
    """Where the clip is in the audio, in samples, and the normalised correlation there."""
    size = 1 << (len(audio) + len(clip)).bit_length()
    product = np.fft.irfft(np.fft.rfft(audio, size) * np.conj(np.fft.rfft(clip, size)), size)[: len(audio)]
    at = int(product.argmax())
    part = audio[at : at + len(clip)]
    return at, float(part @ clip[: len(part)] / (np.linalg.norm(part) * np.linalg.norm(clip) + 1e-12))


def test_the_audio_is_the_clips_in_order(stack: Stack, caller: Caller) -> None:
    answer = caller.post("/stitch", {"message": "hello, shreeshail"}).json()
    audio = decode(fetch(answer["public_url"]).body)
    clips = [
        np.frombuffer(prepare(name, (SAMPLES / name).read_bytes()).payload, "<i2") / 32768.0
        for name in ("hello.wav", "shreeshail.wav")
    ]
    (first, first_match), (second, second_match) = (found(audio, clip) for clip in clips)
    assert min(first_match, second_match) > 0.95
    assert first < RATE // 20
    assert first + len(clips[0]) // 2 < second


def test_a_new_recording_is_heard_soon_and_other_messages_stay_cached(stack: Stack, caller: Caller) -> None:
    other = caller.post("/stitch", {"message": "hello, shreeshail"}).json()
    old = caller.post("/stitch", MESSAGE).json()
    put_clip(stack, "farmers.mp3", (SAMPLES / "market.wav").read_bytes())
    stack.wait_for_catalogues()
    new = caller.post("/stitch", MESSAGE).json()
    assert new["cached"] is False
    assert new["output_file"] != old["output_file"]
    assert fetch(new["public_url"]).body != fetch(old["public_url"]).body
    assert caller.post("/stitch", {"message": "hello, shreeshail"}).json()["output_file"] == other["output_file"]


def test_a_deleted_clip_is_missing_soon_and_what_was_made_of_it_is_gone(stack: Stack, caller: Caller) -> None:
    clip = put_new_clip(stack, "hindi/withdrawn.wav")
    message = {"message": "withdrawn", "voice": "hindi"}
    assert caller.post("/stitch", message).status == 200
    assert [key for key in keys(stack, "prepared/") if clip.etag in key]
    stack.client("s3").delete_object(Bucket=stack.outputs["InputBucketName"], Key=clip.key)
    stack.wait_for_catalogues()
    response = caller.post("/stitch", message)
    assert (response.status, response.json()["missing"]) == (422, ["withdrawn"])
    assert not [key for key in keys(stack, "prepared/") if clip.etag in key]


def test_of_a_recording_that_was_replaced_nothing_is_kept(stack: Stack, caller: Caller) -> None:
    old, new = put_new_clip(stack, "twice.wav"), put_new_clip(stack, "twice.wav")
    stack.wait_for_catalogues()
    assert not [key for key in keys(stack, "prepared/") if old.etag in key]
    assert [key for key in keys(stack, "prepared/") if new.etag in key]


def test_a_message_whose_clip_was_deleted_a_moment_ago_is_planned_anew(stack: Stack, caller: Caller) -> None:
    """Its catalogue still has the clip, nobody remembers a prepared form, and the recording is gone."""
    clip, key = put_new_clip(stack, "moment.wav"), "catalogues/v1/-.catalogue"
    stack.wait_for_catalogues()
    s3, bucket = stack.client("s3"), stack.outputs["OutputBucketName"]
    old = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=stack.outputs["InputBucketName"], Key=clip.key)
    stack.wait_for_catalogues()
    s3.put_object(Bucket=bucket, Key=key, Body=old)
    response = caller.post("/stitch", {"message": "hello moment"})
    assert (response.status, response.json()["missing"]) == (422, ["moment"])
    rebuild(stack.client, STACK, [""])
    stack.wait_for_catalogues()


def test_a_hit_lists_nothing(stack: Stack, caller: Caller) -> None:
    stack.wait_for_catalogues()
    assert caller.post("/stitch", MESSAGE).status == 200
    with denied(stack, "CacheLookupFunctionRole", "s3:ListBucket"):
        answer = caller.post("/stitch", MESSAGE)
    assert (answer.status, answer.json()["cached"]) == (200, True)


def test_the_catalogue_is_written_by_aws_conditions(stack: Stack) -> None:
    """S3 user guide, "Conditional writes": 412 where the version is another one, 404 where there is none."""
    repo = BucketRepo(stack.outputs["OutputBucketName"], stack.client("s3"))
    first = repo.replace("work/conditional", b"1", None)
    for etag, expected in ((None, AlreadyStored), ("0" * 32, NotStored)):
        with pytest.raises(expected):
            repo.replace("work/conditional", b"2", etag)
    assert repo.read_unless("work/conditional", None) == (b"1", first.etag)
    with pytest.raises(Unchanged):
        repo.read_unless("work/conditional", first.etag)
    repo.delete(["work/conditional"])
    with pytest.raises(NotStored):
        repo.replace("work/conditional", b"2", first.etag)


def test_every_catalogue_is_rebuilt_by_one_call(stack: Stack, caller: Caller) -> None:
    forget(stack, "catalogues/")
    put_clip(stack, "hindi/voice.toml", b"language = 'hi'")
    assert rebuild(stack.client, STACK, []) >= 2
    stack.wait_for_catalogues()
    assert {"catalogues/v1/-.catalogue", "catalogues/v1/hindi.catalogue"} <= keys(stack, "catalogues/")


def put_new_clip(stack: Stack, key: str) -> Stored:
    """A recording that was never there before, prepared by its event."""
    data = (SAMPLES / "farmers.mp3").read_bytes() + uuid.uuid4().bytes  # decoders pass over what follows the audio
    put_clip(stack, key, data)
    stored = Stored(key, hashlib.md5(data, usedforsecurity=False).hexdigest(), len(data))
    wait_until_prepared(stack, [stored])
    return stored


def queued(stack: Stack, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first report in the queue of refused clips that is wanted; others are dropped."""
    sqs, url = stack.client("sqs"), stack.outputs["RefusedClipsQueueUrl"]

    def found() -> dict[str, Any] | None:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            report: dict[str, Any] = json.loads(message["Body"])
            if wanted(report):
                return report
        return None

    return until(found, "a report of the kind")


@contextlib.contextmanager
def denied(stack: Stack, role: str, action: str) -> Iterator[None]:
    """A role of the stack without one of its rights: a fault in whatever uses it."""
    resource = stack.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=role)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    iam = stack.client("iam")
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="fault", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="fault")


def test_a_put_clip_is_prepared_before_a_message_needs_it(stack: Stack, caller: Caller) -> None:
    put_new_clip(stack, "event.wav")
    with denied(stack, "FetchClipsFunctionRole", "s3:GetObject"):
        assert caller.post("/stitch", {"message": "hello event"}).status == 200


def test_a_message_does_not_wait_for_the_event(stack: Stack, caller: Caller) -> None:
    unprepare(stack, put_new_clip(stack, "late.wav"))
    assert caller.post("/stitch", {"message": "late"}).status == 200


def test_a_bad_clip_is_reported_with_the_reason_and_its_message_names_it(stack: Stack, caller: Caller) -> None:
    put_clip(stack, "hindi/ख़राब.wav", b"this is a text file")
    report = queued(stack, lambda report: report.get("key") == "hindi/ख़राब.wav")
    assert "not audio" in report["reason"]
    response = caller.post("/stitch", {"message": "ख़राब", "voice": "hindi"})
    assert (response.status, response.json()["unusable"][0]["key"]) == (422, "hindi/ख़राब.wav")


def test_a_fault_while_a_clip_is_prepared_is_tried_again_and_ends_in_the_queue(stack: Stack) -> None:
    with denied(stack, "PrepareClipFunctionRole", "s3:PutObject"):
        put_clip(stack, "faulty.mp3", (SAMPLES / "farmers.mp3").read_bytes())
        queued(stack, lambda report: "faulty.mp3" in json.dumps(report))


def test_a_prepared_clip_is_not_prepared_again(stack: Stack, caller: Caller) -> None:
    new = put_new_clip(stack, "once.wav")
    s3, bucket = stack.client("s3"), stack.outputs["OutputBucketName"]
    key = f"prepared/v3/-/mp3/{new.etag}.clip"
    data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata={"mark": "mine"})  # to see whether it is written again
    assert caller.post("/stitch", {"message": "hello once"}).status == 200
    assert s3.head_object(Bucket=bucket, Key=key)["Metadata"] == {"mark": "mine"}


def test_every_clip_that_is_no_audio_is_named_with_the_reason(stack: Stack, caller: Caller) -> None:
    put_clip(stack, "no_audio.wav", b"this is a text file")
    put_clip(stack, "nothing.mp3", b"")
    response = caller.post("/stitch", {"message": "hello no audio nothing"})
    problem = response.json()
    assert response.status == 422
    assert [clip["key"] for clip in problem["unusable"]] == ["no_audio.wav", "nothing.mp3"]
    assert "not audio" in problem["unusable"][0]["reason"]
    assert "empty" in problem["unusable"][1]["reason"]


def test_one_unusable_clip_is_a_list_of_one(stack: Stack, caller: Caller) -> None:
    put_clip(stack, "no_audio.wav", b"this is a text file")
    problem = caller.post("/stitch", {"message": "hello no audio"}).json()
    assert [clip["key"] for clip in problem["unusable"]] == ["no_audio.wav"]


def test_an_empty_bucket_is_said_to_be_empty(stack: Stack, caller: Caller, tmp_path: Path) -> None:
    stack.put_clips(tmp_path)
    stack.wait_for_catalogues()
    response = caller.post("/stitch", {"message": "hello, shreeshail"})
    assert response.status == 422
    assert response.json()["missing"] == ["hello", "shreeshail"]
    assert "no clips at all" in response.json()["detail"]


def test_a_voice_is_a_folder(stack: Stack, caller: Caller) -> None:
    answer = caller.post("/stitch", {"message": "नमस्ते किसान", "voice": "hindi"}).json()
    assert answer["audio_files"] == ["hindi/नमस्ते.wav", "hindi/किसान.mp3"]
    assert caller.post("/stitch", {"message": "नमस्ते किसान"}).status == 422


def test_file_names_are_never_patterns(stack: Stack, caller: Caller, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "hello.wav", tmp_path / 'a+b (it\'s "50%").wav')
    shutil.copy(SAMPLES / "hello.wav", tmp_path / "hos.wav")
    stack.put_clips(tmp_path)
    answer = caller.post("/stitch", {"message": "A + B it's 50 %"}).json()
    assert answer["audio_files"] == ['a+b (it\'s "50%").wav']
    assert caller.post("/stitch", {"message": "hospital"}).json()["missing"] == ["hospital"]


def test_two_callers_at_once_get_the_same_file(stack: Stack, caller: Caller) -> None:
    forget(stack, "cache/")
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(caller.post("/stitch", {"message": "tomato is ten"}).json()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer["success"] for answer in answers] == [True] * 4
    assert len({answer["output_file"] for answer in answers}) == 1
    assert len(keys(stack, "cache/")) == 1


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("CacheLookupFunctionRole", "s3:GetObject"),
        ("FetchClipsFunctionRole", "s3:GetObject"),
        ("FetchClipsFunctionRole", "s3:PutObject"),
        ("StitchFunctionRole", "s3:GetObject"),
        ("StitchFunctionRole", "s3:PutObject"),
        ("PublishFunctionRole", "s3:GetObject"),
        ("PublishFunctionRole", "s3:PutObject"),
        ("ApiRole", "states:StartSyncExecution"),
    ],
)
def test_a_fault_in_any_step_is_a_clean_5xx_and_leaves_nothing_in_the_cache(
    stack: Stack, caller: Caller, role: str, action: str
) -> None:
    unprepare(stack, put_new_clip(stack, "fault.wav"))  # one that no function remembers
    forget(stack, "cache/")
    message = {"message": "hello fault"}
    with denied(stack, role, action):
        response = caller.post("/stitch", message)
    assert response.status == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == FAULT
    assert keys(stack, "cache/") == set()
    assert caller.post("/stitch", message).status == 200, "the next try succeeds"


@pytest.mark.parametrize(
    ("role", "action"), [("PlanFunctionRole", "s3:GetObject"), ("VoicesFunctionRole", "s3:ListBucket")]
)
def test_a_fault_in_a_plan_or_a_list_is_a_clean_500(stack: Stack, caller: Caller, role: str, action: str) -> None:
    def call() -> Response:
        return caller.post("/plans", MESSAGE) if role.startswith("Plan") else caller.get("/voices")

    with denied(stack, role, action):
        response = call()
    assert response.status == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == FAULT
    assert call().status == 200, "the next try succeeds"


def test_a_plan_makes_no_audio(stack: Stack, caller: Caller) -> None:
    forget(stack, "cache/", "work/")
    assert caller.post("/plans", MESSAGE).status == 200
    assert keys(stack, "cache/") | keys(stack, "work/") == set()


def test_a_clip_is_listed_with_what_its_event_found(stack: Stack, caller: Caller) -> None:
    put_new_clip(stack, "हिन्दी/listed@final.wav")
    (entry,) = caller.get("/voices/हिन्दी/clips").json()["clips"]
    assert (entry["phrase"], entry["take"], entry["prepared"]) == ("listed", "final", True)
    assert entry["duration_ms"] > 100
    assert "हिन्दी" in [voice["voice"] for voice in caller.get("/voices").json()["voices"]]


def test_the_caller_may_call_the_api_and_nothing_else(stack: Stack) -> None:
    session: Any = boto3.Session(stack.credentials.access_key, stack.credentials.secret_key, region_name=REGION)
    s3 = session.client("s3", endpoint_url=stack.endpoint)
    for bucket in (stack.outputs["InputBucketName"], stack.outputs["OutputBucketName"]):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.list_objects_v2(Bucket=bucket)


def test_a_clip_cannot_be_read_without_credentials(stack: Stack) -> None:
    assert fetch(f"{stack.endpoint}/{stack.outputs['InputBucketName']}/hello.wav").status == 403


def test_the_workflow_can_be_started_without_the_api(stack: Stack) -> None:
    done = stack.client("stepfunctions").start_sync_execution(
        stateMachineArn=stack.outputs["StateMachineArn"], input=(ROOT / "events" / "stitch_workflow.json").read_text()
    )
    assert done["status"] == "SUCCEEDED"
    output = json.loads(done["output"])
    assert output["status"] == 200
    assert json.loads(output["body"])["audio_files"] == ["hello.wav", "shreeshail.wav"]
