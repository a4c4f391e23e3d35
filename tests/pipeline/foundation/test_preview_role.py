"""What the roles of pull requests' environments may do, and that they touch nothing else."""

import copy
import json

import pytest

from tests.pipeline.foundation.documents import (
    ACCOUNTS,
    BUCKET,
    CLOUDFORMATION,
    PIPELINE,
    PREVIEW,
    PREVIEW_CLOUDFORMATION,
    REGION,
    STAGES,
    application_role,
    bucket,
    foundation_role,
    function,
    here,
    rendered,
    stack,
    values,
)
from tests.pipeline.foundation.iam import Iam
from tests.pipeline.foundation.template_rights import Resources, needs
from tests.template import TEMPLATE, translated

ACCOUNT = ACCOUNTS["dev"]
NAMED = {
    "stack": here("cloudformation", "dev", "stack/audio-stitcher-preview-7/0a1b"),
    "bucket": f"arn:aws:s3:::pr-7-audios-preview-{ACCOUNT}",
    "packages": f"arn:aws:s3:::audio-stitcher-preview-packages-{ACCOUNT}",
    "layer": here("lambda", "dev", "layer:pr-7-ffmpeg-preview:1"),
}
EXECUTION = {"cloudformation:RoleArn": PREVIEW_CLOUDFORMATION.arn}
TO_CLOUDFORMATION = {"iam:PassedToService": "cloudformation.amazonaws.com"}
REMOVE = ("s3:DeleteBucket", "s3:ListBucketVersions")
OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject")


def test_it_deploys_tests_and_removes_an_environment(iam: Iam) -> None:
    assert iam.may(PREVIEW, "cloudformation:CreateChangeSet", NAMED["stack"], EXECUTION)
    assert iam.may(PREVIEW, "iam:PassRole", PREVIEW_CLOUDFORMATION.arn, TO_CLOUDFORMATION)
    for action in ("ExecuteChangeSet", "DescribeStacks", "DeleteStack"):
        assert iam.may(PREVIEW, f"cloudformation:{action}", NAMED["stack"]), action
    assert iam.may(PREVIEW, "execute-api:Invoke", here("execute-api", "dev", "a1b2/preview/POST/stitch"))
    assert iam.may(PREVIEW, "s3:PutObject", f"{NAMED['packages']}/pr-7/0a1b")
    assert all(iam.may(PREVIEW, action, NAMED["bucket"]) for action in REMOVE)
    assert all(iam.may(PREVIEW, action, f"{NAMED['bucket']}/pipeline/hello.wav") for action in OBJECTS)
    assert iam.may(PREVIEW, "lambda:DeleteLayerVersion", NAMED["layer"])
    for action in ("cloudformation:ListStacks", "lambda:ListLayerVersions", "s3:ListAllMyBuckets"):
        assert iam.may(PREVIEW, action, "*")


@pytest.mark.parametrize("stage", STAGES)
def test_it_touches_no_stage(iam: Iam, stage: str) -> None:
    for role in (PREVIEW, PREVIEW_CLOUDFORMATION):
        for action in ("CreateChangeSet", "ExecuteChangeSet", "DeleteStack", "DescribeStacks", "UpdateStack"):
            assert not iam.may(role, f"cloudformation:{action}", stack(stage), EXECUTION), action
        for action in (*REMOVE, *OBJECTS, "s3:GetObject", "s3:PutBucketPolicy"):
            assert not iam.may(role, action, bucket(stage)), action
            assert not iam.may(role, action, f"{bucket(stage)}/pipeline/hello.wav"), action
        for action in ("UpdateFunctionCode", "DeleteFunction", "InvokeFunction"):
            assert not iam.may(role, f"lambda:{action}", function(stage)), action
        assert not iam.may(role, "iam:PutRolePolicy", application_role(stage))
        for kind in ("pipeline", "cloudformation"):
            assert not iam.may(role, "iam:PassRole", foundation_role(stage, kind), TO_CLOUDFORMATION)
            assert not iam.may(role, "sts:AssumeRole", foundation_role(stage, kind))
        assert not iam.may(role, "execute-api:Invoke", here("execute-api", stage, f"a1b2/{stage}/POST/stitch"))
        assert not iam.may(role, "lambda:DeleteLayerVersion", here("lambda", stage, f"layer:stitcher-ffmpeg-{stage}:1"))
        assert not iam.may(
            role, "apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/restapis/a1b2", {"aws:ResourceTag/stage": stage}
        )


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_touches_it(iam: Iam, stage: str) -> None:
    for role in (PIPELINE[stage], CLOUDFORMATION[stage]):
        for resource in (NAMED["stack"], NAMED["bucket"], f"{NAMED['bucket']}/pipeline/hello.wav"):
            for action in (*REMOVE, *OBJECTS, "cloudformation:CreateChangeSet", "cloudformation:DeleteStack"):
                assert not iam.may(role, action, resource), (action, resource)


def test_it_makes_a_stack_in_no_other_role_and_touches_no_release(iam: Iam) -> None:
    assert not iam.may(PREVIEW, "cloudformation:CreateChangeSet", NAMED["stack"])
    role = {"cloudformation:RoleArn": foundation_role("dev", "cloudformation")}
    assert not iam.may(PREVIEW, "cloudformation:CreateChangeSet", NAMED["stack"], role)
    for key in ("packages/0a1b", "releases/0a1b.json", "deployed/dev/history.json"):
        assert not iam.may(PREVIEW, "s3:PutObject", f"{BUCKET}/{key}"), key
    assert not iam.may(PREVIEW, "s3:DeleteBucket", NAMED["packages"])
    for name in (f"pr-7-audios-preview-{ACCOUNTS['prod']}", "pr-7-audios", f"pr-7-audios-dev-{ACCOUNT}"):
        assert not iam.may(PREVIEW, "s3:DeleteBucket", f"arn:aws:s3:::{name}"), name


@pytest.fixture(scope="module")
def resources() -> Resources:
    """The template's resources, as a pull request names them."""
    template = copy.deepcopy(TEMPLATE)
    template["Parameters"]["Prefix"]["Default"] = "pr-7"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        made: Resources = json.loads(json.dumps(translated(template, "preview")).replace("${Prefix}", "pr-7"))
        return made


def test_cloudformation_may_make_everything_in_the_template(iam: Iam, resources: Resources) -> None:
    named = values("dev") | {"stage": "preview"}
    refused = [
        (logical, need.action, need.arn)
        for logical in resources
        for need in needs(resources, logical, named)
        if not iam.may(PREVIEW_CLOUDFORMATION, need.action, need.arn, need.context)
    ]
    assert refused == []


def test_the_boundary_lets_a_pull_requests_metrics_through() -> None:
    """StringEquals would take the prefix's wildcard for a character."""
    (metrics,) = (each for each in rendered("boundary", ACCOUNT, "preview")["Statement"] if each["Sid"] == "Metrics")
    assert metrics["Condition"] == {"StringLike": {"cloudwatch:namespace": "pr-*/preview"}}
