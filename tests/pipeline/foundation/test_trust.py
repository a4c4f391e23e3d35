"""Which job of GitHub gets which role: every trust policy of `infra/` against every token there could be."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.foundation.documents import ACCOUNTS, BREAK_GLASS, GITHUB, OF_A_STAGE, PEOPLE, ROLES, STAGES
from tests.pipeline.foundation.iam import Iam, Role

Claims = dict[str, Any]
MAIN = "refs/heads/main"
PULL = "refs/pull/7/merge"


@pytest.fixture(scope="module")
def iam() -> Iterator[Iam]:
    with Iam.running() as running:
        yield running


def token(
    environment: str,
    workflow: str,
    ref: str = MAIN,
    *,
    of: dict[str, str] = GITHUB,
    workflow_of: dict[str, str] | None = None,
    by_id: bool = True,
) -> Claims:
    """The claims of a job's token that STS evaluates, as GitHub writes them.

    `by_id`: with `sub` in the form of repositories made or renamed since 2026-07-15; else in the older form.
    """
    workflow_of = workflow_of or of
    ids = ("@{owner_id}", "@{repository_id}") if by_id else ("", "")
    repository = ("{owner}" + ids[0] + "/{repository}" + ids[1]).format(**of)
    return {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{repository}:environment:{environment}",
        "repository": "{owner}/{repository}".format(**of),
        "repository_id": of["repository_id"],
        "environment": environment,
        "job_workflow_ref": "{owner}/{repository}/.github/workflows/".format(**workflow_of) + f"{workflow}@{ref}",
        "ref": ref,
        "workflow": "release",
        "actor": "somebody",
        "actor_id": "99",
    }


def names(roles: list[Role]) -> set[str]:
    return {role.arn.rpartition("/audio-stitcher-")[2] for role in roles}


def given_roles(iam: Iam, claims: Claims) -> list[Role]:
    """The roles that a job with these claims gets, of all accounts."""
    return [role for role in ROLES.values() if iam.assumes(role, claims)]


# Every job that may have credentials, and the only roles that it gets.
JOBS: dict[str, tuple[tuple[str, str, str], set[str]]] = {
    **{stage: ((stage, "deploy.yml", MAIN), {f"{stage}-pipeline"}) for stage in STAGES},
    "package": (("package", "release.yml", MAIN), {"packaging"}),
    "drift": (("drift", "drift.yml", MAIN), {f"{stage}-drift" for stage in STAGES}),
    "plan": (("plan", "plan.yml", PULL), {"plan"}),
    "preview": (("preview", "preview.yml", PULL), {"preview"}),
    "preview-removal": (("preview-removal", "preview.yml", MAIN), {"preview"}),
}


@pytest.mark.parametrize("by_id", [True, False], ids=["sub with ids", "sub with names"])
@pytest.mark.parametrize("job", JOBS)
def test_a_job_gets_its_role_and_no_other(iam: Iam, job: str, by_id: bool) -> None:
    made_of, roles = JOBS[job]
    assert names(given_roles(iam, token(*made_of, by_id=by_id))) == roles


def test_every_role_for_jobs_is_given_to_one_and_the_others_to_none(iam: Iam) -> None:
    given_out = {name for _, roles in JOBS.values() for name in roles}
    others = {f"{stage}-{kind}" for stage in STAGES for kind in ("cloudformation", "break-glass")} | {
        "preview-cloudformation"
    }
    assert names(list(ROLES.values())) - given_out == others
    assert len(ROLES) == len(STAGES) * len(OF_A_STAGE) + len({*ACCOUNTS.values()}) + 1 + 1 + 2


FORK = {"owner": "mallory", "owner_id": "666", "repository": "audio-stitcher", "repository_id": "667"}
SAME_NAME_AGAIN = GITHUB | {"owner_id": "666", "repository_id": "667"}
OTHER_REPOSITORY = GITHUB | {"repository": "website", "repository_id": "457000"}
COMMIT = "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"

# What else could ask: how it differs from the job that the role is for.
STRANGERS: dict[str, dict[str, Any]] = {
    "a fork": {"of": FORK},
    "a fork that calls our workflow": {"of": FORK, "workflow_of": GITHUB},
    "a repository that took over the name": {"of": SAME_NAME_AGAIN},
    "another repository of the owner": {"of": OTHER_REPOSITORY},
    "another repository of the owner that calls our workflow": {"of": OTHER_REPOSITORY, "workflow_of": GITHUB},
    "our repository with a workflow of somebody else": {"workflow_of": FORK},
    "another branch": {"ref": "refs/heads/feature"},
    "a branch with main in its name": {"ref": "refs/heads/main-2"},
    "a branch below main": {"ref": "refs/heads/main/x"},
    "a branch named like a pull request": {"ref": "refs/heads/refs/pull/7/merge"},
    "the merge queue": {"ref": "refs/heads/gh-readonly-queue/main/pr-7-" + COMMIT},
    "a tag": {"ref": "refs/tags/v1.0.0"},
    "a tag named main": {"ref": "refs/tags/main"},
    "a pull request's head": {"ref": "refs/pull/7/head"},
    "a commit": {"ref": COMMIT},
    "another workflow": {"workflow": "evil.yml"},
    "a workflow of the same name in another folder": {"workflow": "../deploy.yml"},
    "an environment that we do not have": {"environment": "staging"},
    "an environment in capitals": {"environment": "PROD"},
    "a wildcard as environment": {"environment": "*"},
}


@pytest.mark.parametrize("by_id", [True, False], ids=["sub with ids", "sub with names"])
@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_gets_nothing(iam: Iam, stranger: str, by_id: bool) -> None:
    for (environment, workflow, ref), _ in JOBS.values():
        made_of = {"environment": environment, "workflow": workflow, "ref": ref} | STRANGERS[stranger]
        assert given_roles(iam, token(**made_of, by_id=by_id)) == [], environment


@pytest.mark.parametrize("environment", [*STAGES, "package", "drift", "preview-removal"])
def test_a_pull_request_gets_no_role_of_main(iam: Iam, environment: str) -> None:
    for workflow in ("ci.yml", "plan.yml", "deploy.yml", "release.yml", "drift.yml", "preview.yml"):
        assert given_roles(iam, token(environment, workflow, PULL)) == [], workflow


def test_a_pull_requests_token_without_environment_gets_nothing(iam: Iam) -> None:
    claims = token("plan", "plan.yml", PULL) | {"sub": "repo:octo-org@123456/audio-stitcher@456789:pull_request"}
    del claims["environment"]
    assert given_roles(iam, claims) == []


def test_the_plan_role_is_not_for_pull_request_target_or_main(iam: Iam) -> None:
    """Both run with what `main` may do on code that nobody has looked at, or have no use for a plan."""
    assert given_roles(iam, token("plan", "plan.yml", MAIN)) == []


def test_every_environment_is_for_one_workflow(iam: Iam) -> None:
    workflows = {workflow for (_, workflow, _), _ in JOBS.values()}
    for (environment, own, ref), _ in JOBS.values():
        for workflow in workflows - {own}:
            assert given_roles(iam, token(environment, workflow, ref)) == [], (environment, workflow)


CHECKED = ("aud", "sub", "repository_id", "environment", "job_workflow_ref", "ref")


@pytest.mark.parametrize("claim", CHECKED)
def test_a_token_without_one_of_the_claims_gets_nothing(iam: Iam, claim: str) -> None:
    for made_of, _ in JOBS.values():
        claims = token(*made_of)
        del claims[claim]
        assert given_roles(iam, claims) == [], made_of


def test_a_token_for_somebody_else_gets_nothing(iam: Iam) -> None:
    for audience in ("https://github.com/octo-org", "sts.amazonaws.com.example.org", ""):
        for made_of, _ in JOBS.values():
            assert given_roles(iam, token(*made_of) | {"aud": audience}) == []


def test_a_mix_of_both_forms_of_sub_gets_nothing(iam: Iam) -> None:
    for half in (
        "octo-org@123456/audio-stitcher",
        "octo-org/audio-stitcher@456789",
        "octo-org@456789/audio-stitcher@123456",
    ):
        for made_of, _ in JOBS.values():
            assert given_roles(iam, token(*made_of) | {"sub": f"repo:{half}:environment:{made_of[0]}"}) == []


def test_tokens_of_another_issuer_get_nothing(iam: Iam) -> None:
    for made_of, _ in JOBS.values():
        for role in ROLES.values():
            assert not iam.assumes(role, token(*made_of), issuer="gitlab.com")
            assert not iam.assumes(role, token(*made_of), account="999999999999")


# For every claim: its value in any job's token of ours and of a fork's, and what might be mistaken for one.
VALUES = {
    claim: {
        token(*made_of, of=of, by_id=by_id)[claim]
        for made_of, _ in JOBS.values()
        for of in (GITHUB, FORK, SAME_NAME_AGAIN)
        for by_id in (True, False)
    }
    | {None, "", "*"}
    for claim in CHECKED
}


def expected(claims: Claims) -> set[str]:
    """By the table of jobs: all claims of a job's token, and those of no other."""
    return {
        name
        for made_of, roles in JOBS.values()
        for by_id in (True, False)
        if claims == {claim: token(*made_of, by_id=by_id)[claim] for claim in CHECKED}
        for name in roles
    }


