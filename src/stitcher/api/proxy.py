"""Answers of the functions that API Gateway calls itself (Lambda proxy integration)."""

import json
from typing import Any

FAULT = {"type": "about:blank", "title": "The service failed; try again", "status": 500, "success": False}
"""A fault of ours, as the workflow's callers get it: without details."""


def proxy_answer(status: int, body: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The proxy integration's output: JSON, or problem details (RFC 9457) for any status but 200.

    Parameters
    ----------
    status
        HTTP status.
    body
        What becomes JSON. Half of a surrogate pair, which is no Unicode, becomes the JSON escape that it came as.
    request_id
        API Gateway's id of the request, returned as `X-Request-Id`.
    """
    kind = "application/json" if status == 200 else "application/problem+json"
    text = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return {"statusCode": status, "headers": {"Content-Type": kind, "X-Request-Id": request_id}, "body": text}
