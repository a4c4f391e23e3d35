"""The variables that `sam local invoke` gives to functions, resolved by SAM CLI's own code."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from botocore.credentials import Credentials
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.local.lambdafn.env_vars import EnvironmentVariables
from tools.local.invoke import EXAMPLE_ACCOUNT, Place, declaring, variables, write
from tools.local.stack import StackError

from tests.paths import ROOT
from tests.template import TEMPLATE

# SAM CLI calls parts of other packages that are going away.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ACCOUNT = "111122223333"
STAGES = TEMPLATE["Parameters"]["Stage"]["AllowedValues"]


@cache
def resolved(place: Place) -> dict[str, dict[str, str]]:
    """What each function would find in its environment of what the template declares, by name."""
    stacks, _ = SamLocalStackProvider.get_stacks(
        str(ROOT / "template.yaml"), parameter_overrides={"Stage": place.stage}
    )  # fmt: skip
    written = variables(place)
    found = {}
    for function in SamFunctionProvider(stacks).get_all():
        declared = function.environment["Variables"]
        environment = EnvironmentVariables(
            function.name, variables=declared, override_values=written[function.name]
        ).resolve()  # fmt: skip
        found[function.name] = {name: environment[name] for name in declared}
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_no_function_meets_a_placeholder(stage: str) -> None:
    found = resolved(Place(ACCOUNT, stage))
    functions = {name for name, item in TEMPLATE["Resources"].items() if item["Type"] == "AWS::Serverless::Function"}
    assert found.keys() == functions
    for name, environment in found.items():
        for variable, value in environment.items():
            assert value, f"{name}: {variable} is empty"
            assert EXAMPLE_ACCOUNT not in value, f"{name}: {variable}"
            assert value not in TEMPLATE["Resources"], f"{name}: {variable} is the name of a resource"
            assert "${" not in value, f"{name}: {variable}"


@pytest.mark.parametrize("stage", STAGES)
def test_buckets_and_queues_are_the_stages(stage: str) -> None:
    found = resolved(Place(ACCOUNT, stage))
    buckets = {
        value for environment in found.values() for name, value in environment.items() if "BUCKET" in name.split("_")
    }
    kinds = ("audios", "output", "images", "results", "prompts")
    assert buckets == {f"stitcher-{kind}-{stage}-{ACCOUNT}" for kind in kinds}
    url = found["PrepareClipFunction"]["REFUSED_QUEUE_URL"]
    assert url == f"https://sqs.ap-south-1.amazonaws.com/{ACCOUNT}/stitcher-refused-clips-{stage}"


def test_events_name_the_account_and_the_stage(tmp_path: Path) -> None:
    write(Place(ACCOUNT, "test"), tmp_path)
    texts = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert texts.keys() == {path.name for path in (ROOT / "events").glob("*.json")} | {"env.json"}
    for name, text in texts.items():
        assert EXAMPLE_ACCOUNT not in text, name
        assert not re.search(r"stitcher-\w+-dev", text), name
        json.loads(text)
    assert f"stitcher-images-test-{ACCOUNT}" in texts["identify_image.json"]


def test_every_function_is_told_how_to_reach_the_embedded_aws() -> None:
    place = Place("000000000000", "local", "http://172.17.0.1:4566", Credentials("AKIAEXAMPLE", "secret"))
    template = declaring(json.loads(json.dumps(TEMPLATE)), place)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            # SAM CLI passes on what the template declares, and nothing else.
            assert place.access.items() <= resource["Properties"]["Environment"]["Variables"].items(), name
    for environment in variables(place).values():
        assert environment["AWS_ENDPOINT_URL"] == "http://172.17.0.1:4566"


@pytest.mark.parametrize("account", ["", "12345678901", "my-account", "1234567890123"])
def test_an_account_is_a_number_of_12_digits(account: str) -> None:
    with pytest.raises(StackError, match="12 digits"):
        Place(account, "dev")


def test_a_stage_is_one_of_the_templates() -> None:
    with pytest.raises(StackError, match="no stage 'live'"):
        variables(Place(ACCOUNT, "live"))
