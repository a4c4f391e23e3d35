"""CacheLookup: check the request, plan the message on the voice's clips, and look for it in the cache."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.buckets import output, recordings
from handlers.settings import read
from handlers.telemetry import logger, metrics, step
from stitcher.api.requests import DURATION, Answer, StitchRequest, elapsed_ms
from stitcher.errors import StitchError
from stitcher.formats.platforms import check
from stitcher.formats.profiles import PROFILES


@dataclass(frozen=True, slots=True)
class Settings:
    """Where finished messages lie, how long their URLs work, and whether words may be logged."""

    cache_prefix: str
    url_seconds: int
    log_words: bool


settings = read(Settings)


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"request", "started"}` → `outcome`: `hit` with `answer`, `miss` with the plan, `rejected` with `problem`."""
    started = datetime.fromisoformat(event["started"])
    try:  # the body is checked here, so that a refusal is data and not a fault
        found = lookup(StitchRequest.of(event["request"]))
    except StitchError as refusal:
        found = {"outcome": "rejected", "problem": refusal.problem()}
    count(found, started)
    return found


def count(found: dict[str, Any], started: datetime) -> None:
    """Count and log missing words. Words are people's data: they are logged only in environments that allow it."""
    if found["outcome"] == "rejected":
        problem = found["problem"]
        metrics.add_dimension("reason", problem["code"])
        metrics.add_metric("MessageRejected", MetricUnit.Count, 1)
        missing = problem.get("missing", [])
        words = {"words": missing} if settings.log_words else {}
        logger.info("looked up", outcome="rejected", problem=problem["code"], missing=len(missing), **words)
        return
    if found["outcome"] == "hit":
        metrics.add_metric("MessageHit", MetricUnit.Count, 1)
        metrics.add_metric("HitTime", MetricUnit.Milliseconds, elapsed_ms(started))
    logger.info("looked up", outcome=found["outcome"])


def lookup(request: StitchRequest) -> dict[str, Any]:
    """Plan the message and say whether it is in the cache; raises `StitchError` if it is refused."""
    plan = request.plan(recordings())
    output_key = f"{settings.cache_prefix}{plan.cache_key}{PROFILES[plan.profile].suffix}"
    if stored := output().stat(output_key):
        # It may have been made for another platform.
        check(plan.profile, plan.platform, int(stored.metadata[DURATION]), stored.size)
        answer = Answer.of(plan, stored, output(), cached=True, url_seconds=settings.url_seconds)
        return {"outcome": "hit", "answer": answer.to_json()}
    return {"outcome": "miss", "plan": plan.to_json(), "output_key": output_key}
