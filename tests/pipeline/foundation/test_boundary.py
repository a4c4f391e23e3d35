"""What the application itself may ever do: its boundary."""

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
    equal = statement.get("Condition", {}).get("StringEquals", {})
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
        "s3:DeleteObject": f"{bucket(stage)}/hello.wav",
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
            "states:StartSyncExecution": here("states", stage, f"stateMachine:stitcher-stitch-{other}:live"),
        }.items():
            assert not iam.may(bounded(stage), action, resource), (action, other)
