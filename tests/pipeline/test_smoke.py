"""`make smoke` where things are wrong: each is named, the rest is tried all the same, and nothing is left behind.

Where things are right: tests/integration/stack/test_smoke.py.
"""

from typing import Any

import boto3
import pytest
import yaml
from botocore.validate import validate_parameters
from tools.delivery.smoke import Smoke
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

from tests.paths import ROOT
from tests.pipeline.conftest import REGION
from tests.pipeline.test_probe import Api, api

__all__ = ["api"]

OUTPUTS = {
    name: f"stitcher-{name.removesuffix('BucketName').lower()}-dev"
    for name in ("InputBucketName", "OutputBucketName", "ImagesBucketName", "ResultsBucketName")
}
OPERATIONS = {
    f"{method.upper()} {path}"
    for path, item in yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())["paths"].items()
    for method in item
    if method in {"get", "post", "put", "delete", "patch"}
}


@pytest.fixture
def smoke(aws: str, api: Api, monkeypatch: pytest.MonkeyPatch) -> Smoke:
    """Against an API that fails every call, and a stage where no event starts anything."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3, sqs, ssm = (client(service) for service in ("s3", "sqs", "ssm"))
    for name in OUTPUTS.values():
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in ("InputBucketName", "ImagesBucketName"):
        s3.put_bucket_versioning(Bucket=OUTPUTS[name], VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=OUTPUTS["InputBucketName"], Key="hello.wav", Body=b"what somebody recorded")
    queue = sqs.create_queue(QueueName="refused")["QueueUrl"]
    pointer = '{"version": 1, "sha256": "%s"}' % ("0" * 64)
    ssm.put_parameter(Name="/stitcher/dev/prompts/animal", Value=pointer, Type="String")
    more = {"RefusedClipsQueueUrl": queue, "PromptPointers": "/stitcher/dev/prompts/"}
    monkeypatch.setattr(Stage, "outputs", lambda _: OUTPUTS | more)
    api.status = 500
    return Smoke(api.caller, Stage.of("dev", ROOT), None, ROOT, wait=0)


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service)


def versions() -> list[str]:
    return [
        version["Key"]
        for bucket in OUTPUTS.values()
        for kind in ("Versions", "DeleteMarkers")
        for version in client("s3").list_object_versions(Bucket=bucket).get(kind, ())
    ]


def test_each_failure_is_named_and_nothing_is_left_behind(smoke: Smoke, capsys: pytest.CaptureFixture[str]) -> None:
    assert smoke.run() == 1
    outcomes: dict[str, tuple[str, str]] = {}
    for line in capsys.readouterr().out.splitlines():
        outcome, _, what = line.partition("  ")
        name, _, why = what.partition(": ")
        outcomes[name] = (outcome, why)
    assert len(outcomes) == len(list(smoke.steps()))
    assert outcomes["a clip is put and prepared"] == ("failed", "the clips were not prepared within 0 s")
    for operation in OPERATIONS:
        outcome, why = outcomes[operation]
        assert outcome == "failed", operation
        assert why.startswith("500 instead of 20"), operation
    assert outcomes["a picture is identified"][0] == "failed"
    assert outcomes["nothing is left behind"] == ("ok", "4 objects were removed")
    assert versions() == ["hello.wav"], "what was there before"


def test_there_is_a_step_for_every_call_of_the_api(smoke: Smoke) -> None:
    steps = {name for name, _ in smoke.steps()}
    assert steps >= OPERATIONS


def test_a_prompt_that_nobody_published_is_said(smoke: Smoke, capsys: pytest.CaptureFixture[str]) -> None:
    client("ssm").delete_parameter(Name="/stitcher/dev/prompts/animal")
    smoke.run()
    assert "failed  a picture is identified: no prompt 'animal' is in force: publish" in capsys.readouterr().out


def test_a_stage_that_is_not_deployed_is_said(api: Api, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "outputs", lambda _: {})
    with pytest.raises(DeliveryError, match="no stack audio-stitcher-dev"):
        Smoke(api.caller, Stage.of("dev", ROOT), None, ROOT)


class Alarms:
    """CloudFormation and CloudWatch of a stack with two alarms, of which one tells somebody."""

    def __init__(self, summary: str) -> None:
        self.summary, self.states, self.history = summary, ["OK"], ["Successfully executed action, last week"]

    def call(self, operation: str, request: dict[str, Any]) -> Any:
        if operation == "ListStackResources":
            kinds = {"quiet": "AWS::CloudWatch::Alarm", "loud": "AWS::CloudWatch::Alarm", "queue": "AWS::SQS::Queue"}
            resources = [{"PhysicalResourceId": name, "ResourceType": kind} for name, kind in kinds.items()]
            return {"StackResourceSummaries": resources}
        if operation == "DescribeAlarms":
            assert request["AlarmNames"] == ["quiet", "loud"]
            return {"MetricAlarms": [{"AlarmName": "quiet"}, {"AlarmName": "loud", "AlarmActions": ["arn"]}]}
        assert request["AlarmName"] == "loud"
        if operation == "SetAlarmState":
            self.states.append(request["StateValue"])
            if request["StateValue"] == "ALARM" and self.summary:
                self.history.append(self.summary)
            return {}
        assert operation == "DescribeAlarmHistory"
        return {"AlarmHistoryItems": [{"Timestamp": n, "HistorySummary": text} for n, text in enumerate(self.history)]}


@pytest.mark.parametrize(
    ("summary", "outcome"),
    [
        ("Successfully executed action arn:aws:sns:x", "ok  an alarm fires and is told: loud: Successfully executed"),
        ("Failed to execute action arn:aws:sns:x", "failed  an alarm fires and is told: loud: Failed to execute"),
        ("", "failed  an alarm fires and is told: loud was set to ALARM and did nothing within 0 s"),
    ],
)
def test_an_alarm_is_made_to_fire_and_put_back(
    smoke: Smoke, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], summary: str, outcome: str
) -> None:
    alarms, real = Alarms(summary), Stage.client

    def answering(stage: Stage, service: str, config: Any = None) -> Any:
        made = real(stage, service, config)
        if service in {"cloudformation", "cloudwatch"}:

            def answer(operation: str, request: dict[str, Any]) -> Any:
                validate_parameters(request, made.meta.service_model.operation_model(operation).input_shape)
                return alarms.call(operation, request)

            made._make_api_call = answer
        return made

    monkeypatch.setattr(Stage, "client", answering)
    smoke.run()
    assert outcome in capsys.readouterr().out
    assert alarms.states == ["OK", "ALARM", "OK"], "nothing is left in alarm"
