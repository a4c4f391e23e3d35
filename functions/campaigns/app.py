"""Campaigns for callers: asks for tables, starts checks and runs, and tells what has become of them.

Answers `/campaigns`, `/campaigns/{id}`, `/campaigns/{id}/check` and `/campaigns/{id}/run`.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from botocore.config import Config
from botocore.session import get_session

from handlers.buckets import output
from handlers.rest import Rest, ok
from handlers.settings import read
from stitcher.api import campaigns
from stitcher.api.campaigns import CampaignAnswer, CampaignPage, CampaignRequest
from stitcher.campaigns.steps import begin
from stitcher.errors import CampaignRuns
from stitcher.storage import PATIENCE


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


def ended(execution: str) -> bool:
    """Whether an execution has ended without success; one that is forgotten has."""
    try:
        status = workflows().describe_execution(executionArn=execution, includedData="METADATA_ONLY")["status"]
    except workflows().exceptions.ExecutionDoesNotExist:
        return True
    return status not in ("RUNNING", "PENDING_REDRIVE", "SUCCEEDED")


def now(identity: str) -> CampaignAnswer:
    """The campaign as it is now."""
    return campaigns.answer(output(), campaigns.find(output(), identity), ended, url_seconds=settings.url_seconds)


@app.post("/campaigns")
def create() -> Response[str]:
    return ok(campaigns.create(output(), CampaignRequest.of(app.json())))


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
    """Start the workflow for a campaign that does not run."""
    campaign = campaigns.find(output(), app.path["id"])
    if now(campaign.id).state == "running":
        raise CampaignRuns(f"campaign {campaign.id} runs already: wait for its end")
    name, machine = str(uuid4()), settings.campaign_state_machine
    # An execution that an alias starts has the ARN of the workflow's own executions (StartExecution, "executionArn").
    execution = f"{machine.rpartition(':')[0].replace(':stateMachine:', ':execution:')}:{name}"
    begin(output(), campaign, name, execution, audio=audio)
    asked = json.dumps({"campaign": campaign.id, "audio": audio})
    workflows().start_execution(stateMachineArn=machine, name=name, input=asked)
    return ok(now(campaign.id))


lambda_handler = app.handler
