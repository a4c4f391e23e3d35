"""FetchClips: one clip of the input bucket, made ready for joining because a message waits for it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handlers import private
from handlers.clip_outcome import prepare
from handlers.telemetry import step
from stitcher.clip import Clip

private.hide()


class Event(BaseModel):
    """The step's input: one clip of the plan."""

    key: str
    etag: str
    size: int
    phrase: str


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A clip → `{"outcome": "ready"}`, `{"outcome": "unusable", "problem"}`, or `{"outcome": "changed"}`.

    Changed means replaced or deleted since the message was planned: the plan has to be made anew.
    """
    found = prepare(Clip(**Event.model_validate(event).model_dump()))
    return {"outcome": found.name} | ({"problem": found.refusal.problem()} if found.refusal else {})
