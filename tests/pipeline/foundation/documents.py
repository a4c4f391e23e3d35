"""The foundation's roles and policies, rendered from `infra/` without Terraform.

The documents in `infra/policies` hold nothing but `${names}`, which `string.Template` fills as Terraform's
`templatefile` does; that Terraform makes the same of them is a test of its own (test_terraform.py).
"""

import json
import re
from string import Template
from typing import Any

from tests.paths import ROOT
from tests.pipeline.foundation.iam import Document, ResourcePolicy, Role

FOUNDATION = ROOT / "infra"
STAGES = ("dev", "test", "stage", "prod")
GITHUB = {"owner": "octo-org", "owner_id": "123456", "repository": "audio-stitcher", "repository_id": "456789"}
REGION = "ap-south-1"
# As an organisation might have it: dev and test share an account, and the artifacts have one of their own.
ACCOUNTS = {"dev": "111111111111", "test": "111111111111", "stage": "222222222222", "prod": "333333333333"}
ARTIFACT_ACCOUNT = "444444444444"

# Of each kind of role: the documents that say what it may do, as roles.tf has them.
MAY = {
    kind: re.findall(r'"([a-z-]+)"', documents)
    for kind, documents in re.findall(
        r"^    ([\w-]+) += \[(.*)\]$", (FOUNDATION / "roles.tf").read_text(), re.MULTILINE
    )
}
CALLERS = tuple(re.findall(r'"(\w+)"', re.findall(r"\[(.*)\]", (FOUNDATION / "callers.tf").read_text())[0]))
"""What people may do with the API, from less to more: a document each."""
OF_A_STAGE = ("pipeline", "cloudformation", "drift", "break-glass")
PEOPLE = ["arn:aws:iam::333333333333:user/on-call", "arn:aws:iam::333333333333:user/asha"]
"""Who may take the roles for emergencies."""


def key_arn(account: str) -> str:
    return f"arn:aws:kms:{REGION}:{account}:key/0a1b2c3d"


def rendered(
    document: str, account: str, stage: str = "", artifact_account: str = ARTIFACT_ACCOUNT, key: str = ""
) -> Document:
    """A document of `infra/policies` as an account has it."""
    text = (FOUNDATION / "policies" / f"{document}.json.tftpl").read_text()
    names = GITHUB | {"account": account, "artifact_account": artifact_account, "region": REGION, "prefix": "stitcher"}
    names |= {"prefix": "pr-*"} if stage == "preview" else {}
    names |= {"stage": stage, "key": key or key_arn(artifact_account), "people": json.dumps(PEOPLE)}
    parsed: Document = json.loads(Template(text).substitute(names))
    return parsed


def role(kind: str, account: str, stage: str = "", artifact_account: str = ARTIFACT_ACCOUNT) -> Role:
    name = f"{stage}-{kind}" if stage not in ("", kind) else kind
    return Role(
        arn=f"arn:aws:iam::{account}:role/foundation/audio-stitcher-{name}",
        trust=rendered(f"{kind}.trust", account, stage, artifact_account),
        policies={document: rendered(document, account, stage, artifact_account) for document in MAY[kind]},
        boundary=rendered("deployment-boundary", account, "", artifact_account),
    )


def roles(accounts: dict[str, str], artifact_account: str) -> dict[str, Role]:
    """All roles of all accounts, by ARN."""
    made = [role(kind, accounts[stage], stage, artifact_account) for stage in accounts for kind in OF_A_STAGE]
    made += [role("plan", account, "", artifact_account) for account in {*accounts.values(), artifact_account}]
    made += [role(kind, accounts["dev"], "preview", artifact_account) for kind in ("preview", "cloudformation")]
    made += [role("packaging", artifact_account, "", artifact_account)]
    return {each.arn: each for each in made}


def artifact_policy(
    of: str, accounts: dict[str, str] = ACCOUNTS, artifact_account: str = ARTIFACT_ACCOUNT, key: str = ""
) -> ResourcePolicy:
    """The policy of the artifact bucket or of its key, of its parts as artifacts.tf joins them."""
    statements = rendered(f"artifact-{of}", artifact_account, "", artifact_account, key)["Statement"]
    for stage, account in sorted(accounts.items()):
        statements += rendered(f"artifact-{of}-stage", account, stage, artifact_account)["Statement"]
    return ResourcePolicy({"Version": "2012-10-17", "Statement": statements}, artifact_account)


ROLES = roles(ACCOUNTS, ARTIFACT_ACCOUNT)
PIPELINE = {stage: role("pipeline", ACCOUNTS[stage], stage) for stage in STAGES}
CLOUDFORMATION = {stage: role("cloudformation", ACCOUNTS[stage], stage) for stage in STAGES}
BREAK_GLASS = {stage: role("break-glass", ACCOUNTS[stage], stage) for stage in STAGES}
PREVIEW = role("preview", ACCOUNTS["dev"], "preview")
PREVIEW_CLOUDFORMATION = role("cloudformation", ACCOUNTS["dev"], "preview")
PACKAGING = role("packaging", ARTIFACT_ACCOUNT)
BUCKET = f"arn:aws:s3:::audio-stitcher-artifacts-{ARTIFACT_ACCOUNT}"
KEY = key_arn(ARTIFACT_ACCOUNT)
_ARTIFACTS = (FOUNDATION / "artifacts.tf").read_text()
(_NAME,) = re.findall(r'"aws_signer_signing_profile" .*?  name += "(\w+)"', _ARTIFACTS, re.DOTALL)
PROFILE = f"arn:aws:signer:{REGION}:{ARTIFACT_ACCOUNT}:/signing-profiles/{_NAME}"
"""The profile that signs releases."""


def listed(value: Any) -> list[Any]:
    """What IAM takes as one thing or as a list of things."""
    return value if isinstance(value, list) else [value]


# Things that the tests ask about, by stage.


def values(stage: str) -> dict[str, str]:
    """What ARNs of the stage are made with."""
    return {"account": ACCOUNTS[stage], "artifact_account": ARTIFACT_ACCOUNT, "region": REGION, "stage": stage}


def others(stage: str) -> list[str]:
    return [other for other in STAGES if other != stage]


def here(service: str, stage: str, resource: str) -> str:
    """The ARN of something in the stage's account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNTS[stage]}:{resource}"


def stack(stage: str) -> str:
    return here("cloudformation", stage, f"stack/audio-stitcher-{stage}/0a1b")


def function(stage: str) -> str:
    return here("lambda", stage, f"function:audio-stitcher-{stage}-StitchFunction-0A1B2C")


def bucket(stage: str, of: str = "audios") -> str:
    return f"arn:aws:s3:::stitcher-{of}-{stage}-{ACCOUNTS[stage]}"


def iam_arn(stage: str, resource: str) -> str:
    return f"arn:aws:iam::{ACCOUNTS[stage]}:{resource}"


def foundation_role(stage: str, kind: str) -> str:
    return iam_arn(stage, f"role/foundation/audio-stitcher-{stage}-{kind}")


def application_role(stage: str) -> str:
    return iam_arn(stage, f"role/audio-stitcher-{stage}-StitchFunctionRole-0A1B2C")


def boundary(stage: str) -> str:
    return iam_arn(stage, f"policy/foundation/audio-stitcher-{stage}-boundary")
