"""Campaigns for callers: asks for tables, starts checks and runs, and tells what has become of them.

Answers `/campaigns`, `/campaigns/{id}`, `/campaigns/{id}/check` and `/campaigns/{id}/run`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from botocore.config import Config
from botocore.session import get_session

from handlers.buckets import output, recordings
from handlers.rest import Rest, ok
from handlers.settings import read
from stitcher.api import campaigns
from stitcher.api.campaigns import CampaignAnswer, CampaignPage, CampaignRequest
from stitcher.campaigns.places import Last, Run
from stitcher.campaigns.steps import begin
from stitcher.storage import PATIENCE

STARTING_SECONDS = 60
"""Longer than this function may run: in this time after a run has begun, its execution may still be to be started."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The workflow of campaigns, by its alias, and how long links work, in seconds."""

    campaign_state_machine: str
    url_seconds: int


app = Rest("Campaigns")
settings = read(Settings)


@cache
def workflows() -> Any:
    """The client of Step Functions."""
    return get_session().create_client("stepfunctions", config=Config(**PATIENCE))


def ended(run: Run) -> bool:
    """Whether a run's execution has ended without success; one that is forgotten, or was never started, has."""
    try:
        status = workflows().describe_execution(executionArn=run.execution, includedData="METADATA_ONLY")["status"]
    except workflows().exceptions.ExecutionDoesNotExist:
        return (datetime.now(UTC) - datetime.fromisoformat(run.started)).total_seconds() > STARTING_SECONDS
    return status not in ("RUNNING", "PENDING_REDRIVE", "SUCCEEDED")


def now(identity: str) -> CampaignAnswer:
    """The campaign as it is now."""
    return campaigns.answer(output(), campaigns.find(output(), identity), ended, url_seconds=settings.url_seconds)


@app.post("/campaigns")
def create() -> Response[str]:
    return ok(campaigns.create(output(), recordings(), CampaignRequest.of(app.json()), ended))


@app.get("/campaigns")
def listed() -> Response[str]:
    asked = CampaignPage.of(app.query)
    return ok(campaigns.page(output(), asked, ended, url_seconds=settings.url_seconds))


@app.get("/campaigns/{id}")
def look() -> Response[str]:
    return ok(now(app.path["id"]))


@app.post("/campaigns/{id}/check")
def check() -> Response[str]:
    return start(audio=False)


@app.post("/campaigns/{id}/run")
def run() -> Response[str]:
    return start(audio=True)


def start(*, audio: bool) -> Response[str]:
    """Start the workflow for a campaign that does not run: of calls at the same time, one."""
    campaign = campaigns.find(output(), app.path["id"])
    last = Last.of(output(), campaign.id)
    campaigns.must_not_run(output(), last, ended)
    name, machine = str(uuid4()), settings.campaign_state_machine
    # An execution that an alias starts has the ARN of the workflow's own executions (StartExecution, "executionArn").
    execution = f"{machine.rpartition(':')[0].replace(':stateMachine:', ':execution:')}:{name}"
    begin(output(), campaign, name, execution, audio=audio, last=last)
    asked = json.dumps({"campaign": campaign.id, "audio": audio})
    workflows().start_execution(stateMachineArn=machine, name=name, input=asked)
    return ok(now(campaign.id))


lambda_handler = app.handler
