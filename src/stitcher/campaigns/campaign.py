"""A campaign: a table of messages, and which words still have to be recorded before all of them can be said."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from stitcher import limits
from stitcher.campaigns.script import Session, Span, ToRecord, example, file_name
from stitcher.errors import InvalidRequest, MissingWords, StitchError
from stitcher.near import did_you_mean, near
from stitcher.planning.catalogue import AUDIO_SUFFIXES, Catalogue, read_catalogue, voice_prefix
from stitcher.planning.names import has_signs
from stitcher.planning.plan import plan_message
from stitcher.storage import Repo
from stitcher.text.message import ENDS_SENTENCE, MARK, Stop, items
from stitcher.text.words import Word, phrase, tokens

DELIMITERS = ",;\t"
_SEPARATOR = re.compile(r'"?sep=(?P<by>[,;\t|])"?\r?\n?', re.IGNORECASE)
_SENTENCE_ENDS = tuple(".!?।॥።۔؟\n")
REFUSALS = 20
"""The most refused rows that are named; all are counted."""
# Results that are kept: campaigns repeat themselves, and memory has to stay bounded whatever they hold.
_KNOWN = 131_072
# Stands in a message for a column's value that is missing as a whole: a mark whose clip no voice can have.
_NO_CLIP = "/"
_VALUE = f"[clip {_NO_CLIP}]"


class CampaignFault(Exception):
    """The table or the template cannot be used at all; a sentence that says what to change."""


# The table


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its columns' names, and the line of the file that it begins in; `fault` says why it cannot be read."""

    line: int
    cells: Mapping[str, str]
    fault: str = ""


