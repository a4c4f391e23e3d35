"""Logs, traces and metrics: one of each for the life of a function, and the decorator of every handler."""

import gc
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import ON_LAMBDA
from handlers.traces import told, without_words

logger, metrics = Logger(), Metrics()
tracer = without_words(Tracer(patch_modules=["botocore"]))
SPEAKS_OF_NOBODY = frozenset(
    {"StorageFault", "EventFault", "Busy", "Throttled", "Held", "PromptUnavailable", "Refused", "Denied", "BadSettings"}
)
"""Faults whose texts name no file, no phrase and no person: their classes say so."""

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def observed(correlation_id: str | None = None) -> Callable[[Handler], Handler]:
    """A decorator: log lines have the request's id, the trace has a segment, and metrics are written at the end.

    Parameters
    ----------
    correlation_id
        Where the event has the id (JMESPath); None if the handler sets it.
    """

    def decorate(handler: Handler) -> Handler:
        counted: Handler = metrics.log_metrics(_quiet(handler))
        traced: Handler = tracer.capture_lambda_handler(capture_response=False, capture_error=False)(counted)
        logged: Handler = logger.inject_lambda_context(correlation_id_path=correlation_id)(traced)
        if ON_LAMBDA:
            gc.freeze()  # what the start loaded stays: no later collection looks at it
            gc.enable()
        return logged

    return decorate


def _quiet(handler: Handler) -> Handler:
    """The handler, whose faults leave it without texts that may be people's."""

    @wraps(handler)
    def quiet(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        try:
            return handler(event, context)
        except Exception as error:
            if type(error).__name__ in SPEAKS_OF_NOBODY:
                raise
            raise told(error) from None

    return quiet


step = observed("request_id")
"""For a function that a workflow calls."""
