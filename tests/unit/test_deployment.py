"""How a new version takes over: gradually in stage and prod, watched by alarms that exist on metrics that exist."""

import copy
from typing import Any

import pytest

from tests.template import TEMPLATE, of_type, translated

STEPS = ["CacheLookup", "FetchClips", "Stitch", "Publish"]
IN_A_WORKFLOW = {
    name
    for machine in of_type(TEMPLATE["Resources"], "AWS::Serverless::StateMachine").values()
    for name in machine["DefinitionSubstitutions"]
}
NOT_IN_THE_WORKFLOW = sorted(
    name.removesuffix("Function")
    for name in of_type(TEMPLATE["Resources"], "AWS::Serverless::Function").keys() - IN_A_WORKFLOW
    if name != "HearVersionFunction"  # only deployments call it, and each calls its own
)
GRADUAL, AT_ONCE = ["stage", "prod"], ["local", "dev", "test"]
WATCHED = {  # the API's faults, too, are those of functions that API Gateway calls itself
    name: [f"{name}ErrorsAlarm", *["ApiFaultsAlarm"] * (f"{name}FunctionCallable" in TEMPLATE["Resources"])]
    for name in NOT_IN_THE_WORKFLOW
}
WORKFLOWS = {
    "StitchFailedAlarm": "Stitch",
    "StitchTimedOutAlarm": "Stitch",
    "IdentifyFailedAlarm": "Identify",
    "CampaignFailedAlarm": "Campaign",
}
ALARMS = sorted({*(alarm for some in WATCHED.values() for alarm in some), *WORKFLOWS})
NOTHING = {"Ref": "AWS::NoValue"}

# What AWS publishes, with the dimensions of each set: the services' pages "metrics and dimensions".
METRICS = {
    ("AWS/ApiGateway", "5XXError"): {"ApiName", "Stage"},
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsTimedOut"): {"StateMachineArn"},
    ("AWS/Lambda", "Errors"): {"FunctionName", "Resource"},
}


def setting(stage: str, name: str) -> Any:
    return TEMPLATE["Mappings"]["Environments"][stage][name]


