"""The API's front door in the embedded AWS: what MiniStack's API Gateway lacks for a REST API over Step Functions.

MiniStack routes, checks signatures and IAM, throttles and validates. Added here, each driven by the deployed OpenAPI
definition alone:

- import of request models, validators, gateway responses and integrations (MiniStack imports paths and security only)
- integrations of type `aws` with `states:action/StartSyncExecution`, under the role the integration names
- mapping templates in API Gateway's VTL, by airspeed; one that overrides the same thing twice is a 500 (API Gateway
  guide, "Override your API's request and response parameters and status codes")
- an integration response whose status the method does not declare is a 500 (API Gateway guide, "Set up a method
  response")
- functions are called where their policies let this method do so
- a caller who lacks a right gets the API's own gateway response ACCESS_DENIED, which pages of its origin can read
- a function that dies is the gateway's own 5xx (AWS: 502, here 500), without its error
- bodies over 10 MB are refused ("Amazon API Gateway quotas")

What is wrong with the configuration is in the log, in API Gateway's words; the caller gets "Internal server error".
"""

import asyncio
import base64
import json
import logging
import os
import re
from typing import Any

import airspeed
import boto3
from airspeed.operators import TemplateExecutionError
from authorization import assumed, function_open_to
from botocore.config import Config
from botocore.exceptions import ClientError
from jsonpath_ng.ext import parse as json_path
from ministack import app
from ministack.core.iam_evaluator import AuthError
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import apigateway_v1

STATES_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:states:action/StartSyncExecution")
FUNCTION_URI = re.compile(r".*/functions/(?P<arn>arn:[^/]+)/invocations")
BODY_BYTES = 10 * 1024 * 1024
log = logging.getLogger("front door")


class ConfigurationError(Exception):
    """API Gateway cannot do what the API's definition says; the text is that of the execution log."""


