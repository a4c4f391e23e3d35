"""Laws of CloudFormation."""

import contextlib
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from jsonschema import Draft7Validator, TypeChecker, ValidationError, validators

from tests.aws.deployment import REGION, Deployment, Unresolved, inside
from tests.aws.law import law

PSEUDO = re.compile(r"AWS::\w+")


@law("Troubleshooting CloudFormation: Validation error; \"'null' values are not allowed in templates\"")
def nothing_is_null(of: Deployment) -> Iterator[str]:
    yield from (path for path, value in inside(of.document) if value is None)


@law("YAML 1.1, 7.3.3: a comma ends a plain scalar in a flow collection, and what follows is a key without a value")
def prose_is_quoted_where_a_comma_would_cut_it(of: Deployment) -> Iterator[str]:
    yield from _unquoted(of.text)


@functools.cache
def _unquoted(text: str) -> tuple[str, ...]:
    found, depth = [], 0
    for token in yaml.scan(text):
        depth += isinstance(token, yaml.FlowMappingStartToken | yaml.FlowSequenceStartToken)
        depth -= isinstance(token, yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken)
        if depth and isinstance(token, yaml.ScalarToken) and token.plain and " " in token.value:
            found.append(f"line {token.start_mark.line + 1}: {token.value}")
    return tuple(found)


@law("Intrinsic function reference: Ref, Fn::GetAtt, Fn::If, Fn::FindInMap")
def every_function_resolves(of: Deployment) -> Iterator[str]:
    """Every `Ref` and `GetAtt` exists under its condition, every condition and every entry of a mapping exists."""
    try:
        names = list(of.resources)
    except Unresolved as why:
        yield str(why)
        return
    outputs = {
        name: one
        for name, one in of.document["Outputs"].items()
        if "Condition" not in one or of.holds(one["Condition"])
    }
    for place, values in {"Outputs": outputs, **dict.fromkeys(names)}.items():
        try:
            of.resolved(values) if values else of.properties(place)
        except Unresolved as why:
            yield f"{place}: {why}"


