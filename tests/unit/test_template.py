"""Laws of the template, checked on what SAM makes of it."""

import copy
import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from tests.paths import ROOT
from tests.template import MONITORING, TEMPLATE, of_type, translated

FUNCTIONS = {
    name.removesuffix("Function"): resource["Properties"]["CodeUri"].removeprefix("functions/")
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
TYPESCRIPT = {step for step in FUNCTIONS if (ROOT / "functions" / FUNCTIONS[step] / "package.json").exists()}
PYTHON = {step: folder for step, folder in FUNCTIONS.items() if step not in TYPESCRIPT}
STAGES = ["local", "preview", "dev", "test", "stage", "prod"]
# A right on a workflow has the alias as a key (Step Functions guide, "Authorization for versions and aliases").
BY_ALIAS = {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": ["live"]}}
# Actions that have no resource to name (AWS Service Authorization Reference).
WITHOUT_RESOURCE = re.compile(
    r"xray:\w+|cloudwatch:PutMetricData|logs:(\w*LogDeliver\w*|(Put|Describe)Resource\w+|DescribeLogGroups)"
)


def test_every_parameter_is_described_and_restricted() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        assert len(parameter["Description"]) > 10, name
        assert parameter.keys() & {"AllowedValues", "AllowedPattern", "MaxValue"}, name


def test_every_stage_has_a_row_of_the_same_settings_and_a_samconfig_section() -> None:
    rows = TEMPLATE["Mappings"]["Environments"]
    assert TEMPLATE["Parameters"]["Stage"]["AllowedValues"] == list(rows) == STAGES
    assert len({tuple(sorted(row)) for row in rows.values()}) == 1
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in STAGES:
        deploy = config[stage]["deploy"]["parameters"]
        named = deploy["parameter_overrides"]
        assert named == f"Stage={stage}" or f'Stage="{stage}"' in named
        assert deploy["stack_name"] == f"audio-stitcher-{stage}"
        assert deploy["capabilities"] == "CAPABILITY_IAM"
        assert deploy["resolve_s3"] is True
        assert deploy["region"]


def test_data_of_people_stays_out_of_the_logs_of_stage_and_prod() -> None:
    for stage in ("stage", "prod"):
        row = TEMPLATE["Mappings"]["Environments"][stage]
        assert (row["WorkflowData"], row["WorkflowLog"]) == (False, "ERROR")
        assert row["LogLevel"] != "DEBUG"


def test_a_change_of_the_mapping_or_the_layer_changes_the_digest_in_the_template() -> None:
    rows = json.dumps(TEMPLATE["Mappings"]["Environments"], sort_keys=True)
    layer = "".join((ROOT / "layers" / "ffmpeg" / name).read_text() for name in ("Makefile", "requirements.txt"))
    digest = hashlib.sha256((rows + layer).encode()).hexdigest()[:12]
    assert TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["SETTINGS_DIGEST"] == digest


def changed_code(template: dict[str, Any]) -> None:
    for step in FUNCTIONS:
        template["Resources"][f"{step}Function"]["Properties"]["CodeUri"] += "-new"


def changed_settings(template: dict[str, Any]) -> None:
    template["Globals"]["Function"]["Environment"]["Variables"]["SETTINGS_DIGEST"] = "new"


@pytest.mark.parametrize("change", [changed_code, changed_settings])
def test_a_change_makes_new_versions_of_all_functions(change: Callable[[dict[str, Any]], None]) -> None:
    new = copy.deepcopy(TEMPLATE)
    change(new)
    before, after = (of_type(translated(template), "AWS::Lambda::Version") for template in (TEMPLATE, new))
    assert len(before) == len(after) == len(FUNCTIONS)
    assert before.keys().isdisjoint(after.keys())
    assert before.keys() == of_type(translated(), "AWS::Lambda::Version").keys()


def test_the_domain_code_is_in_every_functions_package() -> None:
    for folder in PYTHON.values():
        domain = "identifier" if folder == "identify_image" else "stitcher"
        assert (ROOT / "functions" / folder / domain).resolve() == ROOT / "src" / domain


def test_there_is_a_function_for_every_step_with_a_role_and_a_log_of_its_own() -> None:
    resources = translated()
    functions = of_type(resources, "AWS::Lambda::Function")
    folders = {path.name for path in (ROOT / "functions").iterdir() if [*path.glob("app.*")]}
    assert folders == set(FUNCTIONS.values()), "a folder without a function, or two functions of one folder"
    assert {"CacheLookup", "FetchClips", "Stitch", "Publish", "Phone"} <= FUNCTIONS.keys()
    roles = {json.dumps(function["Role"]) for function in functions.values()}
    logs = {json.dumps(function["LoggingConfig"]["LogGroup"]) for function in functions.values()}
    assert len(roles) == len(logs) == len(FUNCTIONS)
    for step, folder in FUNCTIONS.items():
        assert (ROOT / "functions" / folder / ("app.ts" if step in TYPESCRIPT else "app.py")).exists()


def test_every_log_group_forgets() -> None:
    for name, log in of_type(translated(), "AWS::Logs::LogGroup").items():
        assert "RetentionInDays" in log, name


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """What a role's own policies say."""
    return [statement for policy in role.get("Policies", []) for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_role_may_do_anything_to_everything() -> None:
    for name, role in of_type(translated(), "AWS::IAM::Role").items():
        for statement in statements(role):
            actions = listed(statement["Action"])
            assert not any(action.endswith("*") for action in actions), name
            if "*" in listed(statement["Resource"]):
                assert all(WITHOUT_RESOURCE.fullmatch(action) for action in actions), (name, actions)


def rights(step: str) -> set[tuple[str, str]]:
    """(action, bucket and folder) of a function's S3 rights."""
    found = set()
    for statement in statements(translated()[f"{step}FunctionRole"]["Properties"]):
        if "Fn::GetAtt" in statement["Resource"]:
            found |= {(action, statement["Resource"]["Fn::GetAtt"][0]) for action in listed(statement["Action"])}
            continue
        if "Ref" in statement["Resource"]:
            found |= {(action, statement["Resource"]["Ref"]) for action in listed(statement["Action"])}
            continue
        for resource in listed(statement["Resource"]):
            place = resource["Fn::Sub"].split(":::${Prefix}-")[1].replace("-${Stage}-${AWS::AccountId}", "")
            found |= {(action, place) for action in listed(statement["Action"])}
    return found


# What planning needs of the clips: their names, and the voice's settings.
PREPARING = {
    ("s3:GetObject", "audios/*"),
    ("s3:ListBucket", "audios"),
    ("s3:PutObject", "output/prepared/*"),
    ("s3:GetObject", "output/prepared/*"),
    ("s3:ListBucket", "output"),
}
KEPT = {("s3:GetObject", "output/catalogues/*")}
LISTED = {("s3:ListBucket", "audios"), ("s3:GetObject", "audios/*voice.toml")}
OF_A_CAMPAIGN = {
    ("s3:GetObject", "output/campaigns/*"),
    ("s3:PutObject", "output/campaigns/*"),
    ("s3:ListBucket", "output"),
}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("Plan", LISTED | KEPT | {("s3:ListBucket", "output"), ("s3:GetObject", "output/prepared/*")}),
        ("Voices", LISTED | KEPT | {("s3:ListBucket", "output"), ("s3:GetObject", "output/prepared/*")}),
        (
            "Clips",
            {
                ("s3:ListBucket", "audios"),
                ("s3:ListBucketVersions", "audios"),
                ("s3:PutObject", "audios/*"),
                ("s3:GetObject", "audios/*"),
                ("s3:GetObjectVersion", "audios/*"),
                ("s3:DeleteObject", "audios/*"),
                ("s3:ListBucket", "output"),
                ("s3:GetObject", "output/prepared/*"),
            },
        ),
        (
            "Split",
            {
                ("s3:GetObject", "audios/campaigns/*"),
                ("s3:ListBucket", "audios"),
                *OF_A_CAMPAIGN,
                ("s3:AbortMultipartUpload", "output/campaigns/*"),
            },
        ),
        (
            "Say",
            {
                ("s3:GetObject", "audios/*"),
                ("s3:ListBucket", "audios"),
                *OF_A_CAMPAIGN,
                ("s3:GetObject", "output/catalogues/*"),
                ("s3:GetObject", "output/prepared/*"),
                ("s3:PutObject", "output/prepared/*"),
            },
        ),
        (
            "Join",
            {
                ("s3:GetObject", "audios/campaigns/*"),
                ("s3:ListBucket", "audios"),
                *OF_A_CAMPAIGN,
                ("s3:AbortMultipartUpload", "output/campaigns/*"),
            },
        ),
        (
            "CacheLookup",
            LISTED
            | KEPT
            | {
                ("s3:ListBucket", "output"),
                ("s3:GetObject", "output/${CachePrefix}*"),
                ("s3:GetObject", "output/prepared/*"),
            },
        ),
        (
            "FetchClips",
            PREPARING,
        ),
        (
            "PrepareClip",
            {
                *PREPARING,
                ("sqs:SendMessage", "RefusedClips"),
                ("sqs:SendMessage", "ClipChanges"),
            },
        ),
        (
            "KeepCatalogue",
            LISTED
            | KEPT
            | {
                ("s3:ListBucket", "output"),
                ("s3:GetObject", "output/prepared/*"),
                ("s3:DeleteObject", "output/prepared/*"),
                ("s3:PutObject", "output/catalogues/*"),
                ("sqs:ReceiveMessage", "ClipChanges"),
                ("sqs:DeleteMessage", "ClipChanges"),
                ("sqs:GetQueueAttributes", "ClipChanges"),
                ("sqs:SendMessage", "ClipChanges"),
            },
        ),
        (
            "Stitch",
            {("s3:GetObject", "output/prepared/*"), ("s3:ListBucket", "output"), ("s3:PutObject", "output/work/*")},
        ),
        (
            "HearVersion",
            {
                ("s3:PutObject", "audios/deployment-check/*"),
                ("s3:DeleteObject", "audios/deployment-check/*"),
                ("states:StartSyncExecution", "StitchStateMachine"),
            },
        ),
        (
            "Publish",
            {
                ("s3:GetObject", "output/work/*"),
                ("s3:GetObject", "output/${CachePrefix}*"),
                ("s3:PutObject", "output/${CachePrefix}*"),
            },
        ),
    ],
)
def test_a_step_may_do_what_the_design_says_and_no_more(step: str, expected: set[tuple[str, str]]) -> None:
    assert rights(step) == expected


def test_the_api_calls_the_workflow_by_its_alias() -> None:
    resources = translated()
    assert resources["StitchStateMachineAliaslive"]["Properties"]["Name"] == "live"
    (allowed,) = statements(resources["ApiRole"]["Properties"])
    assert (allowed["Action"], allowed["Resource"]) == ("states:StartSyncExecution", {"Ref": "StitchStateMachine"})
    assert allowed["Condition"] == BY_ALIAS
    assert TEMPLATE["Outputs"]["StateMachineArn"]["Value"] == {"Fn::Sub": "${StitchStateMachine}:live"}
    integration = TEMPLATE["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]["/stitch"]["post"]
    request = integration["x-amazon-apigateway-integration"]["requestTemplates"]["application/json"]["Fn::Sub"]
    assert '"stateMachineArn": "${StitchStateMachine}:live"' in request


def test_api_gateway_calls_functions_by_their_aliases_and_only_for_their_own_methods() -> None:
    resources = translated()
    apis = of_type(resources, "AWS::ApiGateway::RestApi")
    permissions = of_type(resources, "AWS::Lambda::Permission").values()
    methods = {
        "Plan": ("Api", "POST/plans"),
        "Voices": ("Api", "GET/voices*"),
        "Pictures": ("Api", "*/pictures*"),
        "Clips": ("Api", "*/voices/*"),
        "Campaigns": ("Api", "*/campaigns*"),
        "Phone": ("CallsApi", "POST/calls/*"),
    }
    for step, (api, method) in methods.items():
        alias = f"{step}FunctionAliaslive"
        assert alias in resources
        (permission,) = (entry for entry in permissions if entry["FunctionName"] == {"Ref": alias})
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["SourceArn"]["Fn::Sub"].endswith(f":${{AWS::AccountId}}:${{{api}}}/${{Stage}}/{method}")
    called = {}
    for path, item in (apis["Api"]["Body"]["paths"] | apis["CallsApi"]["Body"]["paths"]).items():
        for verb, operation in item.items():
            integration = operation["x-amazon-apigateway-integration"]
            if integration["type"] == "aws_proxy":
                uri, named = integration["uri"]["Fn::Sub"]
                assert uri.endswith(":lambda:path/2015-03-31/functions/${Alias}/invocations")
                assert integration["httpMethod"] == "POST", "how Lambda is called, whatever the method is"
                called[f"{verb} {path}"] = named["Alias"]["Ref"].removesuffix("FunctionAliaslive")
    assert called == {
        "post /plans": "Plan",
        "get /voices": "Voices",
        "get /voices/{voice}/clips": "Voices",
        "post /voices/{voice}/clips": "Clips",
        **{f"{verb} /voices/{{voice}}/clips/{{name}}": "Clips" for verb in ("get", "put", "delete")},
        **{f"{verb} /voices/{{voice}}/settings": "Clips" for verb in ("get", "put")},
        **{f"{verb} /campaigns": "Campaigns" for verb in ("get", "post")},
        "get /campaigns/{id}": "Campaigns",
        **{f"post /campaigns/{{id}}/{verb}": "Campaigns" for verb in ("check", "run")},
        **{f"{verb} /pictures": "Pictures" for verb in ("get", "post")},
        "get /pictures/{id}": "Pictures",
        "post /calls/{provider}": "Phone",
    }


def test_the_webhook_is_there_only_where_a_provider_is_configured() -> None:
    assert TEMPLATE["Parameters"]["CallProviders"]["Default"] == ""
    resources = translated(stage="prod")
    webhook = {name for name in resources if re.search("Phone|Calls", name)}
    assert len(webhook) > 10
    assert {resources[name].get("Condition") for name in webhook} == {"Phoned", "PhonedGuarded"}


def test_the_webhook_may_run_the_workflow_by_its_alias_and_read_its_own_parameters() -> None:
    run, read, decrypt = statements(translated()["PhoneFunctionRole"]["Properties"])
    assert (run["Action"], run["Resource"]) == ("states:StartSyncExecution", {"Ref": "StitchStateMachine"})
    assert run["Condition"] == BY_ALIAS
    own = ":parameter/${Prefix}/${Stage}/calls/*"
    assert read["Action"] == "ssm:GetParameter"
    assert read["Resource"]["Fn::Sub"].endswith(own)
    assert decrypt["Action"] == "kms:Decrypt"
    assert decrypt["Condition"]["StringEquals"] == {"kms:ViaService": {"Fn::Sub": "ssm.${AWS::Region}.amazonaws.com"}}
    context = decrypt["Condition"]["StringLike"]["kms:EncryptionContext:PARAMETER_ARN"]
    assert context["Fn::Sub"].endswith(own)


@pytest.mark.parametrize("name", ["Stitch", "Identify"])
def test_the_definition_uses_every_substitution_and_no_other(name: str) -> None:
    definition = (ROOT / "statemachine" / f"{name.lower()}.asl.json").read_text()
    given = TEMPLATE["Resources"][f"{name}StateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", definition)) == given.keys()


def test_the_workflow_is_express_and_traced() -> None:
    machine = translated()["StitchStateMachine"]["Properties"]
    assert machine["StateMachineType"] == "EXPRESS"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_every_method_is_signed_but_the_webhook_of_telephony_providers() -> None:
    """They cannot sign as AWS does. Their function checks their own signatures (functions/phone)."""
    apis = of_type(translated(), "AWS::ApiGateway::RestApi")
    assert apis.keys() == {"Api", "CallsApi"}
    assert {path: set(item) for path, item in apis["CallsApi"]["Body"]["paths"].items()} == {
        "/calls/{provider}": {"post"}
    }
    api = apis["Api"]
    schemes = api["Body"]["components"]["securitySchemes"]
    assert schemes["AWS_IAM"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    operations = {(path, verb): one for path, item in api["Body"]["paths"].items() for verb, one in item.items()}
    assert operations
    for (path, verb), operation in operations.items():
        if verb == "options":  # what a browser asks before it sends a signature
            assert operation["x-amazon-apigateway-integration"]["type"] == "mock"
            assert "security" not in operation
        else:
            assert operation["security"] == [{"AWS_IAM": []}], (path, verb)


def test_one_origin_may_read_answers_and_no_answer_lacks_it() -> None:
    """Without its header, a browser shows a refusal as a failed connection."""
    api = of_type(translated(), "AWS::ApiGateway::RestApi")["Api"]
    origin = {"Fn::Sub": "'${StudioOrigin}'"}
    for path, item in api["Body"]["paths"].items():
        (asked,) = item["options"]["x-amazon-apigateway-integration"]["responses"].values()
        assert asked["responseParameters"]["method.response.header.Access-Control-Allow-Origin"] == origin, path
        allowed = asked["responseParameters"]["method.response.header.Access-Control-Allow-Methods"]
        assert {verb.upper() for verb in item} - {"OPTIONS"} <= set(allowed.strip("'").split(",")), path
    for name, response in api["Body"]["x-amazon-apigateway-gateway-responses"].items():
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == origin, name
        exposed = response["responseParameters"]["gatewayresponse.header.Access-Control-Expose-Headers"]
        assert exposed == "'X-Request-Id,X-Amzn-ErrorType,Date'"
    assert TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["STUDIO_ORIGIN"] == {"Ref": "StudioOrigin"}
    for name in ("InputBucket", "OutputBucket", "ImagesBucket", "ResultsBucket"):
        (rule,) = TEMPLATE["Resources"][name]["Properties"]["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedOrigins"] == [{"Ref": "StudioOrigin"}]
        assert set(rule["AllowedMethods"]) <= {"GET", "POST"}


@pytest.mark.parametrize("api", ["Api", "CallsApi"])
def test_an_api_is_throttled_and_traced(api: str) -> None:
    stage = of_type(translated(), "AWS::ApiGateway::Stage")[f"{api}Stage"]
    assert stage["TracingEnabled"] is True
    (settings,) = stage["MethodSettings"]
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= settings.keys()
    # Those of each method are charged, and nobody reads them: alarms and dashboards take the API's.
    assert settings.get("MetricsEnabled", False) is False


@pytest.mark.parametrize("api", ["Api", "CallsApi"])
def test_every_error_of_api_gateway_itself_is_a_problem(api: str) -> None:
    responses = of_type(translated(), "AWS::ApiGateway::RestApi")[api]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= responses.keys()
    for name, response in responses.items():
        content_type = response["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert content_type == "'application/problem+json'", name
        request_id = response["responseParameters"]["gatewayresponse.header.X-Request-Id"]
        assert request_id == "context.extendedRequestId", f"{name}: callers can set requestId"
        text = response["responseTemplates"]["application/json"].replace("$context.error.messageString", '"x"')
        assert json.loads(text)["success"] is False, name


@pytest.mark.parametrize("name", ["InputBucket", "OutputBucket", "ImagesBucket", "ResultsBucket", "PromptsBucket"])
def test_a_bucket_is_private_encrypted_and_kept(name: str) -> None:
    bucket = TEMPLATE["Resources"][name]
    # A first deployment that fails removes what it made, so that it can be repeated; after that a bucket is kept.
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["BucketEncryption"]
    policy = TEMPLATE["Resources"][f"{name}TlsOnly"]["Properties"]
    assert policy["Bucket"] == {"Ref": name}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_clips_are_versioned_and_announced() -> None:
    properties = TEMPLATE["Resources"]["InputBucket"]["Properties"]
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    assert properties["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] is True


def test_old_takes_are_kept_for_90_days() -> None:
    rules = TEMPLATE["Resources"]["InputBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [one for one in rules if "AbortIncompleteMultipartUpload" not in one] == [
        {"Id": "old-takes", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 90}},
        {
            "Id": "tables",
            "Status": "Enabled",
            "Prefix": "campaigns/",
            "ExpirationInDays": {"Ref": "CampaignDays"},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
    ]


def test_every_bucket_forgets_uploads_that_were_not_finished() -> None:
    for name, bucket in of_type(translated(), "AWS::S3::Bucket").items():
        # What a parameter asks for is a rule under a condition.
        rules = [rule.get("Fn::If", [0, rule])[1] for rule in bucket["LifecycleConfiguration"]["Rules"]]
        assert {rule["Status"] for rule in rules} == {"Enabled"}, name
        (abort,) = (
            rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule
        )
        assert abort == {"DaysAfterInitiation": 1}, name


def test_refused_clips_wait_longer_than_their_alarm_does() -> None:
    queues = of_type(translated(stage="prod"), "AWS::SQS::Queue")
    assert {name: queue["MessageRetentionPeriod"] for name, queue in queues.items()} == {
        "ClipChanges": 14 * 86_400,
        "RefusedClips": 14 * 86_400,
        "FailedImages": 14 * 86_400,
        "FailedCampaigns": 14 * 86_400,
    }
    alarm = MONITORING["Resources"]["RefusedClipsAlarm"]["Properties"]
    assert alarm["Threshold"] == 7 * 86_400
    assert (
        alarm["Threshold"] + alarm["Period"] * alarm["EvaluationPeriods"]
        < queues["RefusedClips"]["MessageRetentionPeriod"]
    )


@pytest.mark.parametrize(
    ("queue", "rules"),
    [
        ("RefusedClips", ["PrepareClipFunctionClipPut", "KeepCatalogueFunctionNightly", "ClipGone"]),
        ("ClipChanges", ["ClipGone"]),
        (
            "FailedImages",
            ["IdentifyStateMachineImagePut", "CheckAnswersFunctionDaily", "CheckAnswersFunctionPromptChanged"],
        ),
    ],
)
def test_a_queue_takes_what_eventbridge_sends_for_its_own_rules_and_only_encrypted(
    queue: str, rules: list[str]
) -> None:
    policy = TEMPLATE["Resources"][f"{queue}FromEventBridge"]["Properties"]
    assert policy["Queues"] == [{"Ref": queue}]
    allow, deny = policy["PolicyDocument"]["Statement"]
    own = {"Fn::GetAtt": [queue, "Arn"]}
    assert (allow["Effect"], allow["Principal"], allow["Action"], allow["Resource"]) == (
        "Allow",
        {"Service": "events.amazonaws.com"},
        "sqs:SendMessage",
        own,
    )
    assert list(allow["Condition"]) == ["ArnEquals"]
    assert listed(allow["Condition"]["ArnEquals"]["aws:SourceArn"]) == [{"Fn::GetAtt": [rule, "Arn"]} for rule in rules]
    assert (deny["Effect"], deny["Principal"], deny["Action"], deny["Resource"]) == ("Deny", "*", "sqs:*", own)
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_metrics_are_written_to_the_namespace_of_the_stage_only() -> None:
    found = [
        statement
        for role in of_type(translated(stage="prod"), "AWS::IAM::Role").values()
        for statement in statements(role)
        if "cloudwatch:PutMetricData" in listed(statement["Action"])
    ]
    assert len(found) == 2, "the workflows'"
    for statement in found:
        assert statement["Action"] == "cloudwatch:PutMetricData"
        assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": {"Fn::Sub": "${Prefix}/${Stage}"}}}


def test_a_layer_outlives_the_release_that_made_it() -> None:
    """A version of a function that a rollback goes back to runs with its own layer."""
    layers = [one for one in translated().values() if one["Type"] == "AWS::Lambda::LayerVersion"]
    assert [one["DeletionPolicy"] for one in layers] == ["Retain"]
    assert TEMPLATE["Resources"]["FfmpegLayer"]["Properties"]["RetentionPolicy"] == "Retain"


def test_a_request_is_named_by_an_id_that_its_caller_cannot_choose() -> None:
    stitch = TEMPLATE["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]["/stitch"]["post"]
    integration = stitch["x-amazon-apigateway-integration"]
    request = integration["requestTemplates"]["application/json"]["Fn::Sub"]
    answers = [
        answer["responseTemplates"]["application/json"]["Fn::Sub"] for answer in integration["responses"].values()
    ]
    (made,) = {
        line for text in [request, *answers] for line in text.splitlines() if "$context.extendedRequestId" in line
    }
    # Names of executions that are logged have letters, digits, - and _ only (API reference, StartSyncExecution).
    assert made == ('#set($id = $util.escapeJavaScript($context.extendedRequestId).replaceAll("[^0-9A-Za-z_-]", ""))')
    assert '"name": "$id"' in request
    for text in answers:
        assert "#set($context.responseOverride.header.X-Request-Id = $id)" in text
        assert (
            text.index("$id = ")
            < text.index("X-Request-Id = $id")
            < min((text.index(word) for word in ("#if", "{") if word in text), default=len(text))
        )
    assert not [text for text in [request, *answers] if "$context.requestId" in text]


def test_work_and_cache_expire_and_prepared_clips_after_a_year() -> None:
    rules = TEMPLATE["Resources"]["OutputBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {json.dumps(rule["Prefix"]): rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {
        '{"Ref": "CachePrefix"}': {"Fn::FindInMap": ["Environments", {"Ref": "Stage"}, "CacheDays"]},
        '"work/"': 1,
        '"prepared/"': 365,
        '"campaigns/"': {"Ref": "CampaignDays"},
    }


def test_a_caller_finds_what_is_needed_in_the_outputs() -> None:
    assert TEMPLATE["Outputs"].keys() == {
        "ApiUrl",
        "CampaignStateMachineArn",
        "CallsApiUrl",
        "FailedImagesQueueUrl",
        "IdentifyStateMachineArn",
        "ImagesBucketName",
        "InputBucketName",
        "OutputBucketName",
        "PromptModels",
        "PromptPointers",
        "PromptsBucketName",
        "RefusedClipsQueueUrl",
        "ResultsBucketName",
        "StateMachineArn",
    }


def test_functions_and_package_pin_the_same_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = set(project["dependencies"]) | set(project["optional-dependencies"]["dev"])
    for step in PYTHON.values():
        lines = (ROOT / "functions" / step / "requirements.txt").read_text().splitlines()
        assert [line for line in lines if line not in pinned] == []
    layer = (ROOT / "layers" / "ffmpeg" / "requirements.txt").read_text()
    assert next(pin for pin in pinned if pin.startswith("imageio-ffmpeg")) in layer


def test_what_the_readme_invokes_is_there() -> None:
    invoked = re.findall(r"sam local invoke (\w+) -e (\S+)", (ROOT / "README.md").read_text())
    assert {name for name, _ in invoked} == {f"{step}Function" for step in PYTHON.keys() - {"HearVersion"}}, (
        "the webhook takes signed calls only, and HearVersion those of CloudFormation"
    )
    assert all((ROOT / "events" / event.removeprefix(".local/events/")).exists() for _, event in invoked)


def test_a_put_clip_is_prepared_through_eventbridge_with_retries_and_a_dead_letter_queue() -> None:
    resources = translated()
    rule = resources["PrepareClipFunctionClipPut"]["Properties"]
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    bucket = TEMPLATE["Resources"]["InputBucket"]["Properties"]["BucketName"]
    assert rule["EventPattern"]["detail"]["bucket"]["name"] == [bucket]
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": "PrepareClipFunctionAliaslive"}
    queue = {"Fn::GetAtt": ["RefusedClips", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": queue}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    (retries,) = of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    assert (retries["MaximumRetryAttempts"], retries["Qualifier"]) == (2, "live")
    assert retries["DestinationConfig"]["OnFailure"]["Destination"] == queue
