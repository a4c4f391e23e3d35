"""Stitch: prepared clips joined to one audio file, staged under `work/`."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from stitcher.plan import Plan
from stitcher.prepared import PreparedClip, prepared_key
from stitcher.profiles import PROFILES
from stitcher.render import render
from stitcher.repo import BucketRepo

logger, tracer, metrics = Logger(), Tracer(), Metrics()
PARALLEL_READS = 10  # botocore's connection pool


class Event(BaseModel):
    """The step's input: the plan that CacheLookup made."""

    plan: dict[str, Any]


@cache
def output() -> BucketRepo:
    """The output bucket, made once for the life of the environment."""
    return BucketRepo(os.environ["BUCKET_OUTPUT"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"plan"}` → `{"key", "etag", "duration_ms"}` of the staged file."""
    plan = Plan.from_json(Event.model_validate(event).plan)
    keys = list(dict.fromkeys(map(prepared_key, plan.clips)))
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        ready = dict(zip(keys, map(PreparedClip.from_bytes, pool.map(output().read, keys)), strict=True))
    audio, duration_ms = render([ready[prepared_key(clip)] for clip in plan.clips], plan.pauses, plan.profile)
    profile = PROFILES[plan.profile]
    # A name of its own for every try: two executions of the same message do not meet before Publish.
    staged = output().save(f"work/{context.aws_request_id}{profile.suffix}", audio, content_type=profile.content_type)
    metrics.add_metric("AudioSeconds", MetricUnit.Seconds, duration_ms / 1000)
    logger.info("stitched", clips=len(plan.clips), duration_ms=duration_ms, size=staged.size)
    return {"key": staged.key, "etag": staged.etag, "duration_ms": duration_ms}
