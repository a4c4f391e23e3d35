"""What the roles of the pipeline may do, and what the artifact bucket and its key let them."""

import re

import pytest

from tests.pipeline.foundation.documents import (
    ACCOUNTS,
    BREAK_GLASS,
    BUCKET,
    CLOUDFORMATION,
    KEY,
    PACKAGING,
    PIPELINE,
    PROFILE,
    REGION,
    ROLES,
    STAGES,
    application_role,
    artifact_policy,
    bucket,
    foundation_role,
    function,
    here,
    iam_arn,
    listed,
    others,
    stack,
)
from tests.pipeline.foundation.iam import Iam, Role

TO_CLOUDFORMATION = {"iam:PassedToService": "cloudformation.amazonaws.com"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_pipeline_changes_its_own_stack_in_the_role_of_its_stage(iam: Iam, stage: str) -> None:
    pipeline, execution = PIPELINE[stage], foundation_role(stage, "cloudformation")
    assert iam.may(pipeline, "cloudformation:CreateChangeSet", stack(stage), {"cloudformation:RoleArn": execution})
    sam = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"
    assert iam.may(pipeline, "cloudformation:CreateChangeSet", sam)
    for action in ("DescribeChangeSet", "ExecuteChangeSet", "DescribeStacks", "DescribeStackEvents", "RollbackStack"):
        assert iam.may(pipeline, f"cloudformation:{action}", stack(stage)), action
    assert iam.may(pipeline, "iam:PassRole", execution, TO_CLOUDFORMATION)
    assert iam.may(pipeline, "execute-api:Invoke", here("execute-api", stage, f"a1b2/{stage}/POST/stitch"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_pipeline_changes_a_stack_in_no_other_role_and_not_in_its_own(iam: Iam, stage: str) -> None:
    pipeline, execution = PIPELINE[stage], foundation_role(stage, "cloudformation")
    assert not iam.may(pipeline, "cloudformation:CreateChangeSet", stack(stage)), "with its own rights"
    for role in [*(foundation_role(other, "cloudformation") for other in others(stage)), iam_arn(stage, "role/Admin")]:
        assert not iam.may(pipeline, "cloudformation:CreateChangeSet", stack(stage), {"cloudformation:RoleArn": role})
        assert not iam.may(pipeline, "iam:PassRole", role, TO_CLOUDFORMATION)
    for service in ("lambda.amazonaws.com", "ec2.amazonaws.com", "states.amazonaws.com"):
        assert not iam.may(pipeline, "iam:PassRole", execution, {"iam:PassedToService": service})
    assert not iam.may(pipeline, "iam:PassRole", execution)


@pytest.mark.parametrize("stage", STAGES)
def test_a_pipeline_does_not_touch_another_stage(iam: Iam, stage: str) -> None:
    pipeline = PIPELINE[stage]
    role = {"cloudformation:RoleArn": foundation_role(stage, "cloudformation")}
    for other in others(stage):
        for action in ("CreateChangeSet", "ExecuteChangeSet", "DescribeStacks", "GetTemplate", "RollbackStack"):
            assert not iam.may(pipeline, f"cloudformation:{action}", stack(other), role), (action, other)
        for account in (stage, other):
            url = here("execute-api", account, f"a1b2/{other}/POST/stitch")
            assert not iam.may(pipeline, "execute-api:Invoke", url), (account, other)
        for action in ("s3:GetObject", "s3:PutObject"):
            assert not iam.may(pipeline, action, f"{BUCKET}/deployed/{other}/release.json"), (action, other)


@pytest.mark.parametrize("stage", STAGES)
def test_a_pipeline_puts_clips_into_its_own_voice_only(iam: Iam, stage: str) -> None:
    assert iam.may(PIPELINE[stage], "s3:PutObject", f"{bucket(stage)}/pipeline/hello.wav")
    for key in ("hello.wav", "hindi/pipeline/hello.wav", "pipeline2/hello.wav"):
        assert not iam.may(PIPELINE[stage], "s3:PutObject", f"{bucket(stage)}/{key}"), key
    for other in others(stage):
        assert not iam.may(PIPELINE[stage], "s3:PutObject", f"{bucket(other)}/pipeline/hello.wav")


@pytest.mark.parametrize("stage", STAGES)
def test_a_pipeline_changes_nothing_but_by_change_sets_and_reads_no_data(iam: Iam, stage: str) -> None:
    for action, resource in {
        "cloudformation:CreateStack": stack(stage),
        "cloudformation:DeleteStack": stack(stage),
        "cloudformation:UpdateStack": stack(stage),
        "iam:CreateRole": application_role(stage),
        "iam:PutRolePolicy": foundation_role(stage, "pipeline"),
        "lambda:InvokeFunction": function(stage),
        "lambda:UpdateFunctionCode": function(stage),
        "s3:GetObject": f"{bucket(stage)}/hello.wav",
        "s3:ListBucket": bucket(stage),
        "s3:PutObject": f"{bucket(stage)}/hello.wav",
        "sqs:ReceiveMessage": here("sqs", stage, f"stitcher-refused-clips-{stage}"),
        "ssm:GetParameter": here("ssm", stage, f"parameter/stitcher/{stage}/prompts/animal"),
        "sts:AssumeRole": foundation_role(stage, "cloudformation"),
    }.items():
        assert not iam.may(PIPELINE[stage], action, resource), action


@pytest.mark.parametrize("stage", STAGES)
def test_a_pipeline_removes_versions_of_its_stage_and_never_what_they_are_versions_of(iam: Iam, stage: str) -> None:
    """Lambda compares with the qualified ARN where a call names a version ("Resources and conditions for Lambda
    actions"); Step Functions compares with the state machine's own ("Authorization for versions and aliases").
    """

    def layer(of: str) -> str:
        return here("lambda", of, f"layer:stitcher-ffmpeg-{of}:3")

    def machine(of: str) -> str:
        return here("states", of, f"stateMachine:stitcher-stitch-{of}")

    pipeline = PIPELINE[stage]
    assert iam.may(pipeline, "lambda:DeleteFunction", f"{function(stage)}:3")
    assert iam.may(pipeline, "lambda:DeleteLayerVersion", layer(stage))
    assert iam.may(pipeline, "states:DeleteStateMachineVersion", machine(stage))
    for action in ("ListVersionsByFunction", "ListAliases"):
        assert iam.may(pipeline, f"lambda:{action}", function(stage)), action
    for action in ("DescribeStateMachine", "DescribeStateMachineAlias"):
        assert iam.may(pipeline, f"states:{action}", machine(stage)), action
    for action in ("ListStateMachineVersions", "ListStateMachineAliases"):
        assert iam.may(pipeline, f"states:{action}", machine(stage)), action
    for action in ("ListLayerVersions", "GetAccountSettings"):
        assert iam.may(pipeline, f"lambda:{action}", "*"), action

    assert not iam.may(pipeline, "lambda:DeleteFunction", function(stage))
    assert not iam.may(pipeline, "lambda:DeleteAlias", f"{function(stage)}:live")
    assert not iam.may(pipeline, "states:DeleteStateMachine", machine(stage))
    for other in others(stage):
        assert not iam.may(pipeline, "lambda:DeleteFunction", f"{function(other)}:3"), other
        assert not iam.may(pipeline, "lambda:DeleteLayerVersion", layer(other)), other
        assert not iam.may(pipeline, "states:DeleteStateMachineVersion", machine(other)), other


# ── Artifacts ──────────────────────────────────────────────────────────────────────────────────────────────────────

OVERWRITING = {"s3:ObjectCreationOperation": "true"}
NEW = OVERWRITING | {"s3:if-none-match": "*"}


def test_packaging_adds_packages_and_releases_and_nothing_else(iam: Iam) -> None:
    owned = artifact_policy("bucket")
    for folder in ("packages", "releases"):
        assert iam.may(PACKAGING, "s3:PutObject", f"{BUCKET}/{folder}/x", NEW, owned)
        assert iam.may(PACKAGING, "s3:GetObject", f"{BUCKET}/{folder}/x", owned=owned)
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
            assert not iam.may(PACKAGING, action, f"{BUCKET}/{folder}/x", owned=owned)
    assert not iam.may(PACKAGING, "s3:PutObject", f"{BUCKET}/deployed/prod/release.json", NEW, owned)
    assert not iam.may(PACKAGING, "s3:PutBucketPolicy", BUCKET, owned=owned)
    for action in ("cloudformation:CreateChangeSet", "lambda:UpdateFunctionCode", "iam:PassRole", "execute-api:Invoke"):
        assert not iam.may(PACKAGING, action, "*"), action


def test_packaging_signs_packages_with_the_profile_of_the_release_and_no_other(iam: Iam) -> None:
    """AWS Signer reads and writes with its caller's rights (its guide, "Define an IAM policy")."""
    owned = artifact_policy("bucket")
    assert iam.may(PACKAGING, "signer:StartSigningJob", PROFILE)
    assert iam.may(PACKAGING, "signer:DescribeSigningJob", PROFILE.replace("profiles/audio_stitcher", "jobs/0a1b"))
    assert iam.may(PACKAGING, "s3:GetObjectVersion", f"{BUCKET}/packages/0a1b", owned=owned)
    assert iam.may(PACKAGING, "s3:PutObject", f"{BUCKET}/packages/0a1b-audio_stitcher/0c2d.zip", OVERWRITING, owned)
    assert not iam.may(PACKAGING, "s3:GetObjectVersion", f"{BUCKET}/deployed/prod/history.json", owned=owned)
    for action in ("CancelSigningProfile", "PutSigningProfile", "RevokeSignature", "AddProfilePermission"):
        assert not iam.may(PACKAGING, f"signer:{action}", PROFILE), action
    assert not iam.may(PACKAGING, "signer:StartSigningJob", f"{PROFILE}2")
    others = [role for role in ROLES.values() if role.arn != PACKAGING.arn]
    assert not any(iam.may(role, "signer:StartSigningJob", PROFILE) for role in others)
    plan = ROLES[PACKAGING.arn.replace("packaging", "plan")]
    assert iam.may(plan, "signer:GetSigningProfile", PROFILE)


def test_a_release_is_written_once(iam: Iam) -> None:
    owned, release = artifact_policy("bucket"), f"{BUCKET}/releases/0a1b/release.json"
    assert iam.may(PACKAGING, "s3:PutObject", release, NEW, owned)
    assert not iam.may(PACKAGING, "s3:PutObject", release, OVERWRITING, owned)
    part = {"s3:ObjectCreationOperation": "false"}
    assert iam.may(PACKAGING, "s3:PutObject", release, part, owned), "a part; the upload is ended with If-None-Match"
    assert iam.may(PACKAGING, "s3:PutObject", f"{BUCKET}/packages/0a1b", OVERWRITING, owned), "as `sam package` does"


def test_what_is_written_has_the_key_of_the_bucket(iam: Iam) -> None:
    owned, package, sse = artifact_policy("bucket"), f"{BUCKET}/packages/0a1b", "s3:x-amz-server-side-encryption"
    named, alias = f"{sse}-aws-kms-key-id", KEY.rpartition("key/")[0] + "alias/audio-stitcher-artifacts"
    for good in ({}, {sse: "aws:kms"}, {sse: "aws:kms", named: KEY}, {sse: "aws:kms", named: alias}):
        assert iam.may(PACKAGING, "s3:PutObject", package, OVERWRITING | good, owned), good
    for other in ({sse: "AES256"}, {sse: "aws:kms", named: KEY + "4e"}, {sse: "aws:kms", named: alias + "-mine"}):
        assert not iam.may(PACKAGING, "s3:PutObject", package, OVERWRITING | other, owned), other


def test_the_artifacts_are_reached_by_tls_only() -> None:
    (statement,) = (each for each in artifact_policy("bucket").document["Statement"] if each["Sid"] == "TlsOnly")
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_releases_and_keeps_its_own_record(iam: Iam, stage: str) -> None:
    owned, record = artifact_policy("bucket"), f"{BUCKET}/deployed/{stage}/release.json"
    for role in (PIPELINE[stage], BREAK_GLASS[stage], CLOUDFORMATION[stage]):
        for folder in ("packages", "releases"):
            assert iam.may(role, "s3:GetObject", f"{BUCKET}/{folder}/x", owned=owned)
            assert not iam.may(role, "s3:PutObject", f"{BUCKET}/{folder}/x", NEW, owned)
            assert not iam.may(role, "s3:DeleteObject", f"{BUCKET}/{folder}/x", owned=owned)
    for role in (PIPELINE[stage], BREAK_GLASS[stage]):
        assert iam.may(role, "s3:PutObject", record, OVERWRITING, owned)
        assert iam.may(role, "s3:GetObject", record, owned=owned)
    assert not iam.may(CLOUDFORMATION[stage], "s3:PutObject", record, NEW, owned)


def test_an_account_cannot_write_what_it_gives_itself_the_right_to(iam: Iam) -> None:
    """Whoever governs the account of dev writes the policies of roles there, but not that of the artifact bucket."""
    everything = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for name in ("dev-pipeline", "prod-pipeline", "packaging", "prod-cloudformation"):
        greedy = Role(iam_arn("dev", f"role/foundation/audio-stitcher-{name}"), {}, {"all": everything}, everything)
        for key in ("deployed/prod/release.json", "releases/x", "packages/x"):
            assert not iam.may(greedy, "s3:PutObject", f"{BUCKET}/{key}", NEW, artifact_policy("bucket")), (name, key)


def test_an_account_cannot_use_the_key_for_what_it_gives_itself_the_right_to(iam: Iam) -> None:
    everything = {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    for name, expected in (("dev-pipeline", True), ("dev-drift", False), ("prod-pipeline", False)):
        greedy = Role(iam_arn("dev", f"role/foundation/audio-stitcher-{name}"), {}, {"all": everything}, everything)
        assert iam.may(greedy, "kms:Decrypt", KEY, through, artifact_policy("key")) is expected, name
        assert not iam.may(greedy, "kms:Decrypt", KEY, {}, artifact_policy("key")), name
        assert not iam.may(greedy, "kms:PutKeyPolicy", KEY, through, artifact_policy("key")), name


@pytest.mark.parametrize("stage", STAGES)
def test_the_key_is_used_for_the_bucket_only(iam: Iam, stage: str) -> None:
    owned = artifact_policy("key")
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": BUCKET}
    elsewhere = through | {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::another-bucket"}
    for role in (PIPELINE[stage], BREAK_GLASS[stage], CLOUDFORMATION[stage], PACKAGING):
        assert iam.may(role, "kms:Decrypt", KEY, through, owned)
        assert not iam.may(role, "kms:Decrypt", KEY, {}, owned)
        assert not iam.may(role, "kms:Decrypt", KEY, elsewhere, owned)
        for action in ("kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:DisableKey"):
            assert not iam.may(role, action, KEY, through, owned), action


@pytest.mark.parametrize("stage", STAGES)
def test_a_failure_is_told_to_the_topic_of_the_alarms_of_the_stage_only(iam: Iam, stage: str) -> None:
    for role in (PIPELINE[stage], ROLES[foundation_role(stage, "drift")]):
        assert iam.may(role, "sns:Publish", here("sns", stage, f"stitcher-alarms-{stage}"))
        assert not iam.may(role, "sns:Publish", here("sns", stage, f"other-alarms-{stage}"))
        for other in others(stage):
            assert not iam.may(role, "sns:Publish", here("sns", stage, f"stitcher-alarms-{other}"))


# ── The roles that only look ───────────────────────────────────────────────────────────────────────────────────────

LOOKING = {arn: role for arn, role in ROLES.items() if arn.endswith(("-plan", "-drift"))}


def test_the_roles_that_only_look_change_nothing() -> None:
    looks = r"[a-z0-9-]+:(GET|(Get|List|Describe|BatchDescribe|Detect|View)[A-Za-z*]*)"
    for arn, role in LOOKING.items():
        for document in role.policies.values():
            for statement in document["Statement"]:
                for action in listed(statement["Action"]):
                    told = statement["Sid"] == "TellWhoGetsTheAlarms" and action == "sns:Publish"
                    assert told or re.fullmatch(looks, action), (arn, action)


@pytest.mark.parametrize("stage", STAGES)
def test_the_roles_that_only_look_see_no_recording_no_message_and_no_secret(iam: Iam, stage: str) -> None:
    for arn, role in LOOKING.items():
        for action, resource in {
            "kms:Decrypt": KEY,
            "logs:GetLogEvents": here("logs", stage, f"log-group:/aws/lambda/stitcher-{stage}-stitch:log-stream:x"),
            "s3:GetObject": f"{bucket(stage)}/hello.wav",
            "secretsmanager:GetSecretValue": here("secretsmanager", stage, "secret:x"),
            "sqs:ReceiveMessage": here("sqs", stage, f"stitcher-refused-clips-{stage}"),
        }.items():
            assert not iam.may(role, action, resource), (arn, action)


def test_a_pull_request_sees_the_foundation_and_nothing_of_the_application(iam: Iam) -> None:
    for account in set(ACCOUNTS.values()):
        plan = ROLES[f"arn:aws:iam::{account}:role/foundation/audio-stitcher-plan"]
        state = f"arn:aws:s3:::audio-stitcher-state-{account}/foundation.tfstate"
        assert iam.may(plan, "s3:GetObject", state)
        assert not iam.may(plan, "s3:GetObject", f"{state}.other")
        assert iam.may(plan, "iam:GetRole", f"arn:aws:iam::{account}:role/foundation/audio-stitcher-dev-pipeline")
        assert not iam.may(plan, "iam:GetRole", f"arn:aws:iam::{account}:role/Admin")
        assert not iam.may(
            plan, "lambda:GetFunction", f"arn:aws:lambda:{REGION}:{account}:function:audio-stitcher-dev-x"
        )


@pytest.mark.parametrize("stage", STAGES)
def test_drift_of_the_stack_of_its_stage_is_seen(iam: Iam, stage: str) -> None:
    drift = ROLES[foundation_role(stage, "drift")]
    for action in ("DetectStackDrift", "DescribeStackResourceDrifts"):
        assert iam.may(drift, f"cloudformation:{action}", stack(stage))
        assert not any(iam.may(drift, f"cloudformation:{action}", stack(other)) for other in others(stage))
    assert iam.may(drift, "lambda:GetFunction", function(stage))
    assert iam.may(drift, "iam:GetRole", application_role(stage))
