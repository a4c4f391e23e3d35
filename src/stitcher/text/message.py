"""A message as people write it: words, pauses that punctuation means, and marks for exact control.

Marks stand in square brackets; other brackets are punctuation:

    [pause 800ms]  [pause 1.5s]   silence
    [clip good_morning]           this clip, whatever else the words could mean
    [digits 9845]                 digit by digit
    [spell PXD]                   letter by letter
"""

import re
from dataclasses import dataclass
from typing import Literal, cast

from stitcher import limits
from stitcher.errors import InvalidRequest, shown
from stitcher.text.words import Word, tokens

MARK = re.compile(r"\[(pause|clip|digits|spell)[ \t]+([^\[\]\n]{1,200})\]", re.IGNORECASE)
_PAUSE = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*(ms|s)", re.IGNORECASE)

Punctuation = Literal["comma", "colon", "stop", "question", "newline"]
# By what they mean when read aloud, in every script that has its own.
_MEANING: dict[str, Punctuation] = {
    char: kind
    for kind, chars in cast(
        "dict[Punctuation, str]",
        {
            "comma": ",،、，﹐､፣՝߸",
            "colon": ";:؛；：፤፥၊",
            "stop": ".!।॥۔።。．！｡…‼፨။",
            "question": "?؟？፧՞⁇⁉",
            "newline": "\n\r\u2028\u2029",
        },
    ).items()
    for char in chars
}
_LENGTH: tuple[Punctuation, ...] = ("comma", "colon", "stop", "question", "newline")
# These also stand inside of numbers, times, addresses and abbreviations: a pause only before white space or the end.
_AMBIGUOUS = frozenset(".,:;!?")
_CLOSING = frozenset("\"')]}»”’")
ENDS_SENTENCE = frozenset({"stop", "question", "newline"})


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause asked for by a mark, in milliseconds, and where the mark stands."""

    ms: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named:
    """A clip asked for by a mark."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spelled:
    """Characters to be said one by one; `digits` or `spell`."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Punctuation between words."""

    kind: Punctuation


Item = Word | Silence | Named | Spelled | Stop


def items(message: str) -> list[Item]:
    """What a message says, in order; places are in code points of the message.

    Raises
    ------
    InvalidRequest
        A mark that cannot be followed.
    """
    found: list[Item] = []
    position = 0
    for mark in MARK.finditer(message):
        found += _text(message, position, mark.start())
        found.append(_mark(mark))
        position = mark.end()
    found += _text(message, position, len(message))
    return found


def _mark(mark: re.Match[str]) -> Item:
    kind, argument = mark.group(1).lower(), mark.group(2).strip()
    start, end = mark.span()
    if kind == "clip":
        return Named(argument, start, end)
    if kind != "pause":
        return Spelled(kind, argument, start, end)
    duration = _PAUSE.fullmatch(argument)
    if duration is None:
        raise InvalidRequest(f"'{shown(mark.group())}' is no pause: write [pause 800ms] or [pause 1.5s]")
    ms = round(float(duration.group(1)) * (1000 if duration.group(2).lower() == "s" else 1))
    if ms > limits.GAP_MS:
        raise InvalidRequest(f"'{shown(mark.group())}' is longer than {limits.GAP_MS} ms")
    return Silence(ms, start, end)


def _text(message: str, start: int, end: int) -> list[Item]:
    """The words of a part of the message and the punctuation between and after them."""
    found: list[Item] = []
    position = start
    for word in tokens(message[start:end]):
        found += _punctuation(message, position, start + word.start)
        found.append(Word(word.text, start + word.start, start + word.end))
        position = start + word.end
    return found + _punctuation(message, position, end)


def _punctuation(message: str, start: int, end: int) -> list[Item]:
    """The longest pause that the characters between two words mean, if any."""
    meant = [_MEANING[message[at]] for at in range(start, end) if message[at] in _MEANING and _counts(message, at)]
    return [Stop(max(meant, key=_LENGTH.index))] if meant else []


def _counts(message: str, at: int) -> bool:
    if message[at] not in _AMBIGUOUS:
        return True
    after = at + 1
    while after < len(message) and (message[after] in _CLOSING or message[after] in _AMBIGUOUS):
        after += 1
    return after == len(message) or message[after].isspace() or message[after] == "["