def machine_of(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources["StitchStateMachine"]["Properties"]
    return found


@pytest.mark.parametrize("stage", AT_ONCE)
def test_development_environments_switch_at_once(stage: str) -> None:
    assert setting(stage, "Canary") == "false"
    resources = translated(stage=stage)
    assert not [name for name, resource in resources.items() if resource["Type"].startswith("AWS::CodeDeploy")]
    assert not [name for name, resource in resources.items() if "UpdatePolicy" in resource]


@pytest.mark.parametrize("stage", GRADUAL)
def test_a_new_version_of_the_workflow_gets_a_tenth_of_the_messages_for_ten_minutes(stage: str) -> None:
    assert setting(stage, "Canary") == "true"
    resources = translated(stage=stage)
    alias = resources["StitchStateMachineAliaslive"]["Properties"]
    assert alias == {
        "Name": "live",
        "DeploymentPreference": {
            "StateMachineVersionArn": {
                "Fn::If": ["Heard", {"Fn::GetAtt": ["HeardVersion", "Version"]}, {"Ref": "StitchStateMachineVersion"}]
            },
            "Type": {"Fn::If": ["Gradual", "CANARY", "ALL_AT_ONCE"]},
            "Percentage": {"Fn::If": ["Gradual", 10, NOTHING]},
            "Interval": {"Fn::If": ["Gradual", 10, NOTHING]},
            "Alarms": [{"Ref": name} for name in ("ApiFaultsAlarm", "StitchFailedAlarm", "StitchTimedOutAlarm")],
        },
    }
    of_the_stage, not_in_a_hurry = TEMPLATE["Conditions"]["Gradual"]["Fn::And"]
    assert of_the_stage == {"Condition": "Canary"}
    assert not_in_a_hurry == {"Fn::Equals": [{"Ref": "AtOnce"}, "false"]}
    assert TEMPLATE["Parameters"]["AtOnce"]["Default"] == "false"


def test_no_version_of_the_workflow_gets_messages_before_it_was_heard_but_in_a_rollback_from_a_bad_release() -> None:
    """Which deploys a release that passed before, and perhaps while nothing can be heard."""
    resources = translated()
    heard = resources["HeardVersion"]
    assert heard["Condition"] == "Heard"
    assert TEMPLATE["Conditions"]["Heard"] == {"Fn::Equals": [{"Ref": "AtOnce"}, "false"]}
    assert heard["Properties"] == {
        "ServiceToken": {"Ref": "HearVersionFunctionAliaslive"},
        "ServiceTimeout": 300,
        "Version": {"Ref": "StitchStateMachineVersion"},
    }
    timeout = resources["HearVersionFunction"]["Properties"]["Timeout"]
    assert timeout < heard["Properties"]["ServiceTimeout"], "it answers, also if Lambda has to try again"


def test_a_deployment_of_a_function_that_is_not_there_has_no_alarm_to_wait_for() -> None:
    """SAM gives the group a function's condition only where it is asked to."""
    resources = translated(stage="prod")
    for name in NOT_IN_THE_WORKFLOW:
        conditions = {
            resources[f"{name}{part}"].get("Condition") for part in ("FunctionDeploymentGroup", "ErrorsAlarm")
        }
        assert conditions == {resources[f"{name}Function"].get("Condition")}, name


@pytest.mark.parametrize("stage", GRADUAL)
@pytest.mark.parametrize("function", NOT_IN_THE_WORKFLOW)
def test_a_new_version_of_a_function_outside_of_the_workflow_is_shifted_by_codedeploy(
    stage: str, function: str
) -> None:
    resources = translated(stage=stage)
    update = resources[f"{function}FunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    group = resources[update["DeploymentGroupName"]["Ref"]]["Properties"]
    assert group["DeploymentConfigName"] == {
        "Fn::Sub": ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": "Canary10Percent10Minutes"}]
    }
    assert [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]] == WATCHED[function]
    assert group["AlarmConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["ServiceRoleArn"] == {
        "Fn::If": ["Canary", {"Fn::GetAtt": ["ShiftRole", "Arn"]}, {"Ref": "AWS::NoValue"}]
    }


def test_a_version_of_the_workflow_runs_the_versions_of_the_functions_that_it_was_released_with() -> None:
    resources = translated()
    substitutions = machine_of(resources)["DefinitionSubstitutions"]
    for step in STEPS:
        version = resources[substitutions[f"{step}Function"]["Ref"]]
        assert version["Type"] == "AWS::Lambda::Version"
        assert version["Properties"]["FunctionName"] == {"Ref": f"{step}Function"}
        # Otherwise the last release's versions would be gone when traffic goes back to them.
        assert version["DeletionPolicy"] == "Retain"


def test_new_code_of_a_step_is_a_new_version_of_the_workflow() -> None:
    changed = copy.deepcopy(TEMPLATE)
    changed["Resources"]["PublishFunction"]["Properties"]["CodeUri"] += "-new"
    before, after = (machine_of(translated(template))["DefinitionSubstitutions"] for template in (TEMPLATE, changed))
    assert [name for name in before if before[name] != after[name]] == ["PublishFunction"]
    version = translated()["StitchStateMachineVersion"]
    assert version["Properties"]["StateMachineRevisionId"] == {
        "Fn::GetAtt": ["StitchStateMachine", "StateMachineRevisionId"]
    }
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_both_versions_of_the_workflow_may_call_their_functions_while_traffic_moves() -> None:
    resources = translated()
    role = resources[machine_of(resources)["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
    statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    (invoke,) = (one for one in statements if one["Action"] == "lambda:InvokeFunction")
    assert invoke["Resource"] == [{"Fn::Sub": f"${{{step}Function.Arn}}:*"} for step in STEPS]


def test_every_alarm_that_a_deployment_names_is_in_the_template() -> None:
    resources = translated(stage="prod")
    groups = of_type(resources, "AWS::CodeDeploy::DeploymentGroup").values()
    aliases = of_type(resources, "AWS::StepFunctions::StateMachineAlias").values()
    by_groups = [alarm["Name"] for group in groups for alarm in group["AlarmConfiguration"]["Alarms"]]
    by_aliases = [alarm for alias in aliases for alarm in alias["DeploymentPreference"]["Alarms"]]
    assert {alarm["Ref"] for alarm in [*by_groups, *by_aliases]} == set(ALARMS)
    assert set(ALARMS) <= of_type(resources, "AWS::CloudWatch::Alarm").keys()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_of_a_deployment_is_on_a_metric_that_exists(name: str) -> None:
    alarm = of_type(translated(stage="prod"), "AWS::CloudWatch::Alarm")[name]
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert METRICS[alarm["Namespace"], alarm["MetricName"]] == dimensions.keys()
    function = name.removesuffix("ErrorsAlarm")
    expected = {
        "AWS/ApiGateway": {"ApiName": {"Fn::Sub": "${Prefix}-${Stage}"}, "Stage": {"Ref": "Stage"}},
        "AWS/States": {"StateMachineArn": {"Ref": f"{WORKFLOWS.get(name)}StateMachine"}},
        "AWS/Lambda": {
            "FunctionName": {"Ref": f"{function}Function"},
            "Resource": {"Fn::Sub": f"${{{function}Function}}:live"},
        },
    }
    assert dimensions == expected[alarm["Namespace"]]
    assert alarm["Statistic"] == "Sum"
    # Fast enough for a bake of ten minutes, and no data is no fault.
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 180
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_api_is_named_as_its_alarm_says() -> None:
    api = of_type(translated(stage="prod"), "AWS::ApiGateway::RestApi")["Api"]
    assert api["Name"] == {"Fn::Sub": "${Prefix}-${Stage}"}


def test_every_role_is_bounded_where_the_account_demands_it() -> None:
    bounded = {"Fn::If": ["Bounded", {"Ref": "PermissionsBoundary"}, NOTHING]}
    for name, role in of_type(translated(stage="prod"), "AWS::IAM::Role").items():
        assert role["PermissionsBoundary"] == bounded, name


def test_lambda_refuses_other_code_in_every_function_where_the_stage_names_who_signs() -> None:
    resources = translated(stage="prod")
    signed = {"Fn::If": ["Signed", {"Ref": "CodeSigning"}, NOTHING]}
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert function["CodeSigningConfigArn"] == signed, name
    (config,) = of_type(resources, "AWS::Lambda::CodeSigningConfig").values()
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    assert config["AllowedPublishers"] == {"SigningProfileVersionArns": {"Ref": "SigningProfiles"}}
