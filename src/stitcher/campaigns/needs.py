"""What a message lacks: the words and phrases that somebody still has to record."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath

from stitcher import limits
from stitcher.campaigns.script import Example, Span, example, file_name
from stitcher.campaigns.template import Filled, overlaps
from stitcher.clips.catalogues import CatalogueOf
from stitcher.errors import InvalidRequest, MissingWords, StitchError
from stitcher.planning.catalogue import AUDIO_SUFFIXES, Catalogue, voice_prefix
from stitcher.planning.names import has_signs
from stitcher.planning.plan import plan_message
from stitcher.text.message import ENDS_SENTENCE, MARK, Stop, items
from stitcher.text.words import Word, phrase, tokens

# Results that are kept: campaigns repeat themselves, and memory has to stay bounded whatever they hold.
_KNOWN = 131_072
# Stands in a message for a column's value that is missing as a whole: a mark whose clip no voice can have.
_NO_CLIP = "/"
_VALUE = f"[clip {_NO_CLIP}]"


@dataclass(slots=True)
class VoiceCheck:
    """A voice of the campaign: its clips, and how many messages it has to say and can say."""

    catalogue: Catalogue
    messages: int = 0
    ready: int = 0
    words: frozenset[str] = field(init=False)
    """Those of all its clips."""

    def __post_init__(self) -> None:
        self.words = frozenset(word for said in self.catalogue.by_phrase for word in said.split(" "))

    def has_no_word_of(self, words: Sequence[str]) -> bool:
        """Whether no clip has any of these words."""
        return self.words.isdisjoint(words)

    def says_part_of(self, words: Sequence[str]) -> bool:
        """Whether clips say some of these words: then a plan never leaves all of them out, for it leaves out fewest."""
        longest, known = self.catalogue.longest, self.catalogue.by_phrase
        ends = range(1, len(words) + 1)
        return any(" ".join(words[start:end]) in known for end in ends for start in range(max(0, end - longest), end))


_NOTHING: Mapping[str, Span | None] = {}


@dataclass(frozen=True, slots=True)
class _Result:
    missing: tuple[str, ...] = ()
    said: tuple[Span, ...] = ()
    refused: str = ""


class Needs:
    """What messages lack, on each voice's clips as they are when the voice is first asked for.

    A bounded number of results is kept, so that what repeats is planned once.
    """

    def __init__(self, catalogue_of: CatalogueOf) -> None:
        self._catalogue_of = catalogue_of
        self.voices: dict[str, VoiceCheck] = {}
        self._planned = lru_cache(_KNOWN)(self._plan)
        self.of = lru_cache(_KNOWN)(self._of)

    def voice(self, name: str) -> VoiceCheck:
        """A voice by its name. Raises what reading its catalogue raises."""
        if name not in self.voices:
            self.voices[name] = VoiceCheck(self._catalogue_of(name))
        return self.voices[name]

    def example(self, voice: str, filled: Filled, words: str, span: Span | None) -> Example:
        """The message with the words marked that it lacks, at the place that `of` gave for them."""
        return example(filled.text, [span] if span else self._places(voice, filled.text, words))

    def _of(self, voice: str, filled: Filled) -> Mapping[str, Span | None] | str:
        """What a message lacks, with its place where it is the whole value of a column; or why it is refused."""
        text, whole = filled.text, self._whole_values(voice, filled)
        for start, end in sorted(whole.values(), reverse=True):
            text = text[:start] + _VALUE + text[end:]
        result = self._planned(voice, text, bool(whole))
        return result.refused or dict.fromkeys(result.missing) | whole or _NOTHING

    def _whole_values(self, voice: str, filled: Filled) -> dict[str, Span]:
        """The columns' values of which no clip says anything: each is better recorded as one phrase."""
        text, check = filled.text, self.voice(voice)
        longest = len(text) + len(_VALUE) * len(filled.values)
        if longest > limits.MESSAGE_CHARACTERS or any(mark[2].strip() == _NO_CLIP for mark in MARK.finditer(text)):
            return {}
        # Digits may be said together with what stands beside them ("5" and "mm"): then the plan tells.
        sure = not any(map(str.isnumeric, text))
        found: dict[str, Span] = {}
        for span in filled.values:
            words, parts = _as_phrase(text[slice(*span)])
            if not words:
                continue
            if sure and check.has_no_word_of(parts):
                found[words] = span
            elif len(parts) > 1 and not check.says_part_of(parts):
                result = self._planned(voice, text)
                if not result.refused and not overlaps(span, result.said):
                    found[words] = span
        return found

    def _plan(self, voice: str, text: str, has_values: bool = False) -> _Result:
        """What a message says and lacks; with `has_values`, apart from the values that `_VALUE` stands for."""
        try:
            plan = plan_message(text, self.voice(voice).catalogue, policy="skip")
            missing = tuple(word for word in plan.missing if word not in plan.decoration)
            said, unsure = tuple((note.start, note.end) for note in plan.notes), dict(plan.unsure)
        except MissingWords as refusal:
            missing, said, unsure = tuple(refusal.missing), (), getattr(refusal, "unsure", {})
        except StitchError as refusal:
            return _Result(refused=str(refusal))
        if unsure:
            number, why = next(iter(unsure.items()))
            return _Result(refused=f"the number '{number}' is not said: {why}")
        marks = MARK.finditer(text) if "[" in text else ()
        named = {mark.group(2).strip() for mark in marks if mark.group(1).lower() == "clip"}
        wanted: dict[str, None] = {}
        for what in missing:
            if has_values and what == _NO_CLIP:
                continue
            if what not in named:
                wanted |= dict.fromkeys(_separate(what))
            elif words := _named(what.removeprefix(voice_prefix(voice))):
                wanted[words] = None
            else:
                return _Result(refused=f"[clip {what}] cannot be recorded: it is no name of a clip of this voice")
        return _Result(tuple(wanted), said)

    def _places(self, voice: str, text: str, words: str) -> list[Span]:
        """Where in the message the words are missing."""
        said = self._planned(voice, text).said
        unsaid = [word for word in tokens(text) if not overlaps((word.start, word.end), said)]
        found = [word for word in _together(unsaid) if word.text == words]
        # What is said of a number is not what is written.
        found = found or [word for word in unsaid if any(map(str.isdigit, word.text))]
        spans = [(word.start, word.end) for word in found]
        return spans or [span for span in said if any(map(str.isdigit, text[slice(*span)]))]


