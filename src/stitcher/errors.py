"""Every way a request can be refused: its sentence, its HTTP status, and its problem document (RFC 9457).

Each error is a sentence that a user can act on. Refusals are outcomes, not faults: the same request with the same
clips is refused again. Faults (storage that does not answer, a missing ffmpeg) are other exceptions.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

SUGGESTED_FOR, COMPARED, COMPARABLE = 20, 4_000, 40
"""The most words that get suggestions, the most phrases that all of them together are compared with, and the longest
word in characters, because the time of a comparison grows with its square."""


SHOWN, LISTED, REASON = 80, 50, 300
"""What a refusal repeats: characters of each text that somebody sent, texts in a list, characters of a reason."""


def shown(text: str, most: int = SHOWN) -> str:
    """The text as a refusal repeats it: of a long one the beginning, with an ellipsis.

    Examples
    --------
    >>> shown("hello")
    'hello'
    >>> len(shown("x" * 120_000))
    80
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def listed(sentences: Collection[str], between: str) -> str:
    """The first sentences in one, and how many more there are."""
    first, more = list(sentences)[:LISTED], len(sentences) - LISTED
    return between.join(first) + (f"{between}and {more} more" if more > 0 else "")


def problem(status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    """The problem document: every refusal and fault has this form, from the service, API Gateway and the firewall.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    code
        The kind of the problem, for machines; `type` contains it.
    title, detail
        The kind of the problem for people, and a sentence to act on.
    """
    return {
        "type": f"urn:audio-stitcher:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "success": False,
    }


# Faults, and refusals that come before the message is read. API Gateway's mapping templates answer with the same
# documents (tests/unit/test_problems.py).
FORBIDDEN = problem(
    403, "forbidden", "The call is not allowed", "sign the call with AWS credentials that may call this path"
)
BLOCKED = problem(403, "blocked", "The firewall refused the call", "it looks like an attack")
TOO_LARGE = problem(413, "message_too_long", "The message is too long", "the request is over 256 KiB")
UNSUPPORTED = problem(415, "unsupported_media_type", "Unsupported Media Type", "send the body as application/json")
TOO_MANY = problem(429, "too_many_requests", "Too many requests; try again later", "wait some seconds, then call again")
FAULT = problem(500, "fault", "The service failed; try again", "the fault is ours; the log has the reason")
TOO_SLOW = problem(504, "timeout", "The message took too long to make; try again", "the limit is 29 seconds")


class StitchError(Exception):
    """Base of all refusals; `code` names the kind for machines, the message is for people."""

    code = "refused"
    title = "The message was refused"
    status = 422

    def problem(self) -> dict[str, Any]:
        """The problem document, with the fields that the kind adds (`missing`, `unusable`)."""
        return problem(self.status, self.code, self.title, str(self))


class InvalidRequest(StitchError):
    """The request does not have the form that the API documents."""

    code = "invalid_request"
    title = "The request is not valid"
    status = 400


class UnknownCampaign(StitchError):
    """There is no campaign of this id."""

    code = "unknown_campaign"
    title = "There is no such campaign"
    status = 404


class CampaignRuns(StitchError):
    """A campaign runs or is checked already; it can be run again when it has ended."""

    code = "campaign_runs"
    title = "The campaign runs already"
    status = 409


class UnknownClip(StitchError):
    """The voice has no clip of this name, or the clip no such version."""

    code = "unknown_clip"
    title = "There is no such clip"
    status = 404


class MessageTooLong(StitchError):
    """The message is over one of the limits of `stitcher.limits`."""

    code = "message_too_long"
    title = "The message is too long"
    status = 413


class MissingWords(StitchError):
    """Words of the message have no clip.

    `missing` lists them in message order, each once. `suggestions` has, by word, phrases of the voice with a similar
    spelling.
    """

    code = "missing_words"
    title = "Words without a clip"
    status = 422
    decoration: tuple[str, ...] = ()
    """Signs of the message that are never said, like emoji."""

    def __init__(self, missing: Iterable[str], voice: str, phrases: Collection[str]) -> None:
        self.missing = list(dict.fromkeys(missing))
        first = self.missing[:SUGGESTED_FOR]
        near = {word: _near(word, phrases, COMPARED // len(first)) for word in first}
        self.suggestions = {word: found for word, found in near.items() if found}
        where = named(voice)
        said = listed([f"'{shown(word)}'" for word in self.missing], ", ")
        hint = f"record a clip for each in {where}" if phrases else f"{where} has no clips at all"
        super().__init__(f"no clip says {said}: {hint}")

    def problem(self) -> dict[str, Any]:
        return super().problem() | {
            "missing": [shown(word) for word in self.missing],
            "suggestions": {shown(word): [shown(near) for near in found] for word, found in self.suggestions.items()},
        }


class UncertainNumbers(MissingWords):
    """Words without a clip, and numbers that are not read for certain: `unsure` has the reason for each of these."""

    def __init__(self, refusal: MissingWords, unsure: Mapping[str, str]) -> None:
        self.missing, self.suggestions, self.unsure = refusal.missing, refusal.suggestions, dict(unsure)
        words = listed([f"'{shown(word)}'" for word in self.missing if word not in unsure], ", ")
        reasons = [f"the number '{shown(number)}' is not said: {shown(why, REASON)}" for number, why in unsure.items()]
        Exception.__init__(self, listed([*([f"no clip says {words}"] if words else []), *reasons], "; "))

    def problem(self) -> dict[str, Any]:
        first = list(self.unsure.items())[:LISTED]
        return super().problem() | {"unsure": {shown(number): shown(why, REASON) for number, why in first}}


def named(voice: str) -> str:
    """A voice in a sentence."""
    return f"voice '{shown(voice)}'" if voice else "the default voice"


def _near(word: str, phrases: Collection[str], most: int) -> list[str]:
    """At most three phrases that the writer may have meant; `most` phrases are compared."""
    if len(word) > COMPARABLE:
        return []
    # A comparison is slow: compare only phrases of a similar length with the same first or last letter.
    alike = [
        other
        for other in phrases
        if abs(len(other) - len(word)) <= 2 and (other[:1] == word[:1] or other[-1:] == word[-1:])
    ]
    return difflib.get_close_matches(word, alike[:most], n=3, cutoff=0.75)


class UnusableClip(StitchError):
    """Clips that cannot be used: `unusable` has the key and the reason of each."""

    code = "unusable_clips"
    title = "A clip cannot be used"
    status = 422

    def __init__(self, *unusable: tuple[str, str]) -> None:
        self.unusable = unusable
        super().__init__(listed([f"{shown(key)}: {shown(reason, REASON)}" for key, reason in unusable], "; "))

    def problem(self) -> dict[str, Any]:
        named = [{"key": shown(key), "reason": shown(reason, REASON)} for key, reason in self.unusable[:LISTED]]
        return super().problem() | {"unusable": named}
