"""Laws of the template's part for pictures, checked on what SAM makes of it."""

import json
import tomllib
from typing import Any

import pytest
from tools.local.pictures import newest_versions, says_aloud

from identifier.asking import MOST_ASKS, Models
from identifier.keys import result_key
from identifier.model import READ_SECONDS
from identifier.prices import cost_usd
from identifier.prompt import read_prompt
from identifier.publishing import check_models
from tests.known import KNOWN
from tests.paths import ROOT
from tests.template import TEMPLATE, of_type, translated
from tests.unit.test_template import BY_ALIAS, STAGES, listed, statements

RULE = "IdentifyStateMachineImagePut"
DEFINITION = json.loads((ROOT / "statemachine" / "identify.asl.json").read_text())
FUNCTION = TEMPLATE["Resources"]["IdentifyImageFunction"]["Properties"]


def test_a_picture_of_any_key_and_size_starts_the_workflow_which_rejects_those_of_a_wrong_one() -> None:
    """Numbers in a pattern end at 5e9: a larger object would match no rule of sizes (EventBridge user guide)."""
    pattern = translated()[RULE]["Properties"]["EventPattern"]
    assert "object" not in pattern["detail"]
    assert DEFINITION["States"]["IdentifyImage"]["Arguments"]["Payload"]["size"].endswith("object.size %}")


def test_a_rule_starts_the_workflows_alias_with_retries_and_a_dead_letter_queue() -> None:
    resources = translated()
    pattern = resources[RULE]["Properties"]["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    assert pattern["detail"]["bucket"]["name"] == [TEMPLATE["Resources"]["ImagesBucket"]["Properties"]["BucketName"]]
    (target,) = resources[RULE]["Properties"]["Targets"]
    assert target["Arn"] == {"Ref": "IdentifyStateMachineAliaslive"}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["FailedImages", "Arn"]}}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    role = target["RoleArn"]["Fn::GetAtt"][0]
    (statement,) = statements(resources[role]["Properties"])
    assert (statement["Action"], statement["Resource"]) == ("states:StartExecution", {"Ref": "IdentifyStateMachine"})
    assert statement["Condition"] == BY_ALIAS


def test_the_workflow_is_standard_traced_and_pins_the_functions_version() -> None:
    resources = translated()
    machine = resources["IdentifyStateMachine"]["Properties"]
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    version = machine["DefinitionSubstitutions"]["IdentifyImageFunction"]["Ref"]
    assert resources[version]["Type"] == "AWS::Lambda::Version"
    assert resources[version]["DeletionPolicy"] == "Retain"
    alias = resources["IdentifyStateMachineAliaslive"]["Properties"]
    assert alias["Name"] == "live"
    assert alias["DeploymentPreference"]["Alarms"] == [{"Ref": "IdentifyFailedAlarm"}]


