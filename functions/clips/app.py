"""Uploads, versions, deletes and restores one clip, and changes a voice's settings.

Answers `POST /voices/{voice}/clips`, `/voices/{voice}/clips/{name}` and `/voices/{voice}/settings`.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response

from handlers.buckets import output, recordings
from handlers.rest import Rest, ok
from handlers.settings import read
from stitcher.api import recording
from stitcher.clips.facts import Shapes


@dataclass(frozen=True, slots=True)
class Settings:
    """How long links and forms work, in seconds."""

    url_seconds: int


app = Rest("Clips")
settings = read(Settings)


def named(part: str) -> str:
    """A parameter of the path; no voice and no new clip has a name that decodes to another one."""
    return unquote(app.path[part])


@app.post("/voices/{voice}/clips")
def upload() -> Response[str]:
    request = recording.UploadRequest.of(app.json())
    return ok(recording.upload(named("voice"), request, recordings(), settings.url_seconds))


@app.get("/voices/{voice}/clips/{name}")
def look() -> Response[str]:
    # What a clip was found to be a moment ago may be out of date: who asks for one clip waits for its report.
    shapes = Shapes(output())
    return ok(recording.look(named("voice"), named("name"), recordings(), shapes, settings.url_seconds))


@app.delete("/voices/{voice}/clips/{name}")
def delete() -> Response[str]:
    return ok(recording.delete(named("voice"), named("name"), recordings()))


@app.put("/voices/{voice}/clips/{name}")
def restore() -> Response[str]:
    request = recording.RestoreRequest.of(app.json())
    return ok(recording.restore(named("voice"), named("name"), request, recordings()))


@app.get("/voices/{voice}/settings")
def show_settings() -> Response[str]:
    return ok(recording.settings(named("voice"), recordings()))


@app.put("/voices/{voice}/settings")
def change_settings() -> Response[str]:
    return ok(recording.change_settings(named("voice"), recording.SettingsRequest.of(app.json()), recordings()))


lambda_handler = app.handler
