"""HTTP for functions that API Gateway calls itself: routes by Powertools, refusals as problem documents (RFC 9457)."""

import json
import re
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handlers.settings import read
from handlers.telemetry import Handler, logger, metrics, observed
from stitcher.errors import FAULT, UNSUPPORTED, InvalidRequest, StitchError

PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Settings:
    """The studio's origin: the one whose pages may read answers (CORS)."""

    studio_origin: str


FOR_PAGES = {
    "Access-Control-Allow-Origin": read(Settings).studio_origin,
    "Access-Control-Expose-Headers": "X-Request-Id",
}


class Rest:
    """An application without routes yet. It answers refusals and faults with their problem documents.

    A route is a resource of the API (`/voices/{voice}/clips`): API Gateway has matched the path already.

    Parameters
    ----------
    metric
        Answers are counted by status under this name: `Plan200`.
    """

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._app = APIGatewayRestResolver()
        self._app.exception_handler(StitchError)(lambda refusal: _answer(refusal.problem()))
        self._app.exception_handler(_Unsupported)(lambda _: _answer(UNSUPPORTED))
        self._app.exception_handler(Exception)(_failed)
        self.get, self.post, self.put, self.delete = self._app.get, self._app.post, self._app.put, self._app.delete

    @property
    def handler(self) -> Handler:
        """The function's entry."""

        @observed()
        def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            request_id = request_id_of(event)
            logger.set_correlation_id(request_id)
            made = self._app.resolve(event | {"path": event["resource"]}, context)
            status, (kind,) = made["statusCode"], made["multiValueHeaders"]["Content-Type"]
            code = json.loads(made["body"])["code"] if kind == PROBLEM else None
            metrics.add_metric(f"{self._metric}{status}", MetricUnit.Count, 1)
            logger.info("answered", status=status, problem=code)
            headers = {"Content-Type": kind, "X-Request-Id": request_id, **FOR_PAGES}
            return {"statusCode": status, "headers": headers, "body": made["body"]}

        return lambda_handler

    def json(self) -> Any:
        """The request's body, parsed. Raises `InvalidRequest` if it is not JSON; another media type is a 415."""
        event = self._app.current_event
        # A body without a media type counts as JSON, as in API Gateway.
        named = next((value for name, value in event.headers.items() if name.lower() == "content-type"), "")
        if named.partition(";")[0].strip().lower() not in ("", "application/json"):
            raise _Unsupported
        try:
            return json.loads(event.body or "")
        except (ValueError, RecursionError):
            raise InvalidRequest("the body is not JSON") from None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(self._app.current_event.query_string_parameters)

    @property
    def path(self) -> dict[str, str]:
        """The path's parameters, as they were sent."""
        return dict(self._app.current_event.path_parameters)


class _Unsupported(Exception):
    """The body has another media type."""


def request_id_of(event: dict[str, Any]) -> str:
    """The request's id, made by API Gateway: a caller cannot choose it. It also names the workflow's executions.

    Callers may set `requestId`, not `extendedRequestId` (API Gateway guide, "Variables for access logging");
    `sam local` has only the first. Characters other than letters, digits, `-` and `_` are left out: names of logged
    executions must not have them (Step Functions API reference, "StartSyncExecution").
    """
    context = event["requestContext"]
    return re.sub("[^0-9A-Za-z_-]", "", context.get("extendedRequestId") or context["requestId"])


def ok(body: BaseModel) -> Response[str]:
    """The answer 200 of a route."""
    return _answer(body.model_dump(), 200, "application/json")


def created(body: BaseModel) -> Response[str]:
    """The answer 201 of a route."""
    return _answer(body.model_dump(), 201, "application/json")


def _failed(_fault: Exception) -> Response[str]:
    logger.exception("failed")
    return _answer(FAULT)


def _answer(body: dict[str, Any], status: int = 0, kind: str = PROBLEM) -> Response[str]:
    # Half of a surrogate pair is not Unicode: it stays the JSON escape of the request.
    text = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return Response(status or body["status"], kind, text)