@law("Intrinsic function reference: where functions can be used; DeletionPolicy, DependsOn and Condition attributes")
def functions_stand_where_they_are_taken(of: Deployment) -> Iterator[str]:
    for name, one in of.document["Resources"].items():
        for attribute in ("Type", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn"):
            for path, value in inside(one.get(attribute, "")):
                if isinstance(value, dict):
                    yield f"{name}.{attribute}{path}"
    for part in ("Parameters", "Mappings"):
        for path, value in inside(of.document[part]):
            if isinstance(value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in value):
                yield f"{part}{path}"
    taken = {"Fn::And", "Fn::Equals", "Fn::FindInMap", "Fn::If", "Fn::Not", "Fn::Or", "Fn::Join", "Ref", "Condition"}
    for path, value in inside(of.document["Conditions"]):
        wrong = {key for key in value if key not in taken} if isinstance(value, dict) and path.count("/") > 1 else set()
        if wrong or (isinstance(value, dict) and value.get("Ref") in of.document["Resources"]):
            yield f"Conditions{path}"


def _text(_: TypeChecker, value: object) -> bool:
    return isinstance(value, str | int | float)  # CloudFormation makes text of numbers and booleans, and back


def _number(_: TypeChecker, value: object) -> bool:
    return isinstance(value, int | float) or bool(re.fullmatch(r"-?\d+(\.\d+)?", str(value)))


def _whole(_: TypeChecker, value: object) -> bool:
    return isinstance(value, int) or bool(re.fullmatch(r"-?\d+", str(value)))


def _truth(_: TypeChecker, value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    with contextlib.suppress(re.error):  # a few are in another dialect
        if not re.search(pattern, str(value)):
            yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {"pattern": _pattern},
    type_checker=Draft7Validator.TYPE_CHECKER.redefine_many(
        {"string": _text, "number": _number, "integer": _whole, "boolean": _truth}
    ),
)


@functools.cache
def _schema(kind: str) -> Any:
    return PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema


@functools.cache
def _faults(kind: str, properties: str) -> tuple[str, ...]:
    validator = _Validator(_schema(kind))
    return tuple(
        f"{'/'.join(map(str, one.path))}: {one.message[:200]}" for one in validator.iter_errors(json.loads(properties))
    )


@law("AWS resource and property types reference: the schemas that AWS publishes of each type")
def properties_are_of_their_types(of: Deployment) -> Iterator[str]:
    """After all functions: a mapping's text where a number is asked for, a list where one value is, an unknown name."""
    for name, one in of.resources.items():
        try:
            properties = of.properties(name)
        except Unresolved:
            continue  # a law of its own
        yield from (f"{name}: {fault}" for fault in _faults(one["Type"], json.dumps(properties)))


@law("Understand CloudFormation quotas")
def quotas_are_kept(of: Deployment) -> Iterator[str]:
    for part, most in {"Resources": 500, "Outputs": 200, "Parameters": 200, "Mappings": 200}.items():
        if len(of.document[part]) > most:
            yield f"{len(of.document[part])} {part}, of {most}"
        yield from (f"the name {name}" for name in of.document[part] if len(name) > 255 or not name.isalnum())
    for name, rows in of.document["Mappings"].items():
        if len(rows) > 200 or any(len(row) > 200 for row in rows.values()):
            yield f"mapping {name}"
    # `sam` uploads every template to S3: 51,200 bytes are the limit of one that is sent in the request itself.
    for what, size in {
        "SAM's": len(of.text.encode()),
        "CloudFormation's": len(json.dumps(of.document).encode()),
    }.items():
        if size > 1_000_000:
            yield f"{what} template has {size} bytes"
    if len(of.document["Description"].encode()) > 1_024:
        yield "the description"
    for name, value in of.given.items():
        if len(value.encode()) > 4_096:
            yield f"the parameter {name}"


def _needed(of: Deployment, name: str) -> set[str]:
    """The resources that a resource waits for."""
    one, found = of.document["Resources"][name], set()
    depends = one.get("DependsOn", [])
    found |= {depends} if isinstance(depends, str) else set(depends)
    for _, value in inside({key: one.get(key) for key in ("Properties", "UpdatePolicy")}):
        match value:
            case {"Ref": str(other)}:
                found.add(other)
            case {"Fn::GetAtt": parts}:
                found.add(parts.split(".")[0] if isinstance(parts, str) else parts[0])
            case {"Fn::Sub": text}:
                text, names = (text, {}) if isinstance(text, str) else text
                found |= {one.split(".")[0] for one in re.findall(r"\$\{(\w+(?:\.\w+)*)\}", text)} - set(names)
    return found & of.resources.keys()


@law("Troubleshooting CloudFormation: Dependency error")
def no_resource_waits_for_itself(of: Deployment) -> Iterator[str]:
    try:
        waits = {name: _needed(of, name) for name in of.resources}
    except Unresolved:
        return  # a law of its own
    while free := [name for name, others in waits.items() if not others]:
        waits = {name: others - set(free) for name, others in waits.items() if name not in free}
    yield from (f"{name} waits for {', '.join(sorted(others))}" for name, others in waits.items())


KEPT = {
    "AWS::S3::Bucket": ("RetainExceptOnCreate", "Retain"),
    "AWS::Lambda::Version": ("Retain", None),  # SAM's; a version is not replaced, a new one has a new logical id
    "AWS::Lambda::LayerVersion": ("Retain", None),  # likewise
    "AWS::StepFunctions::StateMachineVersion": ("Retain", "Retain"),
}


@law("DeletionPolicy attribute; UpdateReplacePolicy attribute")
def what_is_kept_is_kept_both_ways(of: Deployment) -> Iterator[str]:
    """A bucket that a failed first deployment leaves behind would stop the second one: its name is taken."""
    for name, one in of.document["Resources"].items():
        deletion, replacement = one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")
        if deletion not in (None, "Delete", "Retain", "RetainExceptOnCreate"):
            yield f"{name}.DeletionPolicy is {deletion}"
        if replacement not in (None, "Delete", "Retain"):
            yield f"{name}.UpdateReplacePolicy is {replacement}"
        if one["Type"] in KEPT and (deletion, replacement) != KEPT[one["Type"]]:
            yield f"{name}: {deletion}, {replacement}"


@law("CloudFormation custom resource request and response reference: ServiceToken, ServiceTimeout")
def custom_resources_are_answered_by_a_function_in_time(of: Deployment) -> Iterator[str]:
    """By default, one that never answers holds a deployment for an hour, and its rollback for another."""
    waits = {of.name(name): int(one["Timeout"]) for name, one in of.of_type("AWS::Lambda::Function").items()}
    for name in (name for name, one in of.document["Resources"].items() if one["Type"].startswith("Custom::")):
        properties = of.properties(name)
        function = re.fullmatch(
            rf"arn:aws:lambda:{REGION}:\d+:function:([\w-]+):live", str(properties.get("ServiceToken"))
        )
        seconds = int(properties.get("ServiceTimeout", 3_600))
        if not function or not waits.get(function[1], 900) < seconds <= 900:
            yield f"{name}: {properties.get('ServiceToken')} in {seconds} s"


LETTERS = r"[A-Za-z0-9_-]"
NAMES = {
    # Type: property, most characters, pattern, page.
    "AWS::ApiGateway::RestApi": ("Name", 1024, r".+"),
    "AWS::ApplicationSignals::ServiceLevelObjective": ("Name", 128, r"[0-9A-Za-z][-._0-9A-Za-z ]*[0-9A-Za-z]"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255, rf"{LETTERS}+"),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255, r"[^\x00-\x1f]+"),
    "AWS::Events::Rule": ("Name", 64, r"[\w.-]+"),
    "AWS::IAM::Role": ("RoleName", 64, r"[\w+=,.@-]+"),
    "AWS::Lambda::Function": ("FunctionName", 64, rf"{LETTERS}+"),
    "AWS::Lambda::LayerVersion": ("LayerName", 64, rf"{LETTERS}+"),
    "AWS::Logs::LogGroup": ("LogGroupName", 512, r"[.\-_/#A-Za-z0-9]+"),
    "AWS::Logs::QueryDefinition": ("Name", 255, r"[^:*]+"),
    "AWS::S3::Bucket": ("BucketName", 63, r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]+[a-z0-9](?<!-s3alias)(?<!--ol-s3)"),
    "AWS::SNS::Topic": ("TopicName", 256, rf"{LETTERS}+"),
    "AWS::SQS::Queue": ("QueueName", 80, rf"{LETTERS}+"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", 80, rf"{LETTERS}+"),
    "AWS::StepFunctions::StateMachineAlias": ("Name", 80, r"(?!\d+$)[\w.-]+"),
    "AWS::WAFv2::WebACL": ("Name", 128, r"[\w-]+"),
}


@law("Bucket naming rules; IAM and AWS STS quotas; API references: CreateQueue, CreateStateMachine, PutDashboard, …")
def names_are_short_enough_with_the_longest_prefix(of: Deployment) -> Iterator[str]:
    for kind, (key, most, pattern) in NAMES.items():
        for name, properties in of.of_type(kind).items():
            value = properties.get(key)
            if value is not None and not (len(value) <= most and re.fullmatch(pattern, value)):
                yield f"{name}: {value!r} has {len(value)} characters, of {most}"