def install(endpoint: str) -> None:
    """Put the additions into MiniStack's API Gateway; `endpoint` is where it answers AWS calls."""
    import_rest_api = apigateway_v1._import_rest_api
    invoke_lambda = apigateway_v1._invoke_lambda_custom_v1
    invoke_proxy = apigateway_v1._invoke_lambda_proxy_v1
    validate_body = apigateway_v1._check_request_validation

    def import_all(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id: str = import_rest_api(spec, base_data)
        _import_rest(api_id, spec)
        return api_id

    async def invoke(
        integration: dict[str, Any], api_id: str, stage_name: str, stage: Any, resource: dict[str, Any], path: str,
        method: str, headers: dict[str, str], body: bytes, query: dict[str, Any], path_params: dict[str, str],
        **rest: Any,
    ) -> Any:  # fmt: skip
        if len(body) > BODY_BYTES:
            return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        if not STATES_URI.fullmatch(integration.get("uri", "")):
            place = (integration, api_id, stage_name, stage, resource, path, method)
            return await invoke_lambda(*place, headers, body, query, path_params, **rest)
        request = {"header": headers, "querystring": query, "path": path_params}
        context = _Context(requestId=_header(headers, "x-amzn-requestid") or new_uuid())
        context |= {"extendedRequestId": extended_id(), "stage": stage_name}
        context["responseOverride"] = _Overrides(header=_Overrides())
        call = _Call(integration, request, context, resource["resourceMethods"][method].get("methodResponses") or {})
        try:
            return await asyncio.to_thread(call.run, body, endpoint, get_region())
        except ConfigurationError as error:
            # API Gateway's own words, in the log alone; a traceback of this file would say nothing more.
            log.error("Execution failed due to configuration error: %s", error)  # noqa: TRY400
            return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")

    async def invoke_permitted(
        integration: dict[str, Any], api_id: str, stage_name: str, stage: Any, resource: dict[str, Any], path: str,
        method: str, headers: dict[str, str], body: bytes, *arguments: Any, **options: Any,
    ) -> Any:  # fmt: skip
        if len(body) > BODY_BYTES:
            return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        named = FUNCTION_URI.fullmatch(integration.get("uri", ""))
        source = _method_arn(api_id, stage_name, method, resource)
        if named and not function_open_to(named["arn"], "apigateway.amazonaws.com", source):
            log.error("Execution failed due to configuration error: Invalid permissions on Lambda function")
            return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        answer = await invoke_proxy(
            integration, api_id, stage_name, stage, resource, path, method, headers, body, *arguments, **options
        )
        died = isinstance(answer, tuple) and answer[0] == 502
        return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error") if died else answer

    def validate(method: dict[str, Any], api_id: str, request: Any, headers: dict[str, str], *rest: Any) -> Any:
        # A body of a media type without a model is not validated (API Gateway guide, "Request validation").
        models = method.get("requestModels") or {}
        return validate_body(method, api_id, request, headers, *rest) if _media_type(headers) in models else None

    _rights_are_refused_by_the_api()
    build_event = apigateway_v1._build_lambda_event_v1

    def event_with_domain(api_id: str, *request: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build_event(api_id, *request, **options)
        domain = f"{api_id}.execute-api.{get_region()}.amazonaws.com"
        event["requestContext"] |= {"domainName": domain, "extendedRequestId": extended_id()}
        return event

    gateway_value = apigateway_v1._gateway_request_value

    def value_with_extended_id(source: str, request: dict[str, Any]) -> Any:
        return extended_id() if source == "context.extendedRequestId" else gateway_value(source, request)

    apigateway_v1._gateway_request_value = value_with_extended_id
    apigateway_v1._build_lambda_event_v1 = event_with_domain
    apigateway_v1._import_rest_api = import_all
    apigateway_v1._check_request_validation = validate
    apigateway_v1._invoke_lambda_custom_v1 = invoke
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_permitted


def _rights_are_refused_by_the_api() -> None:
    """MiniStack answers who lacks a right in IAM's form, past the API's gateway responses."""
    enforce = app._enforce_execute_api
    apigateway_v1._AUTHENTICATION_GATEWAY_ERRORS["AccessDenied"] = ("ACCESS_DENIED", "AccessDeniedException")

    def enforced(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, str], query: dict[str, Any], **options: Any
    ) -> Any:
        denied = enforce(api_id, stage, method, path, headers, query, **options)
        if denied is None or "x-amzn-ErrorType" in denied[1]:  # a gateway response already
            return denied
        error = AuthError("AccessDenied", "User is not authorized to access this resource")
        return apigateway_v1.authentication_error_response(api_id, stage, error, headers, query) or denied

    app._enforce_execute_api = enforced


def extended_id() -> str:
    """An `extendedRequestId` as API Gateway makes them: eleven bytes in base64, which end in "="."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


def _import_rest(api_id: str, spec: dict[str, Any]) -> None:
    """What MiniStack's import of an OpenAPI 3 definition leaves out."""
    for kind, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
        apigateway_v1._put_gateway_response(api_id, kind, response)
    for name, schema in spec.get("components", {}).get("schemas", {}).items():
        apigateway_v1._create_model(api_id, {"name": name, "schema": json.dumps(schema)})
    validators = {}
    for name, validator in spec.get("x-amazon-apigateway-request-validators", {}).items():
        _, _, created = apigateway_v1._create_request_validator(api_id, {"name": name, **validator})
        validators[name] = json.loads(created)["id"]
    default_validator = spec.get("x-amazon-apigateway-request-validator")
    by_path = {resource["path"]: resource for resource in apigateway_v1._resources[api_id].values()}
    for path, item in spec.get("paths", {}).items():
        for verb, operation in item.items():
            method = by_path[path]["resourceMethods"].get(verb.upper())
            if method is None:
                continue
            validator = operation.get("x-amazon-apigateway-request-validator", default_validator)
            method["requestValidatorId"] = validators.get(validator)
            content = operation.get("requestBody", {}).get("content", {})
            method["requestModels"] = {
                media: body["schema"]["$ref"].rpartition("/")[2]
                for media, body in content.items()
                if "$ref" in body["schema"]
            }
            method["methodResponses"] = {status: {"statusCode": status} for status in operation.get("responses", {})}
            integration = operation.get("x-amazon-apigateway-integration", {})
            for key in ("credentials", "requestTemplates", "passthroughBehavior", "timeoutInMillis", "responses"):
                if key in integration and method["methodIntegration"]:
                    method["methodIntegration"][key] = integration[key]
            if integration.get("type") == "mock":  # answers to what browsers ask with OPTIONS
                method["methodIntegration"]["integrationResponses"] = {
                    response["statusCode"]: response for response in integration["responses"].values()
                }


def _method_arn(api_id: str, stage: str, method: str, resource: dict[str, Any]) -> str:
    """The source that a function's policy names; a parameter of the path is `*`."""
    path = re.sub(r"\{[^}]*\}", "*", resource["path"])
    return f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{api_id}/{stage}/{method}{path}"


class _Call:
    """One request through an integration with StartSyncExecution."""

    def __init__(
        self, integration: dict[str, Any], request: dict[str, Any], context: "_Context", declared: dict[str, Any]
    ) -> None:
        self.integration, self.request, self.context, self.declared = integration, request, context, declared

    def run(self, body: bytes, endpoint: str, region: str) -> tuple[int, dict[str, str], bytes]:
        """Request template → StartSyncExecution → the integration response for its status → response template.

        Raises ConfigurationError if the definition does not say what becomes of the answer.
        """
        template = self.integration.get("requestTemplates", {}).get(_media_type(self.request["header"]))
        text = body.decode("utf-8", "replace")
        rendered = text if template is None else self._render(template, text)
        status, answer = self._start(rendered, endpoint, region)
        responses = self.integration.get("responses", {})
        chosen = next((r for p, r in responses.items() if p != "default" and re.fullmatch(p, str(status))), None)
        chosen = chosen or responses.get("default")
        if chosen is None:
            raise ConfigurationError(
                "No match for output mapping and no default output mapping configured. "
                f"Endpoint Response Status Code: {status}"
            )
        if str(chosen["statusCode"]) not in self.declared:
            raise ConfigurationError(
                f"Output mapping refers to an invalid method response: {chosen['statusCode']}"
            )  # fmt: skip
        template = chosen.get("responseTemplates", {}).get("application/json")
        out = answer if template is None else self._render(template, answer)
        overrides = self.context.responseOverride
        headers = {
            "Content-Type": "application/json",
            "x-amzn-requestid": self.context.requestId,
            **overrides["header"],
        }
        return int(overrides.get("status") or chosen["statusCode"]), headers, out.strip().encode()

    def _start(self, rendered: str, endpoint: str, region: str) -> tuple[int, str]:
        """The service's HTTP status and JSON answer, as API Gateway sees them."""
        try:
            arguments = json.loads(rendered)
        except ValueError as error:
            return 400, json.dumps({"__type": "com.amazon.coral.service#SerializationException", "message": str(error)})
        credentials: dict[str, Any] = assumed(self.integration.get("credentials", ""), "apigateway.amazonaws.com")
        session: Any = boto3.Session(**credentials)
        client = session.client(
            "stepfunctions",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(inject_host_prefix=False, read_timeout=60, retries={"total_max_attempts": 1}),
        )
        try:
            answer = client.start_sync_execution(**arguments)
        except ClientError as error:
            kind, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            return error.response["ResponseMetadata"]["HTTPStatusCode"], json.dumps(
                {"__type": kind, "message": message}
            )
        answer.pop("ResponseMetadata")
        return 200, json.dumps(answer, default=str)

    def _render(self, template: str, body: str) -> str:
        names = {"input": _Input(body, self.request), "util": _Util(), "context": self.context}
        try:
            rendered: str = airspeed.Template(template).merge(names)
        except TemplateExecutionError as error:
            raise ConfigurationError(f"Unable to transform: {error}") from error
        return rendered


def _header(headers: dict[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _media_type(headers: dict[str, str]) -> str:
    """The request's media type; API Gateway takes a request that names none as JSON."""
    return (_header(headers, "content-type") or "application/json").partition(";")[0].strip().lower()


class _Context(dict[str, Any]):
    """`$context`: missing names are empty, and templates may set some."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name, "")

    __setattr__ = dict.__setitem__


class _Overrides(_Context):
    """`$context.responseOverride`: each of its names may be set once."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            raise ConfigurationError(f"{name} is overridden more than once")
        super().__setitem__(name, value)


class _Text(str):
    """java.lang.String, as far as templates use it."""

    __slots__ = ()

    def contains(self, part: str) -> bool:
        return part in self

    def replaceAll(self, pattern: str, replacement: str) -> "_Text":  # noqa: N802 - Java's name
        return _Text(re.sub(pattern, lambda _: replacement, self))


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        return _Context({key: _wrap(item) for key, item in value.items()})
    if isinstance(value, list):
        return [_wrap(item) for item in value]
    return _Text(value) if isinstance(value, str) else value


class _Input:
    """`$input` over one body."""

    def __init__(self, body: str, request: dict[str, Any]) -> None:
        self.body, self._request = body, request

    def _find(self, path: str) -> Any:
        try:
            document = json.loads(self.body or "{}")
        except ValueError:
            return ""
        found = json_path(path).find(document)
        return found[0].value if found else ""

    def path(self, path: str) -> Any:
        return _wrap(self._find(path))

    def json(self, path: str) -> _Text:
        return _Text(json.dumps(self._find(path), ensure_ascii=False, separators=(",", ":")))

    def params(self, name: str) -> _Text:
        for place in ("path", "querystring", "header"):
            value = _header(self._request[place] or {}, name.lower())
            if value:
                return _Text(value if isinstance(value, str) else value[-1])
        return _Text("")


class _Util:
    """`$util`, after the API Gateway guide's reference and commons-lang's StringEscapeUtils."""

    _NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}  # noqa: RUF012 - never changed

    def escapeJavaScript(self, text: str) -> _Text:  # noqa: N802 - API Gateway's name
        out = []
        for char in str(text):
            if char in "\\\"'/":
                out.append("\\" + char)
            elif char in self._NAMED:
                out.append(self._NAMED[char])
            elif not " " <= char <= "~":
                units = char.encode("utf-16-be", "surrogatepass")
                out += [f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2)]
            else:
                out.append(char)
        return _Text("".join(out))

    def parseJson(self, text: str) -> Any:  # noqa: N802 - API Gateway's name
        return _wrap(json.loads(text))

    def base64Encode(self, text: str) -> _Text:  # noqa: N802 - API Gateway's name
        return _Text(base64.b64encode(text.encode()).decode())
