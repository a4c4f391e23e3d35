"""The template as AWS meets it: translated by SAM, its conditions decided, its functions resolved."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.paths import ROOT
from tests.template import TEMPLATE, whole, with_monitoring

Json = dict[str, Any]

STAGES = ("local", "dev", "test", "stage", "prod")
ACCOUNT, REGION = "123456789012", "ap-south-1"
LONGEST_PREFIX = "p" * 21
"""As long as the parameter's pattern takes it."""
FILLED = {
    "Prefix": LONGEST_PREFIX,
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/foundation/boundary",
    "SigningProfiles": f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/audio_stitcher/0a1b2c3d4e",
    "AtOnce": "true",
    "ReserveConcurrency": "true",
    "CallerAccounts": "210987654321,111111111111",
    "CallerOrganization": "o-a1b2c3d4e5",
    "CallerAddresses": "203.0.113.0/24",
    "StudioOrigin": "https://studio.example.org",
    "CallProviders": "plivo,twilio",
    "CallsUrl": "https://calls.example.org",
    "AlarmEmail": "ops@example.org",
}
"""Every optional setting at once, as a deployment may give them."""
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "audio-stitcher-stage",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/audio-stitcher-stage/0a1b",
    "AWS::URLSuffix": "amazonaws.com",
}
NAMED = (
    "BucketName",
    "QueueName",
    "StateMachineName",
    "LogGroupName",
    "TopicName",
    "DashboardName",
    "LayerName",
    "Name",
)
# What `Ref` or `Arn` of a resource is; {0} is its name.
LAMBDA, STATES = f"arn:aws:lambda:{REGION}:{ACCOUNT}:", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{0}}",
    "AWS::CloudWatch::CompositeAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{0}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{0}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{0}}",
    "AWS::Lambda::Alias": f"{LAMBDA}function:{{0}}:live",
    "AWS::Lambda::CodeSigningConfig": f"{LAMBDA}code-signing-config:csc-0a1b2c3d4e5f67890",
    "AWS::Lambda::Function": f"{LAMBDA}function:{{0}}",
    "AWS::Lambda::LayerVersion": f"{LAMBDA}layer:{{0}}:1",
    "AWS::Lambda::Version": f"{LAMBDA}function:{{0}}:1",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{0}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{0}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{0}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{0}}",
    "AWS::StepFunctions::StateMachine": STATES + "{0}",
    "AWS::StepFunctions::StateMachineAlias": STATES + "{0}:live",
    "AWS::StepFunctions::StateMachineVersion": STATES + "{0}:1",
    "AWS::WAFv2::WebACL": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/{{0}}/0a1b2c3d",
}
REFERRED_BY_ARN = {
    *(f"AWS::Lambda::{kind}" for kind in ("Alias", "CodeSigningConfig", "LayerVersion", "Version")),
    *(kind for kind in ARNS if kind.startswith(("AWS::StepFunctions", "AWS::SNS"))),
}
ABSENT = object()


class Unresolved(ValueError):
    """A function of the template that CloudFormation cannot resolve in this deployment."""


