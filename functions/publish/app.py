"""Publish: the staged file into the cache, and the answer with its presigned URL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.buckets import output
from handlers.settings import read
from handlers.telemetry import logger, metrics, step
from stitcher.api.requests import DURATION, PATH, WHY, Answer, elapsed_ms
from stitcher.formats.profiles import PROFILES
from stitcher.planning.plan import Plan
from stitcher.storage import AlreadyStored, Stored


@dataclass(frozen=True, slots=True)
class Settings:
    """How long the answer's URL works."""

    url_seconds: int


settings = read(Settings)


@dataclass(frozen=True, slots=True)
class Staged:
    """What Stitch made."""

    key: str
    etag: str
    size: int
    duration_ms: int
    path: str
    why: str


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"plan", "output_key", "staged", "started"}` → the API's answer."""
    started = datetime.fromisoformat(event["started"])
    plan = Plan.from_json(event["plan"])
    stored = publish(Staged(**event["staged"]), event["output_key"], plan)
    metrics.add_metric("MessageMade", MetricUnit.Count, 1)
    metrics.add_metric("MadeTime", MetricUnit.Milliseconds, elapsed_ms(started))
    logger.info("published", output_file=stored.key)
    return Answer.of(plan, stored, output(), cached=False, url_seconds=settings.url_seconds).to_json()


def publish(staged: Staged, output_key: str, plan: Plan) -> Stored:
    """Copy the staged file to its place; if another execution was first, its file is the message."""
    try:
        return output().promote(
            Stored(staged.key, staged.etag, staged.size),
            output_key,
            content_type=PROFILES[plan.profile].content_type,
            metadata={DURATION: str(staged.duration_ms), PATH: staged.path} | ({WHY: staged.why} if staged.why else {}),
        )
    except AlreadyStored:
        first = output().stat(output_key)
        if first is None:
            raise
        return first
