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

from stitcher.numbers import tables as languages
from stitcher.numbers.reading import Reader, Spoken
from stitcher.numbers.spelling import Unspeakable

__all__ = ["Spoken", "digits", "spoken", "supported"]

NO_RULES: Mapping[str, Any] = {}


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
    return list(reader.read(text)) if reader else []


def digits(text: str, language: str, rules: Mapping[str, Any] = NO_RULES) -> str:
    """The digits of a text one by one: "9845" is "nine eight four five". Other characters are left out.

    A language without numbers gives the digits themselves, spaced, for clips that are named by them.
    """
    reader = _reader(language, json.dumps(rules, sort_keys=True, default=str))
    if reader:
        try:
            return reader.say.digits(text)
        except Unspeakable:
            pass
    return " ".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


@lru_cache(maxsize=64)
def _reader(language: str, rules: str) -> Reader | None:
    table = languages.table(language, json.loads(rules))
    return Reader(table) if table else None
