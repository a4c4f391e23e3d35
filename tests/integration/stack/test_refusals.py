"""What AWS refuses, the embedded AWS refuses, in the same words: otherwise a fault would be seen on AWS only.

The pages of AWS's documentation are named in tools/local/authorization.py and refusals.py.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tools.client import Caller, fetch
from tools.local.pictures import speech_of
from tools.local.stack import STACK, Stack

from tests.integration.stack.test_identify_stack import speaking
from tests.pictures import Inbox

MESSAGE = {"message": "hello, shreeshail"}
QUALIFIER = "states:StateMachineQualifier"
Statement = dict[str, Any]


@pytest.fixture
def inbox(embedded: Stack) -> Inbox:
    embedded.model.forget()
    return Inbox(embedded)


def by_alias(statement: Statement) -> Statement:
    """As this project once had it: the alias is the resource."""
    plain = {key: value for key, value in statement.items() if key != "Condition"}
    return plain | {"Resource": f"{statement['Resource']}:live"}


def single_valued(statement: Statement) -> Statement:
    """A key of several values, asked for as if it had one."""
    return statement | {"Condition": {"StringEquals": {QUALIFIER: "live"}}}


def of_another_alias(statement: Statement) -> Statement:
    return statement | {"Condition": {"ForAnyValue:StringEquals": {QUALIFIER: ["canary"]}}}


FORMS = [by_alias, single_valued, of_another_alias]


@contextlib.contextmanager
def starting(stack: Stack, role: str, form: Callable[[Statement], Statement]) -> Iterator[None]:
    """A role whose rights to start executions are written in another form."""
    detail = stack.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=role)
    iam, name = stack.client("iam"), detail["StackResourceDetail"]["PhysicalResourceId"]
    kept = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }

    def put(policy: str, document: Any) -> None:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))

    changed = 0
    for policy, document in kept.items():
        statements = [
            form(statement) if "states:Start" in json.dumps(statement["Action"]) else statement
            for statement in document["Statement"]
        ]
        changed += statements != document["Statement"]
        put(policy, document | {"Statement": statements})
    assert changed, f"{role} starts nothing"
    try:
        yield
    finally:
        for policy, document in kept.items():
            put(policy, document)


@pytest.mark.parametrize("form", FORMS)
def test_the_api_starts_the_workflow_by_the_right_form_of_policy_only(
    stack: Stack, caller: Caller, form: Callable[[Statement], Statement]
) -> None:
    with starting(stack, "ApiRole", form):
        assert caller.post("/stitch", MESSAGE).status == 500
    assert caller.post("/stitch", MESSAGE).status == 200


def set_aside(inbox: Inbox, version: str) -> bool:
    """Whether the event of this version lies in the queue of failed pictures. Waits for it for 20 s."""
    sqs, url = inbox.stack.client("sqs"), inbox.stack.outputs["FailedImagesQueueUrl"]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if version in message["Body"]:
                return True
        time.sleep(0.1)
    return False


def started(inbox: Inbox, version: str) -> bool:
    machine = inbox.machine.rpartition(":")[0]
    recent = inbox.sfn.list_executions(stateMachineArn=machine, maxResults=20)["executions"]
    inputs = [inbox.sfn.describe_execution(executionArn=execution["executionArn"])["input"] for execution in recent]
    return any(version in given for given in inputs)


@pytest.mark.parametrize("form", FORMS)
def test_an_event_starts_the_workflow_by_the_right_form_of_policy_only(
    inbox: Inbox, form: Callable[[Statement], Statement]
) -> None:
    prompt = inbox.prompt()
    with starting(inbox.stack, "ImageEventsRole", form):
        put = inbox.put(prompt)
        assert set_aside(inbox, put.version_id), "it ends in the rule's dead-letter queue"
    assert not started(inbox, put.version_id)
    assert inbox.identified(inbox.put(prompt))["outcome"] == "answered"


def test_a_rule_assumes_its_role_for_this_account_only(inbox: Inbox) -> None:
    detail = inbox.stack.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="ImageEventsRole"
    )
    iam, name = inbox.stack.client("iam"), detail["StackResourceDetail"]["PhysicalResourceId"]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    other = json.loads(json.dumps(trust))
    other["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(other))
    try:
        put = inbox.put(inbox.prompt())
        assert set_aside(inbox, put.version_id)
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert not started(inbox, put.version_id)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("form", FORMS)
def test_an_answer_is_said_by_the_right_form_of_policy_only(
    inbox: Inbox, form: Callable[[Statement], Statement]
) -> None:
    with starting(inbox.stack, "IdentifyStateMachineRole", form):
        speech = speech_of(inbox.stack, inbox.put(speaking(inbox, "hello, {crop}")))
    assert speech["outcome"] == "failed"
    assert "AccessDenied" in speech["problem"]["title"]
    assert speech_of(inbox.stack, inbox.put(speaking(inbox, "hello, {crop}")))["outcome"] == "spoken"


@pytest.mark.parametrize("action", ["lambda:InvokeFunction", "cloudwatch:PutMetricData"])
def test_a_workflow_does_what_its_role_may(stack: Stack, caller: Caller, action: str) -> None:
    detail = stack.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="StitchStateMachineRole"
    )
    iam, name = stack.client("iam"), detail["StackResourceDetail"]["PhysicalResourceId"]
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="fault", PolicyDocument=json.dumps(deny))
    try:
        status = caller.post("/stitch", MESSAGE).status
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="fault")
    # A number that was not counted is no reason to refuse the message.
    assert status == (500 if action.startswith("lambda") else 200)


def test_the_api_calls_a_function_that_is_open_to_the_method_only(stack: Stack, caller: Caller) -> None:
    functions = stack.client("lambda")
    resource = stack.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="PlanFunctionAliaslive"
    )
    alias = resource["StackResourceDetail"]["PhysicalResourceId"]
    name, qualifier = alias.rpartition(":")[0], "live"
    policy = json.loads(functions.get_policy(FunctionName=name, Qualifier=qualifier)["Policy"])
    (allowed,) = [item for item in policy["Statement"] if "apigateway" in json.dumps(item["Principal"])]
    source = allowed["Condition"]["ArnLike"]["AWS:SourceArn"]

    def open_to(source: str) -> None:
        functions.remove_permission(FunctionName=name, StatementId=allowed["Sid"], Qualifier=qualifier)
        functions.add_permission(
            FunctionName=name, StatementId=allowed["Sid"], Action="lambda:InvokeFunction", Qualifier=qualifier,
            Principal="apigateway.amazonaws.com", SourceArn=source,
        )  # fmt: skip

    open_to(source.replace("POST/plans", "POST/other"))
    try:
        assert caller.post("/plans", MESSAGE).status == 500
    finally:
        open_to(source)
    assert caller.post("/plans", MESSAGE).status == 200


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ({"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": None}}}, "/Resources/B/Properties"),
        ({"Resources": {"A": {"Properties": {"DefinitionBody": {"paths": [{"new or from": None}]}}}}},
         "/Resources/A/Properties/DefinitionBody/paths/0/new or from"),
        ({"Resources": {}, "Outputs": {"O": {"Value": None}}}, "/Outputs/O/Value"),
    ],
)  # fmt: skip
def test_a_template_with_a_null_is_refused(stack: Stack, template: dict[str, Any], where: str) -> None:
    cloudformation, body = stack.client("cloudformation"), json.dumps(template)
    for call, named in {
        cloudformation.validate_template: {},
        cloudformation.create_stack: {"StackName": "nulls"},
        cloudformation.create_change_set: {"StackName": "nulls", "ChangeSetName": "nulls", "ChangeSetType": "CREATE"},
    }.items():
        with pytest.raises(ClientError) as refused:
            call(TemplateBody=body, **named)
        assert f"[{where}] 'null' values are not allowed in templates" in str(refused.value)


def link(stack: Stack, **changes: Any) -> str:
    """A presigned URL of a clip, as the service makes them for messages."""
    s3 = stack.client("s3")
    found = s3.generate_presigned_url(
        "get_object", Params={"Bucket": stack.outputs["InputBucketName"], "Key": "hello.wav"}, **changes
    )
    return str(found)


def dated(stack: Stack, at: datetime, seconds: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URL that was presigned at another time."""
    with monkeypatch.context() as patched:
        for signer in (
            "botocore.auth",
            "botocore.crt.auth",
        ):  # the second where awscrt is installed, as SAM's CLI asks for
            patched.setattr(f"{signer}.get_current_datetime", lambda **_: at)
        return link(stack, ExpiresIn=seconds)


