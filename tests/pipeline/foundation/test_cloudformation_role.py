"""What CloudFormation may make for the application, and what it may not."""

import re
from typing import Any

import pytest

from tests.pipeline.foundation.documents import (
    ACCOUNTS,
    CLOUDFORMATION,
    KEY,
    PIPELINE,
    ROLES,
    STAGES,
    application_role,
    boundary,
    bucket,
    foundation_role,
    iam_arn,
    others,
    values,
)
from tests.pipeline.foundation.iam import Iam, Role
from tests.pipeline.foundation.template_rights import Resources, needs, referred

EVERYTHING = {"all": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}


def refused(iam: Iam, resources: Resources, stage: str) -> list[tuple[str, str, str]]:
    """What CloudFormation needs and may not do."""
    return [
        (logical_id, need.action, need.arn)
        for logical_id in resources
        for need in needs(resources, logical_id, values(stage))
        if not iam.may(CLOUDFORMATION[stage], need.action, need.arn, need.context)
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_may_make_everything_in_the_template(
    iam: Iam, templates: dict[str, Resources], stage: str
) -> None:
    assert refused(iam, templates[stage], stage) == []


NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "Alarm": ("AWS::CloudWatch::Alarm", {"AlarmName": {"Fn::Sub": "stitcher-${Stage}-errors"}}),
    "AlarmUnnamed": ("AWS::CloudWatch::Alarm", {}),
    "Budget": ("AWS::Budgets::Budget", {"BudgetName": {"Fn::Sub": "stitcher-${Stage}-month"}}),
    "Burning": ("AWS::CloudWatch::CompositeAlarm", {"AlarmName": {"Fn::Sub": "stitcher-burn-${Stage}"}}),
    "Canary": ("AWS::CodeDeploy::Application", {}),
    "CanaryGroup": ("AWS::CodeDeploy::DeploymentGroup", {}),
    "Dashboard": ("AWS::CloudWatch::Dashboard", {"DashboardName": {"Fn::Sub": "stitcher-${Stage}-users"}}),
    "DeadLetters": ("AWS::SQS::Queue", {"QueueName": {"Fn::Sub": "stitcher-identify-dead-letters-${Stage}"}}),
    "Firewall": ("AWS::WAFv2::WebACL", {"Name": {"Fn::Sub": "stitcher-${Stage}"}}),
    "FirewallAssociation": ("AWS::WAFv2::WebACLAssociation", {"WebACLArn": {"Fn::GetAtt": ["Firewall", "Arn"]}}),
    "FirewallUnnamed": ("AWS::WAFv2::WebACL", {}),
    "Images": ("AWS::S3::Bucket", {"BucketName": {"Fn::Sub": "stitcher-images-${Stage}-${AWS::AccountId}"}}),
    "Missing": ("AWS::Logs::MetricFilter", {"LogGroupName": {"Fn::Sub": "/aws/lambda/stitcher-${Stage}-stitch"}}),
    "Prompt": ("AWS::SSM::Parameter", {"Name": {"Fn::Sub": "/stitcher/${Stage}/prompts/animal"}}),
    "Rule": ("AWS::Events::Rule", {}),
    "Subscription": ("AWS::SNS::Subscription", {"TopicArn": {"Ref": "Topic"}}),
    "Topic": ("AWS::SNS::Topic", {"TopicName": {"Fn::Sub": "stitcher-alerts-${Stage}"}}),
    "TopicPolicy": ("AWS::SNS::TopicPolicy", {"Topics": [{"Ref": "Topic"}]}),
    "Workflow": ("AWS::StepFunctions::StateMachine", {"StateMachineName": {"Fn::Sub": "stitcher-identify-${Stage}"}}),
    "WorkflowLog": (
        "AWS::Logs::LogGroup",
        {"LogGroupName": {"Fn::Sub": "/aws/vendedlogs/states/stitcher-identify-${Stage}"}},
    ),
}


