"""Drift of a stack, on CloudFormation's documented answers: no emulator at hand detects any."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from tools.delivery.drift import drift, main
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

from tests.paths import ROOT
from tests.pipeline.conftest import REGION

PROD = Stage.of("prod", ROOT)
ASKED = {"StackDriftDetectionId": "d-1"}
NAMES = {"StackName": "audio-stitcher-prod", "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
INNER: dict[str, Any] = {"StackResourceSummaries": []}


def summary(name: str, kind: str, physical_id: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": name,
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "LastUpdatedTimestamp": 0,
        "ResourceStatus": "CREATE_COMPLETE",
    }


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    session: Any = boto3.Session("key", "secret", region_name=REGION)
    client = session.client("cloudformation")
    monkeypatch.setattr(Stage, "client", lambda *_: client)
    with Stubber(client) as stubber:
        stubber.add_response("list_stack_resources", INNER, {"StackName": "audio-stitcher-prod"})
        stubber.add_response("detect_stack_drift", ASKED, {"StackName": "audio-stitcher-prod"})
        yield stubber
        stubber.assert_no_pending_responses()


def detected(status: str, drifted: str = "", reason: str = "") -> dict[str, Any]:
    answer = {"StackId": "s", **ASKED, "DetectionStatus": status, "Timestamp": 0}
    answer |= {"StackDriftStatus": drifted} if drifted else {}
    return answer | ({"DetectionStatusReason": reason} if reason else {})


def resource(name: str, status: str, *differences: tuple[str, str, str]) -> dict[str, Any]:
    changes = [
        {"PropertyPath": path, "ExpectedValue": expected, "ActualValue": actual, "DifferenceType": "NOT_EQUAL"}
        for path, expected, actual in differences
    ]
    return {
        "StackId": "s",
        "LogicalResourceId": name,
        "ResourceType": "AWS::Lambda::Function",
        "StackResourceDriftStatus": status,
        "PropertyDifferences": changes,
        "Timestamp": 0,
    }


def test_a_stack_that_is_as_its_template_says_succeeds(
    cloudformation: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.add_response(
        "describe_stack_drift_detection_status", detected("DETECTION_COMPLETE", "IN_SYNC"), ASKED
    )
    assert main(PROD) == 0
    assert "audio-stitcher-prod is as its template says" in capsys.readouterr().out


def test_all_that_differs_is_said_and_fails(cloudformation: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    cloudformation.add_response(
        "describe_stack_drift_detection_status", detected("DETECTION_COMPLETE", "DRIFTED"), ASKED
    )
    changed = resource("StitchFunction", "MODIFIED", ("/MemorySize", "1769", "128"), ("/Timeout", "20", "900"))
    pages = [{"StackResourceDrifts": [changed], "NextToken": "more"}]
    pages += [{"StackResourceDrifts": [resource("ApiFaultsAlarm", "DELETED")]}]
    cloudformation.add_response("describe_stack_resource_drifts", pages[0], NAMES)
    cloudformation.add_response("describe_stack_resource_drifts", pages[1], NAMES | {"NextToken": "more"})
    assert main(PROD) == 1
    assert capsys.readouterr().out.splitlines() == [
        'StitchFunction (AWS::Lambda::Function) /MemorySize: "1769" is "128"',
        'StitchFunction (AWS::Lambda::Function) /Timeout: "20" is "900"',
        "ApiFaultsAlarm (AWS::Lambda::Function) was deleted",
    ]


def test_what_differs_in_the_monitoring_is_said_too(cloudformation: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = "arn:aws:cloudformation:ap-south-1:111111111111:stack/audio-stitcher-prod-Monitoring-X/0a1b"
    found = [
        summary("Monitoring", "AWS::CloudFormation::Stack", inner),
        summary("Api", "AWS::ApiGateway::RestApi", "a1"),
    ]
    monkeypatch.setitem(INNER, "StackResourceSummaries", found)
    for drifted in ("IN_SYNC", "DRIFTED"):
        answer = detected("DETECTION_COMPLETE", drifted)
        cloudformation.add_response("describe_stack_drift_detection_status", answer, ASKED)
        if drifted == "IN_SYNC":
            cloudformation.add_response("detect_stack_drift", ASKED, {"StackName": inner})
    page = {"StackResourceDrifts": [resource("HitTimePage", "DELETED")]}
    cloudformation.add_response("describe_stack_resource_drifts", page, NAMES | {"StackName": inner})
    assert drift(PROD) == ["HitTimePage (AWS::Lambda::Function) was deleted"]


def test_detection_is_waited_for(cloudformation: Stubber) -> None:
    running, complete = detected("DETECTION_IN_PROGRESS"), detected("DETECTION_COMPLETE", "IN_SYNC")
    for answer in (running, running, complete):
        cloudformation.add_response("describe_stack_drift_detection_status", answer, ASKED)
    assert drift(PROD, pause=0) == []


def test_a_detection_that_failed_is_no_good_news(cloudformation: Stubber) -> None:
    failed = detected("DETECTION_FAILED", reason="no rights to read StitchFunction")
    cloudformation.add_response("describe_stack_drift_detection_status", failed, ASKED)
    with pytest.raises(DeliveryError, match="no rights to read StitchFunction"):
        drift(PROD)


def test_a_detection_without_end_is_given_up(cloudformation: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.delivery.drift.TRIES", 2)
    for _ in range(2):
        cloudformation.add_response("describe_stack_drift_detection_status", detected("DETECTION_IN_PROGRESS"), ASKED)
    with pytest.raises(DeliveryError, match="still being detected"):
        drift(PROD, pause=0)
