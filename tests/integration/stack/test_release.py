"""A release deployed by the real `sam` to the embedded AWS: first to an empty stage, then back over a newer one.

What is refused, and what is called in which order, is in tests/pipeline/test_deploy.py.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.delivery import deploy
from tools.delivery.stage import Stage
from tools.delivery.store import Release, Store
from tools.local.root import variables
from tools.local.stack import REGION, Stack

from tests.paths import ROOT

# What a release is made of does not matter to how it is deployed; what matters are parameters, outputs and an update.
TEMPLATE = """\
Parameters:
  Stage: {Type: String}
  PermissionsBoundary: {Type: String, Default: ""}
  Days: {Type: Number, Default: %d}
Resources:
  InputBucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "released-${Stage}"}
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /released, RetentionInDays: !Ref Days}
Outputs:
  InputBucketName: {Value: !Ref InputBucket}
  ApiUrl: {Value: "https://api.example.org/dev"}
"""


def release(store: Store, days: int) -> Release:
    """A release whose template has the parameter's default that is given."""
    template = (TEMPLATE % days).encode()
    digest = hashlib.sha256(template).hexdigest()
    made = Release(digest[:12], "c" * 40, f"2026-01-{days:02}T00:00:00Z", {})
    made.files[made.template] = digest
    store.write_once(made.template, template)
    store.write_once(f"releases/{made.name}/release.json", made.to_json())
    return made


def test_a_release_is_deployed_to_an_empty_stage_and_taken_back(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": stack.endpoint,
        **variables(stack.root),
        "AWS_DEFAULT_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "API_URL": stack.api_url,
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    (tmp_path / "samconfig.toml").symlink_to(ROOT / "samconfig.toml")
    stack.client("s3").create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    store, dev = Store("artifacts"), Stage.of("dev", ROOT)

    def days() -> int:
        groups: Any = stack.client("logs").describe_log_groups(logGroupNamePrefix="/released")["logGroups"]
        return int(groups[0]["retentionInDays"])

    good, bad = release(store, 3), release(store, 7)
    monkeypatch.setattr(deploy, "position_of", lambda _: 1)
    deploy.note_passed(store, dev, good.name, tmp_path)
    monkeypatch.setattr(deploy, "position_of", lambda _: 2)
    deploy.promote(store, dev, bad.name, tmp_path)
    assert dev.outputs()["InputBucketName"] == "released-dev"
    assert days() == 7
    assert deploy.rollback(store, dev, tmp_path) == good.name
    assert days() == 3, "the release's own default, which CloudFormation would keep from before"
    assert " × 200" in capfd.readouterr().out, "the probe called meanwhile"
    listed = stack.client("s3").list_objects_v2(Bucket="released-dev")["Contents"]
    assert [item["Key"] for item in listed] == ["pipeline/hello.wav", "pipeline/shreeshail.wav"]
