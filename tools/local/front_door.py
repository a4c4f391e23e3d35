"""The API's front door in the embedded AWS: what MiniStack's API Gateway lacks for a REST API over Step Functions.

MiniStack routes, checks signatures and IAM, throttles and validates. Added here, each driven by the deployed OpenAPI
definition alone:

- import of request models, validators, gateway responses and integrations (MiniStack imports paths and security only)
- integrations of type `aws` with `states:action/StartSyncExecution`, under the role the integration names
- mapping templates in API Gateway's VTL, by airspeed
- a function that dies is the gateway's own 5xx (AWS: 502, here 500), without what it died of
"""

import asyncio
import base64
import json
import os
import re
import urllib.parse
from typing import Any

import airspeed
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from jsonpath_ng.ext import parse as json_path
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import apigateway_v1, iam, sts

STATES_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:states:action/StartSyncExecution")


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
        if not STATES_URI.fullmatch(integration.get("uri", "")):
            return await invoke_lambda(
                integration,
                api_id,
                stage_name,
                stage,
                resource,
                path,
                method,
                headers,
                body,
                query,
                path_params,
                **rest,
            )
        request = {"header": headers, "querystring": query, "path": path_params}
        context = _Context(requestId=_header(headers, "x-amzn-requestid") or new_uuid())
        context |= {"extendedRequestId": extended_id(), "stage": stage_name, "responseOverride": _Context()}
        call = _Call(integration, request, context)
        call.context.responseOverride["header"] = _Context()
        account, region = get_account_id(), get_region()
        return await asyncio.to_thread(call.run, body, endpoint, account, region)

    async def invoke_living(*arguments: Any, **options: Any) -> Any:
        answer = await invoke_proxy(*arguments, **options)
        died = isinstance(answer, tuple) and answer[0] == 502
        return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error") if died else answer

    def validate(method: dict[str, Any], api_id: str, request: Any, headers: dict[str, str], *rest: Any) -> Any:
        # A body of a media type without a model is not validated (API Gateway guide, "Request validation").
        models = method.get("requestModels") or {}
        return validate_body(method, api_id, request, headers, *rest) if _media_type(headers) in models else None

    gateway_value = apigateway_v1._gateway_request_value

    def value_with_extended_id(source: str, request: dict[str, Any]) -> Any:
        return extended_id() if source == "context.extendedRequestId" else gateway_value(source, request)

    apigateway_v1._gateway_request_value = value_with_extended_id
    apigateway_v1._import_rest_api = import_all
    apigateway_v1._check_request_validation = validate
    apigateway_v1._invoke_lambda_custom_v1 = invoke
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_living


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
            integration = operation.get("x-amazon-apigateway-integration", {})
            for key in ("credentials", "requestTemplates", "passthroughBehavior", "timeoutInMillis", "responses"):
                if key in integration and method["methodIntegration"]:
                    method["methodIntegration"][key] = integration[key]


class _Call:
    """One request through an integration with StartSyncExecution."""

    def __init__(self, integration: dict[str, Any], request: dict[str, Any], context: "_Context") -> None:
        self.integration, self.request, self.context = integration, request, context

    def run(self, body: bytes, endpoint: str, account: str, region: str) -> tuple[int, dict[str, str], bytes]:
        """Request template → StartSyncExecution → the integration response for its status → response template."""
        template = self.integration.get("requestTemplates", {}).get(_media_type(self.request["header"]))
        text = body.decode("utf-8", "replace")
        rendered = text if template is None else self._render(template, text)
        status, answer = self._start(rendered, endpoint, account, region)
        responses = self.integration.get("responses", {})
        chosen = next((r for p, r in responses.items() if p != "default" and re.fullmatch(p, str(status))), None)
        chosen = chosen or responses.get("default")
        if chosen is None:
            return 500, {"Content-Type": "application/json"}, b'{"message": "Internal server error"}'
        template = chosen.get("responseTemplates", {}).get("application/json")
        out = answer if template is None else self._render(template, answer)
        overrides = self.context.responseOverride
        headers = {
            "Content-Type": "application/json",
            "x-amzn-requestid": self.context.requestId,
            **overrides["header"],
        }
        return int(overrides.get("status") or chosen["statusCode"]), headers, out.strip().encode()

    def _start(self, rendered: str, endpoint: str, account: str, region: str) -> tuple[int, str]:
        """The service's HTTP status and JSON answer, as API Gateway sees them."""
        try:
            arguments = json.loads(rendered)
        except ValueError as error:
            return 400, json.dumps({"__type": "com.amazon.coral.service#SerializationException", "message": str(error)})
        if len(arguments.get("input", "").encode()) > 262_144:
            return 400, json.dumps(
                {"__type": "com.amazon.coral.validate#ValidationException", "message": "input too long"}
            )
        role = self.integration.get("credentials", "")
        credentials: dict[str, Any] = assumed(role, account, "apigateway.amazonaws.com")
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
        rendered: str = airspeed.Template(template).merge(names)
        return rendered


def assumed(role_arn: str, account: str, service: str) -> dict[str, str]:
    """Credentials of the role, if its trust policy lets the AWS service have it; otherwise some that do not work."""
    name = role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name) or {}
    trust = role.get("AssumeRolePolicyDocument", "{}")
    trust = json.loads(urllib.parse.unquote(trust)) if isinstance(trust, str) else trust
    trusted = any(
        statement.get("Effect") == "Allow"
        and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        for statement in trust.get("Statement", [])
    )
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    if trusted:
        sts.register_session(key, {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{service}", "UserId": f"{name}:{service}",
            "SecretAccessKey": secret, "SessionToken": token,
        })  # fmt: skip
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}


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
