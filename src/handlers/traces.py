"""Traces without people's words. X-Ray's SDK records keys of objects and the texts of exceptions.

What is left of a call of AWS is which operation, where, and how it ended; of an exception, its type (docs/privacy.md).
The log says where it was raised: the SDK would look at all files of the stack again for each file that S3 does not
have, which took a tenth of a message's processor time.
"""

from typing import Any

KEPT = frozenset({"operation", "region", "request_id", "id_2", "bucket_name", "queue_url", "function_name", "xray"})
"""Of what the SDK notes of a call of AWS; it also notes `key`, `version_id` and the like."""


class WithoutWords:
    """An emitter of X-Ray's SDK that hands on what is left of a segment.

    Parameters
    ----------
    emitter
        The SDK's own, which sends.
    """

    def __init__(self, emitter: Any) -> None:
        self._emitter = emitter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emitter, name)

    def send_entity(self, entity: Any) -> None:
        """Take out of the segment and of all that is in it what may be people's, and send it."""
        _clean(entity)
        self._emitter.send_entity(entity)


def without_words(tracer: Any) -> Any:
    """The tracer of Powertools, sending no words; as it is where nothing is traced."""
    if not tracer.disabled:
        tracer.provider.emitter = WithoutWords(tracer.provider.emitter)
        tracer.provider.max_trace_back = 0
    return tracer


def _clean(entity: Any) -> None:
    entity.metadata = {}
    entity.aws = {name: value for name, value in (entity.aws or {}).items() if name in KEPT}
    entity.http = {name: value for name, value in (entity.http or {}).items() if name == "response"}
    if isinstance(entity.cause, dict):
        for throwable in entity.cause.get("exceptions", ()):
            throwable.message = throwable.type
    for inner in entity.subsegments or ():
        _clean(inner)


def told(error: Exception) -> Exception:
    """The same error without its text: what leaves a function is in Lambda's own log, trace and answer.

    It has the same name, by which the workflow tries again, and is of the same class.
    """
    kind, text = type(error), "what it says may be people's; the log has the place"
    members = {"__init__": lambda _self: None, "__str__": lambda _self: text, "__module__": kind.__module__}
    try:
        quiet: Exception = type(kind.__name__, (kind,), members)()
    except TypeError:  # a class that is nobody's base
        quiet = type(kind.__name__, (Exception,), members)()
    return quiet.with_traceback(error.__traceback__)