class Table:
    """A CSV file: UTF-8 with or without BOM, a header row, cells separated by commas, semicolons or tabs.

    Read row by row, in constant memory. A context manager.

    Raises
    ------
    CampaignFault
        The file has no header row, two columns of one name, or is not UTF-8.
    OSError
        It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._bytes = path.open("rb")
        self._file = io.TextIOWrapper(self._bytes, encoding="utf-8-sig", newline="")
        try:
            # Spreadsheets write "sep=;" into the first line, to say what separates cells.
            told = _SEPARATOR.fullmatch(self._first_line())
            self._told = told["by"] if told else ""
            self.header, self.delimiter = self._sniff()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def read(self) -> int:
        """Bytes read so far, of `size`."""
        return self._bytes.tell()

    def _sniff(self) -> tuple[list[str], str]:
        """The names of the columns, by the delimiter that makes most of them."""
        best: list[str] = []
        chosen = ""
        for delimiter in self._told or DELIMITERS:
            self._begin()
            first = next((record for record in self._records(delimiter) if record.cells or record.fault), None)
            if first and len(first.cells) > len(best):
                best, chosen = first.cells, delimiter
        header = [unicodedata.normalize("NFC", name.strip()) for name in best]
        if not any(header):
            raise CampaignFault(f"{self.path} has no header row: its first line names the columns")
        twice = next((name for name in header if name and header.count(name) > 1), None)
        if twice:
            raise CampaignFault(f"{self.path} has two columns called '{twice}'")
        # A comma in the only column there is separates nothing.
        return header, chosen if len(header) > 1 else "\x1f"

    def rows(self) -> Iterator[Row]:
        """The rows in order; blank ones are passed over."""
        self._begin()
        header_read = False
        for record in self._records(self.delimiter):
            if not header_read:
                header_read = bool(record.cells)
            elif record.fault:
                yield Row(record.line, {}, record.fault)
            elif any(map(str.strip, record.cells)):
                fault = self._beyond(record.cells) if any(record.cells[len(self.header) :]) else ""
                yield Row(record.line, dict(zip(self.header, record.cells, strict=False)), fault)

    def _first_line(self) -> str:
        try:
            return self._file.readline(16)
        except UnicodeDecodeError:
            raise CampaignFault(f"{self.path} is not UTF-8 text: save it as 'CSV UTF-8'") from None

    def _begin(self) -> None:
        """Back to the header."""
        self._file.seek(0)
        if self._told:
            self._file.readline()

    def _beyond(self, cells: Sequence[str]) -> str:
        separator = {"\t": "a tab", ";": "a semicolon"}.get(self.delimiter, "a comma")
        return (
            f"it has {len(cells)} cells but there are {len(self.header)} columns: "
            f"a cell with {separator} in it has to be in quotes"
        )

    def _records(self, delimiter: str) -> Iterator["_Record"]:
        reader = csv.reader(self._file, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1 + bool(self._told)
            try:
                yield _Record(line, next(reader))
            except StopIteration:
                return
            except csv.Error as error:
                known = {"unexpected end of data": "a quote is opened and never closed"}
                yield _Record(line, [], known.get(str(error), f"it is not CSV: {error}"))
            except UnicodeDecodeError:
                raise CampaignFault(f"{self.path} is not UTF-8 text: save it as 'CSV UTF-8'") from None


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]
    fault: str = ""


# From rows to messages


@dataclass(frozen=True, slots=True)
class Filled:
    """A message made from a row, and where in it stand the values that may be said by a clip of their own."""

    text: str
    values: tuple[Span, ...] = ()


class Template:
    """`hello, {name}: rain in {place}`, to be filled with a row's cells; `{{` and `}}` are plain braces.

    Raises
    ------
    CampaignFault
        A brace without its other one, or a column that is not in the header.
    """

    _PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

    def __init__(self, template: str, header: Sequence[str]) -> None:
        self.texts: list[str] = [""]
        self.columns: list[str] = []
        position = 0
        for piece in self._PIECE.finditer(template):
            self.texts[-1] += template[position : piece.start()]
            position = piece.end()
            if piece.group(1) is not None:
                self.columns.append(unicodedata.normalize("NFC", piece.group(1).strip()))
                self.texts.append("")
            elif len(piece.group()) == 2:
                self.texts[-1] += piece.group()[0]
            else:
                raise CampaignFault(
                    f"the template has a '{piece.group()}' without its other brace, at character {piece.start() + 1}; "
                    f"write '{piece.group() * 2}' to say the brace"
                )
        self.texts[-1] += template[position:]
        self.columns = [_column_of(header, column, "the template's column") for column in self.columns]
        self._own = [self._own_words(place) for place in range(len(self.columns))]

    @classmethod
    def of_column(cls, column: str, header: Sequence[str]) -> Self:
        """The whole message is in one column."""
        named = _column_of(header, unicodedata.normalize("NFC", column.strip()), "the column")
        whole = cls("", header)
        whole.texts, whole.columns, whole._own = ["", ""], [named], [False]
        return whole

    def _own_words(self, place: int) -> bool:
        """Whether a column's value is words of its own: "{name}" is, in "{name}'s" it is a part of one."""
        before, after = self.texts[place], self.texts[place + 1]
        beside = (place > 0 and not before) or (place + 1 < len(self.columns) and not after)
        start = len(before)
        return not beside and Word("x", start, start + 1) in tokens(f"{before}x{after}")

    def _sentence(self, place: int) -> bool:
        """Whether a column is a sentence of its own, so that without a value nothing is missing around it."""
        before, after = self.texts[place].rstrip(" "), self.texts[place + 1].lstrip(" ")
        begins = before[-1:] in _SENTENCE_ENDS if before else place == 0
        return begins and (after[:1] in _SENTENCE_ENDS if after else place + 1 == len(self.columns))

    def fill(self, cells: Mapping[str, str]) -> Filled:
        """The message of a row. Raises `InvalidRequest` where a column that is needed is empty or not there."""
        text, values = self.texts[0], []
        for place, (column, own, after) in enumerate(zip(self.columns, self._own, self.texts[1:], strict=True)):
            if column not in cells:
                raise InvalidRequest(f"the row ends before its column '{column}'")
            value = cells[column]
            if not value.strip() and not self._sentence(place):
                raise InvalidRequest(f"its column '{column}' is empty: the message would have a gap")
            if own and value:
                values.append((len(text), len(text) + len(value)))
            text += value + after
        if values and "[" in text:
            marks = [mark.span() for mark in MARK.finditer(text)]
            values = [value for value in values if not _overlaps(value, marks)]
        return Filled(text, tuple(values))


def column_named(header: Sequence[str], column: str) -> str | None:
    """The table's own name of a column, whose capital letters do not matter; None where there is none, or several."""
    if column in header:
        return column
    alike = [name for name in header if name.casefold() == column.casefold()]
    return alike[0] if len(alike) == 1 else None


def _column_of(header: Sequence[str], column: str, what: str) -> str:
    found = column_named(header, column)
    if found is None:
        there = ", ".join(f"'{name}'" for name in header if name)
        hint = did_you_mean(near(column, [name for name in header if name]))
        raise CampaignFault(f"{what} '{column}' is not in the table; its columns are {there}{hint}")
    return found


