"""The numbers of a message as places in its row of words: what may be said instead of what is written."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stitcher.planning.names import has_signs
from stitcher.planning.phrases import Instead
from stitcher.text.words import Word, fold, phrase, words

if TYPE_CHECKING:
    from stitcher.numbers.spoken import Reading, Spoken

FEW_DIGITS = 4
"""A called number with at most this number of digits has no clip of its own: "108.wav" says a hundred and eight."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number of the message, `row[first:last]`, and how it is said."""

    start: int
    """Code points into the message."""
    end: int
    instead: Instead | None
    """None where it is said as it is written."""
    whole: bool
    """Whether a clip of just this number, as it is written, does not say it: it is read digit by digit, or doubtful."""
    unsure: str = ""
    """Why it is not read; empty where it is."""


def numerals(message: str, row: Sequence[Word], readings: "Sequence[Reading]") -> Iterator[Numeral]:
    """The readings that are whole words of the row, in order and not overlapping."""
    done = 0
    for reading in readings:
        first = bisect_left(row, reading.start, key=lambda word: word.start)
        last = bisect_right(row, reading.end, key=lambda word: word.end)
        cut_before = first > 0 and row[first - 1].end > reading.start
        cut_after = last < len(row) and row[last].start < reading.end
        unsure = "" if hasattr(reading, "words") else reading.why
        if unsure:  # all words that it touches
            first, last = first - cut_before, last + cut_after
        elif cut_before or cut_after:  # a part of a word ("covid19"), which needs a clip as a word
            continue
        if first < done or first >= last:
            continue
        done = last
        if unsure:
            yield _unsure(message, row, first, last, reading)
        elif found := _said(message, row, first, last, reading):  # type: ignore[arg-type] # it has words
            yield found


def _unsure(message: str, row: Sequence[Word], first: int, last: int, reading: "Reading") -> Numeral:
    start, end = min(reading.start, row[first].start), max(reading.end, row[last - 1].end)
    written = " ".join(message[start:end].split())
    alone = last == first + 1 and fold(written) == row[first].text
    free = alone and getattr(reading, "no_words", False)
    instead = Instead(first, last, (written,), f"not read: {reading.why}", bound=not free, refused=True)
    return Numeral(start, end, instead, alone and not free, reading.why)


def _said(message: str, row: Sequence[Word], first: int, last: int, reading: "Spoken") -> Numeral | None:
    said = tuple(words(reading.words))
    written = tuple(word.text for word in row[first:last])
    if not said or said == written:
        return None
    few = reading.kind == "digits" and reading.why != "" and len(written) == 1 and len(written[0]) <= FEW_DIGITS
    bound = few or _loses(message, row, first, last, reading)
    why = f"{reading.kind} '{phrase(' '.join(written))}'"
    told = "; ".join(filter(None, (reading.why, reading.doubt and f"but {reading.doubt}")))
    instead = Instead(first, last, said, f"{why}: {told}" if told else why, bound)
    return Numeral(reading.start, reading.end, instead, few)


def _loses(message: str, row: Sequence[Word], first: int, last: int, reading: "Spoken") -> bool:
    """Whether the words as they are written would lose what the signs between them mean."""
    numbers = [word for word in row[first:last] if any(map(str.isnumeric, word.text))]
    if len(numbers) > 1 and reading.kind != "row":
        return True
    written = _ONLY.sub("", message[reading.start : reading.end])
    return "/" in written or has_signs(written.replace("–", "-"))


_ONLY = re.compile(r"/[-=]")
