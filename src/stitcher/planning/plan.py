"""From a message to its plan: which clips are said, in which order, with which pauses between."""

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from stitcher import ENGINE, limits
from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, MessageTooLong, MissingWords, named, shown
from stitcher.formats.profiles import PROFILES
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.phrases import Choice, Instead, choose
from stitcher.text.message import ENDS_SENTENCE, Item, Named, Silence, Spelled, Stop, items
from stitcher.text.words import Word, is_spaceless, phrase, words

if TYPE_CHECKING:
    from stitcher.numbers.spoken import Spoken

SILENCE_MS = 400
"""Milliseconds that a missing word is given where it is to be a silence."""
Policy = Literal["error", "skip", "silence", "fallback"]


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
    """The message as an ordered list of segments, and the profile it is made in."""

    segments: tuple[Segment, ...]
    profile: str
    notes: tuple["Note", ...] = field(default=(), compare=False)
    """One for each clip: what of the message it stands for, and why."""
    missing: tuple[str, ...] = ()
    """What is not said, by the request's leave."""
    substituted: tuple[str, ...] = ()
    """What is said by the fallback voice."""

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
            "missing": list(self.missing),
            "substituted": list(self.substituted),
            "segments": [{"pause_ms": s.ms} if isinstance(s, Pause) else asdict(s) for s in self.segments],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Plan":
        """The reverse of `to_json`. Raises KeyError or TypeError where the document is not one of its making."""
        segments = (Pause(s["pause_ms"]) if "pause_ms" in s else Clip(**s) for s in document["segments"])
        unsaid = {name: tuple(document.get(name, ())) for name in ("missing", "substituted")}
        return cls(tuple(segments), document["profile"], **unsaid)


def plan_message(
    message: str,
    catalogue: Catalogue,
    *,
    gap_ms: int | None = None,
    profile: str = "mp3",
    policy: Policy = "error",
    fallback: Catalogue | None = None,
) -> Plan:
    """Plan a text: whole words in message order, every occurrence, in the phrases that a good speaker would choose.

    Parameters
    ----------
    gap_ms
        Between words; None takes the voice's.
    policy
        What becomes of words without a clip: `error`, `skip` them, a `silence` for each, or the clips of `fallback`.

    Raises
    ------
    InvalidRequest
        The text has no words, a mark cannot be followed, or the gap or profile is not one there is.
    MessageTooLong
        Over 2,000 characters or 500 segments.
    MissingWords
        Words that no clip says, where that is an error; all of them are named.
    """
    if len(message) > limits.MESSAGE_CHARACTERS:
        raise MessageTooLong(f"the message has {len(message)} characters; the limit is {limits.MESSAGE_CHARACTERS}")
    found = items(message)
    if not any(isinstance(item, Word | Named | Spelled) for item in found):
        raise InvalidRequest("the message has no words")
    planner = _Planner(message, catalogue, policy, fallback)
    planner.add(found)
    return planner.plan(gap_ms, profile)


def plan_parts(parts: Sequence[str], catalogue: Catalogue, *, gap_ms: int | None = None, profile: str = "mp3") -> Plan:
    """Plan an explicit list of clips, each by its file name ("hello.wav") or its phrase. Raises as `plan_message`."""
    if not parts:
        raise InvalidRequest("message_parts is empty")
    if len(parts) > limits.SEGMENTS:  # before the missing ones are listed: the refusal has to fit the workflow too
        raise MessageTooLong(f"message_parts has {len(parts)} parts; the limit is {limits.SEGMENTS}")
    if len(json.dumps(parts)) > limits.PLAN_BYTES // 2:  # a refusal names each missing part twice
        raise MessageTooLong(f"message_parts is over {limits.PLAN_BYTES // 2048} KiB: use shorter file names")
    planner = _Planner("", catalogue, "error", None)
    for part in parts:
        planner.name(part, Note(0, 0, ""))
    return planner.plan(gap_ms, profile)


@dataclass(frozen=True, slots=True)
class _Said:
    """One clip to be said: its phrase (empty where a mark named the clip), its sentence, and what comes before it."""

    clip: Clip
    phrase: str
    catalogue: Catalogue
    sentence: int
    note: Note
    pause_ms: int
    exact: bool


