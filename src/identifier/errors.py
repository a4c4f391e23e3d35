"""What can go wrong, each with a sentence for people. The class says what becomes of the picture.

An `Outcome` ends the work on it: the same picture would end the same way again, and the result says why. `Busy`, `Held`
and `StorageFault` pass: the workflow tries again. The others are faults that somebody has to look at.
"""


class IdentifyError(Exception):
    """Base of them all; the message is for people."""


class Outcome(IdentifyError):
    """There is no answer to this picture; `reason` is a code for machines, `detail` a sentence for people."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


class Unusable(Outcome):
    """The picture cannot be shown to a model; none was asked."""


class UnknownPrompt(Outcome):
    """No prompt of that name is published."""

    def __init__(self, prompt_id: str) -> None:
        super().__init__("unknown_prompt", f"there is no prompt '{prompt_id}': pictures go to inbox/<prompt>/<name>")


class Rejected(Outcome):
    """The model was asked, and paid, but what it gave is no answer. The counts are what was used."""

    def __init__(
        self, reason: str, detail: str, *, input_tokens: int = 0, output_tokens: int = 0, latency_ms: int = 0
    ) -> None:
        super().__init__(reason, detail)
        self.input_tokens, self.output_tokens, self.latency_ms = input_tokens, output_tokens, latency_ms


class Busy(IdentifyError):
    """The model cannot answer now: throttled, starting, timed out or out of reach. Trying again may help."""


class Held(IdentifyError):
    """Somebody else is at work on this picture. Trying again finds their result, or their claim expired."""


class StorageFault(IdentifyError):
    """S3 did not answer as it should. Trying again may help."""


class Refused(IdentifyError):
    """The model's service refuses the request: malformed, not allowed, or no such model. Trying again does not help."""


class InvalidPrompt(IdentifyError):
    """The prompt document breaks a rule, which the message names."""


class PromptUnavailable(IdentifyError):
    """A published prompt cannot be loaded, and this worker has no earlier one to go on with."""


class PublishingError(IdentifyError):
    """A prompt cannot be published or rolled back; the message says why and nothing was changed."""
