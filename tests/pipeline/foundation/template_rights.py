"""What CloudFormation must be allowed, to make the resources of template.yaml: actions, ARNs, names.

The actions are those that each resource type's own handlers ask for, as AWS publishes them in the type's schema;
cfn-lint brings the schemas.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.template import TEMPLATE

Resource = dict[str, Any]
Resources = dict[str, Resource]

# Of what a type's handlers may need: features that the template does not use.
UNUSED = re.compile(
    r"(amplify|apprunner|appsync|bedrock-agentcore|billing|cloudtrail|cognito-idp|ec2|elasticfilesystem"
    r"|elasticloadbalancing|firehose|payments|rum|s3files|s3tables):.*"
    r"|cloudformation:(GetStackPolicy|SetStackPolicy|UpdateTerminationProtection)"
    r"|iam:(CreateServiceLinkedRole|DescribeOrganization|DeleteRolePermissionsBoundary)|kms:.*|s3:REST.*"
    r"|s3:\w*(Abac|Accelerate|Acl|Analytics|Cors|CORS|Intelligent|Inventory|Metadata|Metrics|ObjectLock|Replication"
    r"|Website)\w*|s3:(DeleteObject|DeleteBucketEncryption|DeleteBucketLifecycle|PutBucketLogging)"
    r"|lambda:(AssociateRuntimeAlias|PassCapacityProvider|\w*FunctionScaling\w*)"
    r"|logs:(\w*(Bearer|DataProtection|DeletionProtection|IndexPolic|KmsKey)\w*|DeleteResourcePolicy)"
    r"|codedeploy:RegisterOnPremisesInstance|sns:PutDataProtectionPolicy|wafv2:\w*PermissionPolicy"
)
# The service that a type hands a role to.
PASSED_TO = {
    "AWS::ApiGateway::RestApi": "apigateway.amazonaws.com",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy.amazonaws.com",
    "AWS::Events::Rule": "events.amazonaws.com",
    "AWS::Lambda::Function": "lambda.amazonaws.com",
    "AWS::StepFunctions::StateMachine": "states.amazonaws.com",
}
NAMES = (
    *("AlarmName", "BudgetName", "BucketName", "DashboardName", "LayerName", "LogGroupName", "Name", "QueueName"),
    *("StateMachineName", "TopicName"),
)
CUSTOM = "Custom::HeardVersion"
"""CloudFormation calls its function by itself, with the rights that it has (its guide, "Custom resources")."""
SIGNERS = "arn:aws:lambda:{region}:{account}:code-signing-config:csc-0a1b"
# The ARN of each type's resources, as IAM is asked about them: of a version or an alias Step Functions asks about the
# state machine (its guide, "Authorization for versions and aliases").
ARNS = {
    "AWS::ApiGateway::Deployment": "arn:aws:apigateway:{region}::/restapis/a1b2c3d4e5/deployments/x",
    "AWS::ApiGateway::RestApi": "arn:aws:apigateway:{region}::/restapis/a1b2c3d4e5",
    "AWS::ApiGateway::Stage": "arn:aws:apigateway:{region}::/restapis/a1b2c3d4e5/stages/{stage}",
    "AWS::Budgets::Budget": "arn:aws:budgets::{account}:budget/{name}",
    "AWS::CloudFormation::Stack": "arn:aws:cloudformation:{region}:{account}:stack/{name}/0a1b",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::Dashboard": "arn:aws:cloudwatch::{account}:dashboard/{name}",
    "AWS::CodeDeploy::Application": "arn:aws:codedeploy:{region}:{account}:application:{name}",
    "AWS::CodeDeploy::DeploymentGroup": "arn:aws:codedeploy:{region}:{account}:deploymentgroup:{name}/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Lambda::Alias": "arn:aws:lambda:{region}:{account}:function:{name}:live",
    "AWS::Lambda::CodeSigningConfig": SIGNERS,
    "AWS::Lambda::EventInvokeConfig": "arn:aws:lambda:{region}:{account}:function:{name}:live",
    "AWS::Lambda::EventSourceMapping": "arn:aws:lambda:{region}:{account}:event-source-mapping:0a1b",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}",
    "AWS::Lambda::Permission": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::Version": "arn:aws:lambda:{region}:{account}:function:{name}:1",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "AWS::Logs::MetricFilter": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "AWS::Logs::QueryDefinition": "*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::S3::BucketPolicy": "arn:aws:s3:::{name}",
    "AWS::SNS::Subscription": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SNS::TopicPolicy": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SQS::QueuePolicy": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SSM::Parameter": "arn:aws:ssm:{region}:{account}:parameter{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "AWS::StepFunctions::StateMachineAlias": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "AWS::StepFunctions::StateMachineVersion": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "AWS::WAFv2::LoggingConfiguration": "arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/0a1b",
    "AWS::WAFv2::WebACL": "arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/0a1b",
    "AWS::WAFv2::WebACLAssociation": "arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/0a1b",
    CUSTOM: "arn:aws:lambda:{region}:{account}:function:{name}:live",
}
# A resource that is part of another has that one's name.
PART_OF = {
    "AWS::Lambda::Alias": "AWS::Lambda::Function",
    "AWS::Lambda::EventInvokeConfig": "AWS::Lambda::Function",
    "AWS::Lambda::Permission": "AWS::Lambda::Function",
    "AWS::Lambda::Version": "AWS::Lambda::Function",
    "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
    "AWS::SNS::Subscription": "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
    "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachineAlias": "AWS::StepFunctions::StateMachine",
    "AWS::StepFunctions::StateMachineVersion": "AWS::StepFunctions::StateMachine",
    "AWS::WAFv2::WebACLAssociation": "AWS::WAFv2::WebACL",
    CUSTOM: "AWS::Lambda::Alias",
}
CANARY = "arn:aws:codedeploy:{region}:{account}:deploymentgroup:audio-stitcher-{stage}-a/b"
# Actions on something else than the resource itself.
ELSEWHERE = {
    "s3:GetObject": "arn:aws:s3:::audio-stitcher-artifacts-{artifact_account}/packages/0a1b2c",
    "s3:GetObjectVersion": "arn:aws:s3:::audio-stitcher-artifacts-{artifact_account}/packages/0a1b2c",
    "lambda:GetCodeSigningConfig": SIGNERS,
    "lambda:GetLayerVersion": "arn:aws:lambda:{region}:{account}:layer:FfmpegLayer:1",
    "iam:PassRole": "arn:aws:iam::{account}:role/audio-stitcher-{stage}-SomeRole-0A1B2C",
    "wafv2:DisassociateWebACL": "arn:aws:apigateway:{region}::/restapis/a1b2c3d4e5/stages/{stage}",
    "apigateway:SetWebACL": "arn:aws:apigateway:{region}::/restapis/a1b2c3d4e5/stages/{stage}",
    "codedeploy:CreateDeployment": CANARY,
    "codedeploy:GetDeployment": CANARY,
    "codedeploy:GetDeploymentGroup": CANARY,
    "codedeploy:ListDeployments": CANARY,
    "codedeploy:GetApplicationRevision": CANARY.replace("deploymentgroup", "application"),
    "codedeploy:RegisterApplicationRevision": CANARY.replace("deploymentgroup", "application"),
    "codedeploy:GetDeploymentConfig": "arn:aws:codedeploy:{region}:{account}:deploymentconfig:CodeDeployDefault.x",
    # These have no resource (AWS Service Authorization Reference).
    "cloudwatch:DescribeAlarms": "*",
    "cloudwatch:GetMetricData": "*",
    "codedeploy:StopDeployment": "*",
    "lambda:CreateCodeSigningConfig": "*",
    "lambda:CreateEventSourceMapping": "*",
    "logs:CreateLogDelivery": "*",
    "logs:DescribeLogGroups": "*",
    "logs:DescribeResourcePolicies": "*",
    "logs:PutResourcePolicy": "*",
    "sns:GetSubscriptionAttributes": "*",
    "sns:SetSubscriptionAttributes": "*",
    "sns:Unsubscribe": "*",
}


@dataclass(frozen=True)
class Need:
    """One thing that CloudFormation does for a resource."""

    action: str
    arn: str
    context: dict[str, str]


def actions(resource: Resource, *, read_only: bool = False) -> set[str]:
    """What the handlers of the resource's type do; those that delete only where a deployment may delete it."""
    if resource["Type"] == CUSTOM:
        return set() if read_only else {"lambda:InvokeFunction"}
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("ap-south-1", resource["Type"]).schema
    handlers = ["create", "update", "read"] + ["delete"] * (resource.get("DeletionPolicy") != "Retain")
    if read_only:
        handlers = ["read"]  # some say that they also write, to read
    asked = {action for name in handlers for action in schema["handlers"].get(name, {}).get("permissions", [])}
    looks = re.compile(r"[\w-]+:(GET|Get|List|Describe)")
    return {each for each in asked if not UNUSED.fullmatch(each) and (looks.match(each) or not read_only)}