@dataclass
class Deployment:
    """One stage of the template with one set of parameters. Tests that seed a violation change its parts."""

    stage: str
    text: str
    """template.yaml."""
    document: Json
    """What SAM makes of it, with the resources of the stack inside it."""
    workflows: dict[str, Json]
    """By file name: the definitions in Amazon States Language."""
    given: dict[str, str]

    @property
    def resources(self) -> Json:
        """By logical id: the resources of the document that this deployment has."""
        return {
            name: one
            for name, one in self.document["Resources"].items()
            if "Condition" not in one or self.holds(one["Condition"])
        }

    def of_type(self, *kinds: str) -> dict[str, Json]:
        """By logical id: the resolved properties of all resources of these types."""
        return {name: self.properties(name) for name, one in self.resources.items() if one["Type"] in kinds}

    def properties(self, logical_id: str) -> Json:
        """A resource's properties without functions."""
        resolved: Json = self.resolved(self.document["Resources"][logical_id].get("Properties", {}))
        return resolved

    def holds(self, condition: str) -> bool:
        """Whether a condition is true."""
        if condition not in self.document.get("Conditions", {}):
            raise Unresolved(f"there is no condition {condition}")
        return bool(self.resolved(self.document["Conditions"][condition]))

    def resolved(self, value: Any) -> Any:
        """A value without functions; what is `AWS::NoValue` is left out."""
        found = self._resolved(value)
        return None if found is ABSENT else found

    def _resolved(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)}:
                return self._referred(name)
            case {"Condition": str(name), **rest} if not rest:
                return self.holds(name)
            case {"Fn::GetAtt": parts}:
                parts = parts.split(".") if isinstance(parts, str) else parts
                return self._attribute(*parts)
            case {"Fn::If": [condition, yes, no]}:
                return self._resolved(yes if self.holds(condition) else no)
            case {"Fn::FindInMap": [table, row, column]}:
                try:
                    return self.document["Mappings"][table][self._resolved(row)][self._resolved(column)]
                except KeyError as missing:
                    raise Unresolved(f"no {missing} in the mapping {table}") from None
            case {"Fn::Sub": [text, names]}:
                return self._substituted(text, {key: self._resolved(one) for key, one in names.items()})
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
            case {"Fn::Join": [mark, parts]}:
                return mark.join(map(str, self._resolved(parts)))
            case {"Fn::Equals": [left, right]}:
                return str(self._resolved(left)) == str(self._resolved(right))
            case {"Fn::Not": [one]}:
                return not self._resolved(one)
            case {"Fn::And": parts}:
                return all(map(self._resolved, parts))
            case {"Fn::Or": parts}:
                return any(map(self._resolved, parts))
            case dict():
                items = {key: self._resolved(one) for key, one in value.items()}
                return {key: one for key, one in items.items() if one is not ABSENT}
            case list():
                return [one for one in map(self._resolved, value) if one is not ABSENT]
        return value

    def _substituted(self, text: str, names: Json) -> str:
        def found(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in names:
                return str(names[name])
            return str(self._attribute(*name.split(".", 1)) if "." in name else self._referred(name))

        return re.sub(r"\$\{([^}]+)\}", found, text)

    def _referred(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return ABSENT
        if name in PSEUDO:
            return PSEUDO[name]
        if name in (parameters := self.document["Parameters"]):
            if name not in self.given and "Default" not in parameters[name]:
                raise Unresolved(f"the parameter {name} has no value")
            value = self.given.get(name, parameters[name].get("Default"))
            return value.split(",") if parameters[name]["Type"] == "CommaDelimitedList" else value
        return self._arn(name) if self._kind(name) in REFERRED_BY_ARN else self.name(name)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self._kind(logical_id)
        if attribute == "Arn":
            return self._arn(logical_id)
        if kind == "Custom::HeardVersion":
            return str(self.properties(logical_id)[attribute])
        if attribute == "Version":
            return "1"
        return self.name(logical_id) if attribute.endswith("Name") else f"{kind}.{attribute}"

    def _kind(self, logical_id: str) -> str:
        if logical_id not in self.resources:
            raise Unresolved(f"there is no {logical_id} in {self.stage}")
        kind: str = self.document["Resources"][logical_id]["Type"]
        return kind

    def _arn(self, logical_id: str) -> str:
        return ARNS.get(self._kind(logical_id), "arn:aws:x:::{0}").format(self.name(logical_id))

    def name(self, logical_id: str) -> str:
        """As the template names a resource, or as CloudFormation makes a name up."""
        properties = self.document["Resources"][logical_id].get("Properties", {})
        part_of = properties.get("FunctionName") or properties.get("StateMachineArn")
        part_of = part_of or properties.get("DeploymentPreference", {}).get("StateMachineVersionArn")
        if isinstance(part_of, dict) and "Fn::If" in part_of:
            part_of = part_of["Fn::If"][2]  # the version itself, heard or not
        if isinstance(part_of, dict) and "Ref" in part_of:
            return self.name(part_of["Ref"])
        own = next((properties[key] for key in NAMED if key in properties), None)
        return str(self._resolved(own)) if own else f"audio-stitcher-{self.stage}-{logical_id}-0A1B2C3D"[:64]


@functools.cache
def _document(stage: str) -> str:
    made = whole(TEMPLATE, stage)
    return json.dumps(made | {"Resources": with_monitoring(made["Resources"])})


def deployment(stage: str, given: dict[str, str] | None = None) -> Deployment:
    """A stage with its parameters' defaults, or with others."""
    return Deployment(
        stage=stage,
        text=(ROOT / "template.yaml").read_text(),
        document=json.loads(_document(stage)),
        workflows={path.name: json.loads(path.read_text()) for path in sorted((ROOT / "statemachine").glob("*.json"))},
        given={"Stage": stage} | (given or {}),
    )


def inside(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value at any depth, with the path to it."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from inside(one, f"{path}/{key}")


def listed(value: Any) -> list[Any]:
    """What AWS takes as one thing or as a list of things."""
    return value if isinstance(value, list) else [value]
