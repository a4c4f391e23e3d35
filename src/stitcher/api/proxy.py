"""Answers of the functions that API Gateway calls itself (Lambda proxy integration)."""

import json
import re
from typing import Any

FAULT = {"type": "about:blank", "title": "The service failed; try again", "status": 500, "success": False}
"""A fault of ours, as the workflow's callers get it: without details."""


def request_id_of(event: dict[str, Any]) -> str:
    """The request's id: API Gateway's own, which a caller cannot choose, as the workflow's executions are named by it.

    Callers may set `requestId`, not `extendedRequestId` (API Gateway guide, "Access logging for REST APIs"). SAM's
    local API has only the first. Characters other than letters, digits, `-` and `_` are left out: names of executions
    that are logged must not have them (Step Functions API reference, "StartSyncExecution").
    """
    context = event["requestContext"]
    return re.sub("[^0-9A-Za-z_-]", "", context.get("extendedRequestId") or context["requestId"])


def proxy_answer(status: int, body: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The proxy integration's output: JSON, or problem details (RFC 9457) for any status but 200.

    Parameters
    ----------
    status
        HTTP status.
    body
        What becomes JSON. Half of a surrogate pair, which is no Unicode, becomes the JSON escape that it came as.
    request_id
        Of `request_id_of`, returned as `X-Request-Id`.
    """
    kind = "application/json" if status == 200 else "application/problem+json"
    text = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return {"statusCode": status, "headers": {"Content-Type": kind, "X-Request-Id": request_id}, "body": text}