@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_may_make_what_is_named_as_the_readme_says(iam: Iam, stage: str) -> None:
    resources = {
        logical_id: {
            "Type": kind,
            "Properties": properties,
            "DeletionPolicy": "RetainExceptOnCreate" if "Bucket" in kind else "Delete",
        }
        for logical_id, (kind, properties) in NAMED.items()
    }
    assert refused(iam, resources, stage) == []


def test_cloudformation_touches_nothing_of_another_stage(iam: Iam, templates: dict[str, Resources]) -> None:
    """Even where both are in one account. Layers have no stage in their names; once published they never change."""
    shared = re.compile(r"lambda:\w+LayerVersion|s3:GetObject(Version)?|codedeploy:GetDeploymentConfig")
    for own, other in (("dev", "test"), ("test", "dev"), ("dev", "prod")):
        touched = [
            (logical_id, need.action, need.arn)
            for logical_id in templates[other]
            for need in needs(templates[other], logical_id, values(other))
            if need.arn != "*" and not shared.fullmatch(need.action)
            if iam.may(CLOUDFORMATION[own], need.action, need.arn, need.context)
        ]
        assert touched == []


@pytest.mark.parametrize("stage", STAGES)
def test_drift_of_everything_in_the_template_can_be_seen(iam: Iam, templates: dict[str, Resources], stage: str) -> None:
    unseen = [
        (logical_id, need.action, need.arn)
        for logical_id in templates[stage]
        for need in needs(templates[stage], logical_id, values(stage), read_only=True)
        if not iam.may(ROLES[foundation_role(stage, "drift")], need.action, need.arn, need.context)
    ]
    assert unseen == []


@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_makes_no_role_without_the_boundary_of_its_stage(iam: Iam, stage: str) -> None:
    execution, role, key = CLOUDFORMATION[stage], application_role(stage), "iam:PermissionsBoundary"
    wrong = [
        {},
        {key: "arn:aws:iam::aws:policy/AdministratorAccess"},
        *({key: boundary(each)} for each in others(stage)),
    ]
    wrong += [{key: iam_arn(stage, "policy/foundation/audio-stitcher-deployment-boundary")}]
    basic = {"iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    for action in ("CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"):
        assert iam.may(execution, f"iam:{action}", role, basic | {key: boundary(stage)}), action
        for context in wrong:
            assert not iam.may(execution, f"iam:{action}", role, basic | context), (action, context)


@pytest.mark.parametrize("stage", STAGES)
def test_every_role_of_the_template_takes_the_boundary(templates: dict[str, Resources], stage: str) -> None:
    for logical_id, resource in templates[stage].items():
        if resource["Type"] == "AWS::IAM::Role":
            assert "PermissionsBoundary" in referred(resource["Properties"].get("PermissionsBoundary")), logical_id


@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_takes_no_boundary_away_and_attaches_no_policy_of_more(iam: Iam, stage: str) -> None:
    execution, role = CLOUDFORMATION[stage], application_role(stage)
    within = {"iam:PermissionsBoundary": boundary(stage)}
    assert not iam.may(execution, "iam:DeleteRolePermissionsBoundary", role, within)
    for policy in ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess"):
        context = within | {"iam:PolicyARN": f"arn:aws:iam::aws:policy/{policy}"}
        assert not iam.may(execution, "iam:AttachRolePolicy", role, context), policy


@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_gives_roles_of_the_application_to_its_services_only(iam: Iam, stage: str) -> None:
    execution = CLOUDFORMATION[stage]
    assert iam.may(execution, "iam:PassRole", application_role(stage), {"iam:PassedToService": "lambda.amazonaws.com"})
    for service in ("cloudformation", "ec2", "ecs-tasks", "glue", "sagemaker"):
        passed = {"iam:PassedToService": f"{service}.amazonaws.com"}
        assert not iam.may(execution, "iam:PassRole", application_role(stage), passed), service
    for role in (foundation_role(stage, "cloudformation"), iam_arn(stage, "role/Admin")):
        assert not iam.may(execution, "iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"})