class _Planner:
    """A plan in the making: what is said, one after the other."""

    def __init__(self, message: str, catalogue: Catalogue, policy: Policy, fallback: Catalogue | None) -> None:
        self.message, self.catalogue, self.policy, self.fallback = message, catalogue, policy, fallback
        self.said: list[_Said] = []
        self.sentence = 0
        self.missing: list[str] = []
        self.substituted: list[str] = []
        # Asked for before the next clip: by punctuation and silent words, or, then exactly, by marks.
        self.pause_ms = 0
        self.exact_ms: int | None = None

    def add(self, found: Sequence[Item]) -> None:
        """Plan the items of a message: sentence by sentence, cut at marks."""
        numbers = self._numbers()
        row: list[Word] = []
        stops: dict[int, Stop] = {}  # by the place of the word that follows
        for item in found:
            if isinstance(item, Word):
                row.append(item)
            elif isinstance(item, Stop) and row and item.kind not in ENDS_SENTENCE:
                stops[len(row)] = item
            else:
                self._row(row, stops, numbers)
                row, stops = [], {}
                self._between(item)
        self._row(row, stops, numbers)

    def name(self, name: str, note: Note) -> None:
        """Say the clip of this name."""
        clip = self.catalogue.part(name)
        if clip is None:
            self._lack(name)
        else:
            self._say(clip, "", self.catalogue, note)

    def plan(self, gap_ms: int | None, profile: str) -> Plan:
        """The finished plan; raises as `plan_message`."""
        gap_ms = self.catalogue.settings.gap_ms if gap_ms is None else gap_ms
        if profile not in PROFILES:
            raise InvalidRequest(f"format '{shown(profile)}' is not one of {', '.join(PROFILES)}")
        if not -limits.CROSSFADE_MS <= gap_ms <= limits.GAP_MS:
            raise InvalidRequest(f"gap_ms {gap_ms} is not between {-limits.CROSSFADE_MS} and {limits.GAP_MS}")
        if self.missing and (self.policy in ("error", "fallback") or not self.said):
            raise MissingWords(self.missing, self.catalogue.voice, self.catalogue.by_phrase)
        segments = tuple(self._segments(gap_ms))
        if len(segments) > limits.SEGMENTS:
            raise MessageTooLong(f"the message has {len(segments)} clips and pauses; the limit is {limits.SEGMENTS}")
        notes = tuple(said.note for said in self.said)
        unsaid = tuple(dict.fromkeys(self.missing)), tuple(dict.fromkeys(self.substituted))
        plan = Plan(segments, profile, notes, *unsaid)
        # Written out only where it could be too long: at most six bytes a character, and some for the names of fields.
        at_most = sum(7 * len(clip.key + clip.phrase) + 240 for clip in plan.clips) + 60 * len(segments)
        if at_most > limits.PLAN_BYTES and limits.travelling(plan.to_json()) > limits.PLAN_BYTES:
            kib = limits.PLAN_BYTES // 1024
            raise MessageTooLong(f"the plan of the message is over {kib} KiB: use shorter file names")
        return plan

    def _segments(self, gap_ms: int) -> Iterator[Segment]:
        for place, said in enumerate(self.said):
            ms = said.pause_ms if said.exact else max(gap_ms, said.pause_ms or gap_ms)
            if place and ms:
                yield Pause(ms)
            first = place == 0 or self.said[place - 1].sentence != said.sentence
            last = place + 1 == len(self.said) or self.said[place + 1].sentence != said.sentence
            where = "final" if last else "initial" if first else "medial"
            yield said.catalogue.take(said.phrase, where) if said.phrase else said.clip

    def _between(self, item: Item) -> None:
        """What stands between two rows of words."""
        if isinstance(item, Stop):
            self.pause_ms = max(self.pause_ms, getattr(self.catalogue.settings.pauses, item.kind))
            self.sentence += item.kind in ENDS_SENTENCE
        elif isinstance(item, Silence):
            self.exact_ms = (self.exact_ms or 0) + item.ms
        elif isinstance(item, Named):
            self.name(item.name, Note(item.start, item.end, "named by a mark"))
        elif isinstance(item, Spelled):
            characters = [Word(text, item.start, item.end) for text in words(" ".join(item.text))]
            named = [
                Instead(i, i + 1, said, "digit")
                for i, char in enumerate(characters)
                if (said := self._digit(char.text))
            ]
            self._choices(choose(characters, named, self.catalogue.by_phrase.__contains__, 1), characters, {})

    def _row(self, row: Sequence[Word], stops: Mapping[int, Stop], numbers: "Sequence[Spoken]") -> None:
        if row:
            insteads = list(_insteads(row, numbers))
            has, longest = self.catalogue.by_phrase.__contains__, self.catalogue.longest
            self._choices(choose(row, insteads, has, longest), row, stops)

    def _choices(self, chosen: Sequence[Choice], row: Sequence[Word], stops: Mapping[int, Stop]) -> None:
        before = {row[place].start: stop for place, stop in stops.items() if place < len(row)}
        lacking: list[Choice] = []
        for choice in chosen:
            if choice.start in before:
                self._between(before[choice.start])
            if choice.missing:
                lacking.append(choice)
                continue
            self._lacking(lacking)
            lacking = []
            clip = self.catalogue.by_phrase[choice.phrase]
            why = choice.why or ("" if clip.phrase == choice.phrase else f"alias of '{clip.phrase}'")
            self._say(clip, choice.phrase, self.catalogue, Note(choice.start, choice.end, why))
        self._lacking(lacking)
        if len(row) in stops:
            self._between(stops[len(row)])

    def _lacking(self, lacking: Sequence[Choice]) -> None:
        """Words in a row that no clip says."""
        if lacking and self.policy == "fallback" and self.fallback:
            row = [Word(choice.phrase, choice.start, choice.end) for choice in lacking]
            lacking = []
            for choice in choose(row, (), self.fallback.by_phrase.__contains__, self.fallback.longest):
                if choice.missing:
                    lacking.append(choice)
                    continue
                self.substituted.append(choice.phrase)
                note = Note(choice.start, choice.end, f"said by {named(self.fallback.voice)}")
                self._say(self.fallback.by_phrase[choice.phrase], choice.phrase, self.fallback, note)
        end = -1
        for choice in lacking:
            # Letters of scripts without spaces: what stands together is missing together.
            if choice.start == end and is_spaceless(choice.phrase):
                self.missing[-1] += choice.phrase
            else:
                self._lack(choice.phrase)
            end = choice.end if is_spaceless(choice.phrase) else -1

    def _lack(self, what: str) -> None:
        self.missing.append(what)
        if self.policy == "silence":
            self.pause_ms += SILENCE_MS

    def _say(self, clip: Clip, said: str, catalogue: Catalogue, note: Note) -> None:
        exact = self.exact_ms is not None
        pause_ms = self.exact_ms if self.exact_ms is not None else self.pause_ms
        self.said.append(_Said(clip, said, catalogue, self.sentence, note, pause_ms, exact))
        self.pause_ms, self.exact_ms = 0, None

    def _numbers(self) -> "list[Spoken]":
        settings = self.catalogue.settings
        if not settings.language or not any(map(str.isdigit, self.message)):
            return []
        # Here, because most messages need none of it.
        from stitcher.numbers.spoken import spoken

        return spoken(self.message, settings.language, settings.numbers)

    def _digit(self, char: str) -> tuple[str, ...]:
        settings = self.catalogue.settings
        if not settings.language or not char.isdigit():
            return ()
        from stitcher.numbers.spoken import digits

        return tuple(words(digits(char, settings.language, settings.numbers)))


def _insteads(row: Sequence[Word], numbers: "Sequence[Spoken]") -> Iterator[Instead]:
    """The numbers that are whole words of the row."""
    for number in numbers:
        first = bisect_left(row, number.start, key=lambda word: word.start)
        last = bisect_right(row, number.end, key=lambda word: word.end)
        said = tuple(words(number.words))
        # A number that reaches into a word ("covid19") is part of the word.
        cut = (first > 0 and row[first - 1].end > number.start) or (last < len(row) and row[last].start < number.end)
        if first < last and said and not cut:
            yield Instead(
                first, last, said, f"{number.kind} '{phrase(' '.join(word.text for word in row[first:last]))}'"
            )
