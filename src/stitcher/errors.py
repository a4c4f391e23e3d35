"""Every way a request can be refused. Each error is a sentence that a user can act on.

These are outcomes, not faults: the same request on the same clips is refused again. Faults (storage that does not
answer, a missing ffmpeg) are other exceptions and are retried or reported as such.
"""

from typing import Any


class StitchError(Exception):
    """Base of all refusals; `code` names the kind for machines, the message is for people."""

    code = "refused"
    title = "The message was refused"

    def problem(self) -> dict[str, Any]:
        """The refusal as JSON data: `code`, `title`, `detail` and whatever the kind adds (`missing`, `unusable`)."""
        return {"code": self.code, "title": self.title, "detail": str(self)}


class InvalidRequest(StitchError):
    """The request does not have the form that the API documents."""

    code = "invalid_request"
    title = "The request is not valid"


class MessageTooLong(StitchError):
    """The message is over one of the limits of `stitcher.limits`."""

    code = "message_too_long"
    title = "The message is too long"


class MissingWords(StitchError):
    """Words of the message have no clip; `missing` lists all of them in message order, each once."""

    code = "missing_words"
    title = "Words without a clip"

    def __init__(self, missing: list[str], voice: str, *, voice_is_empty: bool) -> None:
        self.missing = list(dict.fromkeys(missing))
        where = f"voice '{voice}'" if voice else "the default voice"
        words = ", ".join(f"'{word}'" for word in self.missing)
        hint = f"{where} has no clips at all" if voice_is_empty else f"record a clip for each in {where}"
        super().__init__(f"no clip says {words}: {hint}")

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"missing": self.missing}


class UnusableClip(StitchError):
    """Clips that cannot be used: `unusable` gives each one's key and the reason."""

    code = "unusable_clips"
    title = "A clip cannot be used"

    def __init__(self, *unusable: tuple[str, str]) -> None:
        self.unusable = unusable
        super().__init__("; ".join(f"{key}: {reason}" for key, reason in unusable))

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"unusable": [{"key": key, "reason": reason} for key, reason in self.unusable]}