@pytest.mark.parametrize("stage", STAGES)
def test_no_role_changes_the_foundation(iam: Iam, stage: str) -> None:
    within = {
        "iam:PermissionsBoundary": boundary(stage),
        "iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    }
    of_roles = (
        *(
            "AttachRolePolicy",
            "CreateRole",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "TagRole",
        ),
        *("DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole"),
    )
    of_policies = (
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
    )
    of_providers = ("AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider")
    of_users = ("AttachUserPolicy", "CreateAccessKey", "CreateLoginProfile", "CreateUser")
    provider = iam_arn(stage, "oidc-provider/token.actions.githubusercontent.com")
    policies = [
        f"policy/foundation/audio-stitcher-{name}" for name in (f"{stage}-boundary", "deployment-boundary", "plan")
    ]
    changes = {
        *(
            (f"iam:{action}", foundation_role(stage, kind))
            for action in of_roles
            for kind in ("pipeline", "cloudformation")
        ),
        *((f"iam:{action}", iam_arn(stage, policy)) for action in of_policies for policy in policies),
        *((f"iam:{action}", provider) for action in of_providers),
        *((f"iam:{action}", iam_arn(stage, f"user/audio-stitcher-{stage}-me")) for action in of_users),
        ("s3:PutObject", f"arn:aws:s3:::audio-stitcher-state-{ACCOUNTS[stage]}/foundation.tfstate"),
        ("budgets:ModifyBudget", f"arn:aws:budgets::{ACCOUNTS[stage]}:budget/audio-stitcher-{stage}"),
    }
    for role in ROLES.values():
        for action, resource in changes:
            assert not iam.may(role, action, resource, within), (role.arn, action, resource)


@pytest.mark.parametrize("stage", STAGES)
def test_the_boundary_of_deployments_holds_even_where_a_role_is_given_everything(iam: Iam, stage: str) -> None:
    greedy = Role(foundation_role(stage, "cloudformation"), {}, EVERYTHING, CLOUDFORMATION[stage].boundary)
    for action, resource in {
        "ec2:RunInstances": "*",
        "iam:CreateAccessKey": iam_arn(stage, "user/me"),
        "iam:CreateOpenIDConnectProvider": iam_arn(stage, "oidc-provider/mine.example.org"),
        "iam:CreatePolicyVersion": boundary(stage),
        "iam:CreateSAMLProvider": iam_arn(stage, "saml-provider/mine"),
        "iam:CreateUser": iam_arn(stage, "user/me"),
        "iam:DeleteRolePermissionsBoundary": application_role(stage),
        "iam:PutRolePolicy": foundation_role(stage, "cloudformation"),
        "iam:UpdateAssumeRolePolicy": foundation_role(stage, "pipeline"),
        "kms:ScheduleKeyDeletion": KEY,
        "organizations:LeaveOrganization": "*",
        "s3:DeleteObjectVersion": f"{bucket(stage)}/hello.wav",
        "s3:GetObject": f"{bucket(stage)}/hello.wav",
        "sts:AssumeRole": iam_arn(stage, "role/Admin"),
    }.items():
        assert not iam.may(greedy, action, resource), action


@pytest.mark.parametrize("stage", STAGES)
def test_a_deployment_neither_reads_nor_deletes_what_people_made(iam: Iam, stage: str) -> None:
    """A bucket of a first deployment that failed is deleted: S3 deletes no bucket that anything is in."""
    assert iam.may(CLOUDFORMATION[stage], "s3:DeleteBucket", bucket(stage))
    assert not iam.may(PIPELINE[stage], "s3:DeleteBucket", bucket(stage))
    for role in (PIPELINE[stage], CLOUDFORMATION[stage]):
        for of in ("audios", "output", "images", "results"):
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
                assert not iam.may(role, action, f"{bucket(stage, of)}/hello.wav"), action
