"""Split: a campaign's table becomes chunks of distinct messages, whether it was put or a caller asked for it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handlers.buckets import output, recordings
from handlers.campaigns import buckets, campaign_of
from handlers.telemetry import logger, metrics, step
from stitcher.api.campaigns import dropped_request, must_have_voices
from stitcher.campaigns.messages import Settings
from stitcher.campaigns.places import Campaign, Run, dropped, id_of, is_table
from stitcher.campaigns.steps import CHUNKS, begin, refuse, split_table
from stitcher.campaigns.table import CampaignFault
from stitcher.errors import StitchError
from stitcher.storage import NotStored


class Object(BaseModel):
    """The table that was put; EventBridge gives the key as it is, not URL-encoded."""

    key: str


class Detail(BaseModel):
    """The part of the event that is S3's."""

    object: Object


class Started(BaseModel):
    """What started the workflow: S3's event, or a campaign's id and whether it is only checked."""

    detail: Detail | None = None
    campaign: str = ""
    audio: bool = True


class Event(BaseModel):
    """The step's input: what started the execution, its name, and its ARN."""

    started: Started
    run: str
    execution: str


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An event → `{"outcome": "split", …}` with keys and counts, or `refused`, or `nothing` for what is no table."""
    asked = Event.model_validate(event)
    if asked.started.detail and not is_table(asked.started.detail.object.key):
        return {"outcome": "nothing", "campaign": "", "run": asked.run, "audio": False}
    campaign, fault = campaign_that(asked.started)
    run = begin(output(), campaign, asked.run, asked.execution, audio=asked.started.audio)
    if campaign.dropped and run.settings != campaign.settings:
        run = replace(run, settings=campaign.settings)
        run.save(output())
    try:
        if fault:
            raise fault
        must_have_voices(recordings(), run.settings or campaign.settings)
        run = split_table(buckets(), campaign, run)
    except (CampaignFault, StitchError) as refusal:
        refuse(output(), run, refusal)
        metrics.add_metric("CampaignRefused", MetricUnit.Count, 1)
        logger.info("refused", campaign=campaign.id)
        return {"outcome": "refused", "campaign": campaign.id, "run": run.name, "audio": run.audio}
    return {"outcome": "split", **counted(campaign, run)}


def campaign_that(started: Started) -> tuple[Campaign, StitchError | None]:
    """The campaign that is asked for, and why it cannot be begun, if that is so.

    The settings beside a table are read anew each time: they may have been mended, or broken.
    """
    known = campaign_of(started.campaign) if started.detail is None else None
    if known and not known.dropped:
        return known, None
    key = known.dropped if known else started.detail.object.key if started.detail else ""
    now, fault = datetime.now(UTC), None
    voice, name = "", key
    try:
        voice, name = dropped(key)
        campaign = dropped_request(beside(key), voice, name).campaign(created=now, dropped=key)
    except StitchError as refusal:
        fault, name = refusal, name.strip()
        unread = Settings(voice=voice, format="")
        campaign = Campaign(id_of(voice, name), name, unread, now.strftime("%Y-%m-%dT%H:%M:%SZ"), key)
    if known:
        campaign = replace(campaign, id=known.id, created=known.created)
    campaign.save(output())
    return campaign, fault


def beside(key: str) -> bytes | None:
    """The settings that lie beside a table, as `<name>.json`."""
    try:
        return recordings().read(f"{key.rpartition('.')[0]}.json")
    except NotStored:
        return None


def counted(campaign: Campaign, run: Run) -> dict[str, Any]:
    """What the workflow carries on, counted and logged."""
    counts = run.counts
    assert counts  # noqa: S101 - for the type checker
    metrics.add_metric("CampaignRows", MetricUnit.Count, counts.rows)
    metrics.add_metric("CampaignMessages", MetricUnit.Count, counts.distinct)
    logger.info("split", campaign=campaign.id, rows=counts.rows, distinct=counts.distinct, chunks=counts.chunks)
    stops = campaign.settings.on_refusal == "stop"
    return {
        "campaign": campaign.id,
        "run": run.name,
        "chunks": counts.chunks,
        "chunks_key": run.prefix + CHUNKS,
        "audio": run.audio and not stops,
        "audio_later": run.audio and stops,
    }
