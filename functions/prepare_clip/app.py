"""PrepareClip: a recording that was put into the input bucket, made ready at once, before a message needs it."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.session import get_session
from pydantic import BaseModel

from handlers import private
from handlers.clip_outcome import prepare
from handlers.settings import read
from handlers.telemetry import metrics, observed
from stitcher.clip import Clip
from stitcher.errors import UnusableClip
from stitcher.planning.catalogue import clip_of
from stitcher.storage import PATIENCE, Stored


@dataclass(frozen=True, slots=True)
class Settings:
    """The queue of refused recordings, for people who record."""

    refused_queue_url: str


settings = read(Settings)
private.hide()


class Object(BaseModel):
    """What was put; EventBridge gives the key as it is, not URL-encoded."""

    key: str
    etag: str
    size: int


class Detail(BaseModel):
    """The part of the event that is S3's."""

    object: Object


class Event(BaseModel):
    """EventBridge's `Object Created` (Amazon S3 user guide, "EventBridge event message structure")."""

    detail: Detail


@cache
def queue() -> Any:
    """The client of the queue of refused clips."""
    return get_session().create_client("sqs", config=Config(**PATIENCE))


@observed(correlation_paths.EVENT_BRIDGE)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An S3 event → `{"outcome": "ready" | "unusable" | "changed" | "no clip"}`; faults are retried by Lambda.

    Changed needs nothing: another event has come, or will, for the recording that is there now.
    """
    put = Event.model_validate(event).detail.object
    clip = clip_of(Stored(put.key, put.etag, put.size))
    if clip is None:
        metrics.add_metric("ClipNoClip", MetricUnit.Count, 1)
        return {"outcome": "no clip"}
    found = prepare(clip)
    if found.refusal:
        report(clip, found.refusal)
    return {"outcome": found.name}


def report(clip: Clip, refusal: UnusableClip) -> None:
    """Put a refused recording aside for people, with the reason. Trying again would not help."""
    key, reason = refusal.unusable[0]
    body = json.dumps({"key": key, "etag": clip.etag, "reason": reason}, ensure_ascii=False)
    queue().send_message(QueueUrl=settings.refused_queue_url, MessageBody=body)