@lru_cache(_KNOWN)
def _as_phrase(value: str) -> tuple[str, list[str]]:
    """A value as the phrase that one clip could say, and its words; "" where no single clip can."""
    try:
        found = items(value)
    except InvalidRequest:
        return "", []
    if has_signs(value):  # the name of a file would lose them
        return "", []
    places = [place for place, item in enumerate(found) if isinstance(item, Word)]
    inside = found[places[0] : places[-1] + 1] if places else []
    one = all(isinstance(item, Word) or (isinstance(item, Stop) and item.kind not in ENDS_SENTENCE) for item in inside)
    marks = any(not isinstance(item, Word | Stop) for item in found)
    row = [item for item in inside if isinstance(item, Word)]
    # A mark that combines with the letter before the value would not be the value's.
    if not row or not one or marks or unicodedata.category(value[0])[0] == "M":
        return "", []
    words = row[0].text
    for before, word in pairwise(row):
        words += word.text if before.end == word.start else f" {word.text}"
    # What cannot be the name of one file is recorded word by word.
    return (words, [word.text for word in row]) if file_name(words) else ("", [])


def _named(name: str) -> str:
    """The words of the clip that a mark names; "" where it is another voice's, or has none."""
    path = PurePosixPath(name)
    return "" if "/" in name else phrase(path.stem if path.suffix.lower() in AUDIO_SUFFIXES else name)


@lru_cache(_KNOWN)
def _separate(missing: str) -> tuple[str, ...]:
    """A missing word, as a plan has it, as the words to record: what is written together ("50%") may be several."""
    return tuple(word.text for word in _together(tokens(missing)))


def _together(row: Sequence[Word]) -> list[Word]:
    """The words, but letters of scripts without spaces as one where they stand side by side."""
    found: list[Word] = []
    joins = False
    for word in row:
        before, joins = joins, _spaceless(word.text)
        if before and joins and found[-1].end == word.start:
            found[-1] = Word(found[-1].text + word.text, found[-1].start, word.end)
        else:
            found.append(word)
    return found


@lru_cache(_KNOWN)
def _spaceless(word: str) -> bool:
    """Whether the word is a letter of a script without spaces: two of them are two words."""
    return unicodedata.category(word[0])[0] == "L" and len(tokens(word * 2)) > 1
