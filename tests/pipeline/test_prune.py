# ruff: noqa: N802  # operations have the services' own names
"""What no rollback needs goes, page by page, and what anything needs stays.

The AWS here is this test's own: it checks every request against botocore's model of the service, gives pages of two,
and refuses to remove what an alias points to, as Lambda and Step Functions do.
"""

import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters
from tools.delivery import prune
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

from tests.pipeline.conftest import REGION

PAGE = 2
LAMBDA, STATES = f"arn:aws:lambda:{REGION}:111111111111", f"arn:aws:states:{REGION}:111111111111"
MACHINE = f"{STATES}:stateMachine:stitcher-stitch-dev"
LAYER = f"{LAMBDA}:layer:stitcher-ffmpeg-dev"


def function(version: int, name: str = "Stitch") -> str:
    return f"{LAMBDA}:function:audio-stitcher-dev-{name}:{version}"


def workflow(version: int) -> str:
    return f"{MACHINE}:{version}"


def layer(version: int) -> str:
    return f"{LAYER}:{version}"


class Aws:
    """A stage after some releases: each made a version of the function, of its workflow and of its layer."""

    def __init__(self, releases: int) -> None:
        self.functions = {function(n): [layer(n)] for n in range(1, releases + 1)}
        self.workflows = {workflow(n): [function(n)] for n in range(1, releases + 1)}
        self.layers = [layer(n) for n in range(1, releases + 1)]
        self.function_alias = {function(releases): 1.0}
        self.workflow_alias = [workflow(releases)]
        self.stack = {
            "AWS::Lambda::Function": ["audio-stitcher-dev-Stitch"],
            "AWS::Lambda::Version": [function(releases)],
            "AWS::Lambda::LayerVersion": [layer(releases)],
            "AWS::StepFunctions::StateMachine": [MACHINE],
            "AWS::StepFunctions::StateMachineVersion": [workflow(releases)],
            "AWS::SQS::Queue": [],
        }
        self.status = "UPDATE_COMPLETE"
        self.calls: list[str] = []
        self.deny: set[str] = set()

    def call(self, operation: str, request: dict[str, Any]) -> Any:
        self.calls.append(operation)
        if operation in self.deny:
            raise error(operation, "AccessDeniedException")
        answer: Any = getattr(self, operation)(request)
        return answer

    def removed(self) -> list[str]:
        return [call for call in self.calls if call.startswith("Delete")]

    # CloudFormation

    def DescribeStacks(self, _: dict[str, Any]) -> Any:
        return {"Stacks": [{"StackStatus": self.status}]}

    def ListStackResources(self, request: dict[str, Any]) -> Any:
        every = [{"ResourceType": kind, "PhysicalResourceId": name} for kind in self.stack for name in self.stack[kind]]
        return page(every, request, "StackResourceSummaries", "NextToken", "NextToken")

    # Lambda

    def ListVersionsByFunction(self, request: dict[str, Any]) -> Any:
        newest = [{"Arn": arn} for arn in list(self.functions.values())[-1]]
        every = [{"Version": "$LATEST", "FunctionArn": function(0)[:-1] + "$LATEST", "Layers": newest}]
        every += [
            {"Version": arn.rpartition(":")[2], "FunctionArn": arn, "Layers": [{"Arn": each} for each in layers]}
            for arn, layers in self.functions.items()
        ]
        return page(every, request, "Versions", "Marker", "NextMarker")

    def ListAliases(self, request: dict[str, Any]) -> Any:
        first, *more = ((arn.rpartition(":")[2], weight) for arn, weight in self.function_alias.items())
        routing = {"RoutingConfig": {"AdditionalVersionWeights": dict(more)}} if more else {}
        every = [{"Name": "live", "FunctionVersion": first[0]} | routing]
        return page(every, request, "Aliases", "Marker", "NextMarker")

    def ListLayerVersions(self, request: dict[str, Any]) -> Any:
        every = [{"LayerVersionArn": arn} for arn in reversed(self.layers)]
        return page(every, request, "LayerVersions", "Marker", "NextMarker")

    def DeleteFunction(self, request: dict[str, Any]) -> Any:
        arn = f"{request['FunctionName']}:{request['Qualifier']}"
        if arn in self.function_alias:
            raise error("DeleteFunction", "ResourceConflictException")
        if self.functions.pop(arn, None) is None:
            raise error("DeleteFunction", "ResourceNotFoundException")

    def DeleteLayerVersion(self, request: dict[str, Any]) -> Any:
        self.layers.remove(f"{request['LayerName']}:{request['VersionNumber']}")

    def GetAccountSettings(self, _: dict[str, Any]) -> Any:
        return {"AccountUsage": {"TotalCodeSize": 3_000_000_000}, "AccountLimit": {"TotalCodeSize": 80_530_636_800}}

    # Step Functions

    def DescribeStateMachine(self, request: dict[str, Any]) -> Any:
        called = self.workflows.get(request["stateMachineArn"], list(self.workflows.values())[-1])
        return {"definition": json.dumps({"States": {str(n): {"Resource": arn} for n, arn in enumerate(called)}})}

    def ListStateMachineVersions(self, request: dict[str, Any]) -> Any:
        every = [{"stateMachineVersionArn": arn} for arn in reversed(self.workflows)]
        return page(every, request, "stateMachineVersions", "nextToken", "nextToken")

    def ListStateMachineAliases(self, request: dict[str, Any]) -> Any:
        return page(
            [{"stateMachineAliasArn": f"{MACHINE}:live"}], request, "stateMachineAliases", "nextToken", "nextToken"
        )

    def DescribeStateMachineAlias(self, _: dict[str, Any]) -> Any:
        return {"routingConfiguration": [{"stateMachineVersionArn": arn, "weight": 1} for arn in self.workflow_alias]}

    def DeleteStateMachineVersion(self, request: dict[str, Any]) -> Any:
        if request["stateMachineVersionArn"] in self.workflow_alias:
            raise error("DeleteStateMachineVersion", "ConflictException")
        del self.workflows[request["stateMachineVersionArn"]]


