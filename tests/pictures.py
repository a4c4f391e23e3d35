"""Pictures through the embedded AWS, for the tests: prompts of their own, events with and without a put."""

import contextlib
import io
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from PIL import Image
from tools.local.pictures import Put, put_picture, result_of
from tools.local.stack import STACK, Stack

from identifier.publishing import publish
from tests.waiting import until

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["number"],
    "properties": {"number": {"type": "integer", "minimum": 0, "maximum": 10**12}},
}
MODEL = "apac.amazon.nova-lite-v1:0"


def picture(*colour: int, size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    """A picture of one colour; by default of one that no other has."""
    data = io.BytesIO()
    Image.new("RGB", size, colour or tuple(uuid.uuid4().bytes[:3])).save(data, kind)
    return data.getvalue()


class Inbox:
    """One test's way to the images bucket and to what becomes of a picture."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.sfn = stack, stack.client("stepfunctions")
        self.machine = stack.outputs["IdentifyStateMachineArn"]
        self._aside: list[dict[str, Any]] = []

    def prompt(self, prompt_id: str = "", version: int = 1, **fields: Any) -> str:
        """Publish a prompt; returns its id, by default a new one."""
        prompt_id = prompt_id or f"t-{uuid.uuid4().hex[:12]}"
        document = {"id": prompt_id, "version": version, "model": MODEL, "text": "What is it?", "answer_schema": SCHEMA}
        outputs = self.stack.outputs
        publish(
            self.stack.client("s3"), self.stack.client("ssm"), outputs["PromptsBucketName"], outputs["PromptPointers"],
            json.dumps(document | fields).encode(),
        )  # fmt: skip
        return prompt_id

    def put(self, prompt_id: str, data: bytes | None = None, name: str = "picture.png") -> Put:
        """Put a picture; its event follows."""
        return put_picture(self.stack, f"inbox/{prompt_id}/{name}", picture() if data is None else data)

    def identified(self, put: Put) -> dict[str, Any]:
        """The picture's result, as soon as there is one."""
        return result_of(self.stack, put)

    def start(self, put: Put, size: int = 100) -> str:
        """Start the workflow as the picture's event does; returns the execution's ARN."""
        bucket = {"name": self.stack.outputs["ImagesBucketName"]}
        image = {"key": put.key, "size": size, "version-id": put.version_id}
        event = {
            "detail-type": "Object Created",
            "source": "aws.s3",
            "time": datetime.now(UTC).isoformat(),
            "detail": {"bucket": bucket, "object": image},
        }
        started = self.sfn.start_execution(stateMachineArn=self.machine, input=json.dumps(event))
        arn: str = started["executionArn"]
        return arn

    def execution(self, put: Put) -> str:
        """The ARN of the execution that the picture's event started."""
        machine = self.machine.rpartition(":")[0]

        def started() -> str | None:
            for execution in self.sfn.list_executions(stateMachineArn=machine, maxResults=20)["executions"]:
                arn: str = execution["executionArn"]
                if put.version_id in self.sfn.describe_execution(executionArn=arn)["input"]:
                    return arn
            return None

        return until(started, f"an execution for {put.key}")

    def ended(self, arn: str) -> dict[str, Any]:
        """The execution, when it has ended."""

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sfn.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        return until(ended, f"the end of {arn}")

    def put_aside(self, arn: str) -> dict[str, Any]:
        """Take the message of this execution out of the queue of failed pictures."""
        sqs, url = self.stack.client("sqs"), self.stack.outputs["FailedImagesQueueUrl"]

        def taken() -> dict[str, Any] | None:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                self._aside.append(json.loads(message["Body"]))
            for body in self._aside:
                if body["execution"] == arn:
                    self._aside.remove(body)
                    return body
            return None

        return until(taken, f"the message of {arn}")

    @contextlib.contextmanager
    def without_events(self) -> Iterator[None]:
        """Puts start nothing, for as long as the context lasts."""
        cloudformation, events = self.stack.client("cloudformation"), self.stack.client("events")
        name = cloudformation.describe_stack_resource(
            StackName=STACK, LogicalResourceId="IdentifyStateMachineImagePut"
        )["StackResourceDetail"]["PhysicalResourceId"].rpartition("/")[2]
        events.disable_rule(Name=name)
        try:
            yield
        finally:
            time.sleep(1)  # events are worked off in threads of their own
            events.enable_rule(Name=name)
