"""Publish: the staged file into the cache, and the answer with its presigned URL."""

from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AwareDatetime, BaseModel, PositiveInt

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


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"plan", "output_key", "staged"}` → the API's answer."""
    made = Event.model_validate(event)
    plan = Plan.from_json(made.plan)
    stored = publish(made, plan)
    metrics.add_metric("MessageMade", MetricUnit.Count, 1)
    metrics.add_metric("MadeTime", MetricUnit.Milliseconds, elapsed_ms(made.started))
    logger.info("published", output_file=stored.key)
    return Answer.of(plan, stored, output(), cached=False, url_seconds=settings.url_seconds).model_dump()


def publish(made: Event, plan: Plan) -> Stored:
    """Copy the staged file to its place; if another execution was first, its file is the message."""
    staged = made.staged
    try:
        return output().promote(
            Stored(staged.key, staged.etag, staged.size),
            made.output_key,
            content_type=PROFILES[plan.profile].content_type,
            metadata={DURATION: str(staged.duration_ms), PATH: staged.path} | ({WHY: staged.why} if staged.why else {}),
        )
    except AlreadyStored:
        first = output().stat(made.output_key)
        if first is None:
            raise
        return first
