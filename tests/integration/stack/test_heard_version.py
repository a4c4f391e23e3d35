"""A deployment's new version of the workflow is heard on the embedded AWS before its alias moves."""

import json
from typing import Any

import pytest
from tools.client import Caller
from tools.local.stack import STACK, Stack

from tests.paths import ROOT
from tests.waiting import until

MESSAGE = {"message": "hello, shreeshail"}
DEFINITION = (ROOT / "statemachine" / "stitch.asl.json").read_text()


class Deployments:
    """Updates of the stack whose workflow has another definition."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.cloudformation, self.s3 = stack, stack.client("cloudformation"), stack.client("s3")
        self.template: Any = self.cloudformation.get_template(StackName=STACK, TemplateStage="Processed")[
            "TemplateBody"
        ]
        self.place = self.template["Resources"]["StitchStateMachine"]["Properties"]["DefinitionS3Location"]
        self.put(self.place["Key"], DEFINITION)  # packages are removed after a deployment; a rollback needs this one

    def put(self, key: str, body: str) -> None:
        self.s3.put_object(Bucket=self.place["Bucket"], Key=key, Body=body)

    def update(self, name: str, definition: str) -> str:
        """Deploy the definition; returns the status that the stack ends in."""
        self.put(name, definition)
        self.template["Resources"]["StitchStateMachine"]["Properties"]["DefinitionS3Location"] = self.place | {
            "Key": name
        }
        self.put(f"{name}.template", json.dumps(self.template))
        self.cloudformation.update_stack(
            StackName=STACK,
            TemplateURL=f"{self.stack.endpoint}/{self.place['Bucket']}/{name}.template",
            Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in self.template["Parameters"]],
            Capabilities=["CAPABILITY_IAM"],
        )

        def status() -> str:
            found: str = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
            return found

        until(lambda: not status().endswith("IN_PROGRESS"), "the deployment")
        return status()

    def of(self, resource: str) -> list[tuple[str, str]]:
        """What became of a resource, newest first: status and reason."""
        events = self.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        return [
            (event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in events
            if event["LogicalResourceId"] == resource
        ]

    def live(self) -> int:
        """The number of the version that gets the messages."""
        found = self.stack.client("stepfunctions").describe_state_machine_alias(
            stateMachineAliasArn=self.stack.outputs["StateMachineArn"]
        )
        (route,) = found["routingConfiguration"]
        return int(route["stateMachineVersionArn"].rpartition(":")[2])

    def clips(self) -> int:
        bucket = self.stack.outputs["InputBucketName"]
        return int(self.s3.list_objects_v2(Bucket=bucket, Prefix="deployment-check/")["KeyCount"])


@pytest.fixture
def deployments(stack: Stack) -> Deployments:
    return Deployments(stack)


def test_a_broken_version_gets_no_message_and_the_rollback_is_not_stopped(
    deployments: Deployments, caller: Caller
) -> None:
    before = deployments.live()
    broken = DEFINITION.replace('"FunctionName": "${StitchFunction}"', '"FunctionName": "${PublishFunction}"')
    assert deployments.update("broken", broken) == "UPDATE_ROLLBACK_COMPLETE"
    (back, _), _, (failed, reason), *_ = deployments.of("HeardVersion")
    assert (back, failed) == ("UPDATE_COMPLETE", "UPDATE_FAILED")
    assert f"stitcher-stitch-local:{before + 1} was not heard: the workflow ended as FAILED, StitchFailed" in reason
    assert deployments.live() == before
    assert not [status for status, _ in deployments.of("StitchStateMachineAliaslive") if status.startswith("UPDATE")]
    assert caller.post("/stitch", MESSAGE).status == 200
    assert deployments.clips() == 0


def test_a_version_that_says_its_message_gets_the_messages(deployments: Deployments, caller: Caller) -> None:
    before = deployments.live()
    assert deployments.update("changed", DEFINITION.replace("One message: ", "A message: ")) == "UPDATE_COMPLETE"
    assert deployments.of("HeardVersion")[0] == ("UPDATE_COMPLETE", "")
    assert deployments.live() > before
    assert caller.post("/stitch", MESSAGE).status == 200
    assert deployments.clips() == 0
    assert "deployment-check" not in [voice["voice"] for voice in caller.get("/voices").json()["voices"]]
