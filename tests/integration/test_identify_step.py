"""IdentifyImage on its sample events, over moto's S3 and SSM and the stand-in for a model."""

import hashlib
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from functions.identify_image import app
from moto import mock_aws
from tools.local.model import StandIn, serving
from tools.local.pictures import PROMPTS

from handlers.telemetry import logger
from identifier.errors import Busy, Held, Refused
from identifier.keys import claim_key, result_key
from identifier.publishing import publish
from identifier.sameness import Sameness
from tests.integration.steps import CONTEXT, counted, event
from tests.paths import ROOT

COW = (ROOT / "samples" / "images" / "cow.jpg").read_bytes()
POINTERS = "/stitcher/dev/prompts/"
IMAGES = "stitcher-images-dev-123456789012"
BUCKETS = (IMAGES, "results", "prompts")


@dataclass
class Step:
    """The function with its buckets, and the stand-in that it asks."""

    s3: Any
    model: StandIn

    def put(self, data: bytes = COW) -> dict[str, Any]:
        """Put the sample event's picture; returns the event for the version that it got."""
        given: dict[str, Any] = event("identify_image")
        version = self.s3.put_object(Bucket=given["bucket"], Key=given["key"], Body=data)["VersionId"]
        return given | {"version_id": version, "size": len(data)}

    def result(self, given: dict[str, Any]) -> dict[str, Any]:
        key = result_key(given["key"], given["version_id"])
        found: dict[str, Any] = json.loads(self.s3.get_object(Bucket="results", Key=key)["Body"].read())
        return found


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Iterator[Step]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    with mock_aws(), serving() as model:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", model.url)
        s3 = boto3.client("s3")
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        publish(s3, boto3.client("ssm"), "prompts", POINTERS, (PROMPTS / "animal" / "1.json").read_bytes())
        for made_once in (app.s3, app.identifier, app.model):
            made_once.cache_clear()
        model.invents = True
        yield Step(s3, model)
        for made_once in (app.s3, app.identifier, app.model):
            made_once.cache_clear()


def test_the_sample_event_ends_in_a_result_with_everything_there_is_to_know(step: Step) -> None:
    given = step.put()
    answer = app.lambda_handler(given, CONTEXT)
    assert answer == {"outcome": "answered", "result_key": result_key(given["key"], given["version_id"]), "say": None}
    result = step.result(given)
    assert result["image"] == {
        "bucket": given["bucket"],
        "key": given["key"],
        "version_id": given["version_id"],
        "sha256": hashlib.sha256(COW).hexdigest(),
    }
    assert (result["prompt"]["id"], result["prompt"]["version"]) == ("animal", 1)
    assert result["model"] == step.model.calls[0].model
    assert result["cost_usd"] > 0
    assert result["input_tokens"] > 0
    assert result["attempts"] == 1


def test_the_sample_events_of_function_and_workflow_are_of_the_same_picture() -> None:
    put, given = event("identify_workflow")["detail"], event("identify_image")
    assert (put["bucket"]["name"], put["object"]["key"]) == (given["bucket"], given["key"])
    assert (put["object"]["version-id"], put["object"]["size"]) == (given["version_id"], given["size"])


def test_an_empty_or_large_object_is_not_read(step: Step) -> None:
    for size, reason in ((0, "empty"), (10**9, "too_large")):
        given = event("identify_image") | {"version_id": f"v-{reason}", "size": size}
        assert app.lambda_handler(given, CONTEXT)["outcome"] == "rejected"
        assert step.result(given)["reason"] == reason


def test_a_day_without_calls_of_models_rejects_the_picture_with_the_reason(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "settings", replace(app.settings, model_calls_per_day=0))
    given = step.put()
    assert app.lambda_handler(given, CONTEXT)["outcome"] == "rejected"
    assert step.result(given)["reason"] == "daily_limit"
    assert step.model.calls == []


def test_a_busy_model_is_the_workflows_to_try_again_and_is_not_held_by_its_own_claim(step: Step) -> None:
    given = step.put()
    step.model.fail("503")
    with pytest.raises(Busy):
        app.lambda_handler(given, CONTEXT)
    assert app.lambda_handler(given | {"attempt": 2}, CONTEXT)["outcome"] == "answered"
    assert step.result(given)["attempts"] == 2


def test_another_executions_claim_holds(step: Step) -> None:
    given = step.put()
    step.model.fail("503")
    with pytest.raises(Busy):
        app.lambda_handler(given | {"execution": "another"}, CONTEXT)
    with pytest.raises(Held, match="another execution"):
        app.lambda_handler(given, CONTEXT)
    assert len(step.model.calls) == 1


def test_an_answer_is_saved_even_if_the_claim_was_lost_meanwhile(step: Step) -> None:
    given = step.put()
    assert app.lambda_handler(given, CONTEXT)["outcome"] == "answered"
    step.s3.delete_object(Bucket="results", Key=claim_key(given["key"], given["version_id"]))
    assert app.lambda_handler(given | {"execution": "another"}, CONTEXT)["outcome"] == "duplicate"
    assert len(step.model.calls) == 1


CAUSE = json.dumps({"errorType": "Refused", "errorMessage": "no such model", "stackTrace": ["…"]})


