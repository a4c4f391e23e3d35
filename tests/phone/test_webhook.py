"""The webhook of telephony providers, built and deployed: a provider is played, after its documentation."""

import json
import secrets
from typing import Any

import pytest
from tools.client import Caller, Response, fetch
from tools.local import calls
from tools.local.stack import PROVIDERS, STACK, Stack

from stitcher.errors import FAULT

FORM = calls.CALL | {"Digits": "42"}
HELLO = {"message": "hello, shreeshail"}


@pytest.fixture(scope="module")
def provided(embedded: Stack) -> dict[str, str]:
    """The secret of each provider; and a template."""
    embedded.client("ssm").put_parameter(
        Name="/stitcher/local/calls/templates/greeting", Value="hello, {name}", Type="String", Overwrite=True
    )
    return calls.set_up(embedded)


def called(stack: Stack, provider: str, query: dict[str, str], secret: str) -> Response:
    url = calls.address(stack, provider, query)
    return calls.call(stack, url, FORM, calls.signature(provider, url, FORM, secret))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_signed_call_plays_a_message(stack: Stack, provided: dict[str, str], provider: str) -> None:
    answer = called(stack, provider, HELLO, provided[provider])
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    link = calls.link_of(answer.body)
    assert link
    audio = fetch(link)
    assert (audio.status, audio.headers["content-type"]) == (200, "audio/wav")
    assert len(audio.body) > 5_000


def test_a_template_is_filled(stack: Stack, provided: dict[str, str]) -> None:
    query = {"name": "shreeshail", "template": "greeting"}
    answers = [called(stack, "plivo", asked, provided["plivo"]) for asked in (query, HELLO)]
    names = {(calls.link_of(one.body) or "").partition("?")[0].rpartition("/")[2] for one in answers}
    assert len(names) == 1, "the same words are the same file"


@pytest.mark.parametrize("query", [{"message": "hello, zebra"}, {"template": "greeting"}, {}])
def test_what_cannot_be_said_ends_the_call(stack: Stack, provided: dict[str, str], query: dict[str, str]) -> None:
    answer = called(stack, "twilio", query, provided["twilio"])
    assert answer.status == 200
    assert calls.link_of(answer.body) is None
    assert b"<Hangup/>" in answer.body


def test_what_is_unsigned_wrongly_signed_or_too_large_is_refused(stack: Stack, provided: dict[str, str]) -> None:
    url = calls.address(stack, "twilio", HELLO)
    right = calls.signature("twilio", url, FORM, provided["twilio"])
    assert calls.call(stack, url, FORM, {}).status == 403
    assert calls.call(stack, url, FORM | {"Digits": "43"}, right).status == 403
    assert calls.call(stack, url, FORM, calls.signature("twilio", url, FORM, secrets.token_hex(16))).status == 403
    large = calls.call(stack, url, FORM, right, b"x=" + b"y" * 20_000)
    assert (large.status, large.json()["code"]) == (413, "message_too_long")
    other = calls.call(stack, url.replace("/twilio", "/other"), FORM, right)
    assert (other.status, other.json()["code"]) == (404, "not_found")


def test_the_signed_api_stays_closed_to_providers(stack: Stack) -> None:
    assert Caller(stack.api_url, "ap-south-1", None).post("/stitch", HELLO).status == 403
    assert fetch(f"{stack.here(stack.outputs['CallsApiUrl'])}/stitch", data=b"{}").status == 403


@pytest.mark.parametrize("action", ["states:StartSyncExecution"])
def test_the_function_acts_under_its_own_role(stack: Stack, provided: dict[str, str], action: str) -> None:
    """Without its right it is a fault, and not the root's call."""
    resource: Any = stack.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="PhoneFunctionRole"
    )
    role, iam = resource["StackResourceDetail"]["PhysicalResourceId"], stack.client("iam")
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="fault", PolicyDocument=document)
    try:
        answer = called(stack, "twilio", HELLO, provided["twilio"])
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="fault")
    assert (answer.status, answer.json()) == (500, FAULT)
    assert called(stack, "twilio", HELLO, provided["twilio"]).status == 200, "the next try succeeds"


def test_the_log_names_no_person_no_secret_and_no_word(stack: Stack, provided: dict[str, str]) -> None:
    called(stack, "twilio", HELLO, provided["twilio"])
    events: Any = stack.client("logs").filter_log_events(logGroupName="/aws/lambda/stitcher-local-phone")["events"]
    text = "\n".join(event["message"] for event in events)
    assert '"said"' in text
    for told in (FORM["From"], FORM["To"], FORM["CallSid"], *provided.values(), "shreeshail"):
        assert told not in text
