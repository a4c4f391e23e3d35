"""Voices: which voices there are and what clips they have. Answers `GET /voices` and `GET /voices/{voice}/clips`."""

import os
from functools import cache
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stitcher.api.answers import ClipsPage, Problem, VoicesPage
from stitcher.api.listing import PAGE, clips_page, voices_page
from stitcher.api.proxy import FAULT, proxy_answer, request_id_of
from stitcher.clips.facts import Shapes
from stitcher.errors import InvalidRequest
from stitcher.storage import BucketRepo

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()


class Event(BaseModel):
    """API Gateway's proxy event, as far as it is used."""

    resource: str
    path: dict[str, str] | None = Field(None, alias="pathParameters")
    query: dict[str, str] | None = Field(None, alias="queryStringParameters")


class Query(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    after: str = ""
    limit: int = PAGE

    @classmethod
    def of(cls, parameters: dict[str, str] | None) -> "Query":
        """Raises `InvalidRequest` with a sentence that names every fault."""
        try:
            return cls.model_validate(parameters or {})
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise InvalidRequest("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in faults)) from None


@cache
def clips() -> BucketRepo:
    """The input bucket, made once for the life of the environment."""
    return BucketRepo(os.environ["BUCKET_INPUT"])


@cache
def shapes() -> Shapes:
    """What is known of prepared clips, remembered for the life of the environment."""
    return Shapes(BucketRepo(os.environ["BUCKET_OUTPUT"]))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A proxy event → a page, or a problem; never an exception, which API Gateway would answer with a bare 502."""
    request_id = request_id_of(event)
    logger.set_correlation_id(request_id)
    try:
        status, body = 200, page(Event.model_validate(event)).model_dump()
    except InvalidRequest as refusal:
        status, body = 400, Problem.of(refusal, 400)
    except Exception:
        logger.exception("failed")
        status, body = 500, FAULT
    metrics.add_metric(f"Voices{status}", MetricUnit.Count, 1)
    logger.info("listed", status=status)
    return proxy_answer(status, body, request_id)


def page(request: Event) -> VoicesPage | ClipsPage:
    """Raises `InvalidRequest` where the request is refused."""
    query = Query.of(request.query)
    if request.resource == "/voices":
        return voices_page(clips(), after=query.after, limit=query.limit)
    # API Gateway hands over path parameters as they were sent. No voice's name has a "%".
    voice = unquote((request.path or {})["voice"])
    return clips_page(clips(), shapes(), voice, after=query.after, limit=query.limit)
