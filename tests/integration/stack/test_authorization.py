"""Whether a rule may start a workflow's alias, by its role: the table of what IAM decides, without a stack."""

import json
import subprocess
from typing import Any

import pytest

from tests.paths import ROOT

QUALIFIER = "states:StateMachineQualifier"
MACHINE = "arn:aws:states:ap-south-1:000000000000:stateMachine:identify"
RULE = "arn:aws:events:ap-south-1:000000000000:rule/picture"

# In the environment that has MiniStack: roles in, decisions out.
DECIDE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import authorization
from ministack.services import iam
authorization.install()
decisions = []
for policy, trust, machine, rule, qualifier, key in json.load(sys.stdin):
    iam._roles["r"] = {
        "RoleName": "r", "AttachedPolicies": [], "InlinePolicies": {"p": json.dumps({"Statement": [policy]})},
        "AssumeRolePolicyDocument": json.dumps({"Statement": [trust]}),
    }
    decisions.append(authorization.role_may(
        "arn:aws:iam::000000000000:role/r", "events.amazonaws.com", rule, "states:StartExecution", machine,
        **{key: authorization.Values([qualifier])},
    ))
print(json.dumps(decisions))
"""


def decided(*, resource: str = MACHINE, when: Any = None, trust: Any = None, service: str = "events") -> list[Any]:
    """A case: an allowing policy and a trust policy, with their conditions."""
    policy = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": resource}
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    conditions = [{"Condition": condition} if condition else {} for condition in (when, trust)]
    return [policy | conditions[0], trusted | conditions[1], MACHINE, RULE, "live", QUALIFIER]


CASES = {
    "the workflow, by this alias": (decided(when={"ForAnyValue:StringEquals": {QUALIFIER: ["live"]}}), True),
    "the workflow, by any": (decided(), True),
    "the alias as a resource": (decided(resource=f"{MACHINE}:live"), False),
    "the workflow and what follows": (decided(resource=f"{MACHINE}:*"), False),
    "another alias": (decided(when={"ForAnyValue:StringEquals": {QUALIFIER: ["canary"]}}), False),
    "an operator for one value": (decided(when={"StringEquals": {QUALIFIER: "live"}}), False),
    "only without an alias": (decided(when={"Null": {QUALIFIER: "true"}}), False),
    "a role of another service": (decided(service="states"), False),
    "a role of this account's rules": (decided(trust={"StringEquals": {"aws:SourceAccount": "000000000000"}}), True),
    "a role of another account's": (decided(trust={"StringEquals": {"aws:SourceAccount": "999999999999"}}), False),
    "a role of this rule": (decided(trust={"ArnEquals": {"aws:SourceArn": RULE}}), True),
    "a role of another rule": (decided(trust={"ArnEquals": {"aws:SourceArn": f"{RULE}-2"}}), False),
}


@pytest.fixture(scope="module")
def decisions() -> dict[str, bool]:
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-c", DECIDE, str(ROOT / "tools" / "local")],
        input=json.dumps([case for case, _ in CASES.values()]), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_rule_starts_a_workflow_as_iam_decides(case: str, decisions: dict[str, bool]) -> None:
    assert decisions[case] is CASES[case][1]
