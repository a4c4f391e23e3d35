"""Publish: the staged file into the cache, and the answer with its presigned URL."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AwareDatetime, BaseModel, PositiveInt

from stitcher.api.requests import DURATION, PATH, WHY, Answer, elapsed_ms
from stitcher.formats.profiles import PROFILES
from stitcher.planning.plan import Plan
from stitcher.storage import AlreadyStored, BucketRepo, Stored

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()


class Staged(BaseModel):
    """What Stitch made."""

    key: str
    etag: str
    size: PositiveInt
    duration_ms: PositiveInt
    path: str
    why: str


class Event(BaseModel):
    """The step's input: the plan, where its file shall lie, the file that Stitch staged, and when the caller asked."""

    plan: dict[str, Any]
    output_key: str
    staged: Staged
    started: AwareDatetime


@cache
def output() -> BucketRepo:
    """The output bucket, made once for the life of the environment."""
    return BucketRepo(os.environ["BUCKET_OUTPUT"])


@logger.inject_lambda_context(correlation_id_path="request_id")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"plan", "output_key", "staged"}` → the API's answer."""
    step = Event.model_validate(event)
    plan = Plan.from_json(step.plan)
    stored = publish(step, plan)
    metrics.add_metric("MessageMade", MetricUnit.Count, 1)
    metrics.add_metric("MadeTime", MetricUnit.Milliseconds, elapsed_ms(step.started))
    logger.info("published", output_file=stored.key)
    return Answer.of(plan, stored, output(), cached=False, url_seconds=int(os.environ["URL_SECONDS"])).model_dump()


def publish(step: Event, plan: Plan) -> Stored:
    """Copy the staged file to its place; where another execution was first, its file is the message."""
    staged = step.staged
    try:
        return output().promote(
            Stored(staged.key, staged.etag, staged.size),
            step.output_key,
            content_type=PROFILES[plan.profile].content_type,
            metadata={DURATION: str(staged.duration_ms), PATH: staged.path} | ({WHY: staged.why} if staged.why else {}),
        )
    except AlreadyStored:
        first = output().stat(step.output_key)
        if first is None:
            raise
        return first