def referred(value: Any) -> Iterator[str]:
    """Logical ids that a value refers to, at any depth."""
    if isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        for inner in value.values():
            yield from referred(inner)
    if isinstance(value, list):
        for inner in value:
            yield from referred(inner)


def name(resources: Resources, logical_id: str, values: dict[str, str]) -> str:
    """A resource's name: as the template gives it, or as CloudFormation makes one up."""
    resource = resources[logical_id]
    whole = PART_OF.get(resource["Type"])
    for other in referred(resource["Properties"]) if whole else ():
        if resources.get(other, {}).get("Type") in (whole, resource["Type"].replace("Alias", "Version")):
            return name(resources, other, values)
    for key in NAMES:
        if key in resource["Properties"]:
            return str(filled(resource["Properties"][key], values))
    return f"audio-stitcher-{values['stage']}-{logical_id}-0A1B2C3D4E5F"


def filled(value: Any, values: dict[str, str], resources: Resources | None = None) -> Any:
    """A value of the template without its functions; what refers to a resource becomes that one's ARN."""
    known = {"Prefix": "stitcher", "Stage": values["stage"], "CachePrefix": "cache/", "ModelGeography": "apac"}
    known |= {"AWS::AccountId": values["account"], "AWS::Region": values["region"], "AWS::Partition": "aws"}

    def of(name: str) -> str:
        return known[name] if name in known else arn(resources or {}, name.removesuffix(".Arn"), values)

    match value:
        case {"Ref": name}:
            return of(name)
        case {"Fn::GetAtt": [logical_id, _]}:
            return of(logical_id)
        case {"Fn::FindInMap": [table, row, column]}:
            rows = TEMPLATE["Mappings"][table]
            return rows[filled(row, values, resources)][filled(column, values, resources)]
        case {"Fn::Sub": [text, more]}:
            known |= {name: filled(inner, values, resources) for name, inner in more.items()}
            return _substituted(text, of)
        case {"Fn::Sub": text}:
            return _substituted(text, of)
    return value


