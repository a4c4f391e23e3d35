"""Plan: how a message would be said, without making it. Answers `POST /plans`."""

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from stitcher.api.answers import PlanAnswer, Problem
from stitcher.api.preview import preview
from stitcher.api.proxy import FAULT, proxy_answer, request_id_of
from stitcher.api.requests import StitchRequest
from stitcher.clips.facts import Shapes
from stitcher.errors import InvalidRequest, StitchError
from stitcher.storage import BucketRepo

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()

# As in the workflow's state Rejected.
STATUS = {"invalid_request": 400, "message_too_long": 413, "missing_words": 422, "unusable_clips": 422}
UNSUPPORTED = {"type": "about:blank", "title": "Unsupported Media Type", "status": 415, "success": False}


class Event(BaseModel):
    """API Gateway's proxy event, as far as it is used."""

    headers: dict[str, str] | None = None
    body: str | None = None

    @property
    def is_json(self) -> bool:
        """Whether the body is said to be JSON; what says nothing is taken as JSON, as API Gateway does."""
        named = next((value for name, value in (self.headers or {}).items() if name.lower() == "content-type"), "")
        return named.partition(";")[0].strip().lower() in ("", "application/json")


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
    """A proxy event → the plan, or a problem; never an exception, which API Gateway would answer with a bare 502."""
    request_id = request_id_of(event)
    logger.set_correlation_id(request_id)
    try:
        request = Event.model_validate(event)
        status, body = (200, plan(request).model_dump()) if request.is_json else (415, UNSUPPORTED)
    except StitchError as refusal:
        status = STATUS[refusal.code]
        body = Problem.of(refusal, status)
    except Exception:
        logger.exception("failed")
        status, body = 500, FAULT
    metrics.add_metric(f"Plan{status}", MetricUnit.Count, 1)
    logger.info("planned", status=status, problem=body.get("code"))
    return proxy_answer(status, body, request_id)


def plan(request: Event) -> PlanAnswer:
    """Raises `StitchError` where the request is refused."""
    try:
        body = json.loads(request.body or "")
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON") from None
    return preview(StitchRequest.of(body), clips(), shapes())
