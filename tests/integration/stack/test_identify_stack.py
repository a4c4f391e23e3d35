"""Pictures through the deployed workflow on the embedded AWS, with IAM enforced and the stand-in for a model."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tools.client import fetch, send_form
from tools.local.model import STOPS
from tools.local.pictures import Put, put_picture, put_prompts, send_picture, speech_of, wait_for
from tools.local.stack import STACK, Stack
from tools.operations.redrive import redrive

from identifier.asking import ANOTHER_WAY
from identifier.keys import claim_key
from identifier.limits import UPLOAD_BYTES
from identifier.picture import prepare_picture
from stitcher.clips.decode import decode
from tests.integration.stack.test_stack import denied
from tests.known import KnowingEyes
from tests.paths import ROOT
from tests.pictures import SCHEMA, Inbox, picture
from tests.waiting import until


@pytest.fixture
def inbox(embedded: Stack) -> Iterator[Inbox]:
    """The embedded stack's inbox; the stand-in has neither calls nor faults."""
    embedded.model.forget()
    yield Inbox(embedded)
    embedded.model.forget()


def shown(data: bytes) -> str:
    """The digest of what the model is shown of a picture."""
    return hashlib.sha256(prepare_picture(data).data).hexdigest()


def test_two_pictures_have_two_answers_each_of_its_own_bytes(inbox: Inbox) -> None:
    prompt, pictures = inbox.prompt(), [picture(), picture()]
    results = [inbox.identified(put) for put in [inbox.put(prompt, data) for data in pictures]]
    assert [result["outcome"] for result in results] == ["answered"] * 2, results
    assert results[0]["answer"] != results[1]["answer"]
    assert [result["image"]["sha256"] for result in results] == [hashlib.sha256(data).hexdigest() for data in pictures]
    assert {call.sha256 for call in inbox.stack.model.calls} == {shown(data) for data in pictures}


def test_an_answer_depends_on_the_prompts_text(inbox: Inbox) -> None:
    data = picture()
    first, second = (inbox.put(inbox.prompt(text=text), data) for text in ("What is it?", "How many are there?"))
    assert inbox.identified(first)["answer"] != inbox.identified(second)["answer"]


def test_a_picture_overwritten_before_it_is_read_is_identified_in_the_version_that_was_put(inbox: Inbox) -> None:
    prompt, before, after = inbox.prompt(), picture(), picture()
    with inbox.without_events():
        put = inbox.put(prompt, before)
        inbox.put(prompt, after)
    inbox.start(put)
    assert inbox.identified(put)["image"]["sha256"] == hashlib.sha256(before).hexdigest()
    assert [call.sha256 for call in inbox.stack.model.calls] == [shown(before)]


def test_a_new_version_is_new_work(inbox: Inbox) -> None:
    prompt = inbox.prompt()
    puts = [inbox.put(prompt), inbox.put(prompt)]
    assert inbox.identified(puts[0])["answer"] != inbox.identified(puts[1])["answer"]
    assert len(inbox.stack.model.calls) == 2


def test_a_picture_deleted_before_it_is_read_is_rejected(inbox: Inbox) -> None:
    with inbox.without_events():
        put = inbox.put(inbox.prompt())
    bucket = inbox.stack.outputs["ImagesBucketName"]
    inbox.stack.client("s3").delete_object(Bucket=bucket, Key=put.key, VersionId=put.version_id)
    inbox.start(put)
    assert inbox.identified(put)["reason"] == "deleted"


NAMES = [
    "a photo of a cow.png",
    "1+1=2.png",
    "50%25.png",
    "नाशिक/गाय का फोटो.png",
    "a?b&c=d#e.png",
    'it\'s "so" (1).png',
]


def test_a_picture_may_have_any_name(inbox: Inbox) -> None:
    prompt = inbox.prompt()
    for put in [inbox.put(prompt, name=name) for name in NAMES]:
        result = inbox.identified(put)
        assert (result["outcome"], result["image"]["key"]) == ("answered", put.key)


