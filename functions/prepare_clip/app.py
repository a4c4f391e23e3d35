"""PrepareClip: a recording that was put into the input bucket, made ready at once, before a message needs it."""

import json
import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import BaseModel

from stitcher.clips.ready import make_ready
from stitcher.errors import UnusableClip
from stitcher.planning.catalogue import clip_of
from stitcher.storage import PATIENCE, BucketRepo, NotStored, Stored

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()


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
def repos() -> tuple[BucketRepo, BucketRepo]:
    """The input and the output bucket, made once for the life of the environment."""
    return BucketRepo(os.environ["BUCKET_INPUT"]), BucketRepo(os.environ["BUCKET_OUTPUT"])


@cache
def queue() -> Any:
    """The client of the queue of refused clips."""
    return boto3.client("sqs", config=Config(**PATIENCE))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An S3 event → `{"outcome": "ready" | "unusable" | "changed" | "no clip"}`; faults are retried by Lambda."""
    put = Event.model_validate(event).detail.object
    outcome = _prepare(put)
    metrics.add_metric(f"Clip{outcome.title().replace(' ', '')}", MetricUnit.Count, 1)
    return {"outcome": outcome}


def _prepare(put: Object) -> str:
    clip = clip_of(Stored(put.key, put.etag, put.size))
    if clip is None:
        return "no clip"
    try:
        report = make_ready(clip, *repos())
    except NotStored:  # another event has come, or will, for what is there now
        return "changed"
    except UnusableClip as refusal:
        # Trying again would not help: it is put aside for people, with the reason.
        key, reason = refusal.unusable[0]
        logger.warning("refused", etag=clip.etag, reason=reason)
        body = json.dumps({"key": key, "etag": clip.etag, "reason": reason}, ensure_ascii=False)
        queue().send_message(QueueUrl=os.environ["REFUSED_QUEUE_URL"], MessageBody=body)
        return "unusable"
    logger.info("prepared", etag=clip.etag, warnings=report.warnings)
    return "ready"