def without_absent(claims: Claims) -> Claims:
    return {claim: value for claim, value in claims.items() if value is not None}


@pytest.mark.parametrize("claim", CHECKED)
def test_one_claim_of_another_value_is_refused(iam: Iam, claim: str) -> None:
    for made_of, _ in JOBS.values():
        claims = {name: value for name, value in token(*made_of).items() if name in CHECKED}
        for value in VALUES[claim]:
            changed = without_absent(claims | {claim: value})
            assert names(given_roles(iam, changed)) == expected(changed), (made_of, value)


@given(claims=st.fixed_dictionaries({claim: st.sampled_from(sorted(VALUES[claim], key=str)) for claim in CHECKED}))
def test_any_other_combination_of_claims_is_refused(iam: Iam, claims: Claims) -> None:
    claims = without_absent(claims)
    assert names(given_roles(iam, claims)) == expected(claims)


def test_no_trust_policy_uses_an_operator_that_lets_absent_claims_in() -> None:
    for role in ROLES.values():
        for statement in role.trust["Statement"]:
            assert statement["Effect"] == "Allow"
            for operator in statement.get("Condition", {}):
                assert operator in ("StringEquals", "StringLike", "Bool", "NumericLessThan"), (
                    "ForAllValues and …IfExists are true without the claim"
                )


