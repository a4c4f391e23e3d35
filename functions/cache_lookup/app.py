"""CacheLookup: check the request, plan the message on the voice's clips, and look for it in the cache."""

import os
from datetime import datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AwareDatetime, BaseModel

from stitcher.api.requests import Answer, StitchRequest, elapsed_ms
from stitcher.errors import StitchError
from stitcher.formats.profiles import PROFILES
from stitcher.storage import BucketRepo

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()


class Event(BaseModel):
    """The step's input: the caller's body as it came, and when that was.

    The body is checked here, so that a refusal is data and not a fault.
    """

    request: Any
    started: AwareDatetime


@cache
def repos() -> tuple[BucketRepo, BucketRepo]:
    """The input and the output bucket, made once for the life of the environment."""
    return BucketRepo(os.environ["BUCKET_INPUT"]), BucketRepo(os.environ["BUCKET_OUTPUT"])


@logger.inject_lambda_context(correlation_id_path="request_id")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"request": …}` → `{"outcome": "hit", "answer"}`, `{"outcome": "miss", …}` or `{"outcome": "rejected", …}`."""
    step = Event.model_validate(event)
    try:
        found = lookup(StitchRequest.of(step.request))
    except StitchError as refusal:
        found = {"outcome": "rejected", "problem": refusal.problem()}
    count(found, step.started)
    return found


def count(found: dict[str, Any], started: datetime) -> None:
    """To the metrics and the log. Words are part of what people are told: only where the environment says so."""
    if found["outcome"] == "rejected":
        problem = found["problem"]
        metrics.add_dimension("reason", problem["code"])
        metrics.add_metric("MessageRejected", MetricUnit.Count, 1)
        missing = problem.get("missing", [])
        words = {"words": missing} if os.environ["LOG_WORDS"] == "true" else {}
        logger.info("looked up", outcome="rejected", problem=problem["code"], missing=len(missing), **words)
        return
    if found["outcome"] == "hit":
        metrics.add_metric("MessageHit", MetricUnit.Count, 1)
        metrics.add_metric("HitTime", MetricUnit.Milliseconds, elapsed_ms(started))
    logger.info("looked up", outcome=found["outcome"])


def lookup(request: StitchRequest) -> dict[str, Any]:
    """Plan the message and say whether it is in the cache; raises `StitchError` where it is refused."""
    clips, output = repos()
    plan = request.plan(clips)
    output_key = f"{os.environ['CACHE_PREFIX']}{plan.cache_key}{PROFILES[plan.profile].suffix}"
    if stored := output.stat(output_key):
        seconds = int(os.environ["URL_SECONDS"])
        answer = Answer.of(plan, stored, output, cached=True, url_seconds=seconds)
        return {"outcome": "hit", "answer": answer.model_dump()}
    return {"outcome": "miss", "plan": plan.to_json(), "output_key": output_key}
