"""What the application itself may ever do: its boundary."""

from typing import Any

import pytest

from tests.pipeline.foundation.documents import (
    ACCOUNTS,
    BUCKET,
    KEY,
    STAGES,
    application_role,
    bucket,
    foundation_role,
    function,
    here,
    listed,
    others,
    rendered,
    stack,
    values,
)
from tests.pipeline.foundation.iam import Document, Iam, Role
from tests.pipeline.foundation.template_rights import Resources, filled

EVERYTHING = {"all": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}


def bounded(stage: str) -> Role:
    """A role of the application that is given everything: what it may do is the boundary."""
    return Role(application_role(stage), {}, EVERYTHING, rendered("boundary", ACCOUNTS[stage], stage))


def met(statement: Document, stage: str, template: Resources) -> dict[str, str]:
    """A request's context that the statement's conditions are true in."""
    condition = statement.get("Condition", {})
    operators = ("StringEquals", "StringLike", "ForAnyValue:StringEquals")  # a pattern is like itself
    equal = {key: value for operator in operators for key, value in condition.get(operator, {}).items()}
    return {key: listed(filled(listed(value)[0], values(stage), template))[0] for key, value in equal.items()}


@pytest.mark.parametrize("stage", STAGES)
def test_the_boundary_leaves_the_application_what_its_roles_say(
    iam: Iam, templates: dict[str, Resources], stage: str
) -> None:
    taken = [
        (logical_id, action, resource)
        for logical_id, role in templates[stage].items()
        if role["Type"] == "AWS::IAM::Role"
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for each in listed(statement["Resource"])
        for resource in listed(filled(each, values(stage), templates[stage]))
        if not iam.may(bounded(stage), action, resource, met(statement, stage, templates[stage]))
    ]
    assert taken == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_boundary_leaves_functions_their_logs_and_traces(iam: Iam, stage: str) -> None:
    stream = here("logs", stage, f"log-group:/aws/lambda/stitcher-{stage}-stitch:log-stream:x")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        assert iam.may(bounded(stage), action, stream)
    assert iam.may(bounded(stage), "xray:PutTraceSegments", "*")


@pytest.mark.parametrize("stage", STAGES)
def test_the_application_stays_in_its_stage_and_away_from_iam(iam: Iam, stage: str) -> None:
    for action, resource in {
        "cloudformation:CreateChangeSet": stack(stage),
        "ec2:RunInstances": "*",
        "iam:CreateRole": application_role(stage),
        "iam:PassRole": application_role(stage),
        "kms:Decrypt": KEY,
        "lambda:AddPermission": function(stage),
        "lambda:UpdateFunctionCode": function(stage),
        "s3:DeleteObject": f"{bucket(stage, 'images')}/inbox/animal/cow.jpg",
        "s3:DeleteObjectVersion": f"{bucket(stage)}/hello.wav",
        "s3:GetObject": f"{BUCKET}/releases/x",
        "s3:PutBucketPolicy": bucket(stage),
        "ssm:PutParameter": here("ssm", stage, f"parameter/stitcher/{stage}/prompts/animal"),
        "sts:AssumeRole": foundation_role(stage, "cloudformation"),
    }.items():
        assert not iam.may(bounded(stage), action, resource), action
    for other in others(stage):
        assert not iam.may(
            bounded(stage), "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": f"stitcher/{other}"}
        )
        for action, resource in {
            "lambda:InvokeFunction": here("lambda", stage, f"function:audio-stitcher-{other}-StitchFunction-0A:live"),
            "s3:GetObject": f"arn:aws:s3:::stitcher-audios-{other}-{ACCOUNTS[stage]}/hello.wav",
            "s3:PutObject": f"{bucket(other, 'output')}/cache/x",
            "sqs:SendMessage": here("sqs", stage, f"stitcher-refused-clips-{other}"),
            "ssm:GetParameter": here("ssm", stage, f"parameter/stitcher/{other}/prompts/animal"),
            "states:StartSyncExecution": here("states", stage, f"stateMachine:stitcher-stitch-{other}"),
        }.items():
            assert not iam.may(bounded(stage), action, resource), (action, other)


STARTED = [
    ("ApiRole", "states:StartSyncExecution", "StitchStateMachine"),
    ("IdentifyStateMachineRole", "states:StartSyncExecution", "StitchStateMachine"),
    ("ImageEventsRole", "states:StartExecution", "IdentifyStateMachine"),
]


@pytest.mark.parametrize(("logical_id", "action", "machine"), STARTED)
def test_a_workflow_is_started_by_its_alias_and_not_by_a_version_or_its_draft(
    iam: Iam, templates: dict[str, Resources], logical_id: str, action: str, machine: str
) -> None:
    """IAM is asked about the workflow's own ARN; the qualifier is a condition key, absent without one.

    Step Functions guide, "Authorization for versions and aliases".
    """
    template, key = templates["prod"], "states:StateMachineQualifier"
    own = filled({"Ref": machine}, values("prod"), template)
    documents = {
        policy["PolicyName"]: inner(policy["PolicyDocument"], template)
        for policy in template[logical_id]["Properties"]["Policies"]
    }
    role = Role(application_role("prod"), {}, documents, rendered("boundary", ACCOUNTS["prod"], "prod"))
    assert iam.may(role, action, own, {key: "live"})
    for context in ({}, {key: "1"}, {key: "other"}):
        assert not iam.may(role, action, own, context), context
    assert not iam.may(role, action, f"{own}-other", {key: "live"})


@pytest.mark.parametrize("qualified", [":live", ":*", ":1"])
def test_a_right_on_a_qualified_workflow_allows_nothing(iam: Iam, qualified: str) -> None:
    own = here("states", "prod", "stateMachine:stitcher-stitch-prod")
    statement = {"Effect": "Allow", "Action": "states:StartSyncExecution", "Resource": f"{own}{qualified}"}
    role = Role(application_role("prod"), {}, {"old": {"Statement": [statement]}}, EVERYTHING["all"])
    assert not iam.may(role, "states:StartSyncExecution", own, {"states:StateMachineQualifier": "live"})


def inner(value: Any, template: Resources) -> Any:
    """A document of the template without CloudFormation's functions."""
    known = filled(value, values("prod"), template)
    if known is not value:
        return known
    if isinstance(value, dict):
        return {key: inner(one, template) for key, one in value.items()}
    return [inner(one, template) for one in value] if isinstance(value, list) else value