def test_a_link_needs_no_headers_and_takes_none_that_it_does_not_sign(stack: Stack) -> None:
    assert fetch(link(stack)).status == 200
    assert fetch(link(stack), headers={"Accept": "audio/mpeg", "X-Other": "1"}).status == 200
    refused = fetch(link(stack), headers={"X-Amz-Security-Token": "t", "x-amz-acl": "private"})
    assert refused.status == 403
    body = refused.body.decode()
    assert "<Code>AccessDenied</Code>" in body
    assert "<Message>There were headers present in the request which were not signed</Message>" in body
    assert "<HeadersNotSigned>x-amz-acl, x-amz-security-token</HeadersNotSigned>" in body


def test_a_link_is_for_its_method_and_its_time(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    s3, now = stack.client("s3"), datetime.now(UTC)
    place = {"Bucket": stack.outputs["InputBucketName"], "Key": "hello.wav"}
    for_head = s3.generate_presigned_url("head_object", Params=place)
    assert b"<Code>SignatureDoesNotMatch</Code>" in fetch(for_head).body
    assert fetch(dated(stack, now, 60, monkeypatch)).status == 200
    for at, seconds, message in [
        (now - timedelta(seconds=61), 60, b"Request has expired"),
        (now + timedelta(hours=1), 60, b"Request is not yet valid"),
    ]:
        refused = fetch(dated(stack, at, seconds, monkeypatch))
        assert refused.status == 403
        assert b"<Code>AccessDenied</Code>" in refused.body
        assert message in refused.body


@pytest.fixture
def machine(stack: Stack) -> Iterator[str]:
    """A workflow that makes a text as long as its input says, and catches everything it can."""
    sfn = stack.client("stepfunctions")
    role = sfn.describe_state_machine(stateMachineArn=stack.outputs["StateMachineArn"].rpartition(":")[0])["roleArn"]
    states = {
        "Make": {"Type": "Pass", "Output": {"text": "{% $pad('', $states.input.length, '#') %}"}, "End": True},
        "Caught": {"Type": "Pass", "End": True},
    }
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "All",
        "States": {
            "All": {
                "Type": "Map",
                "Items": "{% [$states.input] %}",
                "ItemProcessor": {"StartAt": "Make", "States": {"Make": states["Make"]}},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
                "End": True,
            },
            "Caught": states["Caught"],
        },
    }
    arn: str = sfn.create_state_machine(
        name="sizes", roleArn=role, type="EXPRESS", definition=json.dumps(definition)
    )["stateMachineArn"]  # fmt: skip
    yield arn
    sfn.delete_state_machine(stateMachineArn=arn)


