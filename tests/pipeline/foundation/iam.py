"""What IAM would decide on policies that are deployed nowhere."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]
GITHUB = "token.actions.githubusercontent.com"
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Role:
    """An IAM role: who may take it on, and what it may do."""

    arn: str
    trust: Document
    policies: dict[str, Document]
    """Its inline policies by name."""
    boundary: Document

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


@dataclass(frozen=True)
class ResourcePolicy:
    """The policy of a bucket or key, and the account that owns it."""

    document: Document
    owner: str


class Iam:
    """Decides by the evaluator of the embedded AWS, in that one's own process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator["Iam"]:
        command = [ROOT / ".venv-local" / "bin" / "python", Path(__file__).with_name("iam_decisions.py")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield cls(process)

    def _ask(self, case: dict[str, Any]) -> bool:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        answer: bool = json.loads(self._process.stdout.readline())
        return answer

    def assumes(self, role: Role, claims: dict[str, Any], *, issuer: str = GITHUB, account: str = "") -> bool:
        """Whether a job whose token has these claims gets the role.

        The claims are condition keys as AWS STS makes them, since January 2026 of `repository_id`, `environment`, `ref`
        and `job_workflow_ref`, too. `account` is where the identity provider is; by default the role's.
        """
        return self._ask(
            {
                "trust": role.trust,
                "principal": f"arn:aws:iam::{account or role.account}:oidc-provider/{issuer}",
                "action": "sts:AssumeRoleWithWebIdentity",
                "resource": role.arn,
                "context": {f"{issuer}:{name}": value for name, value in claims.items()},
            }
        )

    def taken(self, role: Role, person: str, context: dict[str, str]) -> bool:
        """Whether a person gets the role, in a request with these condition keys."""
        return self._ask(
            {
                "trust": role.trust,
                "principal": person,
                "action": "sts:AssumeRole",
                "resource": role.arn,
                "context": context,
            }
        )

    def may(
        self,
        role: Role,
        action: str,
        resource: str,
        context: dict[str, str] | None = None,
        owned: ResourcePolicy | None = None,
    ) -> bool:
        """Whether the role's session may do this, in a request with these condition keys."""
        return self._ask(
            {
                "principal": role.arn,
                "action": action,
                "resource": resource,
                "context": context or {},
                "policies": list(role.policies.values()),
                "boundary": [role.boundary],
                "resource_policy": owned.document if owned else None,
                "owner": owned.owner if owned else None,
            }
        )
