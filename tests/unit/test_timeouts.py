"""Whoever waits for somebody waits longer than that one tries: a stalled request costs seconds, not the message."""

import json

from stitcher.repo import s3_client
from tests.template import ROOT, TEMPLATE

STEPS = ("CacheLookup", "Stitch", "FetchClips", "Publish")
CALLED = ("Plan", "Voices", "PrepareClip")
BACKOFF_SECONDS = (1, 2)
"""The longest pauses before a second and a third attempt: 2^n seconds (AWS SDKs guide, retry mode `standard`)."""


def function_seconds(name: str) -> int:
    seconds: int = TEMPLATE["Resources"][f"{name}Function"]["Properties"]["Timeout"]
    return seconds


def test_every_attempt_of_a_stalled_request_fits_into_the_shortest_function() -> None:
    config = s3_client().meta.config
    attempts = config.retries["total_max_attempts"]
    longest = attempts * config.read_timeout + sum(BACKOFF_SECONDS[: attempts - 1])
    assert longest < min(map(function_seconds, STEPS + CALLED))


def test_the_workflow_waits_for_a_function_as_long_as_the_function_may_run() -> None:
    states = json.loads((ROOT / "statemachine" / "stitch.asl.json").read_text())["States"]
    tasks = states | states["FetchClips"]["ItemProcessor"]["States"]
    names = {"FetchClip": "FetchClips"}
    waits = {names.get(name, name): task["TimeoutSeconds"] for name, task in tasks.items() if "lambda:invoke" in task.get("Resource", "")}
    assert waits == {name: function_seconds(name) for name in STEPS}
