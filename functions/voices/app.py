"""Lists voices and their clips. Answers `GET /voices` and `GET /voices/{voice}/clips`."""

from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response

from handlers.buckets import recordings
from handlers.catalogues import shapes
from handlers.rest import Rest, ok
from stitcher.api.listing import Page, clips_page, voices_page

app = Rest("Voices")


@app.get("/voices")
def voices() -> Response[str]:
    page = Page.of(app.query)
    return ok(voices_page(recordings(), after=page.after, limit=page.limit))


@app.get("/voices/{voice}/clips")
def clips() -> Response[str]:
    page = Page.of(app.query)
    voice = unquote(app.path["voice"])  # no voice's name has a "%"
    return ok(clips_page(recordings(), shapes(), voice, after=page.after, limit=page.limit))


lambda_handler = app.handler
