"""From a row to its message: a template with columns in braces, or a column that has the whole message."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from stitcher.campaigns.script import Span
from stitcher.campaigns.table import NAMED_COLUMNS, CampaignFault
from stitcher.errors import InvalidRequest, shown
from stitcher.near import did_you_mean, near
from stitcher.text.message import MARK
from stitcher.text.words import Word, tokens

_SENTENCE_ENDS = tuple(".!?।॥።۔؟\n")


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
            values = [value for value in values if not overlaps(value, marks)]
        return Filled(text, tuple(values))


def column_named(header: Sequence[str], column: str) -> str | None:
    """The table's own name of a column, whose capital letters do not matter; None where there is none.

    Raises
    ------
    CampaignFault
        Several columns have the name, with other capital letters.
    """
    if column in header:
        return column
    alike = [name for name in header if name.casefold() == column.casefold()]
    if len(alike) > 1:
        there = " and ".join(f"'{shown(name)}'" for name in alike)
        raise CampaignFault(f"the table has {len(alike)} columns '{shown(column)}': {there}; rename all but one")
    return alike[0] if alike else None


def _column_of(header: Sequence[str], column: str, what: str) -> str:
    found = column_named(header, column)
    if found is None:
        names = [name for name in header if name]
        there = ", ".join(f"'{shown(name)}'" for name in names[:NAMED_COLUMNS])
        more = f" and {len(names) - NAMED_COLUMNS:,} more" if len(names) > NAMED_COLUMNS else ""
        hint = did_you_mean(near(column, names))
        raise CampaignFault(f"{what} '{shown(column)}' is not in the table; its columns are {there}{more}{hint}")
    return found


def overlaps(span: Span, others: Sequence[Span]) -> bool:
    """Whether a place has characters of any of the others."""
    return any(start < span[1] and span[0] < end for start, end in others)
