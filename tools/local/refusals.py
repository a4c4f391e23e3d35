"""What AWS refuses and MiniStack takes, in AWS's words.

- a template with a `null` (cloudformation-coverage-roadmap #1378)
- a signed request to S3 with an `x-amz-*` header that the signature does not cover (S3 API Reference, "Authenticating
  Requests: Using Query Parameters")
- a form for S3 without a signature (S3 API Reference, "POST Object": anonymous requests need an open bucket)
- inputs and outputs of workflows and their states over 256 KiB (Step Functions guide, "Service quotas", "Handling
  errors")
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import s3, stepfunctions
from ministack.services.cloudformation import changesets, engine, handlers

PAYLOAD_BYTES = 262_144
SIGNED_HEADERS = re.compile(r"SignedHeaders=([^,\s]+)")
TERMINAL = "States.DataLimitExceeded"


def install() -> None:
    """Let MiniStack refuse these, too."""
    _templates_without_nulls()
    _s3_headers_are_signed()
    _payloads_are_small()


def nulls(value: Any, path: str = "") -> Iterator[str]:
    """Where in a template there is a null, as CloudFormation writes paths."""
    if value is None:
        yield path
    elif isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from nulls(item, f"{path}/{name}")


def _templates_without_nulls() -> None:
    parse = engine._parse_template

    def parse_without_nulls(body: str) -> Any:
        template = parse(body)
        for path in nulls(template):
            raise ValueError(f"[{path}] 'null' values are not allowed in templates")
        return template

    for module in (engine, changesets, handlers):
        module._parse_template = parse_without_nulls


def unsigned_headers(headers: dict[str, str], query: dict[str, Any]) -> list[str]:
    """The `x-amz-*` headers, in lower case, that a signed request carries and does not sign."""
    named = SIGNED_HEADERS.search(headers.get("authorization", ""))
    signed = named[1] if named else s3._qp(query, "X-Amz-SignedHeaders", "")
    if not signed:
        return []
    return sorted(
        {name.lower() for name in headers if name.lower().startswith("x-amz-")} - set(signed.lower().split(";"))
    )


def _s3_headers_are_signed() -> None:
    handle = s3.handle_request

    async def handle_signed(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], *rest: Any, **options: Any
    ) -> Any:
        if unsigned := unsigned_headers(headers, query):
            message, names = "There were headers present in the request which were not signed", ", ".join(unsigned)
            return s3._error("AccessDenied", message, 403, path, extra={"HeadersNotSigned": names})
        kind = headers.get("content-type", "")
        is_form = method == "POST" and kind.startswith("multipart/form-data")
        if is_form and not s3._post_form_access_key_id(s3._parse_multipart_form(kind, body)):
            return s3._error("AccessDenied", "Access Denied", 403, path)
        return await handle(method, path, headers, body, query, *rest, **options)

    s3.handle_request = handle_signed


def size_of(value: Any) -> int:
    """Bytes of the JSON text of a value."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _payloads_are_small() -> None:
    for name in ("_start_execution", "_start_sync_execution"):
        setattr(stepfunctions, name, _with_small_input(getattr(stepfunctions, name)))
    for kind in ("pass", "task", "choice", "wait", "parallel", "map"):
        setattr(stepfunctions, f"_execute_{kind}", _with_small_output(getattr(stepfunctions, f"_execute_{kind}")))
    invoke, matches = stepfunctions._invoke_resource, stepfunctions._error_matches

    def invoke_with_small_result(resource: str, given: Any) -> Any:
        result = invoke(resource, given)
        check(result, resource)
        return result

    def matches_unless_terminal(names: list[str], error: str) -> bool:
        return error in names if error == TERMINAL else bool(matches(names, error))

    stepfunctions._invoke_resource = invoke_with_small_result
    stepfunctions._error_matches = matches_unless_terminal


def _with_small_input(start: Any) -> Any:
    def start_small(request: dict[str, Any]) -> Any:
        if len(request.get("input", "").encode("utf-8", "surrogatepass")) > PAYLOAD_BYTES:
            message = (
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                f"Member must have length less than or equal to {PAYLOAD_BYTES}"
            )
            return error_response_json("ValidationException", message, 400)
        return start(request)

    return start_small


def _with_small_output(execute: Any) -> Any:
    def execute_small(*arguments: Any) -> Any:
        output, following = execute(*arguments)
        check(output, arguments[-1]["State"]["Name"])
        return output, following

    return execute_small


def check(value: Any, of: str) -> None:
    if size_of(value) > PAYLOAD_BYTES:
        cause = (
            f"The state/task '{of}' returned a result with a size exceeding the maximum number of bytes service limit."
        )
        raise stepfunctions._ExecutionError(TERMINAL, cause)
