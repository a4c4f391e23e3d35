"""IAM's decisions, by the evaluator that the embedded AWS enforces its own requests with.

Runs in `.venv-local`, where that is installed: a line of JSON in is a line of JSON out. Asked by iam.py.
"""

import json
import sys
from typing import Any

from ministack.core import iam_evaluator as evaluator


def context(case: dict[str, Any]) -> Any:
    return evaluator.EvalContext(
        principal_arn=case["principal"],
        principal_type="AssumedRole",
        principal_account=case["principal"].split(":")[4],
        action=case["action"],
        resource_arn=case["resource"],
        region="ap-south-1",
        secure_transport=True,
        service_context={name.lower(): value for name, value in case["context"].items()},
    )


def assumed(case: dict[str, Any]) -> bool:
    """Whether the role's trust policy lets this principal in."""
    return bool(evaluator.evaluate_trust_policy(case["trust"], case["principal"], context(case)))


def allowed(case: dict[str, Any]) -> bool:
    """Whether policies, boundary and, where there is one, the resource's own policy together allow the request."""
    request = context(case)
    policies, boundary = (
        [evaluator.parse_policy_document(document) for document in case[which]] for which in ("policies", "boundary")
    )
    decision = evaluator.evaluate(request, policies, boundary)
    if case["resource_policy"]:
        decision = evaluator.combine_resource_policy(
            decision, request, case["resource_policy"], case["owner"], required=":kms:" in case["resource"]
        )
    return bool(decision.decision == "Allow")


for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps(assumed(case) if "trust" in case else allowed(case)), flush=True)