def test_pictures_and_prompts_are_versioned_and_pictures_are_announced() -> None:
    for name in ("ImagesBucket", "PromptsBucket"):
        assert TEMPLATE["Resources"][name]["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    announced = TEMPLATE["Resources"]["ImagesBucket"]["Properties"]["NotificationConfiguration"]
    assert announced["EventBridgeConfiguration"]["EventBridgeEnabled"] is True


def test_old_versions_outlive_a_redrive_and_results_stay() -> None:
    rules = TEMPLATE["Resources"]["ImagesBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (old,) = (rule for rule in rules if "NoncurrentVersionExpiration" in rule)
    assert old["NoncurrentVersionExpiration"]["NoncurrentDays"] > 14
    assert not any("ExpirationInDays" in rule for rule in rules)
    rules = TEMPLATE["Resources"]["ResultsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule] == [
        "claims/",
        "calls/",
        "results/%~/canary/",  # the canary's, which are nobody's
    ]


def place(resource: Any) -> str:
    """An ARN in short: the bucket and folder, or what follows the account."""
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        text = resource["Fn::Sub"]
        text, names = (text, {}) if isinstance(text, str) else text
        text = text.replace("${Prefix}-", "").replace("-${Stage}-${AWS::AccountId}", "")
        row = names.get("Id", {}).get("Fn::FindInMap")
        return str(text.rpartition(":")[2].replace("${Id}", row[2] if row else ""))
    if isinstance(resource, dict) and "Fn::FindInMap" in resource:
        found: str = resource["Fn::FindInMap"][2]
        return found
    return str(resource["Ref"] if "Ref" in resource else resource["Fn::GetAtt"][0])


def rights(role: str) -> set[tuple[str, str]]:
    return {
        (action, place(resource))
        for statement in statements(translated()[role]["Properties"])
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if resource != "*"
    }


def test_the_function_may_do_what_the_design_says_and_no_more() -> None:
    assert rights("IdentifyImageFunctionRole") == {
        ("s3:GetObjectVersion", "images/*"),
        ("s3:ListBucket", "images"),
        ("s3:ListBucket", "results"),
        ("s3:ListBucket", "prompts"),
        ("s3:PutObject", "results/pictures/*"),
        ("events:PutEvents", "event-bus/default"),
        ("s3:PutObject", "results/results/*"),
        ("s3:GetObject", "results/results/*"),
        ("s3:PutObject", "results/claims/*"),
        ("s3:GetObject", "results/claims/*"),
        ("s3:PutObject", "results/calls/*"),
        ("s3:GetObject", "results/calls/*"),
        ("s3:GetObject", "prompts/prompts/*"),
        ("ssm:GetParameter", "parameter/${Prefix}/${Stage}/prompts/*"),
        ("bedrock:InvokeModel", "inference-profile/Small"),
        ("bedrock:InvokeModel", "inference-profile/Large"),
        ("bedrock:InvokeModel", "SmallAt"),
        ("bedrock:InvokeModel", "LargeAt"),
        ("bedrock:ApplyGuardrail", "guardrail/*"),
    }


def test_the_check_of_answers_sees_known_pictures_and_corrections_and_nothing_of_users() -> None:
    assert rights("CheckAnswersFunctionRole") == {
        ("s3:PutObject", "images/canary/*"),
        ("s3:GetObject", "results/results/%~/canary/*"),
        ("s3:GetObject", "results/corrections/*"),
        ("s3:ListBucket", "results"),
    }
    key = result_key("canary/animal/cat.jpg", "v")
    assert key.startswith("results/%~/canary/")


def test_known_pictures_are_asked_about_daily_and_after_a_prompt_changed_unless_a_parameter_ends_it() -> None:
    function = TEMPLATE["Resources"]["CheckAnswersFunction"]["Properties"]
    assert function["Events"]["PromptChanged"]["Properties"]["State"] == {
        "Fn::If": ["PicturesChecked", "ENABLED", "DISABLED"]
    }
    assert function["Environment"]["Variables"]["CANARY"] == {"Ref": "PictureCanary"}
    rules = of_type(translated(), "AWS::Events::Rule")
    assert rules["CheckAnswersFunctionDaily"]["ScheduleExpression"] == "cron(0 1 * * ? *)"
    assert rules["CheckAnswersFunctionPromptChanged"]["EventPattern"]["detail"]["name"] == [
        {"prefix": {"Fn::Sub": "/${Prefix}/${Stage}/prompts/"}}
    ]
    waits = float(function["Environment"]["Variables"]["RESULT_SECONDS"])
    slowest = max(35 + waits, len(KNOWN) * waits)
    assert slowest < function["Timeout"] <= 900


def test_the_workflow_may_do_what_the_design_says_and_no_more() -> None:
    assert rights("IdentifyStateMachineRole") == {
        ("lambda:InvokeFunction", "*"),  # any version of the one function
        ("states:StartSyncExecution", "StitchStateMachine"),
        ("s3:GetObject", "output/${CachePrefix}*"),
        ("s3:PutObject", "results/results/*"),
        ("sqs:SendMessage", "FailedImages"),
    }
    by_action = {
        statement["Action"]: statement
        for statement in statements(translated()["IdentifyStateMachineRole"]["Properties"])
        if isinstance(statement["Action"], str)
    }
    assert by_action["lambda:InvokeFunction"]["Resource"] == {"Fn::Sub": "${IdentifyImageFunction.Arn}:*"}
    assert by_action["states:StartSyncExecution"]["Condition"] == BY_ALIAS


@pytest.mark.parametrize("size", ["Small", "Large"])
def test_a_model_is_asked_through_its_profile_only(size: str) -> None:
    (statement,) = (
        statement
        for statement in statements(translated()["IdentifyImageFunctionRole"]["Properties"])
        if place(listed(statement["Resource"])[0]) == f"{size}At"
    )
    profile = statement["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"]
    assert place(profile) == f"inference-profile/{size}"


ROWS = TEMPLATE["Mappings"]["Models"]


def test_recordings_are_put_for_prompts_that_may_say_something() -> None:
    assert [says_aloud(prompt) for prompt in ("animal", "form", "of-somebody-else")] == [False, True, True]


@pytest.mark.parametrize("geography", ROWS)
def test_the_newest_of_each_shipped_prompt_may_be_asked_in_every_geography(geography: str) -> None:
    row = ROWS[geography]
    for document in newest_versions(ROOT / "prompts"):
        check_models(read_prompt(document.read_bytes()), Models(row["Small"], row["Large"]))


@pytest.mark.parametrize("geography", ROWS)
@pytest.mark.parametrize("size", ["Small", "Large"])
def test_a_row_has_the_model_in_the_profiles_regions(geography: str, size: str) -> None:
    place, _, model = ROWS[geography][size].partition(".")
    assert place == geography
    assert cost_usd(ROWS[geography][size], 1, 1) is not None
    regions = [arn.split(":")[3] for arn in ROWS[geography][f"{size}At"]]
    assert all(arn.endswith(f"::foundation-model/{model}") for arn in ROWS[geography][f"{size}At"])
    if geography == "global":
        assert regions == ["", "*"], "the ARN without a region, and that of the region that asks"
    else:
        assert {region.partition("-")[0] for region in regions} == {geography.removesuffix("ac")}


def test_one_parameter_chooses_and_every_stage_has_models_where_it_is() -> None:
    assert TEMPLATE["Parameters"]["ModelGeography"]["AllowedValues"] == list(ROWS)
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in STAGES:
        region = config[stage]["deploy"]["parameters"]["region"]
        assert any(f":{region}:" in arn for arn in ROWS[TEMPLATE["Parameters"]["ModelGeography"]["Default"]]["SmallAt"])


def test_a_claim_outlives_the_task_the_task_the_function_and_the_function_the_model() -> None:
    variables = FUNCTION["Environment"]["Variables"]
    task = DEFINITION["States"]["IdentifyImage"]["TimeoutSeconds"]
    model = int(variables["MODEL_SECONDS"])
    assert model == READ_SECONDS
    assert MOST_ASKS * model + 15 < FUNCTION["Timeout"] < task < int(variables["LEASE_SECONDS"])


def test_a_prompt_is_remembered_for_half_a_minute_at_most() -> None:
    rows = TEMPLATE["Mappings"]["Environments"]
    assert {stage: int(rows[stage]["PromptSeconds"]) for stage in STAGES} == dict.fromkeys(STAGES, 30) | {"local": 1}
