"""Logs, traces and metrics: one of each for the life of a function, and the decorator of every handler."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def observed(correlation_id: str | None = None) -> Callable[[Handler], Handler]:
    """A decorator: log lines have the request's id, the trace has a segment, and metrics are written at the end.

    Parameters
    ----------
    correlation_id
        Where the event has the id (JMESPath); None if the handler sets it.
    """

    def decorate(handler: Handler) -> Handler:
        counted: Handler = metrics.log_metrics(handler)
        traced: Handler = tracer.capture_lambda_handler(capture_response=False)(counted)
        logged: Handler = logger.inject_lambda_context(correlation_id_path=correlation_id)(traced)
        return logged

    return decorate


step = observed("request_id")
"""For a function that a workflow calls."""
