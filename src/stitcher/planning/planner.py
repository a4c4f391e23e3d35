"""A plan in the making: sentence by sentence, what is said by which clip, and the pauses between."""

import json
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from stitcher import limits
from stitcher.clip import Clip
from stitcher.errors import (
    SUGGESTED_FOR,
    InvalidRequest,
    MessageTooLong,
    MissingWords,
    UncertainNumbers,
    named,
    shown,
)
from stitcher.formats.platforms import chosen
from stitcher.near import around
from stitcher.planning import names
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.numerals import Numeral, numerals
from stitcher.planning.phrases import Choice, Instead, choose
from stitcher.planning.plan import SILENCE_MS, Note, Pause, Plan, Policy, ReadNumbers, Segment
from stitcher.text.alike import loose
from stitcher.text.message import ENDS_SENTENCE, Decoration, Forced, Item, Named, Silence, Spelled, Stop, items
from stitcher.text.stops import Abbreviations
from stitcher.text.words import Word, is_spaceless, phrase, words

if TYPE_CHECKING:
    from stitcher.numbers.spoken import Reading

WORDS_AROUND = 4
"""Words of a phrase that a missing word may be a misspelt part of."""
# Pictures that people put between words, and signs of trade marks.
_PICTURES = (
    ("\u2122", "\u2122"),
    ("\u00a9", "\u00a9"),
    ("\u00ae", "\u00ae"),
    ("\u2300", "\u23ff"),
    ("\u2600", "\u27bf"),
    ("\u2b00", "\u2bff"),
    ("\U0001f000", "\U0001faff"),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """One clip to be said: its phrase (empty where a mark named the clip), its sentence, and what comes before it."""

    clip: Clip
    phrase: str
    catalogue: Catalogue
    sentence: int
    note: Note
    pause_ms: int
    """Of the punctuation before it; 0 where there is none."""
    silent_ms: int
    """Of missing words before it."""
    exact_ms: int | None
    """Of marks before it: just this."""


class Planner:
    """What is said of one message, one clip after the other. `plan` gives the result."""

    def __init__(
        self,
        message: str | None,
        catalogue: Catalogue,
        policy: Policy,
        fallback: Catalogue | None,
        read_numbers: ReadNumbers | None = None,
    ) -> None:
        self.message, self.catalogue, self.policy, self.fallback = message or "", catalogue, policy, fallback
        self.read_numbers = read_numbers or catalogue.settings.read_numbers
        self.said: list[_Said] = []
        self.sentence = 0
        self.missing: list[str] = []
        self.substituted: list[str] = []
        self.decoration: list[str] = []
        self.reasons: dict[str, str] = {}
        self.contexts: dict[str, list[str]] = {}
        # Asked for before the next clip: by punctuation, by silent words, or, then exactly, by marks.
        self.pause_ms = self.silent_ms = 0
        self.exact_ms: int | None = None
        if message is not None:
            known = catalogue.settings
            own = json.dumps({"abbreviations": dict(known.abbreviations)} if known.abbreviations else {})
            self._add(items(message, lambda: _abbreviations(known.language or "", own), glottal=known.glottal))

    def name(self, name: str, note: Note) -> None:
        """Say the clip of this name."""
        clip = self.catalogue.part(name)
        if clip is None:
            self._lack(name)
            stem, suffix = names.split(name)
            if suffix in names.AUDIO_SUFFIXES and len(self.contexts) < SUGGESTED_FOR:
                self.contexts[name] = [phrase(stem)]
        else:
            self._say(clip, "", self.catalogue, note)

    def plan(self, gap_ms: int | None, profile: str) -> Plan:
        """The finished plan; raises as `plan_message`."""
        gap_ms = self.catalogue.settings.gap_ms if gap_ms is None else gap_ms
        profile, platform = chosen(profile)
        if not -limits.CROSSFADE_MS <= gap_ms <= limits.GAP_MS:
            raise InvalidRequest(f"gap_ms {gap_ms} is not between {-limits.CROSSFADE_MS} and {limits.GAP_MS}")
        lacking = self.missing or (self.decoration if not self.said else [])
        if lacking and (self.policy in ("error", "fallback") or not self.said):
            raise self._refusal(lacking)
        segments = tuple(self._segments(gap_ms))
        if sum(segment.ms for segment in segments if isinstance(segment, Pause)) > limits.MESSAGE_SECONDS * 1000:
            raise MessageTooLong(limits.too_long_to_hear())
        if len(segments) > limits.SEGMENTS:
            raise MessageTooLong(f"the message has {len(segments)} clips and pauses; the limit is {limits.SEGMENTS}")
        notes = tuple(said.note for said in self.said)
        missing = tuple(dict.fromkeys([*self.missing, *self.decoration]))
        plan = Plan(
            segments,
            profile,
            notes,
            missing,
            substituted=tuple(dict.fromkeys(self.substituted)),
            decoration=tuple(dict.fromkeys(self.decoration)),
            unsure=tuple(self.reasons.items()),
            platform=platform,
        )
        # Written out only where it could be too long: at most six bytes a character, and some for the names of fields.
        at_most = sum(7 * len(clip.key + clip.phrase) + 240 for clip in plan.clips) + 60 * len(segments)
        if at_most > limits.PLAN_BYTES and limits.travelling(plan.to_json()) > limits.PLAN_BYTES:
            kib = limits.PLAN_BYTES // 1024
            raise MessageTooLong(f"the plan of the message is over {kib} KiB: use shorter file names")
        return plan

    def _refusal(self, lacking: Sequence[str]) -> MissingWords:
        unread = self.catalogue.unread(lacking)
        refusal = MissingWords(lacking, self.catalogue.voice, self.catalogue.by_phrase, self.contexts, unread)
        refusal = UncertainNumbers(refusal, self.reasons) if self.reasons else refusal
        refusal.decoration = tuple(dict.fromkeys(self.decoration))
        return refusal

    def _segments(self, gap_ms: int) -> Iterator[Segment]:
        for place, said in enumerate(self.said):
            ms = self._pause(said, gap_ms)
            if place and ms:
                yield Pause(ms)
            first = place == 0 or self.said[place - 1].sentence != said.sentence
            last = place + 1 == len(self.said) or self.said[place + 1].sentence != said.sentence
            where = "final" if last else "initial" if first else "medial"
            takes = said.phrase and said.catalogue.by_phrase.get(said.phrase) is said.clip
            yield said.catalogue.take(said.phrase, where) if takes else said.clip

    def _pause(self, said: _Said, gap_ms: int) -> int:
        """Milliseconds before a clip. Pauses of punctuation move with the gap, and never overlap."""
        if said.exact_ms is not None:
            return min(limits.GAP_MS, said.exact_ms)
        moved = gap_ms - self.catalogue.settings.gap_ms
        ms = max(0, gap_ms, said.pause_ms + moved) if said.pause_ms else gap_ms
        return min(limits.GAP_MS, max(0, ms) + said.silent_ms) if said.silent_ms else min(limits.GAP_MS, ms)

    # From items to rows of words

    def _add(self, found: Sequence[Item]) -> None:
        """Plan the items of a message: row by row, cut at marks."""
        if not any(isinstance(item, Word | Named | Spelled | Forced) for item in found):
            raise InvalidRequest("the message has no words")
        readings = self._readings()
        row: list[Word] = []
        stops: list[Stop] = []
        for item in found:
            if isinstance(item, Word):
                row.append(item)
            elif isinstance(item, Decoration):
                self.decoration.append(item.text)
            elif isinstance(item, Stop):
                if row:
                    stops.append(item)
                else:
                    self._between(item)
            else:
                self._row(row, stops, readings)
                row, stops = [], []
                self._between(item)
        self._row(row, stops, readings)

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
            told = [
                Instead(i, i + 1, said, "digit")
                for i, char in enumerate(characters)
                if (said := self._digit(char.text))
            ]
            self._choices(choose(characters, told, self.catalogue.says, 1), characters, [])
        elif isinstance(item, Forced):
            self._forced(item)

    def _forced(self, mark: Forced) -> None:
        """A number that a mark says how to read."""
        from stitcher.numbers.spoken import forced

        settings = self.catalogue.settings
        try:
            with self.catalogue.following_rules():
                said = forced(mark.kind, mark.text, settings.language or "", settings.rules)
        except ValueError:
            raise InvalidRequest(f"'{shown(self.message[mark.start : mark.end])}' holds no {mark.kind}") from None
        if not said:
            self.reasons[mark.text] = f"the language has no words for this {mark.kind}"
            self._lack(mark.text)
            return
        row = [Word(word, mark.start, mark.end) for word in words(said)]
        catalogue = self.catalogue
        chosen = choose(row, [], catalogue.says, catalogue.tried, catalogue.begins.__contains__)
        why = f"{mark.kind} '{mark.text}': read so by a mark"
        self._choices([Choice(one.phrase, one.start, one.end, one.missing, why) for one in chosen], row, [])

    # From a row of words to clips

    def _row(self, row: Sequence[Word], stops: Sequence[Stop], readings: "Sequence[Reading]") -> None:
        if not row:
            return
        numbers = list(numerals(self.message, row, readings))
        inside = [(number.start, number.end) for number in numbers]
        stops = [stop for stop in stops if not any(start < stop.at < end - 1 for start, end in inside)]
        chosen = _Choosing(self, row, stops, numbers).choose()
        if any(choice.missing for choice in chosen) and (clip := self._word_for_word(row)):
            self._say(clip, clip.phrase, self.catalogue, Note(row[0].start, row[-1].end, ""))
            for stop in stops:
                if stop.at >= row[-1].end:
                    self._between(stop)
            return
        self.reasons |= {
            number.instead.words[0]: number.unsure for number in numbers if number.unsure and number.instead
        }
        self._choices(chosen, row, stops)

    def _word_for_word(self, row: Sequence[Word]) -> Clip | None:
        """The clip whose name is the whole message, whatever stands between its words."""
        if len(row) < 2 or self.catalogue.longest < len(row):
            return None
        said = " ".join(word.text for word in row)
        signs = names.signs(written(self.message, row[0].start, row[-1].end))
        candidates = [*filter(None, [self.catalogue.by_phrase.get(said)]), *self.catalogue.signed.get(said, ())]
        whole = (clip for clip in candidates if signs == names.signs(names.split(clip.name)[0]))
        return next(whole, None)

    def _choices(self, chosen: Sequence[Choice], row: Sequence[Word], stops: Sequence[Stop]) -> None:
        waiting = list(stops)
        lacking: list[Choice] = []
        for choice in self._whole_numbers(chosen):
            while waiting and waiting[0].at < choice.start:
                self._between(waiting.pop(0))
            while waiting and waiting[0].at < choice.end - 1:  # a phrase goes across it
                waiting.pop(0)
            if choice.missing:
                lacking.append(choice)
                self._remember_around(choice, row)
                continue
            self._lacking(lacking)
            lacking = []
            clip, why = self._clip(choice)
            self._say(
                clip,
                clip.phrase if clip.phrase != choice.phrase and why else choice.phrase,
                self.catalogue,
                Note(choice.start, choice.end, why),
            )
        self._lacking(lacking)
        for stop in waiting:
            self._between(stop)

    def _remember_around(self, choice: Choice, row: Sequence[Word]) -> None:
        """The rows of words that hold a missing one, for what the writer may have meant."""
        if self.policy in ("skip", "silence") or len(self.contexts) >= SUGGESTED_FOR:
            return
        place = bisect_left(row, choice.start, key=lambda word: word.start)
        longest = min(WORDS_AROUND, self.catalogue.longest)
        self.contexts.setdefault(choice.phrase, around([word.text for word in row], place, longest))

    def _whole_numbers(self, chosen: Sequence[Choice]) -> Sequence[Choice]:
        """The choices; where words may be left out, a number that lacks a word is left out as a whole.

        "2/3 bag" without a clip of "thirds" must not become "two bag".
        """
        if self.policy not in ("skip", "silence"):
            return chosen
        broken: set[int] = set()
        for choice in chosen:
            if choice.missing and choice.start not in broken:
                span = range(choice.start, choice.end)
                if any(map(str.isnumeric, self.message[choice.start : choice.end])):
                    broken.update(span)
        if not broken:
            return chosen
        return [
            replace(choice, missing=True) if not broken.isdisjoint(range(choice.start, choice.end)) else choice
            for choice in chosen
        ]

    def _clip(self, choice: Choice) -> tuple[Clip, str]:
        """The clip of a chosen phrase, and why it says it."""
        catalogue, said = self.catalogue, choice.phrase
        for clip in catalogue.signed.get(said, ()) if not choice.why else ():
            if names.signs(names.split(clip.name)[0]) == names.signs(written(self.message, choice.start, choice.end)):
                return clip, ""
        if said in catalogue.by_phrase:
            clip = catalogue.by_phrase[said]
            return clip, choice.why or ("" if clip.phrase == said else f"alias of '{clip.phrase}'")
        if numeral := catalogue.numerals.get(said):
            return catalogue.by_phrase[numeral], choice.why or f"the clip of the number '{numeral}'"
        clip = catalogue.by_phrase[catalogue.alike[loose(said)]]
        alike = f"looks the same as '{clip.phrase}'"
        return clip, f"{choice.why}; {alike}" if choice.why else alike

    def _lacking(self, lacking: Sequence[Choice]) -> None:
        """Words in a row that no clip says."""
        if lacking and self.policy == "fallback" and self.fallback:
            row = [Word(choice.phrase, choice.start, choice.end) for choice in lacking]
            lacking = []
            for choice in choose(
                row, (), self.fallback.by_phrase.__contains__, self.fallback.tried, self.fallback.begins.__contains__
            ):
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
            elif _is_picture(choice.phrase):
                self.decoration.append(choice.phrase)
            else:
                self._lack(choice.phrase)
            end = choice.end if is_spaceless(choice.phrase) else -1

    def _lack(self, what: str) -> None:
        self.missing.append(what)
        if self.policy == "silence":
            self.silent_ms += SILENCE_MS

    def _say(self, clip: Clip, said: str, catalogue: Catalogue, note: Note) -> None:
        before = (self.pause_ms, self.silent_ms, self.exact_ms)
        self.said.append(_Said(clip, said, catalogue, self.sentence, note, *before))
        self.pause_ms = self.silent_ms = 0
        self.exact_ms = None

    def _readings(self) -> "list[Reading]":
        if not any(map(str.isnumeric, self.message)):
            return []
        # Imported here, because most messages do not need it.
        from stitcher.numbers.spoken import TooManyWords, readings

        settings = self.catalogue.settings
        try:
            strict = self.read_numbers == "strict"
            with self.catalogue.following_rules():
                return readings(self.message, settings.language or "", settings.rules, strict=strict)
        except TooManyWords:
            raise MessageTooLong(
                f"the numbers of the message take over {limits.SAID_CHARACTERS} characters in words"
            ) from None

    def _digit(self, char: str) -> tuple[str, ...]:
        settings = self.catalogue.settings
        if not char.isdigit():
            return ()
        from stitcher.numbers.spoken import digits

        with self.catalogue.following_rules():
            said = tuple(words(digits(char, settings.language or "", settings.rules)))
        return () if said == (char,) else said


class _Choosing:
    """The choice of phrases for one row; a looser one where the first leaves words without a clip."""

    def __init__(
        self, planner: Planner, row: Sequence[Word], stops: Sequence[Stop], numbers: Sequence[Numeral]
    ) -> None:
        self.row, self.numbers = row, numbers
        self.catalogue, self.message = planner.catalogue, planner.message
        self.ends = [stop.at for stop in stops if stop.kind in ENDS_SENTENCE]

    def choose(self) -> list[Choice]:
        """Exactly as the words are typed, or else as they look."""
        insteads = [number.instead for number in self.numbers if number.instead]
        places = range(1, len(self.row)) if self.ends else ()
        barriers = frozenset(place for place in places if self._ends_between(place))
        catalogue = self.catalogue
        chosen = choose(
            self.row,
            insteads,
            catalogue.says,
            catalogue.tried,
            catalogue.begins.__contains__,
            barriers=barriers,
            fits=self._fits,
        )
        lacks = sum(choice.missing for choice in chosen)
        if not lacks or not catalogue.alike:
            return chosen
        alike = choose(
            self.row, insteads, self._has_alike, catalogue.tried, self._begins_alike, barriers=barriers, fits=self._fits
        )
        return alike if sum(choice.missing for choice in alike) < lacks else chosen

    def _ends_between(self, place: int) -> bool:
        before, after = self.row[place - 1].end, self.row[place].start
        found = bisect_left(self.ends, before)
        return found < len(self.ends) and self.ends[found] < after

    def _has_alike(self, said: str) -> bool:
        return self.catalogue.says(said) or loose(said) in self.catalogue.alike

    def _begins_alike(self, said: str) -> bool:
        return said in self.catalogue.begins or loose(said) in self.catalogue.begins_alike

    def _fits(self, said: str, start: int, end: int) -> bool:
        """Whether a clip may say a part of the message that crosses the end of a sentence or has a bound number."""
        candidates = [*filter(None, [self.catalogue.by_phrase.get(said)]), *self.catalogue.signed.get(said, ())]
        return any(self._says(clip, start, end) for clip in candidates)

    def _says(self, clip: Clip, start: int, end: int) -> bool:
        stem = names.split(clip.name)[0]
        for number in self.numbers:
            if number.instead and number.instead.bound and number.start < end and start < number.end:
                first, last = self.row[number.instead.first].start, self.row[number.instead.last - 1].end
                alone = first <= start and end <= last
                if first < start or end < last or (number.whole and alone):
                    return False
                if number.unsure and not number.whole and not names.has_signs(stem):
                    return False
                if names.signs(stem) != names.signs(written(self.message, start, end)):
                    return False
        crossed = [at for at in self.ends if start <= at < end - 1]
        if not crossed:
            return True
        own = names.stops(stem)
        first = next(place for place, word in enumerate(self.row) if word.end > start)
        return all(sum(word.start < at for word in self.row[first:]) in own for at in crossed)


def written(message: str, start: int, end: int) -> str:
    """A part of the message that begins with a word, with the sign before the word: "-5"."""
    before = message[max(0, start - 2) : start]
    signed = before[-1:] in tuple("-\u2212\u2010\u2011\u2013\u2014+~.") and (
        len(before) < 2 or before[0] in " (\u00a0\n"
    )
    return message[start - signed : end]


def _is_picture(said: str) -> bool:
    """Whether a word is an emoji, or the sign of a trade mark."""
    return any(first <= said[0] <= last for first, last in _PICTURES)


@lru_cache(maxsize=32)
def _abbreviations(language: str, own: str) -> Abbreviations:
    """The abbreviations of a language, those that all have, and a voice's own."""
    from stitcher.numbers.tables import abbreviations

    found = abbreviations(language, json.loads(own))

    def folded(name: str) -> frozenset[str]:
        return frozenset(unicodedata.normalize("NFC", word.casefold()) for word in found.get(name, ()))

    return Abbreviations(folded("never"), folded("perhaps"), folded("initials"))
