"""Try failed pictures again: every message that waits in the dead-letter queue, with progress.

A message names the execution to redrive. One that cannot be redriven (older than 14 days, or gone) is started anew with
its event, and so is an event that never reached the workflow. A check of answers that never began is forgotten: the
next daily one does the same.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

NOT_REDRIVABLE = ("ExecutionNotRedrivable", "ExecutionDoesNotExist", "InvalidArn")
LATER = ("ThrottlingException", "ExecutionLimitExceeded", "ServiceUnavailable")
PAUSE_S, TRIES = 2.0, 5
VISIBLE_S = 120


def redrive(
    sqs: Any, states: Any, queue_url: str, machine: str, told: Callable[[str], None] = print
) -> Counter[str]:  # fmt: skip
    """Try all that waited in the queue at the beginning; a picture that fails again comes back and stays.

    Returns how many were `redriven`, `started` anew, `forgotten` (checks of answers) and `left`: all other messages.
    """
    began, done = time.time() * 1000, Counter[str]()
    named = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    waiting = int(named["Attributes"]["ApproximateNumberOfMessages"])
    told(f"{waiting} failed pictures wait")
    while True:
        found = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=VISIBLE_S,
            MessageSystemAttributeNames=["SentTimestamp"],
        ).get("Messages", [])  # fmt: skip
        old = [message for message in found if float(message["Attributes"]["SentTimestamp"]) <= began]
        for message in old:
            outcome = _tried(states, machine, message["Body"])
            done[outcome] += 1
            if outcome != "left":
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        if not old:
            return done
        told(f"{sum(done.values())} of {waiting}: " + ", ".join(f"{count} {what}" for what, count in done.items()))


def _tried(states: Any, machine: str, body: str) -> str:
    try:
        message = json.loads(body)
        if message == {} or message.get("source") == "aws.ssm":
            return "forgotten"
        event = message.get("event", message)
        is_picture = bool(event["detail"]["object"]["key"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return "left"
    if arn := message.get("execution"):
        try:
            _patiently(lambda: states.redrive_execution(executionArn=arn))
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_REDRIVABLE:
                raise
        else:
            return "redriven"
    if is_picture:
        _patiently(lambda: states.start_execution(stateMachineArn=machine, input=json.dumps(event)))
        return "started"
    return "left"


def _patiently(call: Callable[[], Any]) -> None:
    for attempt in range(TRIES):
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in LATER or attempt == TRIES - 1:
                raise
            time.sleep(PAUSE_S * 2**attempt)
        else:
            return
