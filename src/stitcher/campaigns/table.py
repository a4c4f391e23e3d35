"""A campaign's table: a CSV file as spreadsheets write it, read row by row."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

DELIMITERS = ",;\t"
_SEPARATOR = re.compile(r'"?sep=(?P<by>[,;\t|])"?\r?\n?', re.IGNORECASE)


class CampaignFault(Exception):
    """The table or the template cannot be used at all; a sentence that says what to change."""


class Interrupted(Exception):
    """A process of the campaign was ended; what it had stored is kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its columns' names, and the line of the file that it begins in; `fault` says why it cannot be read.

    `in_order` are its cells as they stand in the file.
    """

    line: int
    cells: Mapping[str, str]
    fault: str = ""
    in_order: Sequence[str] = ()


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
                yield Row(record.line, dict(zip(self.header, record.cells, strict=False)), fault, record.cells)

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