def _overlaps(span: Span, others: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


# What has to be recorded


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


class Campaign:
    """Checks the rows of a campaign one by one, and counts.

    Memory is that of the words to record and the voices; a bounded number of results is kept, so that what repeats
    is planned once.

    Parameters
    ----------
    voice
        The voice of rows that do not name one in `voice_column`.
    """

    def __init__(self, repo: Repo, template: Template, *, voice: str = "", voice_column: str | None = None) -> None:
        self.repo, self.template, self.voice, self.voice_column = repo, template, voice, voice_column
        self.rows = self.refused = 0
        self.refusals: list[tuple[int, str]] = []
        self.voices: dict[str, VoiceCheck] = {}
        self._needed: dict[tuple[str, str], ToRecord] = {}
        self._planned = lru_cache(_KNOWN)(self._plan)
        self._needed_by = lru_cache(_KNOWN)(self._needs)
        voice_prefix(voice)  # a name that is none is the command's fault, not each row's

    @property
    def ready(self) -> int:
        """Messages that can be said now."""
        return sum(check.ready for check in self.voices.values())

    @property
    def not_ready(self) -> int:
        """Messages that wait for a recording."""
        return self.rows - self.ready - self.refused

    @property
    def to_record(self) -> list[ToRecord]:
        """What has to be recorded, needed by most messages first, then by the alphabet."""
        return sorted(self._needed.values(), key=lambda needed: (-needed.messages, needed.words, needed.voice))

    @property
    def sessions(self) -> list[Session]:
        """What has to be recorded, voice by voice; the command's own voice is there even without messages."""
        lacking: dict[str, list[ToRecord]] = {voice: [] for voice in sorted(self.voices) or [self.voice]}
        for needed in self.to_record:
            lacking[needed.voice].append(needed)
        checks = {voice: self.voices.get(voice, VoiceCheck(Catalogue(voice))) for voice in lacking}
        return [
            Session(voice, check.catalogue.settings.language or "", check.messages, check.ready, lacking[voice])
            for voice, check in checks.items()
        ]

    def add(self, row: Row) -> None:
        """Check one row.

        Raises
        ------
        UnusableClip
            The settings of the row's voice cannot be read.
        """
        self.rows += 1
        if row.fault:
            self._refuse(row, row.fault)
            return
        try:
            filled = self.template.fill(row.cells)
            voice = self._voice_of(row)
            needs = self._needed_by(voice, filled)
        except InvalidRequest as refusal:
            self._refuse(row, str(refusal))
            return
        if isinstance(needs, str):
            self._refuse(row, needs)
            return
        check = self.voices[voice]
        check.messages += 1
        check.ready += not needs
        for words, span in needs.items():
            needed = self._needed.get((voice, words))
            if needed is None:
                spans = [span] if span else self._places(voice, filled.text, words)
                needed = self._needed[voice, words] = ToRecord(words, voice, example(filled.text, spans))
            needed.messages += 1

    def _refuse(self, row: Row, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS:
            self.refusals.append((row.line, reason))

    def _voice_of(self, row: Row) -> str:
        named = row.cells.get(self.voice_column, "").strip() if self.voice_column else ""
        voice = unicodedata.normalize("NFC", named or self.voice)
        if voice not in self.voices:
            self.voices[voice] = VoiceCheck(read_catalogue(self.repo, voice))
        return voice

    def _needs(self, voice: str, filled: Filled) -> Mapping[str, Span | None] | str:
        """What a message lacks, with its place where it is the whole value of a column; or why it is refused."""
        text, whole = filled.text, self._whole_values(voice, filled)
        for start, end in sorted(whole.values(), reverse=True):
            text = text[:start] + _VALUE + text[end:]
        result = self._planned(voice, text, bool(whole))
        return result.refused or dict.fromkeys(result.missing) | whole or _NOTHING

    def _whole_values(self, voice: str, filled: Filled) -> dict[str, Span]:
        """The columns' values of which no clip says anything: each is better recorded as one phrase."""
        text, check = filled.text, self.voices[voice]
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
                if not result.refused and not _overlaps(span, result.said):
                    found[words] = span
        return found

    def _plan(self, voice: str, text: str, has_values: bool = False) -> _Result:
        """What a message says and lacks; with `has_values`, apart from the values that `_VALUE` stands for."""
        try:
            plan = plan_message(text, self.voices[voice].catalogue, policy="skip")
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
        unsaid = [word for word in tokens(text) if not _overlaps((word.start, word.end), said)]
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
