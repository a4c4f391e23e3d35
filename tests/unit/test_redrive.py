"""`make redrive` tries every failed picture again, once, and says how far it is."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tools.operations import redrive as module
from tools.operations.redrive import redrive

EVENT = {"detail": {"object": {"key": "inbox/animal/a.jpg", "version-id": "v"}}}


class Queue:
    """As much of SQS as is needed; what is received and not deleted does not come again."""

    def __init__(self, *bodies: str, sent: float = 0) -> None:
        self.messages = [
            {"Body": body, "ReceiptHandle": str(number), "Attributes": {"SentTimestamp": str(sent)}}
            for number, body in enumerate(bodies)
        ]
        self.deleted: list[str] = []

    def get_queue_attributes(self, **_: Any) -> Any:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.messages))}}

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> Any:  # noqa: N803 - boto3's name
        taken, self.messages = self.messages[:MaxNumberOfMessages], self.messages[MaxNumberOfMessages:]
        return {"Messages": taken} if taken else {}

    def delete_message(self, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self.deleted.append(ReceiptHandle)


class States:
    """Step Functions; `fails` are the codes that the next redrives end with."""

    def __init__(self, *fails: str) -> None:
        self.fails = list(fails)
        self.calls: list[tuple[str, str]] = []

    def redrive_execution(self, executionArn: str) -> None:  # noqa: N803
        if self.fails:
            raise ClientError({"Error": {"Code": self.fails.pop(0)}}, "RedriveExecution")
        self.calls.append(("redriven", executionArn))

    def start_execution(self, stateMachineArn: str, input: str) -> None:  # noqa: A002, N803
        self.calls.append((stateMachineArn, input))


def given_up(number: int) -> str:
    return json.dumps({"execution": f"arn:{number}", "error": "Busy", "cause": "", "event": EVENT})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0)


def test_all_failed_pictures_are_redriven_and_leave_the_queue_with_progress() -> None:
    queue, states, told = Queue(*map(given_up, range(25))), States(), list[str]()
    assert redrive(queue, states, "q", "machine", told.append) == {"redriven": 25}
    assert [arn for _, arn in states.calls] == [f"arn:{number}" for number in range(25)]
    assert len(queue.deleted) == 25
    assert told[0] == "25 failed pictures wait"
    assert told[1:] == ["10 of 25: 10 redriven", "20 of 25: 20 redriven", "25 of 25: 25 redriven"]


@pytest.mark.parametrize("body", ["{}", json.dumps({"source": "aws.ssm", "detail": {"name": "/p/animal"}})])
def test_a_check_of_answers_that_never_began_is_forgotten_because_the_next_one_does_the_same(body: str) -> None:
    queue, states = Queue(body), States()
    assert redrive(queue, states, "q", "machine", lambda _: None) == {"forgotten": 1}
    assert (states.calls, len(queue.deleted)) == ([], 1)


@pytest.mark.parametrize("code", module.NOT_REDRIVABLE)
def test_what_cannot_be_redriven_is_started_anew_with_its_event(code: str) -> None:
    states = States(code)
    assert redrive(Queue(given_up(1)), states, "q", "machine", lambda _: None) == {"started": 1}
    assert states.calls == [("machine", json.dumps(EVENT))]


def test_an_event_that_never_reached_the_workflow_is_started() -> None:
    states = States()
    assert redrive(Queue(json.dumps(EVENT)), states, "q", "machine", lambda _: None) == {"started": 1}


def test_throttling_is_waited_out_and_a_denial_ends_it_with_the_message_in_the_queue() -> None:
    assert redrive(Queue(given_up(1)), States("ThrottlingException"), "q", "m", lambda _: None) == {"redriven": 1}
    queue = Queue(given_up(1))
    with pytest.raises(ClientError, match="AccessDenied"):
        redrive(queue, States("AccessDeniedException"), "q", "m", lambda _: None)
    assert queue.deleted == []


@pytest.mark.parametrize("body", ["", "no JSON", "[]", '{"detail": 1}', '{"execution": "arn:1"}'])
def test_a_message_that_is_no_pictures_is_left(body: str) -> None:
    queue = Queue(body)
    assert redrive(queue, States(), "q", "m", lambda _: None) == {"left": 1}
    assert queue.deleted == []


def test_pictures_that_fail_again_are_not_tried_for_ever() -> None:
    assert redrive(Queue(given_up(1), sent=time.time() * 1000 + 60_000), States(), "q", "m", lambda _: None) == {}
