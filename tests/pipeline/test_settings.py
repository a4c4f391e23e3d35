"""A stage's settings stand in one place, and every way to deploy gives the stack the same parameters.

`sam` is the real one; CloudFormation is the embedded AWS's. It keeps the last value of a parameter that is not named,
as AWS does (CloudFormation API Reference, "Parameter": UsePreviousValue).
"""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from tools.delivery import deploy
from tools.delivery.stage import Stage
from tools.delivery.store import Store

from tests.paths import ROOT
from tests.pipeline.conftest import REGION
from tests.pipeline.test_deploy import release
from tests.pipeline.test_probe import Api, api
from tests.template import TEMPLATE

__all__ = ["api"]

STAGES = ("preview", "dev", "test", "stage", "prod")
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
ACCOUNT = {"PermissionsBoundary"}
"""What the account decides, not the stage."""
PROD = {"AlarmEmail": "people@example.org", "CallerAddresses": "203.0.113.0/24,198.51.100.0/24"}
"""What somebody sets for prod, beside what is set already."""
ARN = "arn:aws:iam::111111111111:policy/foundation/audio-stitcher-prod-boundary"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_every_parameter_of_the_template(stage: str) -> None:
    """One that is not named keeps its last value, wherever that came from."""
    assert set(Stage.of(stage, ROOT).parameters) == PARAMETERS.keys() - ACCOUNT


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_is_one_that_the_template_takes(stage: str) -> None:
    for name, value in Stage.of(stage, ROOT).parameters.items():
        parameter = PARAMETERS[name]
        allowed, pattern = parameter.get("AllowedValues"), parameter.get("AllowedPattern")
        assert allowed is None or value in allowed, name
        parts = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
        assert pattern is None or all(re.fullmatch(pattern, part) for part in parts), name


@pytest.mark.parametrize("stage", STAGES)
def test_what_the_template_is_built_for_is_said_once(stage: str) -> None:
    """`sam build` takes the template's default, so that a stage with another one would run what was built otherwise."""
    for name in deploy.BUILT_FOR:
        assert Stage.of(stage, ROOT).parameters[name] == PARAMETERS[name]["Default"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose prod has settings of its own."""
    config = (ROOT / "samconfig.toml").read_text()
    before, heading, prod = config.partition("[prod.deploy.parameters]")
    for name, value in PROD.items():
        prod, count = re.subn(rf"'{name}=\"[^\"]*\"'", f"'{name}=\"{value}\"'", prod)
        assert count == 1
    (tmp_path / "samconfig.toml").write_text(before + heading + prod)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    return tmp_path


@pytest.fixture
def write(root: Path) -> Callable[..., str]:
    """Writes a template with this project's parameters and a resource that tells it from the last one."""

    def written(number: int, **defaults: str) -> str:
        parameters = {name: dict(parameter) for name, parameter in PARAMETERS.items()}
        for name, value in defaults.items():
            parameters[name]["Default"] = value
        outputs = {
            "InputBucketName": {"Value": "stitcher-audios-prod"},
            "ApiUrl": {"Value": "https://api.example.org/prod"},
        }
        properties = {"TopicName": f"topic-{number}", "DisplayName": {"Ref": "AtOnce"}}
        topic = {"Type": "AWS::SNS::Topic", "Properties": properties}
        document = {"Parameters": parameters, "Resources": {"Topic": topic}, "Outputs": outputs}
        (root / "template.yaml").write_text(json.dumps(document))
        return json.dumps(document)

    return written


@pytest.fixture
def store(empty_aws: str, warm_sam: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in warm_sam.items():
        monkeypatch.setenv(name, value)
    s3: Any = boto3.client("s3")
    for name in ("artifacts", "stitcher-audios-prod"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Store("artifacts")


def by_sam(root: Path) -> None:
    """As `make deploy STAGE=prod` does, and a person: no other argument."""
    command = ["sam", "deploy", "--config-env", "prod"]
    done = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def of_the_stack() -> dict[str, str]:
    cloudformation: Any = boto3.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="audio-stitcher-prod")["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def test_every_way_to_deploy_gives_the_same_parameters(
    store: Store, root: Path, write: Callable[..., str], api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", api.url)
    prod = Stage.of("prod", root)
    monkeypatch.setattr(deploy, "position_of", lambda _: 1)
    expected = {name: str(parameter.get("Default", "")) for name, parameter in PARAMETERS.items()}
    expected |= {"Stage": "prod"} | PROD

    write(1)
    by_sam(root)
    assert of_the_stack() == expected, "sam deploy, to an empty stage"

    monkeypatch.setenv("PERMISSIONS_BOUNDARY", ARN)
    first = release(store, 2, template=write(2))
    deploy.promote(store, prod, first.name, root)
    deploy.note_passed(store, prod, first.name, root)
    expected["PermissionsBoundary"] = ARN
    assert of_the_stack() == expected, "the pipeline, over what a person deployed"

    deploy.promote(store, prod, first.name, root, back=True)
    assert of_the_stack() == expected | {"AtOnce": "true"}, "a rollback differs in its haste only"

    monkeypatch.delenv("PERMISSIONS_BOUNDARY")
    write(3)
    by_sam(root)
    assert of_the_stack() == expected, "sam deploy after a rollback is gradual again, and takes no boundary away"


def test_a_release_runs_on_what_it_was_built_for(root: Path, write: Callable[..., str]) -> None:
    """Also an older one, whatever the settings of today say. What it does not know, it is not given."""
    document = json.loads(write(1, PythonRuntime="python3.12", Architecture="arm64"))
    del document["Parameters"]["AtOnce"], document["Parameters"]["CallerAddresses"]
    (root / "template.yaml").write_text(json.dumps(document))
    for back in (False, True):
        found = deploy._parameters(Stage.of("prod", root), root / "template.yaml", back=back)
        assert (found["PythonRuntime"], found["Architecture"]) == ("python3.12", "arm64")
        assert found["AlarmEmail"] == PROD["AlarmEmail"]
        assert found.keys() == document["Parameters"].keys() - ACCOUNT