@pytest.mark.parametrize(
    ("cause", "detail"),
    [(CAUSE, "no such model"), ("timed out", "timed out"), ("", "no reason was given"), ("[1]", "[1]")],
)
def test_a_picture_that_was_given_up_has_a_failed_result_without_a_trace(step: Step, cause: str, detail: str) -> None:
    given = step.put() | {"failure": {"error": "Refused", "cause": cause}}
    assert app.lambda_handler(given, CONTEXT)["outcome"] == "failed"
    result = step.result(given)
    assert (result["outcome"], result["reason"], result["detail"]) == ("failed", "Refused", detail)
    assert step.model.calls == []


def test_a_redrive_that_fails_again_is_a_failure_again_and_no_duplicate(step: Step) -> None:
    given = step.put() | {"failure": {"error": "Refused", "cause": CAUSE}}
    for _ in range(2):
        assert app.lambda_handler(given, CONTEXT)["outcome"] == "failed"


def test_a_failure_never_replaces_an_answer_and_an_answer_replaces_a_failure(step: Step) -> None:
    given = step.put()
    failure = {"failure": {"error": "Busy", "cause": ""}}
    app.lambda_handler(given | failure, CONTEXT)
    assert app.lambda_handler(given, CONTEXT)["outcome"] == "answered"
    assert app.lambda_handler(given | failure, CONTEXT)["outcome"] == "duplicate"
    assert step.result(given)["outcome"] == "answered"


def test_a_refusal_by_the_service_is_a_fault(step: Step) -> None:
    step.model.fail("400")
    with pytest.raises(Refused):
        app.lambda_handler(step.put(), CONTEXT)


def test_neither_names_nor_answers_are_logged(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    given = step.put()
    app.lambda_handler(given, CONTEXT)
    answer = step.result(given)["answer"]
    (entry,) = [vars(record) for record in caplog.records if record.message == "answered"]
    assert entry["prompt"] == "animal"
    for said in ("cow 7", "cow%207", "नाशिक", answer["name"], answer["notes"]):
        assert said not in str([vars(record) for record in caplog.records])


def test_an_error_does_not_name_the_picture(step: Step) -> None:
    given = step.put() | {"bucket": "nowhere"}
    with pytest.raises(app.Denied) as fault:
        app.lambda_handler(given, CONTEXT)
    assert str(fault.value) == "GetObject: NoSuchBucket"
    assert fault.value.__cause__ is None


def test_a_folder_is_no_picture(step: Step) -> None:
    given = event("identify_image") | {"key": "inbox/animal/", "size": 0}
    assert app.lambda_handler(given, CONTEXT) == {"outcome": "no picture", "result_key": None, "say": None}


SERVICE = {"service": "test"}


def test_an_answer_is_counted_with_what_it_took(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    given = step.put() | {"put_at": (datetime.now(UTC) - timedelta(seconds=3)).isoformat()}
    app.lambda_handler(given, CONTEXT)
    found = counted(capsys)
    assert found["ImageAnswered"] == found["SchemaFirstTry"] == (1, SERVICE)
    result = step.result(given)
    assert found["InputTokens"] == (result["input_tokens"], SERVICE)
    assert found["OutputTokens"] == (result["output_tokens"], SERVICE)
    assert found["CostUsd"] == (result["cost_usd"], SERVICE)
    assert found["ModelTime"] == (result["latency_ms"], SERVICE)
    assert 3_000 <= found["AnswerTime"][0] < 60_000
    assert found.keys().isdisjoint({"ImageRejected", "ImageDuplicate", "PromptFallback", "TopAnswerShare"})


def test_a_duplicate_is_counted_and_not_its_cost(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    given = step.put()
    app.lambda_handler(given, CONTEXT)
    counted(capsys)
    app.lambda_handler(given | {"execution": "another"}, CONTEXT)
    assert counted(capsys) == {"ImageDuplicate": (1, SERVICE)}


@pytest.mark.parametrize(
    ("fault", "times", "reason", "first_try"), [("wrong_schema", 2, "schema", 0), ("max_tokens", 1, "max_tokens", None)]
)
def test_a_rejection_is_counted_by_its_reason_and_was_paid(
    step: Step, capsys: pytest.CaptureFixture[str], fault: str, times: int, reason: str, first_try: int | None
) -> None:
    step.model.fail(fault, times)
    app.lambda_handler(step.put(), CONTEXT)
    found = counted(capsys)
    assert found["ImageRejected"] == (1, SERVICE | {"reason": reason})
    assert found["InputTokens"][1] == SERVICE
    assert found.get("SchemaFirstTry", (None,))[0] == first_try


def test_a_failure_is_the_workflows_to_count(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Powertools: there are no metrics
        app.lambda_handler(step.put() | {"failure": {"error": "Busy", "cause": ""}}, CONTEXT)
    assert counted(capsys) == {}


def test_the_same_answer_to_everything_is_seen(
    step: Step, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.counts, "sameness", Sameness(least=2))
    model = step.model
    model.invents = False
    for at in range(2):
        given = step.put() | {"key": f"inbox/animal/{at}.jpg"}
        other = COW + bytes(at)
        version = step.s3.put_object(Bucket=IMAGES, Key=given["key"], Body=other)["VersionId"]
        app.lambda_handler(given | {"version_id": version}, CONTEXT)
    assert counted(capsys)["TopAnswerShare"] == (100, SERVICE)


def test_every_line_bears_the_executions_name(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    given = step.put()
    app.lambda_handler(given, CONTEXT)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines
    assert {line["correlation_id"] for line in lines} == {given["request_id"]}
