"""Every law fails where it is broken: one breach after the other is put into a deployment that keeps them all."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws import alarm_laws, api_laws, rights_laws, stack_laws, step_laws  # noqa: F401 - they are the laws
from tests.aws.deployment import FILLED, Deployment, deployment
from tests.aws.law import LAWS

Seed = Callable[[Deployment], object]
QUALIFIED = {"Fn::Sub": "${StitchStateMachine}:live"}
STITCH = ("Api", "Body", "paths", "/stitch", "post", "x-amazon-apigateway-integration")


def at(of: Deployment, logical_id: str, *path: str | int) -> Any:
    """A part of a resource's properties."""
    found = of.document["Resources"][logical_id].setdefault("Properties", {})
    for key in path:
        found = found[key]
    return found


def put(*path: str | int, value: Any) -> Seed:
    """Sets a part of a resource's properties: logical id, keys, the new value."""

    def seed(of: Deployment) -> None:
        logical_id, *keys, last = path
        at(of, str(logical_id), *keys)[last] = value

    return seed


def drop(*path: str | int) -> Seed:
    """Removes a part of a resource's properties."""

    def seed(of: Deployment) -> None:
        logical_id, *keys, last = path
        del at(of, str(logical_id), *keys)[last]

    return seed


def attribute(logical_id: str, name: str, value: Any) -> Seed:
    """Sets what stands beside a resource's properties."""
    return lambda of: of.document["Resources"][logical_id].update({name: value})


def add(kind: str, **properties: Any) -> Seed:
    """Adds a resource."""
    return lambda of: of.document["Resources"].update({"Added": {"Type": kind, "Properties": properties}})


def state(file: str, name: str, **fields: Any) -> Seed:
    """Changes a state of a workflow."""
    return lambda of: of.workflows[f"{file}.asl.json"]["States"][name].update(fields)


def child(**fields: Any) -> Seed:
    """Changes the child of the map of campaigns."""

    def seed(of: Deployment) -> None:
        says = of.workflows["campaign.asl.json"]["States"]["Say"]["ItemProcessor"]["States"]["SayChunk"]
        says.update(fields)

    return seed


def source(old: str, new: str) -> Seed:
    """Changes the template's text."""

    def seed(of: Deployment) -> None:
        assert old in of.text
        of.text = of.text.replace(old, new)

    return seed


def replaced(*path: str | int, old: str, new: str) -> Seed:
    """Changes a text of a resource's properties, inside of `Fn::Sub`, too."""

    def seed(of: Deployment) -> None:
        logical_id, *keys, last = path
        holder = at(of, str(logical_id), *keys)
        if isinstance(holder[last], dict):
            holder, last = holder[last], "Fn::Sub"
        assert old in holder[last]
        holder[last] = holder[last].replace(old, new)

    return seed


def statement(role: str, number: int = 0) -> tuple[str, *tuple[str | int, ...]]:
    return (role, "Policies", 0, "PolicyDocument", "Statement", number)


def in_part(part: str, **entries: Any) -> Seed:
    """Adds to a part of the document other than its resources."""
    return lambda of: of.document[part].update(entries)


