"""The event about a result, for programs that wait for answers: nothing of the service has to change for them.

    {"source": "stitcher.prod", "detail-type": "picture identified",
     "detail": {"id": "animal-01jdm4…", "prompt": "animal", "prompt_version": 3, "outcome": "answered",
                "answer": {"animal": "cattle", …}, "confidence": "high", "match": "match", "reason": null,
                "model": "…", "image": {"bucket": …, "key": …, "version_id": …}, "result": {"key": …}}}

An event comes at least once (docs/identify.md, "Events").
"""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from identifier.errors import EventFault
from identifier.result import Result

DETAIL_TYPE = "picture identified"


def announce(events: Any, source: str, result: Result) -> None:
    """Send the event to the account's default bus. Raises `EventFault`."""
    detail = {
        "id": result.id,
        "prompt": result.prompt.id,
        "prompt_version": result.prompt.version,
        "outcome": result.outcome,
        "answer": result.answer,
        "confidence": result.confidence,
        "match": result.match,
        "reason": result.reason,
        "model": result.model,
        "image": result.image.model_dump(include={"bucket", "key", "version_id"}),
        "result": {"key": result.key},
    }
    entry = {"Source": source, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail, ensure_ascii=False)}
    try:
        sent = events.put_events(Entries=[entry])
    except ClientError as error:
        # The error's own text may repeat the event.
        raise EventFault(f"EventBridge: {error.response['Error']['Code']}") from None
    except BotoCoreError as error:
        raise EventFault(f"EventBridge: {type(error).__name__}") from None
    if sent["FailedEntryCount"]:
        raise EventFault(f"EventBridge: {sent['Entries'][0].get('ErrorCode')}")
