"""The last step of a campaign: its table with what became of each row, a summary, and the recording script."""

import array
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, BinaryIO, Self

from stitcher.campaigns.messages import Reader
from stitcher.campaigns.say import Result
from stitcher.campaigns.script import Session, ToRecord, guarded, guarded_own
from stitcher.campaigns.split import REFUSED, read_numbers
from stitcher.campaigns.table import DELIMITERS, CampaignFault, Row, Table
from stitcher.errors import StitchError

MANIFEST = "manifest.csv"
COLUMNS = ("status", "file", "link", "duration_ms", "missing", "reason")
FAILED = "the service failed on it: run the campaign again"
BLOCK = 4_096
"""Rows that are written at once."""
# Line ends as well, and every separator: the `csv` module quotes line ends from Python 3.13 on only, and a spreadsheet
# may be set to another separator than the table's.
_QUOTED = re.compile(f'["\r\n{DELIMITERS}]')
_STATUSES = ("made", "ready", "refused", "failed")


@dataclass(slots=True)
class Summary:
    """What became of a campaign: its rows by status, its distinct messages, and what is still to be recorded.

    A row is `made`, or `ready` where it was only checked, or `refused`, or `failed`.
    """

    rows: int = 0
    distinct: int = 0
    made: int = 0
    ready: int = 0
    refused: int = 0
    failed: int = 0
    sessions: list[Session] = field(default_factory=list)

    @property
    def to_record(self) -> list[ToRecord]:
        """Of all voices, needed by most messages first, then by the alphabet."""
        found = [one for session in self.sessions for one in session.to_record]
        return sorted(found, key=lambda needed: (-needed.messages, needed.words, needed.voice))

    def to_json(self) -> dict[str, Any]:
        """The counts."""
        names = ("rows", "distinct", *_STATUSES)
        return {name: getattr(self, name) for name in names} | {"to_record": len(self.to_record)}


class Join:
    """Joins a table, the numbers of its rows and the results of its messages. A context manager.

    Memory is 13 bytes for each distinct message, and the words to record; a message's columns wait on disk.

    Parameters
    ----------
    table
        The table that was split.
    distinct
        Messages of the campaign.
    numbers
        What `split` wrote; it is read twice.
    results
        A result for each message in order of their numbers; None where the service failed on it.
    link
        The address of an audio file.
    """

    def __init__(
        self,
        table: Table,
        distinct: int,
        numbers: BinaryIO,
        results: Iterable[Result | None],
        link: Callable[[str], str] = str,
    ) -> None:
        self.summary = Summary(distinct=distinct)
        self._table, self._numbers, self._link = table, numbers, link
        self._delimiter = table.delimiter if len(table.header) > 1 else ","
        self._status, self._ends = bytearray(), _Texts()
        times = array.array("I", bytes(4 * distinct))
        for number in read_numbers(numbers):
            if number != REFUSED:
                times[number] += 1
        try:
            self._sum_up(times, results)
        except BaseException:
            self._ends.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()

    def _sum_up(self, times: Sequence[int], results: Iterable[Result | None]) -> None:
        needed: dict[tuple[str, str], ToRecord] = {}
        voices: dict[str, _Voice] = {}
        for rows, result in zip(times, results, strict=True):
            if result is None:
                self._end("failed", ["", "", "", "", FAILED])
                continue
            voice = voices.setdefault(result.voice, _Voice())
            voice.messages += rows
            voice.ready += rows * (result.status != "refused" and not result.to_record)
            voice.language = result.language or voice.language
            link, duration = (self._link(result.file), str(result.duration_ms)) if result.file else ("", "")
            missing, reason = guarded(", ".join(result.missing)), guarded(result.reason)
            self._end(result.status, [result.file, link, duration, missing, reason])
            for words, example in result.to_record:
                one = needed.setdefault((result.voice, words), ToRecord(words, result.voice, example))
                one.messages += rows
        for one in sorted(needed.values(), key=lambda one: (-one.messages, one.words)):
            voices[one.voice].to_record.append(one)
        self.summary.sessions = [
            Session(name, voice.language, voice.messages, voice.ready, voice.to_record)
            for name, voice in sorted(voices.items())
        ]

    def _end(self, status: str, cells: Sequence[str]) -> None:
        self._status.append(_STATUSES.index(status))
        self._ends.append(self._line([status, *cells]))

    def _line(self, cells: Sequence[str]) -> bytes:
        return self._delimiter.join([_quoted(cell) if _QUOTED.search(cell) else cell for cell in cells]).encode()

    def _names(self) -> bytes:
        """The header. All names are in quotes where one has a separator: it must not be taken for the table's."""
        names = [*map(guarded_own, self._table.header), *free_names(self._table.header)]
        if any(map(_QUOTED.search, names)):
            return self._delimiter.join(map(_quoted, names)).encode()
        return self._line(names)

    def manifest(self, reader: Reader) -> Iterator[bytes]:
        """The manifest in blocks: UTF-8 with BOM, the table's own separator and columns, then `COLUMNS`.

        Each row is counted in the summary. The table's cells are as they are there, but that a spreadsheet does not
        calculate them (`guarded_own`).

        Raises
        ------
        CampaignFault
            The table is not the one that was split.
        """
        columns, comma = len(self._table.header), self._delimiter.encode()
        self._numbers.seek(0)
        numbers = read_numbers(self._numbers)
        block = [b"\xef\xbb\xbf", self._names(), b"\r\n"]
        for row in self._table.rows():
            number = next(numbers, None)
            if number is None:
                raise _changed()
            if number == REFUSED:
                status, end = "refused", self._line(["refused", "", "", "", "", guarded(_reason(reader, row))])
            else:
                status, end = _STATUSES[self._status[number]], self._ends[number]
            self.summary.rows += 1
            setattr(self.summary, status, getattr(self.summary, status) + 1)
            cells = [*map(guarded_own, row.in_order[:columns]), *[""] * (columns - len(row.in_order))]
            block += (self._line(cells), comma, end, b"\r\n")
            if len(block) > 4 * BLOCK:
                yield b"".join(block)
                block = []
        if next(numbers, None) is not None:
            raise _changed()
        yield b"".join(block)


@dataclass(slots=True)
class _Voice:
    messages: int = 0
    ready: int = 0
    language: str = ""
    to_record: list[ToRecord] = field(default_factory=list)


class _Texts:
    """Texts by number, on disk."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._begins = array.array("Q", [0])

    def append(self, text: bytes) -> None:
        self._file.write(text)
        self._begins.append(self._begins[-1] + len(text))

    def __getitem__(self, number: int) -> bytes:
        self._file.seek(self._begins[number])
        return self._file.read(self._begins[number + 1] - self._begins[number])

    def close(self) -> None:
        self._file.close()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def free_names(header: Sequence[str]) -> list[str]:
    """Names for `COLUMNS` that the table's own columns do not have: a manifest may be a table itself.

    >>> free_names(["phone", "status"])
    ['status 2', 'file', 'link', 'duration_ms', 'missing', 'reason']
    """
    taken = {name.casefold() for name in header}
    names = []
    for name in COLUMNS:
        free, number = name, 2
        while free in taken:
            free, number = f"{name} {number}", number + 1
        names.append(free)
    return names


def _reason(reader: Reader, row: Row) -> str:
    """Why a row is no message."""
    try:
        reader.message(row)
    except StitchError as refusal:
        return f"line {row.line}: {refusal}"
    raise _changed()


def _changed() -> CampaignFault:
    return CampaignFault("the table has changed since the campaign began: run it again")