def test_a_payload_over_256_kib_ends_the_execution(stack: Stack, machine: str) -> None:
    sfn, around = stack.client("stepfunctions"), len(json.dumps([{"text": ""}], separators=(",", ":")))
    fits = sfn.start_sync_execution(stateMachineArn=machine, input=json.dumps({"length": 262_144 - around}))
    assert fits["status"] == "SUCCEEDED"
    beyond = sfn.start_sync_execution(stateMachineArn=machine, input=json.dumps({"length": 262_144}))
    assert (beyond["status"], beyond["error"]) == ("FAILED", "States.DataLimitExceeded"), "States.ALL does not catch it"
    assert "exceeding the maximum number of bytes service limit" in beyond["cause"]


def test_an_input_over_256_kib_starts_nothing(stack: Stack, machine: str) -> None:
    sfn, given = stack.client("stepfunctions"), json.dumps({"length": 1, "more": "ह" * 90_000}, ensure_ascii=False)
    for start in (sfn.start_sync_execution, sfn.start_execution):
        with pytest.raises(ClientError, match=r"Value at 'input' failed to satisfy constraint.* 262144"):
            start(stateMachineArn=machine, input=given)


def test_a_body_over_10_mb_is_refused_in_the_form_of_every_refusal(caller: Caller) -> None:
    response = caller.post("/plans", {"message": "x" * (10 * 1024 * 1024)})
    assert response.status == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["success"] is False
