"""Every way a request can be refused: its sentence, its HTTP status, and its problem document (RFC 9457).

Each error is a sentence that a user can act on. Refusals are outcomes, not faults: the same request with the same
clips is refused again. Faults (storage that does not answer, a missing ffmpeg) are other exceptions.
"""

import errno
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from stitcher import limits
from stitcher.near import did_you_mean, near, suggestions

SUGGESTED_FOR = 20
"""The most words that get suggestions."""

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


_OS_WORDS = {
    errno.ENOENT: "there is no such file or folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.EEXIST: "a file has this name already",
    errno.EACCES: "you have no right to read or write it",
    errno.EPERM: "you have no right to read or write it",
    errno.EROFS: "it lies on a disk that is only read",
    errno.ENOSPC: "the disk is full",
    errno.ENAMETOOLONG: "its name is too long",
}


def in_words(fault: Exception) -> str:
    """A fault as a sentence: what the operating system says only by a number, too.

    Examples
    --------
    >>> in_words(FileNotFoundError(2, "No such file or directory", "clips.csv"))
    'clips.csv: there is no such file or folder'
    """
    if not isinstance(fault, OSError) or not fault.errno:
        return str(fault)
    words = _OS_WORDS.get(fault.errno) or (fault.strerror or str(fault)).lower()
    named = fault.filename2 or fault.filename
    return f"{named}: {words}" if isinstance(named, str | os.PathLike) else words


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
_NOT_ALLOWED = "The call is not allowed"
UNSIGNED = problem(
    403, "forbidden", _NOT_ALLOWED,
    "sign the call with AWS credentials (Signature Version 4, service execute-api); "
    "a path that there is not is answered so, too",
)  # fmt: skip
BADLY_SIGNED = problem(
    403, "forbidden", _NOT_ALLOWED,
    "the signature does not match the call: sign the method, path, query and body as they are sent, "
    "with the right secret key and region",
)  # fmt: skip
EXPIRED = problem(
    403, "forbidden", _NOT_ALLOWED,
    "the signature or its session has expired: sign the call anew, with a clock that is right",
)  # fmt: skip
FORBIDDEN = problem(
    403, "forbidden", _NOT_ALLOWED,
    "these credentials may not call this path: they need the right execute-api:Invoke for it",
)  # fmt: skip
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


class NoSuchVoice(StitchError):
    """No folder of clips has the voice's name; `voices` are those that there are."""

    code = "no_such_voice"
    title = "There is no such voice"
    status = 404

    def __init__(self, voice: str, voices: Iterable[str]) -> None:
        there = sorted(filter(None, voices))
        self.suggestions = near(voice, there)
        hint = did_you_mean(self.suggestions)
        if not hint:
            hint = f"; there are {listed([shown(name) for name in there], ', ')}" if there else "; there are no others"
        super().__init__(f"there is no voice '{shown(voice)}'{hint}")


class MissingWords(StitchError):
    """Words of the message have no clip.

    `missing` lists them in message order, each once. `suggestions` has, by word, phrases of the voice with a similar
    spelling: of the word, or of the words around it (`contexts`, rows of words by missing word). `ignored` has the keys
    of recordings that would say them and are not read, each with the reason.
    """

    code = "missing_words"
    title = "Words without a clip"
    status = 422
    decoration: tuple[str, ...] = ()
    """Signs of the message that are never said, like emoji."""
    unusable: Sequence[tuple[str, str]] = ()
    """Recordings of the other words that cannot be used either: the key and the reason of each."""

    def __init__(
        self,
        missing: Iterable[str],
        voice: str,
        phrases: Collection[str],
        contexts: Mapping[str, Sequence[str]] | None = None,
        ignored: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.missing, self.ignored = list(dict.fromkeys(missing)), list(ignored)
        self.suggestions = suggestions(self.missing, phrases, contexts or {}, SUGGESTED_FOR)
        self._voice, self._has_clips = named(voice), bool(phrases)
        super().__init__(self.sentence(self.missing))

    def sentence(self, phrases: Iterable[str]) -> str:
        """The refusal with the missing words in these phrases: as they are best recorded."""
        quoted = [f"'{shown(phrase)}'" for phrase in phrases]
        each = "it" if len(quoted) == 1 else "each"
        hint = f"record a clip for {each} in {self._voice}" if self._has_clips else f"{self._voice} has no clips at all"
        return f"no clip says {listed(quoted, ', ')}: {hint}{self._unread()}"

    def name_ignored(self, ignored: Iterable[tuple[str, str]]) -> None:
        """Name further recordings that would say a missing word and are not read."""
        known = set(self.ignored)
        more = [one for one in ignored if one not in known]
        told = str(self).removesuffix(self._unread())
        self.ignored += more
        self.args = (told + self._unread(),)

    def _unread(self) -> str:
        """The end of the sentence that names recordings which are not read."""
        told = [f"{shown(key)} is not read: {shown(reason, REASON)}" for key, reason in self.ignored]
        return f"; {listed(told, '; ')}" if told else ""

    def problem(self) -> dict[str, Any]:
        suggested = {shown(word): [shown(phrase) for phrase in found] for word, found in self.suggestions.items()}
        unread = [{"key": shown(key), "reason": shown(reason, REASON)} for key, reason in self.ignored[:LISTED]]
        named = {"missing": [shown(word) for word in self.missing], "suggestions": suggested}
        broken = {"unusable": _unusable(self.unusable)} if self.unusable else {}
        return super().problem() | named | ({"ignored": unread} if unread else {}) | broken


class UncertainNumbers(MissingWords):
    """Words without a clip, and numbers that are not read for certain: `unsure` has the reason for each of these."""

    def __init__(self, refusal: MissingWords, unsure: Mapping[str, str]) -> None:
        self.missing, self.suggestions, self.unsure = refusal.missing, refusal.suggestions, dict(unsure)
        self.ignored = refusal.ignored
        words = listed([f"'{shown(word)}'" for word in self.missing if word not in unsure], ", ")
        reasons = [f"the number '{shown(number)}' is not said: {shown(why, REASON)}" for number, why in unsure.items()]
        Exception.__init__(
            self, listed([*([f"no clip says {words}"] if words else []), *reasons], "; ") + self._unread()
        )

    def problem(self) -> dict[str, Any]:
        first = list(self.unsure.items())[:LISTED]
        return super().problem() | {"unsure": {shown(number): shown(why, REASON) for number, why in first}}


def named(voice: str) -> str:
    """A voice in a sentence."""
    return f"voice '{shown(voice)}'" if voice else "the default voice"


class VoiceTooLarge(StitchError):
    """A voice's folder has more files than `limits.VOICE_FILES`."""

    code = "voice_too_large"
    title = "The voice has too many clips"
    status = 422

    def __init__(self, voice: str) -> None:
        super().__init__(
            f"{named(voice)} has over {limits.VOICE_FILES:,} files, which is the limit: divide it into several voices"
        )


class UnusableClip(StitchError):
    """Clips that cannot be used: `unusable` has the key and the reason of each."""

    code = "unusable_clips"
    title = "A clip cannot be used"
    status = 422

    def __init__(self, *unusable: tuple[str, str]) -> None:
        self.unusable = unusable
        super().__init__(listed([f"{shown(key)}: {shown(reason, REASON)}" for key, reason in unusable], "; "))

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"unusable": _unusable(self.unusable)}


def _unusable(clips: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": shown(key), "reason": shown(reason, REASON)} for key, reason in clips[:LISTED]]
