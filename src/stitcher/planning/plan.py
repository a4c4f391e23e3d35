"""From a message to its plan: which clips are said, in which order, with which pauses between."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from stitcher import ENGINE, limits
from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, MessageTooLong
from stitcher.planning.catalogue import Catalogue

SILENCE_MS = 400
"""Milliseconds that a missing word is given where it is to be a silence."""
Policy = Literal["error", "skip", "silence", "fallback"]
ReadNumbers = Literal["likely", "strict"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence between the audible edges of two clips, in milliseconds; less than 0 overlaps them with a crossfade."""

    ms: int


Segment = Clip | Pause


@dataclass(frozen=True, slots=True)
class Note:
    """`message[start:end]` (code points) is what a clip stands for; `why` is empty where it says just that."""

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The message as an ordered list of segments, the profile it is made in, and the platform whose limits it keeps."""

    segments: tuple[Segment, ...]
    profile: str
    notes: tuple["Note", ...] = field(default=(), compare=False)
    """One for each clip: what of the message it stands for, and why."""
    missing: tuple[str, ...] = ()
    """What is not said: words without a clip, by the request's leave, and decoration."""
    substituted: tuple[str, ...] = ()
    """What is said by the fallback voice."""
    decoration: tuple[str, ...] = ()
    """What of the missing is not meant to be said: marks of bold text, and pictures without a clip."""

    unsure: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Numbers of the missing that are not read for certain, each with the reason."""

    platform: str = ""
    """A key of `platforms.PLATFORMS`, or "". The audio does not depend on it."""

    @property
    def clips(self) -> list[Clip]:
        """The clips in the order in which they are said, every occurrence."""
        return [segment for segment in self.segments if isinstance(segment, Clip)]

    @property
    def pauses(self) -> list[int]:
        """The milliseconds before each clip but the first; 0 where there is no pause."""
        gaps: list[int] = []
        waiting: int | None = None
        for segment in self.segments:
            if isinstance(segment, Pause):
                waiting = (waiting or 0) + segment.ms
            else:
                gaps.append(waiting or 0)
                waiting = None
        return gaps[1:]

    @property
    def cache_key(self) -> str:
        """SHA-256 (hex) over canonical JSON of engine, profile and segments in order, each clip by its ETag.

        A clip's name is not part of it: a renamed recording sounds the same.
        """
        heard = [["clip", s.etag] if isinstance(s, Clip) else ["pause", s.ms] for s in self.segments]
        document = {"engine": ENGINE, "profile": self.profile, "segments": heard}
        return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The plan as the workflow carries it from step to step."""
        return {
            "profile": self.profile,
            **({"platform": self.platform} if self.platform else {}),
            "missing": list(self.missing),
            **({"decoration": list(self.decoration)} if self.decoration else {}),
            "substituted": list(self.substituted),
            "segments": [{"pause_ms": s.ms} if isinstance(s, Pause) else asdict(s) for s in self.segments],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Plan":
        """The reverse of `to_json`. Raises KeyError or TypeError where the document is not one of its making."""
        segments = (Pause(s["pause_ms"]) if "pause_ms" in s else Clip(**s) for s in document["segments"])
        unsaid = {name: tuple(document.get(name, ())) for name in ("missing", "substituted", "decoration")}
        return cls(tuple(segments), document["profile"], platform=document.get("platform", ""), **unsaid)


def plan_message(
    message: str,
    catalogue: Catalogue,
    *,
    gap_ms: int | None = None,
    profile: str = "mp3",
    policy: Policy = "error",
    fallback: Catalogue | None = None,
    read_numbers: ReadNumbers | None = None,
) -> Plan:
    """Plan a text: whole words in message order, every occurrence, in the phrases that a good speaker would choose.

    Parameters
    ----------
    gap_ms
        Between words; None takes the voice's.
    profile
        The name of a profile, or of a platform that takes one, of `platforms.FORMATS`.
    policy
        What becomes of words without a clip, and of numbers that are not read for certain: `error`, `skip` them, a
        `silence` for each, or the clips of `fallback`.
    read_numbers
        `strict` refuses a number that can be read in two ways, `likely` says the likelier one; None takes the voice's.

    Raises
    ------
    InvalidRequest
        The text has no words, a mark cannot be followed, or the gap or profile is not one there is.
    MessageTooLong
        Over 2,000 characters or 500 segments.
    MissingWords
        Words that no clip says, and numbers that are not read for certain, where that is an error; all of them are
        named.
    """
    if len(message) > limits.MESSAGE_CHARACTERS:
        raise MessageTooLong(limits.too_many_characters(len(message)))
    from stitcher.planning.planner import Planner  # which is made of the values above

    planner = Planner(message, catalogue, policy, fallback, read_numbers)
    return planner.plan(gap_ms, profile)


def plan_parts(parts: Sequence[str], catalogue: Catalogue, *, gap_ms: int | None = None, profile: str = "mp3") -> Plan:
    """Plan an explicit list of clips, each by its file name ("hello.wav") or its phrase. Raises as `plan_message`."""
    if not parts:
        raise InvalidRequest("message_parts is empty")
    if len(parts) > limits.SEGMENTS:  # before the missing ones are listed: the refusal has to fit the workflow too
        raise MessageTooLong(f"message_parts has {len(parts)} parts; the limit is {limits.SEGMENTS}")
    if len(json.dumps(parts)) > limits.PLAN_BYTES // 2:  # a refusal names each missing part twice
        raise MessageTooLong(f"message_parts is over {limits.PLAN_BYTES // 2048} KiB: use shorter file names")
    from stitcher.planning.planner import Planner

    planner = Planner(None, catalogue, "error", None)
    for part in parts:
        planner.name(part, Note(0, 0, ""))
    return planner.plan(gap_ms, profile)
