"""Every way a picture can end without an answer, each with a sentence for people.

An `Outcome` ends the work on a picture: the same picture would end the same way again, and the result has the reason.
`Busy`, `Throttled`, `Held`, `StorageFault` and `EventFault` pass: the workflow tries again. The others are faults that
a person has to repair.
"""

from collections.abc import Iterable
from typing import Any


class IdentifyError(Exception):
    """Base of all; the message is for people."""


class Outcome(IdentifyError):
    """The picture gets no answer; `reason` is a code for machines, `detail` a sentence for people."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


class Unusable(Outcome):
    """The picture cannot be sent to a model; no model was asked."""


class UnknownPrompt(Outcome):
    """No prompt with this id is published; `known` are the ids that pictures may name."""

    def __init__(self, prompt_id: str, known: Iterable[str] = ()) -> None:
        there = ", ".join(known)
        hint = f"; there are: {there}" if there else ""
        what = f"there is no prompt '{prompt_id[:80]}'" if prompt_id else "the picture's folder names no prompt"
        super().__init__("unknown_prompt", f"{what}: pictures go to inbox/<prompt>/<name>{hint}")


class Rejected(Outcome):
    """The model was asked and paid, but gave no valid answer. The counts are the tokens and the time that it used.

    `said` is the model's message, as `Converse` gave it, if there was one.
    """

    def __init__(
        self, reason: str, detail: str, *, input_tokens: int = 0, output_tokens: int = 0, latency_ms: int = 0,
        said: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reason, detail)
        self.input_tokens, self.output_tokens, self.latency_ms = input_tokens, output_tokens, latency_ms
        self.said = said


class Busy(IdentifyError):
    """The model cannot answer now: it starts, timed out or cannot be reached. A retry may help."""


class Throttled(IdentifyError):
    """More pictures than the model's quota allows. The picture waits its turn, for hours if it must."""


class Muddled(IdentifyError):
    """The model lost its way in the tool's form (424). Another way of asking helps more than another try."""


class Held(IdentifyError):
    """Another execution works on this picture. A retry finds its result, or its expired claim."""


class StorageFault(IdentifyError):
    """S3 failed. A retry may help."""


class EventFault(IdentifyError):
    """EventBridge did not take the event about a result, which is stored. A retry may help."""


class Refused(IdentifyError):
    """The model's service refuses the request: malformed, not allowed, or no such model. A retry does not help."""


class InvalidPrompt(IdentifyError):
    """The prompt document breaks a rule; the message names the rule."""


class PromptUnavailable(IdentifyError):
    """A published prompt cannot be loaded, and this worker has no earlier version in memory."""


class PublishingError(IdentifyError):
    """A prompt cannot be published or rolled back; the message has the reason, and nothing was changed."""
