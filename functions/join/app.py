"""Join: a campaign's table with what became of each row, the summary, and the recording script."""

from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.buckets import output
from handlers.campaigns import buckets, campaign_of, run_of
from handlers.settings import read
from handlers.telemetry import logger, metrics, step
from stitcher.campaigns.steps import join_results, refuse
from stitcher.campaigns.table import CampaignFault


@dataclass(frozen=True, slots=True)
class Settings:
    """How long the manifest's links work, in seconds."""

    link_seconds: int


settings = read(Settings)
COUNTS = ("rows", "distinct", "made", "ready", "refused", "failed", "failed_chunks")


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"campaign", "run", "audio"}` → `{"state": "finished" | "failed" | "refused", …}` with counts."""
    campaign, run = campaign_of(event["campaign"]), run_of(event["campaign"], event["run"])
    try:
        found = join_results(buckets(), campaign, run, seconds=settings.link_seconds, audio=bool(event["audio"]))
    except CampaignFault as fault:  # the table was replaced
        found = refuse(output(), run, fault)
    metrics.add_metric(f"Campaign{found['state'].title()}", MetricUnit.Count, 1)
    metrics.add_metric("CampaignRowsMade", MetricUnit.Count, found.get("made", 0))
    counts = {name: found.get(name, 0) for name in COUNTS}
    logger.info("joined", campaign=campaign.id, state=found["state"], **counts)
    return {"state": found["state"], **counts}
