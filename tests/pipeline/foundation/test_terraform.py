"""Terraform itself on `infra/`: its own checks, and an apply on the embedded AWS.

Needs `terraform`, and the AWS provider where Terraform's own settings find it (`TF_CLI_CONFIG_FILE`, a plugin mirror or
cache, the registry). Where there is none these tests are skipped and say so; all others of the foundation still run.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials
from tools.local.root import variables
from tools.local.stack import REGION, emulator, free_port

from tests.pipeline.foundation.documents import FOUNDATION, GITHUB, PEOPLE, artifact_policy, rendered, roles
from tests.pipeline.foundation.iam import Document, Role

ACCOUNT = "000000000000"  # of the embedded AWS
ACCOUNTS = {"dev": ACCOUNT, "test": "111111111111", "stage": "222222222222", "prod": "333333333333"}
STATE_BUCKET = f"audio-stitcher-state-{ACCOUNT}"
ARTIFACT_BUCKET = f"audio-stitcher-artifacts-{ACCOUNT}"
VARIABLES = {
    "github": GITHUB,
    "accounts": ACCOUNTS,
    "artifact_account": ACCOUNT,
    "budgets": {"dev": 20, "test": 20, "stage": 50, "prod": 500},
    "alert_email": "operations@example.org",
    "break_glass": PEOPLE,
    "previews": True,
}
# Merged into the module by Terraform. The provider waits a minute after it made a lifecycle rule, on any AWS: what the
# rules say is checked with mocks (infra/tests).
OVERRIDE = """
provider "aws" {
  s3_use_path_style = true
}
resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  count = 0
}
"""
LOCAL_FILES = shutil.ignore_patterns(".terraform*", "*.tfvars", "*.tfstate*")
REAL = ("AWS_", "TF_DATA_DIR", "TF_VAR_", "TF_WORKSPACE")
"""Variables that would lead to another account, or to another state."""
NO_PROVIDER = ("Failed to query available provider", "Failed to install provider")


@dataclass(frozen=True)
class Terraform:
    """The program, and a folder with the module."""

    program: str
    folder: Path
    port: int
    """Of the embedded AWS; no other can be reached."""
    root: Credentials

    def start(self, command: str, *options: str) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith(REAL)}
        environment |= {
            **variables(self.root),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
        }
        return subprocess.Popen(
            [self.program, command, "-no-color", *options],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, command: str, *options: str, code: int = 0) -> str:
        """What Terraform says; fails where it ends with another code."""
        with self.start(command, *options) as process:
            return ended(process, code)


def ended(process: "subprocess.Popen[str]", code: int = 0) -> str:
    assert process.stdout
    said = process.stdout.read()
    assert process.wait() == code, said
    return said


def client(terraform: Terraform, service: str) -> Any:
    root = terraform.root
    session: Any = boto3.Session(root.access_key, root.secret_key, region_name=REGION)
    return session.client(service, endpoint_url=f"http://127.0.0.1:{terraform.port}")


@pytest.fixture(scope="module")
def program() -> str:
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("terraform is not installed: the foundation is not checked by Terraform itself")
    return found


@pytest.fixture(scope="module")
def terraform(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """The module with its provider, and its state on the embedded AWS."""
    folder = tmp_path_factory.mktemp("applied")
    shutil.copytree(FOUNDATION, folder, dirs_exist_ok=True, ignore=LOCAL_FILES)
    (folder / "embedded_override.tf").write_text(OVERRIDE)
    (folder / "terraform.tfvars.json").write_text(json.dumps(VARIABLES))
    port = free_port()
    with emulator(port, tmp_path_factory.mktemp("aws")) as root:
        made = Terraform(program, folder, port, root)
        client(made, "s3").create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        backend = {"bucket": STATE_BUCKET, "region": REGION, "use_path_style": "true"}
        with made.start("init", *(f"-backend-config={name}={value}" for name, value in backend.items())) as process:
            said, _ = process.communicate()
        if any(text in said for text in NO_PROVIDER):
            pytest.skip("terraform finds no AWS provider by its settings: the foundation is not checked by it")
        assert process.returncode == 0, said
        yield made


@pytest.fixture(scope="module")
def begun(
    terraform: Terraform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """What takes long, all at once: an apply mostly waits. Checks are of the module as it is."""
    plain = tmp_path_factory.mktemp("plain")
    shutil.copytree(FOUNDATION, plain, dirs_exist_ok=True, ignore=LOCAL_FILES)
    shutil.copy(terraform.folder / ".terraform.lock.hcl", plain)
    (plain / ".terraform").mkdir()
    (plain / ".terraform" / "providers").symlink_to(terraform.folder / ".terraform" / "providers")
    checks = Terraform(terraform.program, plain, terraform.port, terraform.root)
    with (
        terraform.start("apply", "-input=false", "-auto-approve") as apply,
        checks.start("validate") as validate,
        checks.start("test") as test,
    ):
        yield {"apply": apply, "validate": validate, "test": test}


@pytest.fixture(scope="module")
def applied(terraform: Terraform, begun: dict[str, "subprocess.Popen[str]"]) -> Terraform:
    ended(begun["apply"])
    return terraform


def test_the_module_is_formatted(program: str) -> None:
    command = [program, "fmt", "-check", "-recursive", "-diff"]
    done = subprocess.run(command, cwd=FOUNDATION, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_module_is_valid(begun: dict[str, "subprocess.Popen[str]"]) -> None:
    ended(begun["validate"])


def test_the_modules_own_tests_pass(begun: dict[str, "subprocess.Popen[str]"]) -> None:
    assert "0 failed" in ended(begun["test"])


def test_nothing_is_left_to_change_after_an_apply(applied: Terraform) -> None:
    applied.run("plan", "-input=false", "-detailed-exitcode")


def text(documents: Iterable[Document]) -> list[str]:
    return sorted(json.dumps(document, sort_keys=True) for document in documents)


def role_of(iam: Any, name: str) -> Role:
    """A role as it is on the embedded AWS."""

    def managed(arn: str) -> Document:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document: Document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        return document

    role = iam.get_role(RoleName=name)["Role"]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return Role(
        arn=role["Arn"],
        trust=role["AssumeRolePolicyDocument"],
        policies={policy["PolicyName"]: managed(policy["PolicyArn"]) for policy in attached},
        boundary=managed(role["PermissionsBoundary"]["PermissionsBoundaryArn"]),
    )


def test_terraform_makes_the_roles_that_the_other_tests_are_about(applied: Terraform) -> None:
    iam = client(applied, "iam")
    expected = {arn: role for arn, role in roles(ACCOUNTS, ACCOUNT).items() if f"::{ACCOUNT}:" in arn}
    made = {role["Arn"]: role_of(iam, role["RoleName"]) for role in iam.list_roles()["Roles"]}
    assert made.keys() == expected.keys()
    for arn, role in expected.items():
        assert made[arn].trust == role.trust, arn
        assert made[arn].boundary == role.boundary, arn
        assert text(made[arn].policies.values()) == text(role.policies.values()), arn


def test_terraform_makes_the_boundary_that_the_other_tests_are_about(applied: Terraform) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/foundation/audio-stitcher-dev-boundary"
    document = client(applied, "iam").get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert document == rendered("boundary", ACCOUNT, "dev", ACCOUNT)


def test_terraform_trusts_github_and_nobody_else(applied: Terraform) -> None:
    iam = client(applied, "iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert provider["Arn"] == f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    there = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert there["ClientIDList"] == ["sts.amazonaws.com"]


def test_terraform_makes_the_artifact_bucket_with_its_policy_and_key(applied: Terraform) -> None:
    s3, kms = client(applied, "s3"), client(applied, "kms")
    rule = s3.get_bucket_encryption(Bucket=ARTIFACT_BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert rule["BucketKeyEnabled"] is True
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    policy = json.loads(s3.get_bucket_policy(Bucket=ARTIFACT_BUCKET)["Policy"])
    assert policy == artifact_policy("bucket", ACCOUNTS, ACCOUNT, key).document
    key_policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert key_policy == artifact_policy("key", ACCOUNTS, ACCOUNT).document
    assert s3.get_bucket_versioning(Bucket=ARTIFACT_BUCKET)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=ARTIFACT_BUCKET)["PublicAccessBlockConfiguration"].values())


def test_terraform_makes_the_alarm_of_the_roles_for_emergencies(applied: Terraform) -> None:
    events, topics = client(applied, "events"), client(applied, "sns")
    rule = events.describe_rule(Name="stitcher-break-glass")
    role = f"arn:aws:iam::{ACCOUNT}:role/foundation/audio-stitcher-dev-break-glass"
    assert json.loads(rule["EventPattern"])["detail"]["requestParameters"] == {"roleArn": [role]}
    (target,) = events.list_targets_by_rule(Rule="stitcher-break-glass")["Targets"]
    (mail,) = topics.list_subscriptions_by_topic(TopicArn=target["Arn"])["Subscriptions"]
    assert (mail["Protocol"], mail["Endpoint"]) == ("email", "operations@example.org")
    policy = json.loads(topics.get_topic_attributes(TopicArn=target["Arn"])["Attributes"]["Policy"])
    assert [each["Condition"] for each in policy["Statement"]] == [{"ArnEquals": {"aws:SourceArn": rule["Arn"]}}]


def test_terraform_makes_the_budget_of_the_stage(applied: Terraform) -> None:
    (budget,) = client(applied, "budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert (budget["BudgetName"], float(budget["BudgetLimit"]["Amount"])) == ("audio-stitcher-dev", 20)
    assert budget["CostFilters"] == {"TagKeyValue": ["user:stage$dev"]}


def test_the_state_is_in_the_bucket_and_two_cannot_write_it_at_once(applied: Terraform) -> None:
    s3 = client(applied, "s3")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=STATE_BUCKET)["Contents"]] == ["foundation.tfstate"]
    lock = {"ID": "0a1b", "Operation": "OperationTypeApply", "Who": "somebody", "Created": "2026-01-01T00:00:00Z"}
    s3.put_object(Bucket=STATE_BUCKET, Key="foundation.tfstate.tflock", Body=json.dumps(lock))
    try:
        assert "Error acquiring the state lock" in applied.run("plan", "-input=false", "-refresh=false", code=1)
    finally:
        s3.delete_object(Bucket=STATE_BUCKET, Key="foundation.tfstate.tflock")
