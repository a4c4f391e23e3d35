"""The workflows and the foundation name the same things, and every job gets the role that it asks for."""

import re
from typing import Any

import pytest

from tests.pipeline.foundation.conftest import iam
from tests.pipeline.foundation.documents import (
    ACCOUNTS,
    ARTIFACT_ACCOUNT,
    BUCKET,
    PROFILE,
    REGION,
    ROLES,
    STAGES,
    boundary,
)
from tests.pipeline.foundation.documents import foundation_role as role_of
from tests.pipeline.foundation.iam import Iam
from tests.pipeline.foundation.test_trust import MAIN, PULL, given_roles, token
from tests.pipeline.workflows import JOBS, WORKFLOWS, Job, job

__all__ = ["iam"]


def filled(text: str, stage: str) -> str:
    """An expression of the workflows with the repository's variables and the stage filled in."""
    text = re.sub(r"\$\{\{ fromJSON\(vars\.ACCOUNTS\)\[(inputs|matrix)\.stage\] \}\}", ACCOUNTS[stage], text)
    text = text.replace("${{ fromJSON(vars.ACCOUNTS).dev }}", ACCOUNTS["dev"])
    values = {"vars.ARTIFACT_ACCOUNT": ARTIFACT_ACCOUNT, "vars.AWS_REGION": REGION}
    values |= {"inputs.stage": stage, "matrix.stage": stage, "matrix.account": ACCOUNTS[stage]}
    for name, value in values.items():
        text = text.replace(f"${{{{ {name} }}}}", value)
    assert "${{" not in text
    return text


def credentials(each: Job) -> dict[str, Any]:
    (step,) = (step for step in each.steps if "configure-aws-credentials" in step.get("uses", ""))
    return dict(step["with"])


ASKING = [each for each in JOBS if each.may("id-token") == "write" and not each.called]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("each", ASKING, ids=str)
def test_a_job_gets_the_role_that_it_asks_for(iam: Iam, each: Job, stage: str) -> None:
    asked = filled(credentials(each)["role-to-assume"], stage)
    pull = "pull_request" in WORKFLOWS[each.workflow]["on"] and each.name != "removal"
    ref = PULL if pull else MAIN
    claims = token(filled(each.body["environment"], stage), f"{each.workflow}.yml", ref)
    assert asked in [role.arn for role in given_roles(iam, claims)]
    assert filled(credentials(each)["aws-region"], stage) == REGION


def test_there_is_a_job_for_every_kind_of_role() -> None:
    assert {str(each) for each in ASKING} == {
        "release.package", "deploy.deploy", "drift.drift", "plan.plan", "preview.preview", "preview.removal",
    }  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_deployment_is_given_is_what_the_foundation_made(stage: str) -> None:
    given = {name: filled(value, stage) for name, value in job("deploy.deploy").body["env"].items() if "vars" in value}
    alias = f"arn:aws:kms:{REGION}:{ARTIFACT_ACCOUNT}:alias/audio-stitcher-artifacts"
    assert given == {
        "ARTIFACTS": BUCKET.removeprefix("arn:aws:s3:::"),
        "ARTIFACTS_KEY": alias,
        "EXECUTION_ROLE": role_of(stage, "cloudformation"),
        "PERMISSIONS_BOUNDARY": boundary(stage),
    }
    assert given["EXECUTION_ROLE"] in ROLES
    packaging = next(step["env"] for step in job("release.package").steps if step.get("run") == "make package")
    assert {name: filled(value, stage) for name, value in packaging.items()} == {
        **{name: given[name] for name in ("ARTIFACTS", "ARTIFACTS_KEY")},
        "SIGNING_PROFILE": PROFILE.rpartition("/")[2],
    }


def test_credentials_last_as_long_as_a_deployment_may_take() -> None:
    deploy = job("deploy.deploy")
    assert int(credentials(deploy)["role-duration-seconds"]) >= 60 * int(deploy.body["timeout-minutes"])


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_no_other_job_gets_anything_even_with_a_token(iam: Iam, name: str) -> None:
    """A job without an environment has a token of its branch: whatever it were allowed to ask, no role is for it."""
    claims = token("", f"{name}.yml")
    claims["sub"] = re.sub(r":environment:$", ":ref:refs/heads/main", claims["sub"])
    del claims["environment"]
    assert given_roles(iam, claims) == []
