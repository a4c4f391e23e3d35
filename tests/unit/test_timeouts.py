"""Whoever waits for somebody waits longer than that one tries: a stalled request costs seconds, not the message."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from functions.identify_image import app as identify_image
from functions.prepare_clip import app as prepare_clip

from stitcher.storage import s3_client
from tests.paths import ROOT
from tests.template import TEMPLATE

STEPS = ("CacheLookup", "Stitch", "FetchClips", "Publish")
BACKOFF_SECONDS = (1, 2)
"""The longest pauses before a second and a third attempt: 2^n seconds (AWS SDKs guide, retry mode `standard`)."""
MODEL_SECONDS, DECODE_SECONDS = 60, 10
"""What IdentifyImage needs besides."""


def function_seconds(name: str) -> int:
    seconds: int = TEMPLATE["Resources"][f"{name}Function"]["Properties"]["Timeout"]
    return seconds


@pytest.mark.parametrize(
    ("made", "seconds"),
    [
        (s3_client, min(map(function_seconds, (*STEPS, "Plan", "Voices", "Clips", "Campaigns", "PrepareClip")))),
        (prepare_clip.queue.__wrapped__, function_seconds("PrepareClip")),
        (identify_image.s3.__wrapped__, function_seconds("IdentifyImage") - MODEL_SECONDS - DECODE_SECONDS),
    ],
    ids=["S3", "queue of refused clips", "S3 of pictures"],
)
def test_every_attempt_of_a_stalled_request_fits_into_the_functions_time(made: Callable[[], Any], seconds: int) -> None:
    config = made().meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * config.read_timeout + sum(BACKOFF_SECONDS[: attempts - 1]) < seconds


def test_the_workflow_waits_for_a_function_as_long_as_the_function_may_run() -> None:
    states = json.loads((ROOT / "statemachine" / "stitch.asl.json").read_text())["States"]
    tasks = states | states["FetchClips"]["ItemProcessor"]["States"]
    run = {name: task for name, task in tasks.items() if "lambda:invoke" in task.get("Resource", "")}
    names = {"FetchClip": "FetchClips"}
    waits = {names.get(name, name): task["TimeoutSeconds"] for name, task in run.items()}
    assert waits == {name: function_seconds(name) for name in STEPS}


def test_requests_name_the_application_that_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded AWS knows by it which process calls (tools/local/faults.py)."""
    config: Any = s3_client().meta.config
    assert " app/" not in config.user_agent
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "pid-7")
    config = s3_client().meta.config
    assert config.user_agent.endswith(" app/pid-7")
