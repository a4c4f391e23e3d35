"""HearVersion: says a message with a new version of the workflow and listens to it, before any user's message is there.

CloudFormation calls it between the version and the alias (template.yaml, HeardVersion), and moves the alias only after
its success. The message is of two clips that nobody said before: no cache and no prepared clip answers for the version.
"""

import json
import re
import secrets
import signal
import time
from functools import cache
from http.client import HTTPMessage
from typing import Any
from urllib.request import Request, urlopen

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.session import get_session

from handlers import private
from handlers.buckets import recordings
from handlers.hearing import TONES, NotHeard, clip, listen
from handlers.telemetry import logger
from stitcher.formats.profiles import PROFILES

VOICE = "deployment-check"
"""Its clips are there only while a message is heard."""
PAUSES = (2, 8)
"""Seconds before it tries again: rights that IAM was given just now do not hold everywhere at once."""
LEFT_SECONDS = 15
"""For the answer to CloudFormation, before the function's own time is over."""
ANSWERED_AT = re.compile(
    r"https://cloudformation-custom-resource-response-[a-z0-9]+\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/.+"
)
"""CloudFormation's bucket (Lambda guide, "Using AWS Lambda with CloudFormation")."""
RUNBOOK = "docs/operations.md#a-new-version-is-not-heard"

private.hide()


class OutOfTime(BaseException):
    """No `Exception`: neither botocore nor another try may catch it."""


@cache
def workflows() -> Any:
    """The client of Step Functions."""
    config = Config(connect_timeout=2, read_timeout=30, retries={"mode": "standard"})
    return get_session().create_client("stepfunctions", config=config)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """A request of CloudFormation for HeardVersion, which is answered at its URL, whatever becomes of it."""
    url = event["ResponseURL"]
    if not url.startswith(embedded()) and not ANSWERED_AT.fullmatch(url):
        raise ValueError("the request's URL for the answer is not CloudFormation's")
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, max(context.get_remaining_time_in_millis() / 1000 - LEFT_SECONDS, 1))
    try:
        found = outcome(event)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    same = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    same["PhysicalResourceId"] = event.get("PhysicalResourceId", event["LogicalResourceId"])
    logger.info("answered", request=event["RequestType"], status=found["Status"])
    answer = json.dumps(same | found, ensure_ascii=False).encode(errors="replace")  # 4,096 bytes at most
    # A type of content would not fit the URL's signature.
    send(Request(url, answer, {"Content-Type": ""}, method="PUT"))  # noqa: S310


def embedded() -> tuple[str, ...]:
    """What all addresses of the embedded AWS begin with; AWS itself is not called without TLS."""
    address = recordings().client.meta.endpoint_url
    return (f"{address}/",) if address.startswith("http://") else ()


def _stop(*_: Any) -> None:
    raise OutOfTime("there was no message in time")


def outcome(event: dict[str, Any]) -> dict[str, Any]:
    """What CloudFormation is told. A version is heard before it is called live, but for two kinds.

    The first version of a stack: its API is made after this, so nobody knows its address. And an older version than the
    last one, which was heard when it came: CloudFormation asks for it where it rolls back, which nothing may stop.
    """
    if event["RequestType"] == "Delete":
        return {"Status": "SUCCESS"}
    version = event.get("ResourceProperties", {}).get("Version", "")
    try:
        updated = event["RequestType"] == "Update"
        if number(version) >= (number(event["OldResourceProperties"]["Version"]) if updated else 2):
            hear_patiently(version)
    except (Exception, OutOfTime) as error:
        logger.exception("not heard", version=version)
        said = f"{error}" if isinstance(error, NotHeard | OutOfTime) else f"{type(error).__name__}: {error}"
        return {"Status": "FAILED", "Reason": f"{version} was not heard: {said[:600]} ({RUNBOOK})"}
    return {"Status": "SUCCESS", "Data": {"Version": version}}


def number(version: str) -> int:
    """The number of a version, by its ARN: later versions have greater ones."""
    return int(version.rpartition(":")[2])


def hear_patiently(version: str) -> None:
    """Hear a message of the version, at the third try at the latest; raises what is wrong then."""
    for pause in (*PAUSES, None):
        try:
            hear(version)
        except Exception:
            if pause is None:
                raise
            logger.warning("not heard yet", exc_info=True)
            time.sleep(pause)
        else:
            return


def hear(version: str) -> None:
    """Say two new clips with the version, and listen. Raises `NotHeard`, and faults of what it uses."""
    words = ["".join(secrets.choice("bdfgklmnprst") for _ in range(10)) for _ in range(2)]
    tones = secrets.SystemRandom().sample(TONES, len(words))
    keys = [f"{VOICE}/{word}.wav" for word in words]
    try:
        for key, tone in zip(keys, tones, strict=True):
            recordings().save(key, clip(tone), content_type="audio/wav")
        listen(said(version, {"message": " ".join(words), "voice": VOICE}), tones)
    finally:
        recordings().delete(keys)


def said(version: str, request: dict[str, Any]) -> bytes:
    """The audio that the version answers a request with, fetched as callers fetch it."""
    given = json.dumps({"request": request, "accept": "application/json"})
    ran = workflows().start_sync_execution(stateMachineArn=version, input=given)
    if ran["status"] != "SUCCEEDED":
        raise NotHeard(f"the workflow ended as {ran['status']}, {ran.get('error')}: {ran.get('cause')}")
    answer = json.loads(ran["output"])
    body = json.loads(answer["body"])
    if answer["status"] != 200:
        raise NotHeard(f"the answer is {answer['status']}, {body.get('code')}: {body.get('detail')}")
    headers, audio = send(Request(body["public_url"]))  # noqa: S310
    expected = next(iter(PROFILES.values())).content_type
    if headers.get_content_type() != expected:
        raise NotHeard(f"the audio is {headers.get_content_type()}, not {expected}")
    return audio


def send(request: Request) -> tuple[HTTPMessage, bytes]:
    """Send a request to S3. Raises `OSError`, and `NotHeard` where the URL is of another kind."""
    if not request.full_url.startswith(embedded() or ("https://",)):
        raise NotHeard("the URL of the audio is not https")
    with urlopen(request, timeout=10) as got:  # noqa: S310
        return got.headers, got.read(1_000_000)
