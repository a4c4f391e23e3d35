"""Stitch: prepared clips joined to one audio file, staged under `work/`."""

from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.buckets import output
from handlers.telemetry import logger, metrics, step
from stitcher.clips.store import PreparedStore, Unprepared
from stitcher.errors import MessageTooLong
from stitcher.formats.profiles import PROFILES
from stitcher.joining.stitch import stitch
from stitcher.planning.plan import Plan


@cache
def store() -> PreparedStore:
    """Prepared clips, remembered for the life of the environment."""
    return PreparedStore(output())


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"plan"}` → `{"outcome": "stitched", "staged"}`, `{"outcome": "unprepared", "clips"}`, or `rejected`."""
    plan = Plan.from_json(event["plan"])
    try:
        made = stitch(plan, store().load)
    except Unprepared as lack:
        metrics.add_metric("ClipsUnprepared", MetricUnit.Count, len(lack.clips))
        return {"outcome": "unprepared", "clips": [asdict(clip) for clip in lack.clips]}
    except MessageTooLong as refusal:
        metrics.add_dimension("reason", refusal.code)
        metrics.add_metric("MessageRejected", MetricUnit.Count, 1)
        logger.info("refused", problem=refusal.code, clips=len(plan.clips))
        return {"outcome": "rejected", "problem": refusal.problem()}
    profile = PROFILES[plan.profile]
    # A name of its own for every try: two executions of the same message do not meet before Publish.
    key = f"work/{context.aws_request_id}{profile.suffix}"
    staged = output().save(key, made.audio, content_type=profile.content_type)
    metrics.add_metric("AudioSeconds", MetricUnit.Seconds, made.duration_ms / 1000)
    metrics.add_metric(f"Message{made.path.title()}", MetricUnit.Count, 1)
    logger.info("stitched", clips=len(plan.clips), duration_ms=made.duration_ms, path=made.path, why=made.why)
    about = {"key": key, "etag": staged.etag, "size": staged.size}
    return {
        "outcome": "stitched",
        "staged": about | {"duration_ms": made.duration_ms, "path": made.path, "why": made.why},
    }
