"""FetchClips: one clip of the input bucket, made ready for joining because a message waits for it."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from stitcher.clip import Clip
from stitcher.clips.ready import make_ready
from stitcher.errors import UnusableClip
from stitcher.storage import BucketRepo, NotStored

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()


class Event(BaseModel):
    """The step's input: one clip of the plan."""

    key: str
    etag: str
    size: int
    phrase: str


@cache
def repos() -> tuple[BucketRepo, BucketRepo]:
    """The input and the output bucket, made once for the life of the environment."""
    return BucketRepo(os.environ["BUCKET_INPUT"]), BucketRepo(os.environ["BUCKET_OUTPUT"])


@logger.inject_lambda_context(correlation_id_path="request_id")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A clip → `{"outcome": "ready"}`, `{"outcome": "unusable", "key", "reason"}`, or `{"outcome": "changed"}`.

    Changed means replaced or deleted since the message was planned: the plan has to be made anew.
    """
    clip = Clip(**Event.model_validate(event).model_dump())
    outcome: dict[str, Any]
    try:
        report = make_ready(clip, *repos())
        outcome = {"outcome": "ready"}
        logger.info("prepared", etag=clip.etag, warnings=report.warnings)
    except NotStored:
        outcome = {"outcome": "changed"}
    except UnusableClip as refusal:
        key, reason = refusal.unusable[0]
        outcome = {"outcome": "unusable", "key": key, "reason": reason}
        logger.warning("refused", etag=clip.etag, reason=reason)
    metrics.add_metric(f"Clip{outcome['outcome'].title()}", MetricUnit.Count, 1)
    return outcome
