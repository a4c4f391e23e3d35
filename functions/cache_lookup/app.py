"""CacheLookup: check the request, plan the message on the voice's clips, and look for it in the cache."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.buckets import output
from handlers.catalogues import catalogues
from handlers.settings import read
from handlers.telemetry import logger, metrics, step
from stitcher.api.requests import DURATION, Answer, StitchRequest, elapsed_ms
from stitcher.errors import MissingWords, StitchError
from stitcher.formats.platforms import check
from stitcher.formats.profiles import PROFILES
from stitcher.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Settings:
    """Where finished messages lie, how long their URLs work, and whether words may be logged."""

    cache_prefix: str
    url_seconds: int
    log_words: bool


settings = read(Settings)


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"request", "started"}` → `outcome`: `hit` with `answer`, `miss` with the plan, `rejected` with `problem`.

    `changed` says whether a clip of the first plan has changed since: the voice is listed then.
    """
    started = datetime.fromisoformat(event["started"])
    try:  # the body is checked here, so that a refusal is data and not a fault
        request = StitchRequest.of(event["request"])
        found = lookup(request, changed=event.get("changed", False))
    except MissingWords as refusal:
        refusal.unusable = unusable(request)
        found = {"outcome": "rejected", "problem": refusal.problem()}
    except StitchError as refusal:
        found = {"outcome": "rejected", "problem": refusal.problem()}
    count(found, started)
    return found


def unusable(request: StitchRequest) -> list[tuple[str, str]]:
    """The recordings of a message with missing words that are known to be unusable: all that is wrong is said at once.

    What reads reports is loaded here only: most messages are not refused.
    """
    from handlers.catalogues import shapes
    from stitcher.api.preview import preview

    with suppress(StitchError):
        planned = catalogues().tried(lambda of: preview(request, of, shapes()), lambda _: True)
        return [(clip.key, clip.reason) for clip in planned.unusable]
    return []


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


def lookup(request: StitchRequest, *, changed: bool) -> dict[str, Any]:
    """Plan the message and say whether it is in the cache; raises `StitchError` if it is refused."""
    plan = catalogues().tried(request.plan, Plan.is_whole, listed=changed)
    output_key = f"{settings.cache_prefix}{plan.cache_key}{PROFILES[plan.profile].suffix}"
    if stored := output().stat(output_key):
        # It may have been made for another platform.
        check(plan.profile, plan.platform, int(stored.metadata[DURATION]), stored.size)
        answer = Answer.of(plan, stored, output(), cached=True, url_seconds=settings.url_seconds)
        return {"outcome": "hit", "answer": answer.to_json()}
    return {"outcome": "miss", "plan": plan.to_json(), "output_key": output_key}
