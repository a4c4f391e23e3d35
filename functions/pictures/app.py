"""Pictures: prepares uploads and answers what became of them. Answers `POST /pictures` and `GET /pictures…`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import Response
from botocore.config import Config

from handlers.rest import Rest, created, ok
from handlers.settings import read
from identifier import storage
from identifier.api import PictureQuery, PictureRequest, Pictures
from identifier.keys import PROMPTS
from identifier.prompt import ID


@dataclass(frozen=True, slots=True)
class Settings:
    """Where pictures, results and prompts lie, and for how long addresses work."""

    images_bucket: str
    results_bucket: str
    prompts_bucket: str
    default_prompt: str
    url_seconds: int


app = Rest("Pictures")
settings = read(Settings)


@cache
def s3() -> Any:
    """The client of S3. Its forms and addresses name the bucket's region, so that S3 does not redirect them."""
    own = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", config=storage.PATIENCE.merge(own))


def pictures() -> Pictures:
    """The pictures of this environment."""

    def known() -> list[str]:
        return [name for name in storage.folders(s3(), settings.prompts_bucket, PROMPTS) if ID.match(name)]

    return Pictures(
        s3(), settings.images_bucket, settings.results_bucket, known, settings.default_prompt, settings.url_seconds
    )


@app.post("/pictures")
def expect() -> Response[str]:
    return created(pictures().expect(PictureRequest.of(app.json()), datetime.now(UTC)))


@app.get("/pictures")
def listed() -> Response[str]:
    return ok(pictures().page(PictureQuery.of(app.query)))


@app.get("/pictures/{id}")
def found() -> Response[str]:
    return ok(pictures().find(app.path["id"]))


lambda_handler = app.handler