def page(every: list[Any], request: dict[str, Any], field: str, asked: str, answered: str) -> dict[str, Any]:
    start = int(request.get(asked, 0))
    more = {answered: str(start + PAGE)} if start + PAGE < len(every) else {}
    return {field: every[start : start + PAGE]} | more


def error(operation: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as AWS says it"}}, operation)


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Stage("dev", "audio-stitcher-dev", REGION, {})


def use(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def client(_: Stage, service: str, config: Any = None) -> Any:
        made: Any = boto3.client(service, region_name=REGION, config=config)  # type: ignore[call-overload]

        def answer(operation: str, request: dict[str, Any]) -> Any:
            validate_parameters(request, made.meta.service_model.operation_model(operation).input_shape)
            return aws.call(operation, request)

        made._make_api_call = answer
        return made

    monkeypatch.setattr(Stage, "client", client)


def test_the_newest_versions_stay_and_the_others_go(dev: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(releases=14)
    use(aws, monkeypatch)
    assert prune.prune(dev) == []
    kept = range(5, 15)
    assert list(aws.functions) == [function(n) for n in kept]
    assert list(aws.workflows) == [workflow(n) for n in kept]
    assert aws.layers == [layer(n) for n in kept]


def test_a_second_time_nothing_is_left_to_remove(dev: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(releases=14)
    use(aws, monkeypatch)
    prune.prune(dev)
    aws.calls.clear()
    assert prune.prune(dev) == []
    assert aws.removed() == []


def test_a_dry_run_says_what_would_go_and_removes_nothing(
    dev: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = Aws(releases=12)
    use(aws, monkeypatch)
    assert prune.main(dev, prune.KEEP, dry_run=True) == 0
    assert aws.removed() == []
    said = capsys.readouterr().out
    for arn in (function(1), function(2), workflow(1), workflow(2), layer(1), layer(2)):
        assert f"would remove {arn}\n" in said
    assert "30 versions stay, 6 would go" in said
    assert "3.00 of 81 GB" in said


def test_what_traffic_goes_to_stays_however_old(dev: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary that waits, or a rollback by hand, may point far back, with any share of the traffic."""
    aws = Aws(releases=9)
    aws.function_alias = {function(9): 0.9, function(2): 0.1}
    aws.workflow_alias = [workflow(9), workflow(1)]
    use(aws, monkeypatch)
    assert prune.prune(dev, keep=3) == []
    assert list(aws.workflows) == [workflow(n) for n in (1, 7, 8, 9)]
    assert list(aws.functions) == [function(n) for n in (1, 2, 7, 8, 9)], "1 is called by the workflow's version 1"
    assert aws.layers == [layer(n) for n in (1, 2, 7, 8, 9)]


def test_a_version_that_a_kept_workflow_calls_stays(dev: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions and workflows do not get new versions at the same releases."""
    aws = Aws(releases=9)
    aws.workflows = {workflow(n): [function(1), function(11)] for n in range(1, 10)}
    aws.functions |= {function(n): [layer(9)] for n in range(10, 15)}
    use(aws, monkeypatch)
    assert prune.prune(dev, keep=2) == []
    assert list(aws.functions) == [function(n) for n in (1, 9, 11, 13, 14)], "9 is the stack's"
    assert aws.layers == [layer(1), layer(9)]


def test_a_layer_that_left_the_template_goes_with_its_last_function(
    dev: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = Aws(releases=3)
    aws.stack["AWS::Lambda::LayerVersion"] = []
    aws.functions[function(3)] = []
    aws.functions[function(2)] = []
    use(aws, monkeypatch)
    assert prune.prune(dev, keep=1) == []
    assert aws.layers == []


def test_what_is_taken_into_use_meanwhile_stays(
    dev: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = Aws(releases=4)
    use(aws, monkeypatch)
    planned = prune.plan(dev, keep=2)
    aws.workflow_alias = [workflow(1)]
    monkeypatch.setattr(prune, "plan", lambda *_: planned)
    assert prune.prune(dev, keep=2) == []
    assert list(aws.workflows) == [workflow(n) for n in (1, 3, 4)]
    assert function(1) in aws.functions, "which the workflow calls"
    assert "it is in use by now, and stays: as AWS says it" in capsys.readouterr().out

    aws.workflow_alias, aws.function_alias = [workflow(4)], {function(1): 1.0}
    planned.workflows = [workflow(1)]
    assert prune.prune(dev, keep=2) == []
    assert (function(1) in aws.functions, layer(1) in aws.layers) == (True, True)


def test_what_somebody_else_removed_is_no_fault(dev: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(releases=4)
    use(aws, monkeypatch)
    planned = prune.plan(dev, keep=2)
    del aws.functions[function(1)]
    monkeypatch.setattr(prune, "plan", lambda *_: planned)
    assert prune.prune(dev, keep=2) == []


def test_what_is_refused_is_said_and_nothing_is_taken_from_what_stays(
    dev: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = Aws(releases=4)
    aws.deny = {"DeleteStateMachineVersion"}
    use(aws, monkeypatch)
    assert prune.main(dev, 3, dry_run=False) == 1
    assert f"{workflow(1)} was not removed" in capsys.readouterr().out
    assert (function(1) in aws.functions, layer(1) in aws.layers) == (True, True)


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "ROLLBACK_FAILED"])
def test_nothing_is_removed_while_a_stage_is_being_changed(
    dev: Stage, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    aws = Aws(releases=14)
    aws.status = status
    use(aws, monkeypatch)
    with pytest.raises(DeliveryError, match=re.escape(f"audio-stitcher-dev is {status}")):
        prune.prune(dev)
    assert aws.removed() == []


@pytest.mark.parametrize("keep", [0, -1])
def test_at_least_one_version_stays(dev: Stage, keep: int) -> None:
    with pytest.raises(DeliveryError, match="at least 1"):
        prune.prune(dev, keep)


def test_a_client_waits_where_aws_asks_for_fewer_calls() -> None:
    config: Any = prune.PATIENT
    assert config.retries == {"mode": "adaptive", "total_max_attempts": 10}
