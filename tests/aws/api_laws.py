"""Laws of API Gateway and of the firewall before it."""

import re
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.aws.deployment import Deployment, Json, inside
from tests.aws.law import law

GATEWAY = "x-amazon-apigateway-"
RESPONSE_TYPES = {
    *("ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"),
    *("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN"),
    *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE"),
    *("MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED"),
    *("UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED"),
}
CONTEXT = {
    *("accountId", "apiId", "authorizer", "awsEndpointRequestId", "deploymentId", "domainName", "domainPrefix"),
    *("error", "extendedRequestId", "httpMethod", "identity", "path", "protocol", "requestId", "requestOverride"),
    *("requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "responseOverride", "stage", "status", "waf"),
    *("wafResponseCode", "webaclArn"),
}
FUNCTIONS = ("escapeJavaScript", "parseJson", "urlEncode", "urlDecode", "base64Encode", "base64Decode")
SOURCES = re.compile(r"'[^']*'|(method\.request\.(path|querystring|header)|stageVariables)\.[\w-]+")


def bodies(of: Deployment) -> Iterator[tuple[str, Json]]:
    for name, api in of.of_type("AWS::ApiGateway::RestApi").items():
        yield name, api["Body"]


def operations(of: Deployment) -> Iterator[tuple[str, Json]]:
    for _, body in bodies(of):
        for path, item in body["paths"].items():
            for verb, operation in item.items():
                yield f"{verb.upper()} {path}", operation


def integrations(of: Deployment) -> Iterator[tuple[str, Json]]:
    for name, operation in operations(of):
        yield name, operation[f"{GATEWAY}integration"]


@law('API Gateway: "Set up an integration response"; "Output mapping refers to an invalid method response"')
def a_method_declares_every_status_of_its_integration(of: Deployment) -> Iterator[str]:
    for name, operation in operations(of):
        declared = set(operation["responses"])
        for pattern, response in operation[f"{GATEWAY}integration"].get("responses", {}).items():
            if response["statusCode"] not in declared:
                yield f"{name}: {pattern} is {response['statusCode']!r}, of {sorted(declared)}"


@law("OpenAPI Specification 3.0; API Gateway: known issues of REST APIs")
def the_definition_is_openapi(of: Deployment) -> Iterator[str]:
    for name, body in bodies(of):
        yield from (
            f"{name}: {'/'.join(map(str, one.path))}: {one.message}"
            for one in OpenAPIV30SpecValidator(body).iter_errors()
        )


@law('API Gateway: "Amazon API Gateway dimensions and metrics": which of the two names the metrics is not said')
def the_definition_has_the_name_of_the_api(of: Deployment) -> Iterator[str]:
    for name, api in of.of_type("AWS::ApiGateway::RestApi").items():
        if api["Name"] != api["Body"]["info"]["title"]:
            yield f"{name}: {api['Name']}, {api['Body']['info']['title']}"


@law('API Gateway: "x-amazon-apigateway-request-validators object"; "x-amazon-apigateway-integration object"')
def what_an_operation_names_is_there(of: Deployment) -> Iterator[str]:
    for name, body in bodies(of):
        validators = body.get(f"{GATEWAY}request-validators", {})
        own = [one for path in body["paths"].values() for one in path.values() if isinstance(one, dict)]
        used = {one.get(f"{GATEWAY}request-validator") for one in (body, *own)}
        yield from (f"{name}: validator {one}" for one in used - {None} - set(validators))
        there = {f"#/components/schemas/{schema}" for schema in body.get("components", {}).get("schemas", {})}
        referred = {value["$ref"] for _, value in inside(body) if isinstance(value, dict) and "$ref" in value}
        yield from (f"{name}: {one}" for one in referred - there)
    for name, integration in integrations(of):
        if not 50 <= integration.get("timeoutInMillis", 29_000) <= 29_000:
            yield f"{name}: {integration['timeoutInMillis']} ms"
        if integration["type"] == "aws_proxy" and integration["httpMethod"] != "POST":
            yield f"{name}: Lambda is called with POST"
        if integration["type"] not in ("aws", "aws_proxy", "http", "http_proxy", "mock"):
            yield f"{name}: {integration['type']}"
        if integration["type"] == "aws" and not integration.get("credentials", "").startswith("arn:aws:iam::"):
            yield f"{name}: no role"
        if integration.get("passthroughBehavior", "never") not in ("never", "when_no_match", "when_no_templates"):
            yield f"{name}: {integration['passthroughBehavior']}"
        for pattern in integration.get("responses", {}):
            try:
                re.compile(pattern)
            except re.error:
                yield f"{name}: {pattern}"


@law('API Gateway: "Gateway response types for API Gateway"; "Set up a gateway response": simple variables only')
def gateway_responses_are_of_known_types(of: Deployment) -> Iterator[str]:
    for name, body in bodies(of):
        for kind, response in body.get(f"{GATEWAY}gateway-responses", {}).items():
            if kind not in RESPONSE_TYPES:
                yield f"{name}: {kind}"
            for text in response.get("responseTemplates", {}).values():
                if re.search(r"#(set|if|foreach)|\$(input|util)", text):
                    yield f"{name}: {kind} computes, which a gateway response cannot"
            for place, source in response.get("responseParameters", {}).items():
                variable = re.fullmatch(r"context\.(\w+)(\.[\w.]+)?", source)
                if not SOURCES.fullmatch(source) and not (variable and variable.group(1) in CONTEXT):
                    yield f"{name}: {kind} {place} = {source}"


def templates(of: Deployment) -> Iterator[tuple[str, str]]:
    """All mapping templates of integrations."""
    for name, integration in integrations(of):
        for kind, text in integration.get("requestTemplates", {}).items():
            yield f"{name} {kind}", text
        for pattern, response in integration.get("responses", {}).items():
            for text in response.get("responseTemplates", {}).values():
                yield f"{name} {pattern}", text


@law('API Gateway: "Variables for data models and mapping templates for API Gateway"')
def mapping_templates_use_known_variables(of: Deployment) -> Iterator[str]:
    for name, text in templates(of):
        for variable in re.findall(r"\$context\.(\w+)", text):
            if variable not in CONTEXT:
                yield f"{name}: $context.{variable}"
        for function in re.findall(r"\$util\.(\w+)", text):
            if function not in (
                "escapeJavaScript",
                "parseJson",
                "urlEncode",
                "urlDecode",
                "base64Encode",
                "base64Decode",
            ):
                yield f"{name}: $util.{function}"
        if len(text.encode()) > 300_000:
            yield f"{name}: {len(text.encode())} bytes"
        opened = len(re.findall(r"#(?:if|foreach)\b", text))
        if opened != len(re.findall(r"#end\b", text)):
            yield f"{name}: an #if without its #end"


@law('API Gateway: "Override your API\'s request and response parameters and status codes": each only once')
def an_answer_is_overridden_once(of: Deployment) -> Iterator[str]:
    """On every way through a template a status or header is set once at most; a second time leaves it undefined."""
    for name, text in templates(of):
        tokens = re.finditer(r"#(if|elseif|else|end)\b|#set\(\$context\.(responseOverride\.[\w.-]+)", text)
        for way in _ways(tokens)[0]:
            if len(set(way)) < len(way):
                yield f"{name}: {sorted(way)}"


def _ways(tokens: Iterator[re.Match[str]]) -> tuple[list[list[str]], str]:
    """What is set on each way from here to the end of the block, and the word that ends it."""
    ways: list[list[str]] = [[]]
    for token in tokens:
        if token.group(2):
            ways = [[*way, token.group(2)] for way in ways]
        elif token.group(1) == "if":
            branches: list[list[str]] = []
            begun, end = "", "if"
            while end not in ("end", ""):
                inner, following = _ways(tokens)
                branches += inner
                begun, end = end, following
            branches += [[]] * (begun != "else")
            ways = [[*way, *branch] for way in ways for branch in branches]
        else:
            return ways, token.group(1)
    return ways, ""


@law('API Gateway: "Amazon API Gateway quotas": 10,000 requests a second and 5,000 at once in an account')
def throttles_are_within_the_account(of: Deployment) -> Iterator[str]:
    for name, stage in of.of_type("AWS::ApiGateway::Stage").items():
        for setting in stage.get("MethodSettings", []):
            rate, burst = float(setting["ThrottlingRateLimit"]), float(setting["ThrottlingBurstLimit"])
            if not (0 < rate <= 10_000 and 0 < burst <= 5_000 and rate <= burst):
                yield f"{name}: {rate} a second, {burst} at once"


@law('WAF: "Rate-based rule high-level settings in AWS WAF"; "AWS WAF quotas"; "Custom response specifications"')
def the_firewalls_rules_are_within_their_bounds(of: Deployment) -> Iterator[str]:
    for name, firewall in of.of_type("AWS::WAFv2::WebACL").items():
        priorities = [rule["Priority"] for rule in firewall["Rules"]]
        if len(set(priorities)) < len(priorities):
            yield f"{name}: two rules of one priority"
        for key, answer in firewall.get("CustomResponseBodies", {}).items():
            if len(answer["Content"].encode()) > 4_096:
                yield f"{name}: the answer {key} is too long"
        for rule in firewall["Rules"]:
            if len({"Action", "OverrideAction"} & rule.keys()) != 1:
                yield f"{name}.{rule['Name']}: an action or an overriding one"
            if "ManagedRuleGroupStatement" in rule["Statement"] and "OverrideAction" not in rule:
                yield f"{name}.{rule['Name']}: a group's action is overridden"
            if rate := rule["Statement"].get("RateBasedStatement"):
                yield from _rate(of, f"{name}.{rule['Name']}", rate)
            custom: Any = rule.get("Action", {}).get("Block", {}).get("CustomResponse", {})
            if custom.get("CustomResponseBodyKey", "") not in {"", *firewall.get("CustomResponseBodies", {})}:
                yield f"{name}.{rule['Name']}: no answer {custom['CustomResponseBodyKey']}"
            if not 200 <= int(custom.get("ResponseCode", 403)) <= 599:
                yield f"{name}.{rule['Name']}: {custom['ResponseCode']}"


def _rate(of: Deployment, name: str, rate: Json) -> Iterator[str]:
    window, limit = int(rate.get("EvaluationWindowSec", 300)), int(rate["Limit"])
    if window not in (60, 120, 300, 600) or not 10 <= limit <= 2_000_000_000:
        yield f"{name}: {limit} in {window} s"
    for stage in of.of_type("AWS::ApiGateway::Stage").values():
        # Otherwise the rule stops nobody: the API refuses everybody before.
        if limit >= window * min(float(one["ThrottlingRateLimit"]) for one in stage["MethodSettings"]):
            yield f"{name}: {limit} in {window} s are as many as the API takes from all"