RULE = "IdentifyStateMachineImagePut"
PARTS = ("Api", "Body", "x-amazon-apigateway-gateway-responses")
POLICY = ("InputBucketTlsOnly", "PolicyDocument", "Statement", 0)
RATE = ("Firewall", "Rules", 0, "Statement", "RateBasedStatement")
RETRY = {"ErrorEquals": ["Busy"], "IntervalSeconds": 4, "MaxAttempts": 2}
SEEDS: dict[str, dict[str, Seed]] = {
    "nothing_is_null": {
        "the comma in flow YAML": put(
            "Api", "Body", "paths", "/stitch", "post", "responses", "200", "new or from the cache", value=None
        ),
        "in a list": put("ApiRole", "Policies", value=[None]),
        "in free-form JSON": lambda of: of.document["Outputs"]["ApiUrl"].update({"Description": None}),
    },
    "prose_is_quoted_where_a_comma_would_cut_it": {
        "a description": source('"200": { description: "The voices" }', '"200": { description: The voices, all }'),
        "a longer one": source(
            'description: "How the message would be said"', "description: How, and when, it is said"
        ),
    },
    "every_function_resolves": {
        "no such resource": put("ApiRole", "Description", value={"Ref": "Nobody"}),
        "not in this stage": attribute("StitchLog", "Condition", "Signals"),
        "no such condition": put("ApiRole", "Description", value={"Fn::If": ["Nowhere", "a", "b"]}),
        "no such entry": put("ApiRole", "Description", value={"Fn::FindInMap": ["Environments", "prod", "None"]}),
        "an output": in_part("Outputs", Wrong={"Value": {"Fn::GetAtt": ["Nobody", "Arn"]}}),
        "in a text": put("ApiRole", "Description", value={"Fn::Sub": "${Nobody.Arn}"}),
    },
    "functions_stand_where_they_are_taken": {
        "a policy by condition": attribute(
            "InputBucket", "DeletionPolicy", {"Fn::If": ["Watched", "Retain", "Delete"]}
        ),
        "a parameter's default": in_part("Parameters", Wrong={"Type": "String", "Default": {"Ref": "Stage"}}),
        "a condition of a resource": in_part("Conditions", Wrong={"Fn::Equals": [{"Ref": "Api"}, "x"]}),
        "a condition's function": in_part("Conditions", Wrong={"Fn::Equals": [{"Fn::GetAtt": ["Api", "Arn"]}, "x"]}),
    },
    "properties_are_of_their_types": {
        "a text for a number": put("StitchFunction", "Timeout", value="soon"),
        "a mapping's row for a list": put(
            "StitchFunction", "Layers", value={"Fn::FindInMap": ["Environments", "prod", "LogDays"]}
        ),
        "an unknown property": put("FailedImages", "Retention", value=3),
        "a number for a truth": put("InputBucket", "PublicAccessBlockConfiguration", "BlockPublicAcls", value=2),
        "a missing property": drop("ImageEventsRole", "AssumeRolePolicyDocument"),
    },
    "quotas_are_kept": {
        "resources": lambda of: of.document["Resources"].update(
            {f"R{n}": {"Type": "AWS::SQS::Queue"} for n in range(500)}
        ),
        "outputs": lambda of: of.document["Outputs"].update({f"O{n}": {"Value": "x"} for n in range(201)}),
        "a name": in_part("Outputs", Not_a_name={"Value": "x"}),
        "the size": put("ApiRole", "Description", value="x" * 1_000_000),
        "the description": lambda of: of.document.update({"Description": "x" * 1_025}),
        "a parameter": lambda of: of.given.update({"CallerAccounts": "x" * 4_097}),
    },
    "no_resource_waits_for_itself": {
        "two roles": lambda of: [
            at(of, "ApiRole").update({"Description": {"Fn::GetAtt": ["ShiftRole", "Arn"]}}),
            at(of, "ShiftRole").update({"Description": {"Fn::Sub": "${ApiRole.Arn}"}}),
        ],
        "by order": lambda of: [
            attribute("ApiRole", "DependsOn", "Api")(of),
            attribute("Api", "DependsOn", ["ApiRole"])(of),
        ],
    },
    "what_is_kept_is_kept_both_ways": {
        "a failed creation keeps the name": attribute("InputBucket", "DeletionPolicy", "Retain"),
        "a replaced bucket": attribute("OutputBucket", "UpdateReplacePolicy", "Delete"),
        "a misspelt policy": attribute("StitchLog", "DeletionPolicy", "Keep"),
        "a policy that replacing does not know": attribute("StitchLog", "UpdateReplacePolicy", "RetainExceptOnCreate"),
        "the layer of the last release": lambda of: [
            one.update({"DeletionPolicy": "Delete"})
            for one in of.document["Resources"].values()
            if one["Type"] == "AWS::Lambda::LayerVersion"
        ],
    },
    "names_are_short_enough_with_the_longest_prefix": {
        "a bucket": put(
            "ResultsBucket",
            "BucketName",
            value={"Fn::Sub": "${Prefix}-results-of-pictures-${Stage}-${AWS::AccountId}-kept"},
        ),
        "a bucket with a capital": put("ResultsBucket", "BucketName", value="Results"),
        "a role": put(
            "ApiRole", "RoleName", value={"Fn::Sub": "${AWS::StackName}-${Prefix}-${Stage}-api-may-start-its-workflow"}
        ),
        "a function": put(
            "StitchFunction",
            "FunctionName",
            value={"Fn::Sub": "${Prefix}-${Stage}-joins-the-clips-of-a-message-to-one-file"},
        ),
        "a rule": put(
            RULE,
            "Name",
            value={"Fn::Sub": "${Prefix}-${Stage}-a-picture-was-put-into-the-inbox-of-pictures"},
        ),
        "a queue": put("FailedImages", "QueueName", value="failed.images"),
        "an alias of digits": put("StitchStateMachineAliaslive", "Name", value="12"),
        "a workflow": put("StitchStateMachine", "StateMachineName", value="x" * 81),
    },
    "custom_resources_are_answered_by_a_function_in_time": {
        "for an hour": drop("HeardVersion", "ServiceTimeout"),
        "before the function has ended": put("HeardVersion", "ServiceTimeout", value=60),
        "longer than there is": put("HeardVersion", "ServiceTimeout", value=4_000),
        "a workflow": put("HeardVersion", "ServiceToken", value={"Ref": "StitchStateMachine"}),
    },
    "workflows_are_named_by_their_own_arn": {
        "the API's": put(*statement("ApiRole"), "Resource", value=QUALIFIED),
        "EventBridge's": put(*statement("ImageEventsRole"), "Resource", value={"Ref": "IdentifyStateMachineAliaslive"}),
        "the spoken answer's": put(*statement("IdentifyStateMachineRole", 1), "Resource", value=[QUALIFIED]),
        "any version": put(*statement("ApiRole"), "Resource", value={"Fn::Sub": "${StitchStateMachine}:*"}),
    },
    "functions_are_named_with_a_version_or_an_alias": {
        "a workflow's": put(
            *statement("StitchStateMachineRole"), "Resource", value={"Fn::GetAtt": ["StitchFunction", "Arn"]}
        ),
        "API Gateway's": put("PlanFunctionCallable", "FunctionName", value={"Fn::GetAtt": ["PlanFunction", "Arn"]}),
    },
    "the_linter_finds_nothing": {
        "no such action": put(*statement("ApiRole"), "Action", value="states:StartSynchronousExecution"),
        "an object's action on a bucket": put(
            *statement("PublishFunctionRole"), "Resource", value={"Fn::GetAtt": ["OutputBucket", "Arn"]}
        ),
        "no such key": put(*statement("ApiRole"), "Condition", value={"StringEquals": {"states:Qualifier": "live"}}),
        "no such operator": put(*statement("ApiRole"), "Condition", value={"StringIs": {"aws:SourceAccount": "1"}}),
        "no ARN": put(*statement("ApiRole"), "Resource", value="StitchStateMachine"),
    },
    "policies_are_whole_and_small_enough": {
        "a version that there is not": put("ApiRole", "Policies", 0, "PolicyDocument", "Version", value="2012-10-18"),
        "one Sid twice": lambda of: at(of, "ApiRole", "Policies", 0, "PolicyDocument", "Statement").extend(
            [{**at(of, *statement("ApiRole")), "Sid": "A"}] * 2
        ),
        "a Sid with a space": put(*statement("ApiRole"), "Sid", value="Run it"),
        "inline policies": put(
            *statement("ApiRole"),
            "Resource",
            value=[f"arn:aws:states:ap-south-1:123456789012:stateMachine:{n:030}" for n in range(120)],
        ),
        "a trust policy": put(
            "ApiRole",
            "AssumeRolePolicyDocument",
            "Statement",
            0,
            "Condition",
            value={"StringEquals": {"aws:PrincipalOrgID": [f"o-{n:012}" for n in range(200)]}},
        ),
        "no action": drop(*statement("ApiRole"), "Action"),
    },
    "a_service_takes_a_role_for_this_account_only": {
        "EventBridge": drop("ImageEventsRole", "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
        "Step Functions": drop("StitchStateMachineRole", "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
        "Lambda": put(
            "StitchFunctionRole",
            "AssumeRolePolicyDocument",
            "Statement",
            0,
            "Condition",
            value={"StringEquals": {"aws:SourceAccount": "999999999999"}},
        ),
    },
    "a_service_may_send_for_named_resources_only": {
        "anybody's events": drop("FailedImagesFromEventBridge", "PolicyDocument", "Statement", 0, "Condition"),
        "by account only": put(
            "RefusedClipsFromEventBridge",
            "PolicyDocument",
            "Statement",
            0,
            "Condition",
            value={"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        ),
        "another rule": put(
            "FailedImagesFromEventBridge",
            "PolicyDocument",
            "Statement",
            0,
            "Condition",
            "ArnEquals",
            "aws:SourceArn",
            value={"Fn::GetAtt": ["PrepareClipFunctionClipPut", "Arn"]},
        ),
        "anybody's alarms": drop("AlarmTopicFromAlarms", "PolicyDocument", "Statement", 0, "Condition"),
    },
    "a_method_declares_every_status_of_its_integration": {
        "500 is not declared": drop("Api", "Body", "paths", "/stitch", "post", "responses", "500"),
        "a new one": put(*STITCH, "responses", "default", "statusCode", value="502"),
    },
    "the_definition_is_openapi": {
        "no title": drop("Api", "Body", "info", "title"),
        "a parameter in nothing": put("Api", "Body", "paths", "/voices", "get", "parameters", 0, "in", value="body"),
        "a path's parameter": put("Api", "Body", "paths", "/voices/{voice}/clips", "get", "parameters", value=[]),
        "a schema": put("Api", "Body", "components", "schemas", "StitchRequest", "type", value="message"),
        "an operation twice": put("Api", "Body", "paths", "/plans", "post", "operationId", value="stitch"),
    },
    "the_definition_has_the_name_of_the_api": {
        "another title": put("Api", "Body", "info", "title", value="Audio Stitcher"),
        "another name": put("Api", "Name", value="stitcher"),
    },
    "what_an_operation_names_is_there": {
        "a schema": put("Api", "Body", "components", "schemas", value={}),
        "a validator": put("Api", "Body", "x-amazon-apigateway-request-validator", value="headers"),
        "too long": put(*STITCH, "timeoutInMillis", value=30_000),
        "a function by GET": put(
            "Api", "Body", "paths", "/voices", "get", "x-amazon-apigateway-integration", "httpMethod", value="GET"
        ),
        "no role": drop(*STITCH, "credentials"),
        "a pattern": put(*STITCH, "responses", "(4", value={"statusCode": "500"}),
        "a type": put(*STITCH, "type", value="lambda"),
        "a behaviour": put(*STITCH, "passthroughBehavior", value="NEVER_EVER"),
    },
    "gateway_responses_are_of_known_types": {
        "a type": put(*PARTS, "TIMED_OUT", value={"statusCode": "504"}),
        "a computation": put(*PARTS, "DEFAULT_4XX", "responseTemplates", "application/json", value="#set($a = 1){}"),
        "a variable": put(
            *PARTS,
            "DEFAULT_5XX",
            "responseParameters",
            "gatewayresponse.header.X-Request-Id",
            value="context.requestid",
        ),
        "a text without quotes": put(
            *PARTS, "DEFAULT_5XX", "responseParameters", "gatewayresponse.header.A", value="b"
        ),
    },
    "mapping_templates_use_known_variables": {
        "a variable": replaced(
            *STITCH,
            "responses",
            "default",
            "responseTemplates",
            "application/json",
            old="$context.extendedRequestId",
            new="$context.extendedId",
        ),
        "a function": replaced(
            *STITCH, "requestTemplates", "application/json", old="$util.escapeJavaScript", new="$util.escape"
        ),
        "an open #if": replaced(
            *STITCH, "responses", "4\\d{2}", "responseTemplates", "application/json", old="#end", new=""
        ),
        "its length": put(
            *STITCH, "responses", "default", "responseTemplates", "application/json", value=" " * 300_001
        ),
    },
    "an_answer_is_overridden_once": {
        "before and in a branch": replaced(
            *STITCH,
            "responses",
            "2\\d{2}",
            "responseTemplates",
            "application/json",
            old="#set($status",
            new="#set($context.responseOverride.status = 200)\n#set($status",
        ),
        "in a branch and after": replaced(
            *STITCH,
            "responses",
            "4\\d{2}",
            "responseTemplates",
            "application/json",
            old="#end",
            new="#end\n#set($context.responseOverride.status = 500)",
        ),
        "twice in a row": replaced(
            *STITCH,
            "responses",
            "default",
            "responseTemplates",
            "application/json",
            old="#set($context.responseOverride.header.X-Request-Id = $id)",
            new="#set($context.responseOverride.header.X-Request-Id = $id)\n" * 2,
        ),
    },
    "throttles_are_within_the_account": {
        "over the account's": put("ApiStage", "MethodSettings", 0, "ThrottlingBurstLimit", value=5_001),
        "a burst under the rate": put("ApiStage", "MethodSettings", 0, "ThrottlingBurstLimit", value=1),
        "nobody": put("ApiStage", "MethodSettings", 0, "ThrottlingRateLimit", value=0),
    },
    "the_firewalls_rules_are_within_their_bounds": {
        "under the least": put(*RATE, "Limit", value=9),
        "a window": put(*RATE, "EvaluationWindowSec", value=30),
        "as many as the API takes": put(*RATE, "Limit", value=30_000),
        "priorities": put("Firewall", "Rules", 1, "Priority", value=0),
        "no answer": put("Firewall", "CustomResponseBodies", value={}),
        "a long answer": put("Firewall", "CustomResponseBodies", "busy", "Content", value="x" * 4_097),
        "a status": put("Firewall", "Rules", 0, "Action", "Block", "CustomResponse", "ResponseCode", value=150),
        "both actions": put("Firewall", "Rules", -1, "Action", value={"Count": {}}),
        "a group's own action": lambda of: [
            drop("Firewall", "Rules", -1, "OverrideAction")(of),
            put("Firewall", "Rules", -1, "Action", value={"Block": {}})(of),
        ],
    },
    "definitions_are_amazon_states_language": {
        "no such state": state("stitch", "Publish", Next="Nowhere"),
        "a start": lambda of: of.workflows["identify.asl.json"].update({"StartAt": "Nowhere"}),
        "a state that nobody comes to": lambda of: of.workflows["stitch.asl.json"]["States"].update(
            {"Alone": {"Type": "Succeed"}}
        ),
        "a type": state("stitch", "Answer", Type="Answer"),
    },
    "every_substitution_is_made": {
        "one is missing": drop("StitchStateMachine", "DefinitionSubstitutions", "PublishFunction"),
        "one too many": put("StitchStateMachine", "DefinitionSubstitutions", "Nobody", value="x"),
    },
    "expressions_are_jsonata": {
        "a bracket": state("stitch", "Answer", Output="{% ($states.input %}"),
        "no end": state("stitch", "Answer", Output="{% $states.input"),
    },
    "retries_and_catches_are_in_bounds": {
        "all among others": state(
            "stitch", "Stitch", Catch=[{"ErrorEquals": ["States.ALL", "Busy"], "Next": "Failed"}]
        ),
        "all before others": state(
            "stitch",
            "Stitch",
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Failed"}, {"ErrorEquals": ["Busy"], "Next": "Failed"}],
        ),
        "the longest wait under the first": state("stitch", "Stitch", Retry=[RETRY | {"MaxDelaySeconds": 4}]),
        "waiting less each time": state("stitch", "Stitch", Retry=[RETRY | {"BackoffRate": 0.5}]),
        "attempts": state("stitch", "Stitch", Retry=[RETRY | {"MaxAttempts": -1}]),
    },
    "workflows_are_within_their_quotas": {
        "six minutes": lambda of: of.workflows["stitch.asl.json"].update({"TimeoutSeconds": 360}),
        "no limit": lambda of: of.workflows["stitch.asl.json"].pop("TimeoutSeconds"),
        "waiting in an Express workflow": state(
            "stitch", "Stitch", Resource="arn:aws:states:::lambda:invoke.waitForTaskToken"
        ),
        "a long name": lambda of: of.workflows["stitch.asl.json"]["States"].update({"x" * 81: {"Type": "Succeed"}}),
        "a large definition": state("identify", "Say", Comment="x" * 1_048_577),
        "no log": put("StitchStateMachine", "LoggingConfiguration", "Destinations", value=[]),
        "a log's ARN": put(
            "IdentifyStateMachine",
            "LoggingConfiguration",
            "Destinations",
            0,
            "CloudWatchLogsLogGroup",
            "LogGroupArn",
            value={"Fn::Sub": "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${IdentifyWorkflowLog}"},
        ),
    },
    "distributed_maps_are_within_their_bounds": {
        "too many children": state("campaign", "Say", MaxConcurrency="{% 10001 %}"),
        "as many as there are": state("campaign", "Say", MaxConcurrency=0),
        "more than all may fail": state("campaign", "Say", ToleratedFailurePercentage=101),
        "a child that asks for a variable of the parent": child(Arguments={"Payload": "{% { 'run': $run } %}"}),
        "an Express child that is waited for too long": child(TimeoutSeconds=301),
        "a map of an Express workflow": put("CampaignStateMachine", "StateMachineType", value="EXPRESS"),
    },
    "a_workflows_role_may_do_what_its_states_do": {
        "a right": lambda of: at(of, "IdentifyStateMachineRole", "Policies", 0, "PolicyDocument", "Statement").pop(1),
        "a call that nobody thought of": state(
            "stitch", "CountUnusable", Resource="arn:aws:states:::aws-sdk:s3:deleteObject"
        ),
    },
    "functions_are_within_their_quotas": {
        "time": put("StitchFunction", "Timeout", value=901),
        "memory": put("StitchFunction", "MemorySize", value=64),
        "a variable of AWS": put("StitchFunction", "Environment", "Variables", "AWS_REGION", value="eu-west-1"),
        "variables": put("StitchFunction", "Environment", "Variables", "LONG", value="x" * 4_097),
        "layers": put("StitchFunction", "Layers", value=["arn:aws:lambda:ap-south-1:123456789012:layer:x:1"] * 6),
        "never": put("StitchFunction", "ReservedConcurrentExecutions", value=0),
        "reserved": put("StitchFunction", "ReservedConcurrentExecutions", value=601),
    },
    "a_new_account_can_take_the_stack": {
        "reserved": lambda of: [
            of.given.update({"ReserveConcurrency": "false"}),
            put("StitchFunction", "ReservedConcurrentExecutions", value=5)(of),
        ],
        "by its stage": lambda of: [
            of.given.update({"ReserveConcurrency": "false"}),
            of.document["Conditions"].update({"Reserved": {"Condition": "Guarded"}}),
        ],
    },
    "rules_are_valid": {
        "no list": put(RULE, "EventPattern", "source", value="aws.s3"),
        "an empty list": put(RULE, "EventPattern", "source", value=[]),
        "an operator": put(RULE, "EventPattern", "source", value=[{"starts-with": "aws"}]),
        "a comparison": put(RULE, "EventPattern", "detail", "object", value={"size": [{"numeric": [">", "0"]}]}),
        "a number beyond": put(RULE, "EventPattern", "detail", "object", value={"size": [{"numeric": [">", 6e9]}]}),
        "a long pattern": put(RULE, "EventPattern", "source", value=["x" * 2_049]),
        "no role": drop(RULE, "Targets", 0, "RoleArn"),
        "a function's role": put(
            "PrepareClipFunctionClipPut", "Targets", 0, "RoleArn", value={"Fn::GetAtt": ["ApiRole", "Arn"]}
        ),
        "tries": put(RULE, "Targets", 0, "RetryPolicy", "MaximumRetryAttempts", value=186),
        "an age": put(RULE, "Targets", 0, "RetryPolicy", "MaximumEventAgeInSeconds", value=59),
        "an id": put(RULE, "Targets", 0, "Id", value="the workflow"),
        "dead letters": put(RULE, "Targets", 0, "DeadLetterConfig", "Arn", value={"Ref": "FailedImages"}),
    },
    "things_are_kept_for_times_that_there_are": {
        "a log": put("StitchLog", "RetentionInDays", value=10),
        "a queue": put("FailedImages", "MessageRetentionPeriod", value=1_209_601),
        "one id twice": put("InputBucket", "LifecycleConfiguration", "Rules", 1, "Id", value="old-takes"),
        "no days": put("OutputBucket", "LifecycleConfiguration", "Rules", 1, "ExpirationInDays", value=0),
        "old versions of a bucket without": put(
            "ResultsBucket",
            "LifecycleConfiguration",
            "Rules",
            0,
            value={"Id": "a", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 3}},
        ),
    },
    "metrics_of_aws_exist_with_their_dimensions": {
        "no such metric": put("StitchFailedAlarm", "MetricName", value="ExecutionsFailedCount"),
        "a dimension less": lambda of: at(of, "ApiFaultsAlarm", "Dimensions").append({"Name": "Region", "Value": "x"}),
        "on a dashboard": replaced("MachineDashboard", "DashboardBody", old='"4XXError"', new='"4xxErrors"'),
    },
    "alarms_are_of_what_cloudwatch_takes": {
        "a period": put("StitchFailedAlarm", "Period", value=45),
        "two days": put("StitchFailedAlarm", "EvaluationPeriods", value=1_441),
        "a statistic": put("StitchFailedAlarm", "Statistic", value="Total"),
        "two results": lambda of: at(of, "LostClipsAlarm", "Metrics")[1].pop("ReturnData"),
        "an id": put("LostClipsAlarm", "Metrics", 0, "Id", value="Lost"),
        "an id that is not there": put(
            "ConcurrencyAlarm", "Metrics", 0, "Expression", value="100 * claimed / concurrently"
        ),
        "nothing": drop("LostClipsAlarm", "Metrics"),
    },
    "composite_alarms_are_of_alarms_that_there_are": {
        "a word": put("HitTimePage", "AlarmRule", value='ALARM("a") XOR ALARM("b")'),
        "none": put("HitTimePage", "AlarmRule", value=""),
    },
    "dashboards_are_json_within_their_grid": {
        "no JSON": replaced("UsersDashboard", "DashboardBody", old='"widgets": [', new='"widgets": [,'),
        "too wide": replaced("UsersDashboard", "DashboardBody", old='"width": 8', new='"width": 20'),
    },
}


@pytest.mark.parametrize(("name", "breach"), [(name, breach) for name, some in SEEDS.items() for breach in some])
def test_a_breach_of_a_law_is_seen(name: str, breach: str) -> None:
    of = deployment("prod", FILLED)
    SEEDS[name][breach](of)
    assert list(LAWS[name].check(of)) != []


def test_every_law_is_broken_somewhere() -> None:
    assert SEEDS.keys() == LAWS.keys()
