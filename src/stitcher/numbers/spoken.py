"""Finds what is written with digits in a text and says it in the words of a language: numbers, prices, times, dates.

    >>> [(part.kind, part.words) for part in spoken("Spray 10-15 ml at 6:30", "en")]
    [('measure', 'ten to fifteen millilitres'), ('time', 'six thirty')]

What cannot be said for want of a word is left as it was written, so that the planner reports it as missing.
"""

import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from stitcher import limits
from stitcher.numbers import tables as languages
from stitcher.numbers.notation import VULGAR
from stitcher.numbers.reading import Reader, Reading, Spoken, Unsure
from stitcher.numbers.spelling import Unspeakable

__all__ = ["Reading", "Spoken", "TooManyWords", "Unsure", "digits", "readings", "spoken", "supported"]

NO_RULES: Mapping[str, Any] = {}
NO_LANGUAGE = {"style": {"decimal": ".", "group": ","}, "numbers": {"engine": "digits"}}
"""The table of a voice without a language: numbers are said by the clips of their digits, or not at all."""


class TooManyWords(Exception):
    """The numbers of a text come to more words than a message may have."""


def supported() -> list[str]:
    """The codes of the languages that have a table. Others that CLDR has rules for read plain numbers only."""
    return languages.supported()


def spoken(text: str, language: str, rules: Mapping[str, Any] = NO_RULES) -> list[Spoken]:
    """Every numeric expression of a text in order, not overlapping, the longest where several begin at one place.

    Parameters
    ----------
    text
        As it was written, in any script; digits of all scripts are read.
    language
        A code such as "hi" or "en-IN"; a language without numbers gives an empty list.
    rules
        A voice's own rules, in the form of a language's table; they win.

    Raises
    ------
    stitcher.numbers.tables.BadRule
        Where `rules` has another form than the table. No text raises anything.
    """
    if not any(map(str.isdecimal, text)):
        return []
    reader = _reader(language, json.dumps(rules, sort_keys=True, default=str))
    found = reader.read(text) if reader else ()
    return [part for part in found if isinstance(part, Spoken) and any(map(str.isdecimal, text[part.start : part.end]))]


def readings(text: str, language: str, rules: Mapping[str, Any] = NO_RULES, *, strict: bool = False) -> list[Reading]:
    """As `spoken`, with what is not read for certain as `Unsure`: what a message means, or that nobody can tell.

    Parameters
    ----------
    language
        "" and languages without numbers read shapes only: what is one number is said by the clip of its digits, and
        what needs a word ("10-15") is `Unsure`.
    strict
        Also a reading that has another beside it is `Unsure`.

    Raises
    ------
    TooManyWords
        All of them together come to more than `limits.SAID_CHARACTERS`.
    """
    if not has_numbers(text):
        return []
    reader = _reader(language, json.dumps(rules, sort_keys=True, default=str)) or _shapes()
    found: list[Reading] = []
    length = 0
    for part in reader.read(text):
        length += len(part.words) if isinstance(part, Spoken) else 0
        if length > limits.SAID_CHARACTERS:
            raise TooManyWords
        found.append(_strictly(part) if strict else part)
    return found


def _strictly(part: Reading) -> Reading:
    if isinstance(part, Spoken) and part.doubt:
        return Unsure(part.start, part.end, f"read as {part.why or part.kind}, but {part.doubt}")
    return part


def has_numbers(text: str) -> bool:
    """Whether there is a decimal digit or a fraction in it."""
    return any(char.isdecimal() or char in VULGAR for char in text)


def digits(text: str, language: str, rules: Mapping[str, Any] = NO_RULES) -> str:
    """The digits of a text one by one: "9845" is "nine eight four five". Other characters are left out.

    A language without numbers gives the digits themselves, spaced, for clips that are named by them.
    """
    reader = _reader(language, json.dumps(rules, sort_keys=True, default=str))
    if reader:
        try:
            return reader.spell.digits(text)
        except Unspeakable:
            pass
    return " ".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def forced(kind: str, text: str, language: str, rules: Mapping[str, Any] = NO_RULES) -> str:
    """A text read as one kind of number, as a mark asks for; "" where the language has no words for it.

    Parameters
    ----------
    kind
        number, ordinal, fraction, range, ratio, row, time or date.

    Raises
    ------
    ValueError
        The text has not the form of this kind.
    """
    reader = _reader(language, json.dumps(rules, sort_keys=True, default=str)) or _shapes()
    try:
        return reader.forced(kind, text)
    except Unspeakable:
        return ""


def number(value: int, language: str, rules: Mapping[str, Any] = NO_RULES) -> str:
    """The words of a whole number; "" where the language has none."""
    reader = _reader(language, json.dumps(rules, sort_keys=True, default=str))
    try:
        return reader.spell.cardinal(value) if reader else ""
    except Unspeakable:
        return ""


@lru_cache(maxsize=64)
def _reader(language: str, rules: str) -> Reader | None:
    table = languages.table(language, json.loads(rules))
    return Reader(table) if table else None


@lru_cache(maxsize=1)
def _shapes() -> Reader:
    return Reader(languages.with_common(NO_LANGUAGE))
