"""Plan: how a message would be said, without making it. Answers `POST /plans`."""

from aws_lambda_powertools.event_handler import Response

from handlers.catalogues import catalogues, shapes
from handlers.rest import Rest, ok
from stitcher.api.answers import PlanAnswer
from stitcher.api.preview import preview
from stitcher.api.requests import StitchRequest

app = Rest("Plan")


@app.post("/plans")
def plan() -> Response[str]:
    request = StitchRequest.of(app.json())
    return ok(catalogues().tried(lambda of: preview(request, of, shapes()), PlanAnswer.is_whole))


lambda_handler = app.handler