def logged(stack: Stack, prompt_id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the function logged about a prompt and is wanted."""
    logs, group = stack.client("logs"), "/aws/lambda/stitcher-local-identify_image"

    def found() -> dict[str, Any] | None:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [line for page in pages for event in page["events"] for line in event["message"].splitlines()]
        for line in lines:
            if line.startswith("{") and prompt_id in line:
                entry: dict[str, Any] = json.loads(line)
                if entry.get("prompt") == prompt_id and wanted(entry):
                    return entry
        return None

    return until(found, "a line of the kind")


def test_a_new_prompt_reaches_a_warm_worker_without_a_deployment(inbox: Inbox) -> None:
    prompt = inbox.prompt(text="Which animal?")
    assert inbox.identified(inbox.put(prompt))["prompt"]["version"] == 1
    inbox.prompt(prompt, version=2, text="Which plant?")
    time.sleep(1.1)  # prompts are remembered for a second here, for 30 elsewhere
    assert inbox.identified(inbox.put(prompt))["prompt"]["version"] == 2
    assert [call.prompt for call in inbox.stack.model.calls] == ["Which animal?", "Which plant?"]
    entry = logged(inbox.stack, prompt, lambda entry: entry.get("prompt_version") == 2)
    assert entry["cold_start"] is False


def test_a_broken_pointer_keeps_the_last_good_prompt(inbox: Inbox) -> None:
    prompt = inbox.prompt()
    assert inbox.identified(inbox.put(prompt))["outcome"] == "answered"
    inbox.stack.client("ssm").put_parameter(
        Name=inbox.stack.outputs["PromptPointers"] + prompt, Value="broken", Type="String", Overwrite=True
    )
    time.sleep(1.1)
    assert inbox.identified(inbox.put(prompt))["prompt"]["version"] == 1
    logged(inbox.stack, prompt, lambda entry: "pointer" in (entry.get("reason") or ""))


def test_an_event_that_comes_again_costs_nothing(inbox: Inbox) -> None:
    put = inbox.put(inbox.prompt())
    result = inbox.identified(put)
    again = inbox.ended(inbox.start(put))
    assert (again["status"], json.loads(again["output"])["outcome"]) == ("SUCCEEDED", "duplicate")
    assert len(inbox.stack.model.calls) == 1
    assert inbox.identified(put) == result


def test_events_at_the_same_time_cost_one_call_and_give_one_result(inbox: Inbox) -> None:
    inbox.stack.model.fail("slow")
    with inbox.without_events():
        put = inbox.put(inbox.prompt())
    ended = [inbox.ended(arn) for arn in [inbox.start(put) for _ in range(3)]]
    outcomes = sorted(json.loads(execution["output"])["outcome"] for execution in ended)
    assert outcomes == ["answered", "duplicate", "duplicate"]
    assert len(inbox.stack.model.calls) == 1


def test_a_claim_that_a_crash_left_expires(inbox: Inbox) -> None:
    with inbox.without_events():
        put = inbox.put(inbox.prompt())
    expires = datetime.now(UTC) + timedelta(seconds=1)
    left = {"image": put.key, "version_id": put.version_id, "owner": "gone", "expires_at": expires.isoformat()}
    inbox.stack.client("s3").put_object(
        Bucket=inbox.stack.outputs["ResultsBucketName"],
        Key=claim_key(put.key, put.version_id),
        Body=json.dumps(left).encode(),
    )
    inbox.start(put)
    result = inbox.identified(put)
    assert result["outcome"] == "answered"
    assert datetime.fromisoformat(result["at"]) > expires


def with_faults(inbox: Inbox, faults: Sequence[str]) -> list[Put]:
    """A picture for each fault, put at once; which picture meets which fault is left to chance."""
    for fault in faults:
        inbox.stack.model.fail(fault)
    prompt = inbox.prompt()
    return [inbox.put(prompt, name=f"{fault}.png") for fault in faults]


def test_a_model_that_is_busy_is_asked_again(inbox: Inbox) -> None:
    busy = ["429", "429-not-ready", "503", "408", "424", "hang_up"]
    results = [inbox.identified(put) for put in with_faults(inbox, busy)]
    assert [result["outcome"] for result in results] == ["answered"] * len(busy)
    assert sum(result["attempts"] for result in results) == len(inbox.stack.model.calls) == 2 * len(busy)


def test_a_refused_request_is_given_up_at_once(inbox: Inbox) -> None:
    refusals = ["400", "403", "404"]
    arns = [given_up(inbox, put, "Refused") for put in with_faults(inbox, refusals)]
    assert len(inbox.stack.model.calls) == len(refusals)
    for arn in arns:
        inbox.put_aside(arn)


def given_up(inbox: Inbox, put: Put, error: str) -> str:
    """The ARN of the picture's execution, after it failed with this error and noted it."""
    arn = inbox.execution(put)
    ended = inbox.ended(arn)
    assert ended["status"] == "FAILED"
    assert error in ended["cause"]
    result = inbox.identified(put)
    assert (result["outcome"], result["reason"]) == ("failed", error)
    assert "answer" not in result
    return arn


def test_a_model_that_stays_busy_is_given_up_and_a_redrive_asks_it_again(inbox: Inbox) -> None:
    inbox.stack.model.fail("503", times=11)
    put = inbox.put(inbox.prompt())
    arn = given_up(inbox, put, "Busy")
    assert len(inbox.stack.model.calls) == 11, "the first try and ten more"
    message = inbox.put_aside(arn)
    assert message["error"] == "Busy"
    assert message["event"]["detail"]["object"]["version-id"] == put.version_id
    inbox.sfn.redrive_execution(executionArn=arn)
    assert inbox.ended(arn)["status"] == "SUCCEEDED"
    assert inbox.identified(put)["outcome"] == "answered"
    assert len(inbox.stack.model.calls) == 12


def test_a_redrive_that_fails_again_is_put_aside_again(inbox: Inbox) -> None:
    inbox.stack.model.fail("403", times=2)
    put = inbox.put(inbox.prompt())
    arn = given_up(inbox, put, "Refused")
    inbox.put_aside(arn)
    inbox.sfn.redrive_execution(executionArn=arn)
    inbox.put_aside(arn)
    given_up(inbox, put, "Refused")
    inbox.sfn.redrive_execution(executionArn=arn)
    assert inbox.ended(arn)["status"] == "SUCCEEDED"


def test_make_redrive_tries_every_failed_picture_again_and_says_how_far_it_is(inbox: Inbox) -> None:
    puts = with_faults(inbox, ["403", "404"])
    arns = [given_up(inbox, put, "Refused") for put in puts]
    sqs, url = inbox.stack.client("sqs"), inbox.stack.outputs["FailedImagesQueueUrl"]
    told: list[str] = []
    done = redrive(sqs, inbox.sfn, url, inbox.machine, told.append)
    assert done["redriven"] >= len(puts), "other tests may have left some"
    assert told[-1].startswith(f"{done.total()} of ")
    for put, arn in zip(puts, arns, strict=True):
        assert inbox.ended(arn)["status"] == "SUCCEEDED"
        assert inbox.identified(put)["outcome"] == "answered"


def test_an_event_is_put_aside_even_when_the_function_can_note_nothing(inbox: Inbox) -> None:
    with denied(inbox.stack, "IdentifyImageFunctionRole", "s3:PutObject"):
        put = inbox.put(inbox.prompt())
        arn = inbox.execution(put)
        assert inbox.ended(arn)["status"] == "FAILED"
        assert inbox.put_aside(arn)["error"] == "Denied"
    inbox.sfn.redrive_execution(executionArn=arn)
    assert inbox.identified(put)["outcome"] == "answered"


def test_a_model_that_the_environment_does_not_list_is_not_asked(inbox: Inbox) -> None:
    put = inbox.put(inbox.prompt(model="apac.anthropic.claude-sonnet-4-20250514-v1:0"))
    given_up(inbox, put, "Refused")
    assert "bedrock:InvokeModel" in inbox.identified(put)["detail"]
    assert inbox.stack.model.calls == []


def test_an_answer_that_is_none_is_a_rejection_and_no_retry(inbox: Inbox) -> None:
    stops = [stop for stop in STOPS if stop not in ANOTHER_WAY]
    results = [inbox.identified(put) for put in with_faults(inbox, stops)]
    assert {result["outcome"] for result in results} == {"rejected"}
    assert sorted(result["reason"] for result in results) == sorted(stops)
    assert all(result["input_tokens"] for result in results), "it is paid for"
    assert len(inbox.stack.model.calls) == len(results)


def huge() -> bytes:
    """A PNG whose header says 50,000 by 50,000 pixels."""
    data = bytearray(picture(1, 2, 3))
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    return bytes(data)


HOSTILE = {
    "truncated.jpg": (picture(9, 9, 9, size=(640, 480), kind="JPEG")[:400], "unreadable"),
    "huge.png": (huge(), None),
    "empty.png": (b"", "empty"),
    "text.jpg": (b"this is a text file", "wrong_type"),
    "page.png": (b"<html><script>alert(1)</script></html>", "wrong_type"),
    "too_large.png": (picture(1, 2, 3) + bytes(UPLOAD_BYTES), "too_large"),
}


def test_what_is_no_usable_picture_is_rejected_without_a_model(inbox: Inbox) -> None:
    prompt = inbox.prompt()
    puts = {name: inbox.put(prompt, data, name) for name, (data, _) in HOSTILE.items()}
    for name, put in puts.items():
        result, reason = inbox.identified(put), HOSTILE[name][1]
        assert result["outcome"] == "rejected", name
        assert reason in (None, result["reason"]), name
        assert result["detail"], name
    assert inbox.stack.model.calls == []


def test_a_wrong_extension_does_not_matter(inbox: Inbox) -> None:
    assert inbox.identified(inbox.put(inbox.prompt(), picture(kind="WEBP"), "photo.jpg"))["outcome"] == "answered"


def test_a_picture_for_a_prompt_that_is_not_published_is_rejected(inbox: Inbox) -> None:
    assert inbox.identified(inbox.put("nobody-knows"))["reason"] == "unknown_prompt"


def test_a_drop_anywhere_in_the_bucket_gets_an_answer_and_a_folder_none(inbox: Inbox) -> None:
    put_prompts(inbox.stack)
    outside = put_picture(inbox.stack, f"archive/{uuid.uuid4().hex}.png", picture())
    folder = inbox.put(inbox.prompt(), b"", name="")
    result = inbox.identified(outside)
    assert (result["outcome"], result["prompt"]["id"]) == ("answered", "animal")
    assert json.loads(inbox.ended(inbox.execution(folder))["output"])["outcome"] == "no picture"


def test_a_picture_sent_by_the_api_is_uploaded_identified_and_listed(inbox: Inbox, tmp_path: Path) -> None:
    prompt, file = inbox.prompt(), tmp_path / "cow 7 (गाय).png"
    file.write_bytes(data := picture())
    found = send_picture(inbox.stack, prompt, file)
    assert (found["state"], found["name"], found["prompt"]) == ("answered", file.name, prompt)
    assert [call.sha256 for call in inbox.stack.model.calls] == [shown(data)]
    page = inbox.stack.caller.get("/pictures", prompt=prompt).json()
    assert [entry["id"] for entry in page["pictures"]] == [found["id"]]
    assert inbox.stack.caller.get("/pictures/none").status == 404


@pytest.fixture
def prompts_are_watched(inbox: Inbox) -> Iterator[None]:
    """Changed prompts start the canary, as they do where `PictureCanary` is "true"."""
    cloudformation, events = inbox.stack.client("cloudformation"), inbox.stack.client("events")
    resource = cloudformation.describe_stack_resource(
        StackName=STACK, LogicalResourceId="CheckAnswersFunctionPromptChanged"
    )["StackResourceDetail"]
    name = resource["PhysicalResourceId"].rpartition("/")[2]
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    put_prompts(inbox.stack)
    invents = inbox.stack.model.invents
    events.enable_rule(Name=name)
    inbox.stack.model.invents = False
    yield
    events.disable_rule(Name=name)
    inbox.stack.model.invents, inbox.stack.model.eyes = invents, None


@pytest.mark.usefixtures("prompts_are_watched")
def test_known_pictures_are_asked_about_after_a_prompt_changed_and_nobody_else_sees_them(inbox: Inbox) -> None:
    name, listed = inbox.stack.outputs["PromptPointers"] + "animal", inbox.stack.caller.get("/pictures").json()
    ssm = inbox.stack.client("ssm")
    value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    logs, group = inbox.stack.client("logs"), "/aws/lambda/stitcher-local-check_answers"
    for always, right in ((None, 3), ({"animal": "cat", "count": 1}, 1)):
        inbox.stack.model.eyes = KnowingEyes("animal", always)  # type: ignore[assignment] # it looks as they do
        ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

        def found(right: int = right) -> bool:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            lines = [line for page in pages for event in page["events"] for line in event["message"].splitlines()]
            return any(f'"right":{right},"of":3' in line for line in lines)

        until(found, f"a check with {right} right answers")
    assert inbox.stack.caller.get("/pictures").json() == listed


def test_an_upload_of_another_size_or_without_the_right_is_refused(inbox: Inbox) -> None:
    given = inbox.stack.caller.post("/pictures", {"name": "a.png", "size": 100, "prompt": inbox.prompt()}).json()
    form = given["upload"]
    assert send_form(form["url"], form["fields"], "a.png", bytes(101)).status in (400, 403)
    forged = form["fields"] | {"key": "inbox/animal/other.png"}
    assert send_form(form["url"], forged, "a.png", bytes(100)).status == 403
    assert inbox.stack.caller.get(f"/pictures/{given['id']}").json()["state"] == "waiting"


def test_pictures_beyond_the_quota_wait_their_turn(inbox: Inbox) -> None:
    inbox.stack.model.fail("429", times=40)
    result = inbox.identified(inbox.put(inbox.prompt()))
    assert (result["outcome"], result["attempts"]) == ("answered", 41)


def speaking(inbox: Inbox, template: str) -> str:
    """A prompt whose answers are all "tomato", said with this template."""
    schema = SCHEMA | {"required": ["crop"], "properties": {"crop": {"const": "tomato"}}}
    return inbox.prompt(answer_schema=schema, say={"template": template})


@pytest.mark.usefixtures("stack")
def test_an_answer_is_said_aloud_and_kept_beside_the_result(inbox: Inbox) -> None:
    put = inbox.put(speaking(inbox, "hello, {crop}"))
    speech = speech_of(inbox.stack, put)
    assert (speech["outcome"], speech["clips"]) == ("spoken", ["hello.wav", "tomato.wav"])
    assert speech["audio"] == put.result_key.removesuffix(".json") + ".mp3"
    assert len(decode(wait_for(inbox.stack, speech["audio"]))) > 0
    assert inbox.identified(put)["answer"] == {"crop": "tomato"}


@pytest.mark.usefixtures("stack")
def test_an_answer_that_cannot_be_said_is_an_answer_still(inbox: Inbox) -> None:
    put = inbox.put(speaking(inbox, "unheard, {crop}"))
    speech = speech_of(inbox.stack, put)
    assert (speech["outcome"], speech["problem"]["missing"]) == ("refused", ["unheard"])
    assert inbox.identified(put)["outcome"] == "answered"
    assert inbox.ended(inbox.execution(put))["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("action", ["states:StartSyncExecution", "s3:GetObject"])
def test_a_fault_while_an_answer_is_said_does_not_lose_it(inbox: Inbox, action: str) -> None:
    with denied(inbox.stack, "IdentifyStateMachineRole", action):
        put = inbox.put(speaking(inbox, "hello, {crop}"))
        speech = speech_of(inbox.stack, put)
    assert speech["outcome"] == "failed"
    assert inbox.identified(put)["outcome"] == "answered"
    inbox.ended(inbox.start(put))  # the event again says it after all
    assert speech_of(inbox.stack, put)["outcome"] == "spoken"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [("animal", "cow.jpg"), ("crop-disease", "leaf.png"), ("form", "form.webp"), ("form", "form.pdf")],
)
def test_the_shipped_prompts_answer_the_sample_pictures(inbox: Inbox, prompt: str, name: str) -> None:
    put_prompts(inbox.stack)
    put = inbox.put(prompt, (ROOT / "samples" / "images" / name).read_bytes(), name)
    assert inbox.identified(put)["outcome"] == "answered"


def test_a_picture_cannot_be_read_without_credentials_or_written_by_the_function(inbox: Inbox) -> None:
    put = inbox.put(inbox.prompt())
    inbox.identified(put)
    assert fetch(f"{inbox.stack.endpoint}/{inbox.stack.outputs['ImagesBucketName']}/{put.key}").status == 403
    with pytest.raises(ClientError, match="NoSuchKey"):
        inbox.stack.client("s3").get_object(Bucket=inbox.stack.outputs["ResultsBucketName"], Key="nowhere")
