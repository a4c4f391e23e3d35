"""The form of a voice's own rules: the sections of a language's table, as `voice.toml` may override them.

Everybody who may upload clips may write this file. So every text, list and table in it has a form and an end. With
these and `limits.SAID_CHARACTERS`, every composed text has an end, too.
"""

import re
from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

TEXT = 200
"""Characters of one word or template."""
NAME = 64
"""Characters of the name of a rule."""
LIST = 64
"""Texts in one list, where it does not name numbers."""
WORDS = 256
"""Numbers that have words of their own."""
LARGEST = 10**15


def _once(text: str) -> str:
    """A place is filled once: text that says itself twice, in rules that hold one another, doubles with each."""
    twice = [place for place, times in Counter(re.findall(r"\{\w*\}", text)).items() if times > 1]
    if twice:
        raise ValueError(f"it has {twice[0][:20]} more than once")
    return text


def _ascends(shape: str) -> str:
    if any(low > high for low, high in re.findall(r"\[(.)-(.)\]", shape)):
        raise ValueError("the first digit in brackets is over the second")
    return shape


Text = Annotated[str, Field(max_length=TEXT), AfterValidator(_once)]
Word = Annotated[str, Field(min_length=1, max_length=TEXT), AfterValidator(_once)]
Name = Annotated[str, Field(min_length=1, max_length=NAME)]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,15}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}$")]
Texts = Annotated[list[Word], Field(min_length=1, max_length=LIST)]
Named = Annotated[dict[Name, Text], Field(max_length=WORDS)]
Numbered = Annotated[dict[Number, Text], Field(max_length=WORDS)]
Counted = Annotated[dict[Name, Text | Texts | Named], Field(max_length=LIST)]
"""A unit or currency: a word, [one, other], or CLDR's plural forms."""
Lists = Annotated[dict[Name, Texts], Field(max_length=LIST)]
Shape = Annotated[str, Field(pattern=r"^(d| |[0-9]|\[[0-9]-[0-9]\]){1,24}$"), AfterValidator(_ascends)]
"""Of a telephone number; it becomes part of a pattern."""

_CLOSED = ConfigDict(extra="forbid", strict=True)


@with_config(_CLOSED)
class Scale(TypedDict, total=False):
    """Hundred, thousand, lakh …: `at` is the number."""

    at: Annotated[int, Field(gt=1, le=LARGEST)]
    one: Text
    many: Text
    one_before: Text
    many_before: Text
    join: Text
    ambiguous: bool


@with_config(_CLOSED)
class Numbers(TypedDict, total=False):
    """How whole numbers and decimals are said."""

    engine: Literal["table", "rbnf", "num2words", "digits"]
    code: Code
    rules: Text
    counted_rules: Text
    feminine_rules: Text
    fraction: Literal["digits", "number"]
    limit: Annotated[int, Field(gt=0, le=LARGEST)]
    minus: Text
    plus: Text
    point: Text
    one_counted: Text
    words: Annotated[list[Text], Field(max_length=WORDS)] | Numbered
    before: Numbered
    hundreds: Annotated[dict[Number, Annotated[list[Text], Field(min_length=2, max_length=2)]], Field(max_length=9)]
    scales: Annotated[list[Scale], Field(max_length=16)]
    respell: Named


@with_config(_CLOSED)
class Style(TypedDict, total=False):
    """How numbers and dates are written."""

    decimal: Literal[".", ","]
    group: Annotated[str, Field(pattern="^[ .,'’\u00a0\u202f٬_]{0,8}$")]
    date: Literal["dmy", "mdy", "ymd"]
    price_marks: Named


@with_config(_CLOSED)
class Ordinal(TypedDict, total=False):
    """One form of ordinals, and the marks that it is written with."""

    marks: Texts
    many: Text
    rules: Text
    words: Numbered


@with_config(_CLOSED)
class Phones(TypedDict, total=False):
    """The shapes of telephone numbers."""

    shapes: Annotated[list[Shape], Field(max_length=LIST)]


@with_config(_CLOSED)
class Signs(TypedDict, total=False):
    """How units, currencies and other things beside a number are written."""

    units: Lists
    currencies: Lists
    after_slash: Lists
    words: Lists
    phones: Phones


@with_config(_CLOSED)
class Time(TypedDict, total=False):
    """How times of the day are written and said."""

    am: Text
    pm: Text
    bare: Text
    bare_exact: Text
    below_ten: Text
    exact: Text
    exact_24: Text
    exact_marked: Text
    exact_one: Text
    below_ten_one: Text
    minutes: Text
    minutes_one: Text
    midnight: Text
    seconds: Text
    hour_form: Text
    minute_form: Text
    hour_rules: Text
    lead: Text
    lead_one: Text
    day: Numbered
    durations: Texts
    leads: Texts
    separators: Texts
    tails: Texts
    shift: Annotated[int, Field(ge=0, le=12)]
    shift_when: Literal["never", "marked", "always"]


def places(document: Any) -> tuple[int, int]:
    """How many values a document of TOML has, and how deep they lie in one another; however deep that is."""
    count, deepest = 0, 0
    waiting = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        count, deepest = count + 1, max(deepest, depth)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [(one, depth + 1) for one in inner]
    return count, deepest
