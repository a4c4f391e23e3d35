"""Parameters of Systems Manager in the embedded AWS: each change is an event on EventBridge's default bus.

Systems Manager guide, "Amazon EventBridge event examples for Systems Manager", `Parameter Store Change`.
"""

import json
import threading
import uuid
from contextvars import copy_context
from typing import Any

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import eventbridge, ssm


def install() -> None:
    """Let PutParameter tell EventBridge."""
    put = ssm._put_parameter

    def put_and_tell(data: dict[str, Any]) -> Any:
        answer = put(data)
        if answer[0] == 200:
            is_new = json.loads(answer[2])["Version"] == 1
            told = (eventbridge._dispatch_event, _event(data, "Create" if is_new else "Update"))
            # In the context of this call's account and region.
            threading.Thread(target=copy_context().run, args=told, daemon=True).start()
        return answer

    ssm._put_parameter = put_and_tell


def _event(data: dict[str, Any], operation: str) -> dict[str, Any]:
    detail = {"operation": operation, "name": data["Name"], "type": data.get("Type", "String")}
    return {
        "EventId": str(uuid.uuid4()),
        "Source": "aws.ssm",
        "DetailType": "Parameter Store Change",
        "Detail": json.dumps(detail),
        "EventBusName": "default",
        "Time": now_iso(),
        "Resources": [],
        "Account": get_account_id(),
        "Region": get_region(),
    }
