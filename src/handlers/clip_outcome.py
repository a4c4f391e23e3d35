"""From a clip to its outcome: the same code for an uploaded clip and for a clip that a message waits for."""

from dataclasses import dataclass
from typing import Literal

from aws_lambda_powertools.metrics import MetricUnit

from handlers.buckets import output, recordings
from handlers.telemetry import logger, metrics
from stitcher.clip import Clip
from stitcher.clips.facts import note_refusal
from stitcher.clips.ready import make_ready
from stitcher.errors import UnusableClip
from stitcher.storage import NotStored


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """The outcome of a clip; `changed`: it was replaced or deleted after the list was read."""

    name: Literal["ready", "unusable", "changed"]
    refusal: UnusableClip | None = None


def prepare(clip: Clip) -> ClipOutcome:
    """Prepare one clip, count it and log it. Raises faults, so that the function's caller retries."""
    try:
        report = make_ready(clip, recordings(), output())
    except NotStored:
        found = ClipOutcome("changed")
    except UnusableClip as refusal:
        found = ClipOutcome("unusable", refusal)
        note_refusal(clip, refusal.unusable[0][1], output())
        logger.warning("refused", etag=clip.etag, reason=refusal.unusable[0][1])
    else:
        found = ClipOutcome("ready")
        logger.info("prepared", etag=clip.etag, warnings=report.warnings)
    metrics.add_metric(f"Clip{found.name.title()}", MetricUnit.Count, 1)
    return found
