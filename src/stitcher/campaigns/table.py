"""A campaign's table: a CSV file as spreadsheets write it, read row by row."""

import csv
import io
import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from stitcher import limits
from stitcher.errors import shown

DELIMITERS = ",;\t|"
NAMED_COLUMNS = 20
"""The most columns that a sentence lists."""
KEPT_CHARACTERS = 1_000
"""Of a line that cannot be read: its cells as far as this are kept."""
_SEPARATOR = re.compile(r'"?sep=(?P<by>[,;\t|])"?\r?\n?', re.IGNORECASE)


class CampaignFault(Exception):
    """The table or the template cannot be used at all; a sentence that says what to change."""


class Interrupted(Exception):
    """A process of the campaign was ended; what it had stored is kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its columns' names, and the line of the file that it begins in; `fault` says why it cannot be read.

    `in_order` are its cells as they stand in the file; of a row that cannot be read, as far as they are known.
    """

    line: int
    cells: Mapping[str, str]
    fault: str = ""
    in_order: Sequence[str] = ()


class Table:
    """A CSV file: UTF-8 with or without BOM, a header row, cells separated by commas, semicolons, tabs or `|`.

    Read row by row, in constant memory. A context manager.

    Parameters
    ----------
    name
        What faults call it; without one, its path.

    Raises
    ------
    CampaignFault
        The file has no header row, two columns of one name or too many, or is not UTF-8; while rows are read, a quote
        that is never closed: rows behind it would be lost; or the file was written to since it was opened.
    OSError
        It cannot be read.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.name = name or str(path)
        self._bytes = path.open("rb")
        self._state = self._now()
        self.size = self._state[0]
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

    def _now(self) -> tuple[int, int]:
        """The file's bytes, and when it was last written to."""
        about = os.fstat(self._bytes.fileno())
        return about.st_size, about.st_mtime_ns

    def _sniff(self) -> tuple[list[str], str]:
        """The names of the columns, by the delimiter that makes most of them."""
        best: list[str] = []
        chosen = fault = ""
        for delimiter in self._told or DELIMITERS:
            self._begin()
            first = next((record for record in self._records(delimiter) if record.cells or record.fault), None)
            if first and len(first.cells) > len(best):
                best, chosen = first.cells, delimiter
            fault = fault or (first.fault if first else "")
        header = [unicodedata.normalize("NFC", name.strip()) for name in best]
        if not any(header):
            reason = f": {fault}" if fault else ": its first line names the columns"
            raise CampaignFault(f"{self.name} has no header row{reason}")
        if len(header) > limits.TABLE_COLUMNS:
            raise CampaignFault(f"{self.name} has {len(header):,} columns; the limit is {limits.TABLE_COLUMNS:,}")
        twice = next((name for name, times in Counter(header).items() if name and times > 1), None)
        if twice:
            raise CampaignFault(f"{self.name} has two columns called '{shown(twice)}'")
        # A comma in the only column there is separates nothing.
        return header, chosen if len(header) > 1 else "\x1f"

    def rows(self) -> Iterator[Row]:
        """The rows in order; blank ones are passed over. Raises `CampaignFault` where rows would be lost."""
        self._begin()
        header_read = False
        for record in self._records(self.delimiter):
            if not header_read:
                header_read = bool(record.cells)
            elif record.lines > 1 and record.fault:
                raise CampaignFault(
                    f"{self.name} has rows that cannot be told apart, from line {record.line} on: {record.fault}"
                )
            elif record.fault:
                yield Row(record.line, {}, record.fault, self._cells_of(record.begin))
            elif any(map(str.strip, record.cells)):
                fault = self._beyond(record.cells) if any(record.cells[len(self.header) :]) else ""
                yield Row(record.line, dict(zip(self.header, record.cells, strict=False)), fault, record.cells)
        if self._now() != self._state:
            raise CampaignFault(f"{self.name} was changed while it was read: give the same command again")

    def _cells_of(self, line: str) -> Sequence[str]:
        """The cells of a line that is no CSV, as far as they can be told apart."""
        known = line.rstrip("\r\n")
        if len(known) > KEPT_CHARACTERS:
            known = known[:KEPT_CHARACTERS] + "…"
        return next(csv.reader([known], delimiter=self.delimiter), ())

    def _first_line(self) -> str:
        try:
            return self._file.readline(16)
        except UnicodeDecodeError:
            raise CampaignFault(f"{self.name} is not UTF-8 text: save it as 'CSV UTF-8'") from None

    def _begin(self) -> None:
        """Back to the header."""
        self._file.seek(0)
        if self._told:
            self._file.readline()

    def _beyond(self, cells: Sequence[str]) -> str:
        separator = {"\t": "a tab", ";": "a semicolon", "|": "a vertical bar"}.get(self.delimiter, "a comma")
        return (
            f"it has {len(cells)} cells but there are {len(self.header)} columns: "
            f"a cell with {separator} in it has to be in quotes"
        )

    def _records(self, delimiter: str) -> Iterator["_Record"]:
        lines = _Lines(self._file, 1 + bool(self._told))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            line = lines.next
            try:
                yield _Record(line, next(reader))
            except StopIteration:
                return
            except csv.Error as error:
                yield _Record(line, [], _told(str(error)), lines.next - line, lines.begin)
            except _NotText:
                raise CampaignFault(f"{self.name} is not UTF-8 text: save it as 'CSV UTF-8'") from None


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """A table of a file, of standard input (`-`), or of a pipe, which is copied first: a table is read several times.

    Raises as `Table`.
    """
    if str(path) != "-" and (path.is_file() or path.is_dir() or not path.exists()):
        with Table(path) as table:
            yield table
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "table.csv"
        with copy.open("wb") as written:
            if str(path) == "-":
                shutil.copyfileobj(sys.stdin.buffer, written)
            else:
                with path.open("rb") as given:
                    shutil.copyfileobj(given, written)
        with Table(copy, "the table" if str(path) == "-" else str(path)) as table:
            yield table


class _NotText(Exception):
    pass


class _Lines:
    """The lines of a file, none of them longer than memory can hold.

    `next` is the number of the next one; `begin` has the beginning of the last one.
    """

    def __init__(self, file: io.TextIOWrapper, first: int) -> None:
        self._file, self.next, self.begin = file, first, ""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._part()
        if not line:
            raise StopIteration
        self.next += 1
        self.begin = line
        if len(line) == limits.TABLE_LINE and line[-1] not in "\r\n":
            while (rest := self._part()) and rest[-1] not in "\r\n":
                pass
            raise csv.Error(_TOO_LONG)
        return line

    def _part(self) -> str:
        try:
            part = self._file.readline(limits.TABLE_LINE)
        except UnicodeDecodeError:
            raise _NotText from None
        if "\0" in part:  # UTF-16 without its mark, or a file that was not written to its end
            raise _NotText
        return part


_TOO_LONG = "line too long"


def _told(error: str) -> str:
    """A fault of the `csv` module as a sentence."""
    if error == "unexpected end of data":
        return "a quote is opened and never closed"
    if error == _TOO_LONG:
        return f"its line has over {limits.TABLE_LINE:,} characters"
    if error.startswith("field larger than field limit"):
        return f"a cell has over {csv.field_size_limit():,} characters; is a quote opened and never closed?"
    return f"it is not CSV: {error}"


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]
    fault: str = ""
    lines: int = 1
    begin: str = ""
