"""Distributed maps in the embedded AWS, by the Step Functions guide: what tools/local/map_run.py adds.

A small workflow: each child asks S3 for an object. A child whose object is not there fails, until it is put.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from tools.local.stack import Stack

from tests.waiting import until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NEEDED = ("states:StartExecution", "states:RedriveExecution", "s3:GetObject", "s3:ListBucket")
"""Without the right to list, S3 answers 403 for an absent key."""


@dataclass
class Maps:
    """Workflows with one map over a list of `n` items, each child of which asks for the object `<prefix><item>`."""

    stack: Stack
    bucket: str
    prefix: str

    def machine(self, *, without: str = "", **fields: Any) -> str:
        """A workflow whose map has these fields, and whose role lacks one right."""
        name = f"maps-{uuid.uuid4().hex[:8]}"
        allowed = [action for action in NEEDED if action != without]
        iam = self.stack.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        child = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
            "Arguments": {"Bucket": self.bucket, "Key": "{% $states.input.key %}"},
            "Output": "{% { 'item': $states.input.item, 'own': $states.context.Execution.Name } %}",
            "End": True,
        }
        state = {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Arguments": {"Bucket": self.bucket, "Key": "{% $states.input.list %}"},
            },
            "ItemSelector": {
                "item": "{% $states.context.Map.Item.Value %}",
                "key": "{% $states.input.prefix & $states.context.Map.Item.Value %}",
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Ask",
                "States": {"Ask": child},
            },
            "MaxConcurrency": "{% 1 + 3 %}",
            "End": True,
            **fields,
        }
        definition = {"QueryLanguage": "JSONata", "StartAt": "All", "States": {"All": state}}
        made = self.stack.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=role
        )
        return str(made["stateMachineArn"])

    def put(self, *names: object) -> None:
        for name in names:
            self.stack.client("s3").put_object(Bucket=self.bucket, Key=f"{self.prefix}{name}", Body=b"x")

    def start(self, machine: str, items: Sequence[object]) -> str:
        key = f"{self.prefix}list.json"
        self.stack.client("s3").put_object(Bucket=self.bucket, Key=key, Body=json.dumps([*items]).encode())
        asked = json.dumps({"list": key, "prefix": self.prefix})
        started = self.stack.client("stepfunctions").start_execution(stateMachineArn=machine, input=asked)
        return str(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        sfn = self.stack.client("stepfunctions")

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = sfn.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return until(look, "the end of the execution")

    def run(self, execution: str) -> dict[str, Any]:
        sfn = self.stack.client("stepfunctions")
        (listed,) = sfn.list_map_runs(executionArn=execution)["mapRuns"]
        found: dict[str, Any] = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
        return found


@pytest.fixture
def maps(embedded: Stack) -> Maps:
    return Maps(embedded, embedded.outputs["OutputBucketName"], f"work/maps-{uuid.uuid4().hex}/")


def test_each_item_is_an_execution_of_its_own_in_order(maps: Maps) -> None:
    maps.put(*range(5))
    ended = maps.ended(maps.start(maps.machine(), range(5)))
    output = json.loads(ended["output"])
    assert [one["item"] for one in output] == [0, 1, 2, 3, 4]
    assert len({one["own"] for one in output}) == 5


def test_too_many_failures_fail_the_run_and_a_redrive_starts_only_those_again(maps: Maps) -> None:
    maps.put(*range(2, 10))
    execution = maps.start(maps.machine(ToleratedFailurePercentage=10), range(10))
    ended = maps.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    before = maps.run(execution)
    assert before["status"] == "FAILED"
    assert before["itemCounts"]["failed"] == 2
    maps.put(0, 1)
    maps.stack.client("stepfunctions").redrive_execution(executionArn=execution)
    ended = maps.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    after = maps.run(execution)
    assert (after["mapRunArn"], after["redriveCount"], after["status"]) == (before["mapRunArn"], 1, "SUCCEEDED")
    assert after["itemCounts"]["succeeded"] == 10
    assert [one["item"] for one in json.loads(ended["output"])] == [*range(10)]


def test_tolerated_failures_leave_gaps(maps: Maps) -> None:
    maps.put(*range(1, 10))
    execution = maps.start(maps.machine(ToleratedFailurePercentage="{% 5 * 2 %}"), range(10))
    ended = maps.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])[0] is None
    assert maps.run(execution)["itemCounts"]["failed"] == 1


@pytest.mark.parametrize(
    ("without", "error"),
    [
        ("s3:GetObject", "States.ItemReaderFailed"),
        ("states:StartExecution", "States.ExceedToleratedFailureThreshold"),
    ],
)
def test_the_role_reads_the_list_and_starts_the_children(maps: Maps, without: str, error: str) -> None:
    maps.put(0)
    assert maps.ended(maps.start(maps.machine(without=without), [0]))["error"] == error


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ItemBatcher", {"MaxItemsPerBatch": 10}),
        ("ResultWriter", {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "b"}}),
        ("ItemReader", {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "b"}}),
        ("ItemReader", {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV"}}),
    ],
)
def test_what_is_not_embedded_is_refused_and_not_passed_over(maps: Maps, field: str, value: Any) -> None:
    ended = maps.ended(maps.start(maps.machine(**{field: value}), [0]))
    assert (ended["error"], ended["cause"]) == ("States.Runtime", f"not embedded: {field} of a distributed map")


def test_a_redrive_needs_a_right_of_its_own(maps: Maps) -> None:
    execution = maps.start(maps.machine(without="states:RedriveExecution"), [0])
    assert maps.ended(execution)["status"] == "FAILED"
    maps.put(0)
    maps.stack.client("stepfunctions").redrive_execution(executionArn=execution)
    assert "states:RedriveExecution" in maps.ended(execution)["cause"]
