"""Say: a chunk of a campaign's messages becomes audio files and results."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import private
from handlers.buckets import output, recordings
from handlers.campaigns import run_of
from handlers.catalogues import catalogues
from handlers.settings import read
from handlers.telemetry import logger, metrics, step
from stitcher.campaigns.prepared import PreparedOnDemand
from stitcher.campaigns.steps import say_chunk
from stitcher.clip import Clip
from stitcher.clips.ready import make_ready
from stitcher.clips.store import PreparedStore


@dataclass(frozen=True, slots=True)
class Settings:
    """Days that a campaign's audio is kept."""

    campaign_days: int


settings = read(Settings)
private.hide()


@cache
def store() -> PreparedStore:
    """Prepared clips, remembered for the life of the environment."""
    return PreparedStore(output())


def prepare(clip: Clip, _profile: str) -> None:
    """All prepared forms of one clip, as an upload makes them."""
    metrics.add_metric("ClipsUnprepared", MetricUnit.Count, 1)
    make_ready(clip, recordings(), output())


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"campaign", "run", "chunk", "audio"}` → how many messages ended how; the results are stored."""
    run, audio = run_of(event["campaign"], event["run"]), bool(event["audio"])
    results = say_chunk(
        output(), catalogues(), run, int(event["chunk"]), PreparedOnDemand(store(), prepare).load,
        audio=audio, days=settings.campaign_days, today=datetime.now(UTC).date(),
    )  # fmt: skip
    counts = Counter(result.status for result in results)
    for status, count in counts.items():
        metrics.add_metric(f"CampaignMessage{status.title()}", MetricUnit.Count, count)
    logger.info("said", campaign=run.campaign, chunk=event["chunk"], messages=len(results))
    return {str(status): count for status, count in counts.items()}