def _substituted(text: str, of: Callable[[str], str]) -> str:
    return re.sub(r"\$\{([\w:.]+)\}", lambda found: of(found.group(1)), text)


def arn(resources: Resources, logical_id: str, values: dict[str, str]) -> str:
    kind = resources[logical_id]["Type"]
    assert kind in ARNS, f"{kind} is new in the template: say what its ARNS are, and let CloudFormation's role make it"
    form = ARNS[kind]
    return form.format(name=name(resources, logical_id, values), **values)


def needs(resources: Resources, logical_id: str, values: dict[str, str], *, read_only: bool = False) -> Iterator[Need]:
    """Everything that CloudFormation has to be allowed for this resource; to read it only, as drift detection does.

    `values` has account, artifact_account, region, stage.
    """
    kind = resources[logical_id]["Type"]
    context = {"aws:ResourceTag/stage": values["stage"]}
    if kind == "AWS::Lambda::EventSourceMapping":
        function = ARNS["AWS::Lambda::Function"]
        context["lambda:FunctionArn"] = function.format(name=f"audio-stitcher-{values['stage']}-a", **values)
    if kind == "AWS::IAM::Role":
        account, stage = values["account"], values["stage"]
        context["iam:PermissionsBoundary"] = f"arn:aws:iam::{account}:policy/foundation/audio-stitcher-{stage}-boundary"
    own = arn(resources, logical_id, values)
    if kind == "AWS::Lambda::Function" and not read_only:  # which asks about both
        yield Need("lambda:PutFunctionCodeSigningConfig", SIGNERS.format(**values), context)
    for action in sorted(actions(resources[logical_id], read_only=read_only)):
        where = ELSEWHERE.get(action, "").format(**values) or own
        if action == "iam:PassRole":
            if kind in PASSED_TO and not read_only:
                yield Need(action, where, context | {"iam:PassedToService": PASSED_TO[kind]})
        elif action == "iam:AttachRolePolicy":
            for policy in resources[logical_id]["Properties"].get("ManagedPolicyArns", []):
                yield Need(action, where, context | {"iam:PolicyARN": filled(policy, values)})
        else:
            yield Need(action, where, context)
