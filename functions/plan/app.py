"""Plan: how a message would be said, without making it. Answers `POST /plans`."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from handlers.buckets import output, recordings
from handlers.rest import Rest, ok
from stitcher.api.requests import StitchRequest
from stitcher.clips.facts import Shapes
from stitcher.voice import Voice

app = Rest("Plan")


@cache
def shapes() -> Shapes:
    """What is known of prepared clips, remembered for the life of the environment."""
    return Shapes(output())


@app.post("/plans")
def plan() -> Response[str]:
    request = StitchRequest.of(app.json())
    return ok(Voice(request.voice, recordings(), shapes()).answer(request))


lambda_handler = app.handler
