"""From a message to its plan: which clips are said, in which order, with which pauses between."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stitcher import ENGINE, limits
from stitcher.catalogue import Catalogue, Clip
from stitcher.errors import InvalidRequest, MessageTooLong, MissingWords
from stitcher.profiles import PROFILES
from stitcher.words import words


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence between the audible edges of two clips, in milliseconds; less than 0 overlaps them with a crossfade."""

    ms: int


Segment = Clip | Pause


@dataclass(frozen=True, slots=True)
class Plan:
    """The message as an ordered list of segments, and the profile it is made in."""

    segments: tuple[Segment, ...]
    profile: str

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
            "segments": [{"pause_ms": s.ms} if isinstance(s, Pause) else asdict(s) for s in self.segments],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Plan":
        """The reverse of `to_json`. Raises KeyError or TypeError where the document is not one of its making."""
        segments = (Pause(s["pause_ms"]) if "pause_ms" in s else Clip(**s) for s in document["segments"])
        return cls(tuple(segments), document["profile"])


def plan_message(
    message: str, catalogue: Catalogue, *, gap_ms: int = limits.DEFAULT_GAP_MS, profile: str = "mp3"
) -> Plan:
    """Plan a text: whole words in message order, every occurrence, longest phrase first.

    Raises
    ------
    InvalidRequest
        The text has no words, or the gap or profile is not one there is.
    MessageTooLong
        Over 2,000 characters or 500 segments.
    MissingWords
        Words that no clip says; all of them are named.
    """
    if len(message) > limits.MESSAGE_CHARACTERS:
        raise MessageTooLong(f"the message has {len(message)} characters; the limit is {limits.MESSAGE_CHARACTERS}")
    said = words(message)
    if not said:
        raise InvalidRequest("the message has no words")
    clips, missing = _cover(said, catalogue)
    return _plan(clips, missing, catalogue, gap_ms, profile)


def plan_parts(
    parts: Sequence[str], catalogue: Catalogue, *, gap_ms: int = limits.DEFAULT_GAP_MS, profile: str = "mp3"
) -> Plan:
    """Plan an explicit list of clips, each by its file name ("hello.wav") or its phrase. Raises as `plan_message`."""
    if not parts:
        raise InvalidRequest("message_parts is empty")
    if len(parts) > limits.SEGMENTS:  # before the missing ones are listed: the refusal has to fit the workflow too
        raise MessageTooLong(f"message_parts has {len(parts)} parts; the limit is {limits.SEGMENTS}")
    if len(json.dumps(parts)) > limits.PLAN_BYTES // 2:  # a refusal names each missing part twice
        raise MessageTooLong(f"message_parts is over {limits.PLAN_BYTES // 2048} KiB: use shorter file names")
    found = [(part, catalogue.part(part)) for part in parts]
    missing = [part for part, clip in found if clip is None]
    return _plan([clip for _, clip in found if clip], missing, catalogue, gap_ms, profile)


def _plan(clips: Sequence[Clip], missing: list[str], catalogue: Catalogue, gap_ms: int, profile: str) -> Plan:
    if profile not in PROFILES:
        raise InvalidRequest(f"format '{profile}' is not one of {', '.join(PROFILES)}")
    if not -limits.CROSSFADE_MS <= gap_ms <= limits.GAP_MS:
        raise InvalidRequest(f"gap_ms {gap_ms} is not between {-limits.CROSSFADE_MS} and {limits.GAP_MS}")
    if missing:
        raise MissingWords(missing, catalogue.voice, voice_is_empty=not catalogue.by_phrase)
    segments = tuple(_with_pauses(clips, gap_ms))
    if len(segments) > limits.SEGMENTS:
        raise MessageTooLong(f"the message has {len(segments)} clips and pauses; the limit is {limits.SEGMENTS}")
    plan = Plan(segments, profile)
    if len(json.dumps(plan.to_json()).encode()) > limits.PLAN_BYTES:
        raise MessageTooLong(f"the plan of the message is over {limits.PLAN_BYTES // 1024} KiB: use shorter file names")
    return plan


def _with_pauses(clips: Sequence[Clip], gap_ms: int) -> Iterable[Segment]:
    for index, clip in enumerate(clips):
        if index and gap_ms:
            yield Pause(gap_ms)
        yield clip


def _cover(said: Sequence[str], catalogue: Catalogue) -> tuple[list[Clip], list[str]]:
    """The clips that say the words, and the words that none says.

    Of all ways to split the words into phrases: the fewest missing words, then the fewest clips, then the longest first
    phrase. Worked out from the end, so that each position is looked at once: O(words x longest phrase).
    """
    best: list[tuple[int, int]] = [(0, 0)] * (len(said) + 1)  # (missing words, clips) from here to the end
    taken: list[Clip | None] = [None] * len(said)
    for start in range(len(said) - 1, -1, -1):
        missing, count = best[start + 1]
        best[start] = (missing + 1, count)
        for length in range(1, min(catalogue.longest, len(said) - start) + 1):
            clip = catalogue.by_phrase.get(" ".join(said[start : start + length]))
            if clip is None:
                continue
            missing, count = best[start + length]
            if (missing, count + 1) <= best[start]:  # an equally good longer phrase replaces a shorter one
                best[start] = (missing, count + 1)
                taken[start] = clip
    clips: list[Clip] = []
    without: list[str] = []
    position = 0
    while position < len(said):
        clip = taken[position]
        if clip is None:
            without.append(said[position])
            position += 1
        else:
            clips.append(clip)
            position += clip.phrase.count(" ") + 1
    return clips, without