def test_only_the_roles_of_pull_requests_have_a_wildcard_and_only_for_the_number() -> None:
    for arn, role in ROLES.items():
        text = str(role.trust)
        assert (
            text.count("*") == text.count("refs/pull/*/merge") == (2 if arn.endswith(("-plan", "-preview")) else 0)
        ), arn


# ── People, while GitHub is down ───────────────────────────────────────────────────────────────────────────────────

SIGNED_IN = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "60"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_named_person_with_mfa_gets_the_role_for_emergencies_and_nobody_else(iam: Iam, stage: str) -> None:
    role = BREAK_GLASS[stage]
    for person in PEOPLE:
        assert iam.taken(role, person, SIGNED_IN)
        assert not iam.taken(role, person, {}), "with an access key alone"
        assert not iam.taken(role, person, SIGNED_IN | {"aws:MultiFactorAuthPresent": "false"})
        assert not iam.taken(role, person, SIGNED_IN | {"aws:MultiFactorAuthAge": "3600"}), "an hour ago"
    for stranger in (
        f"arn:aws:iam::{role.account}:root",
        "arn:aws:iam::333333333333:user/mallory",
        "arn:aws:iam::999999999999:user/on-call",
        f"arn:aws:iam::{role.account}:role/foundation/audio-stitcher-{stage}-pipeline",
    ):
        assert not iam.taken(role, stranger, SIGNED_IN), stranger


@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_gets_no_other_role(iam: Iam, person: str) -> None:
    taken = {arn for arn, role in ROLES.items() if iam.taken(role, person, SIGNED_IN)}
    assert taken == {role.arn for role in BREAK_GLASS.values()}


@pytest.mark.parametrize("stage", STAGES)
def test_the_role_for_emergencies_may_do_what_the_pipeline_may(stage: str) -> None:
    """So that a rollback from a laptop is the same rollback."""
    role, pipeline = (
        BREAK_GLASS[stage],
        ROLES[f"arn:aws:iam::{ACCOUNTS[stage]}:role/foundation/audio-stitcher-{stage}-pipeline"],
    )
    assert (role.policies, role.boundary) == (pipeline.policies, pipeline.boundary)


# The evaluator, on what the tests above rest on.
@pytest.mark.parametrize(
    ("condition", "claims", "expected"),
    [
        ({"StringEquals": {"aud": "a"}}, {"aud": "a"}, True),
        ({"StringEquals": {"aud": "a"}}, {"aud": "A"}, False),
        ({"StringEquals": {"aud": "a*"}}, {"aud": "ab"}, False),
        ({"StringEquals": {"aud": ["a", "b"]}}, {"aud": "b"}, True),
        ({"StringEquals": {"aud": "a"}}, {}, False),
        ({"StringEquals": {"aud": "a", "sub": "s"}}, {"aud": "a"}, False),
        ({"StringEquals": {"aud": "a"}, "StringLike": {"sub": "s*"}}, {"aud": "a", "sub": "t"}, False),
        ({"StringLike": {"aud": "a*c"}}, {"aud": "abc"}, True),
        ({"StringLike": {"aud": "a*c"}}, {"aud": "abcd"}, False),
        ({"StringLike": {"aud": "a*"}}, {}, False),
        ({"ForAllValues:StringEquals": {"aud": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aud": "a"}}, {}, True),
    ],
)
def test_the_evaluator_reads_conditions_as_iam_does(
    iam: Iam, condition: dict[str, dict[str, Any]], claims: Claims, expected: bool
) -> None:
    issuer = "token.actions.githubusercontent.com"
    keyed = {operator: {f"{issuer}:{k}": v for k, v in keys.items()} for operator, keys in condition.items()}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": keyed,
    }
    role = Role("arn:aws:iam::111111111111:role/r", {"Version": "2012-10-17", "Statement": [statement]}, {}, {})
    assert iam.assumes(role, claims) is expected
