"""FetchClips: one clip of the input bucket, made ready for joining."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from stitcher import limits
from stitcher.catalogue import Clip
from stitcher.errors import UnusableClip
from stitcher.prepare import prepare
from stitcher.prepared import prepared_key
from stitcher.repo import BucketRepo, NotStored

logger, tracer, metrics = Logger(), Tracer(), Metrics()


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


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A clip → `{"outcome": "ready"}`, `{"outcome": "unusable", "key", "reason"}`, or `{"outcome": "changed"}`.

    Changed means replaced or deleted since the message was planned: the plan has to be made anew.
    """
    clip = Clip(**Event.model_validate(event).model_dump())
    outcome = fetch(clip)
    metrics.add_metric(f"Clip{outcome['outcome'].title()}", MetricUnit.Count, 1)
    logger.info("fetched a clip", etag=clip.etag, size=clip.size, outcome=outcome["outcome"])
    return outcome


def fetch(clip: Clip) -> dict[str, Any]:
    """Read, prepare and store one clip."""
    clips, output = repos()
    if clip.size > limits.CLIP_BYTES:  # said without fetching it
        reason = f"it has {clip.size} bytes; the limit is {limits.CLIP_BYTES // 1024**2} MB"
        return {"outcome": "unusable", "key": clip.key, "reason": reason}
    try:
        data = clips.read(clip.key, clip.etag)
        prepared = prepare(clip.key, data)
    except NotStored:
        return {"outcome": "changed"}
    except UnusableClip as refusal:
        key, reason = refusal.unusable[0]
        return {"outcome": "unusable", "key": key, "reason": reason}
    output.save(prepared_key(clip), prepared.to_bytes())
    return {"outcome": "ready"}
