"""Every way a request can be refused: its sentence, its HTTP status, and its problem document (RFC 9457).

Each error is a sentence that a user can act on. These are outcomes, not faults: the same request on the same clips is
refused again. Faults (storage that does not answer, a missing ffmpeg) are other exceptions and are retried or reported
as such.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

SUGGESTED_FOR, COMPARED, COMPARABLE = 20, 4_000, 40
"""Suggestions are for so many words at most, all of them together compared with so many phrases; for words of so many
characters, because the time of a comparison grows with their square."""


def problem(status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    """The problem document: the one form of every answer that is no success, whoever refuses.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    code
        Names the kind for machines; `type` is made of it.
    title, detail
        The kind for people, and a sentence to act on.
    """
    return {
        "type": f"urn:audio-stitcher:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "success": False,
    }


# What is refused before anybody has looked at the message, and faults. API Gateway's templates answer with the same
# documents (tests/unit/test_problems.py).
FORBIDDEN = problem(
    403, "forbidden", "The call is not allowed", "sign the call with AWS credentials that may call this path"
)
BLOCKED = problem(403, "blocked", "The firewall refused the call", "its form is that of an attack")
TOO_LARGE = problem(413, "message_too_long", "The message is too long", "the request is over 256 KiB")
UNSUPPORTED = problem(415, "unsupported_media_type", "Unsupported Media Type", "send the body as application/json")
TOO_MANY = problem(429, "too_many_requests", "Too many requests; try again later", "wait some seconds, then call again")
FAULT = problem(500, "fault", "The service failed; try again", "the fault is ours, and its log says why")
TOO_SLOW = problem(504, "timeout", "The message took too long to make; try again", "the limit is 29 seconds")


class StitchError(Exception):
    """Base of all refusals; `code` names the kind for machines, the message is for people."""

    code = "refused"
    title = "The message was refused"
    status = 422

    def problem(self) -> dict[str, Any]:
        """The problem document, and whatever the kind adds to it (`missing`, `unusable`)."""
        return problem(self.status, self.code, self.title, str(self))


class InvalidRequest(StitchError):
    """The request does not have the form that the API documents."""

    code = "invalid_request"
    title = "The request is not valid"
    status = 400


class MessageTooLong(StitchError):
    """The message is over one of the limits of `stitcher.limits`."""

    code = "message_too_long"
    title = "The message is too long"
    status = 413


class MissingWords(StitchError):
    """Words of the message have no clip.

    `missing` lists all of them in message order, each once; `suggestions` has, by word, phrases of the voice that are
    spelled much like it.
    """

    code = "missing_words"
    title = "Words without a clip"
    status = 422

    def __init__(self, missing: Iterable[str], voice: str, phrases: Collection[str]) -> None:
        self.missing = list(dict.fromkeys(missing))
        first = self.missing[:SUGGESTED_FOR]
        near = {word: _near(word, phrases, COMPARED // len(first)) for word in first}
        self.suggestions = {word: found for word, found in near.items() if found}
        where = named(voice)
        said = ", ".join(f"'{word}'" for word in self.missing)
        hint = f"record a clip for each in {where}" if phrases else f"{where} has no clips at all"
        super().__init__(f"no clip says {said}: {hint}")

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"missing": self.missing, "suggestions": self.suggestions}


class UncertainNumbers(MissingWords):
    """Words without a clip, and numbers that are not read for certain: `unsure` has the reason for each of these."""

    def __init__(self, refusal: MissingWords, unsure: Mapping[str, str]) -> None:
        self.missing, self.suggestions, self.unsure = refusal.missing, refusal.suggestions, dict(unsure)
        words = ", ".join(f"'{word}'" for word in self.missing if word not in unsure)
        reasons = [f"the number '{number}' is not said: {why}" for number, why in unsure.items()]
        Exception.__init__(self, "; ".join([*([f"no clip says {words}"] if words else []), *reasons]))

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"unsure": self.unsure}


def named(voice: str) -> str:
    """A voice in a sentence."""
    return f"voice '{voice}'" if voice else "the default voice"


def _near(word: str, phrases: Collection[str], most: int) -> list[str]:
    """At most three phrases that the word may be a slip of; so many are looked at."""
    if len(word) > COMPARABLE:
        return []
    # Comparing is slow: only with those of about its length that begin or end alike.
    alike = [
        other
        for other in phrases
        if abs(len(other) - len(word)) <= 2 and (other[:1] == word[:1] or other[-1:] == word[-1:])
    ]
    return difflib.get_close_matches(word, alike[:most], n=3, cutoff=0.75)


class UnusableClip(StitchError):
    """Clips that cannot be used: `unusable` gives each one's key and the reason."""

    code = "unusable_clips"
    title = "A clip cannot be used"
    status = 422

    def __init__(self, *unusable: tuple[str, str]) -> None:
        self.unusable = unusable
        super().__init__("; ".join(f"{key}: {reason}" for key, reason in unusable))

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"unusable": [{"key": key, "reason": reason} for key, reason in self.unusable]}
