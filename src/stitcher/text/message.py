"""A message as people write it: words, pauses that punctuation means, and marks for exact control.

Marks stand in square brackets; other brackets are punctuation:

    [pause 800ms]  [pause 1.5s]   silence
    [clip good_morning]           this clip, whatever else the words could mean
    [digits 9845]                 digit by digit
    [spell PXD]                   letter by letter
    [time 6:30] [row 18-46] …     a number read in this way, whatever stands around it (`READINGS`)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from stitcher import limits
from stitcher.errors import InvalidRequest, shown
from stitcher.text.stops import Abbreviations, ends_sentence
from stitcher.text.words import Word, tokens

READINGS = ("number", "ordinal", "fraction", "range", "ratio", "row", "time", "date")
"""Marks that say how a number is read."""
MARK = re.compile(rf"\[(pause|clip|digits|spell|{'|'.join(READINGS)})[ \t]+([^\[\]\n]{{1,200}})\]", re.IGNORECASE)
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
            "stop": ".!।॥۔።。．！｡…‼፨။|",
            "question": "?؟？፧՞⁇⁉",
            "newline": "\n\r\u2028\u2029",
        },
    ).items()
    for char in chars
}
_LENGTH: tuple[Punctuation, ...] = ("comma", "colon", "stop", "question", "newline")
# Typed twice they stand for a full stop: "፡፡" and "::" for "።".
_DOUBLED = frozenset(":፡")
# These also stand inside of numbers, times, addresses and abbreviations: a pause only before white space or the end.
_AMBIGUOUS = frozenset(".,:;!?")
_CLOSING = frozenset("\"')]}»”’")
ENDS_SENTENCE = frozenset({"stop", "question", "newline"})
# What chats put around words to make them bold, italic or struck out, and before the lines of a list.
_DECORATION = re.compile(
    r"(?<![\w*~`])(?P<mark>\*{1,3}|~{1,2}|`{1,3})(?=[^\s*~`])(?P<inside>[^*~`\n]{1,500})(?<=[^\s*~`])(?P=mark)(?![\w*~`])"
    r"|(?m:^[ \t]*(?P<line>#{1,6}|[*+>])[ \t]+(?=[^\s\d]))"
)


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
class Forced:
    """A number that a mark says how to read; `kind` is one of `READINGS`."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Decoration:
    """Characters that only make words look otherwise ("*" around bold ones); they are not said."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Punctuation between words, and where the character stands that means the pause."""

    kind: Punctuation
    at: int = 0


Item = Word | Silence | Named | Spelled | Forced | Decoration | Stop
NONE_KNOWN = Abbreviations()


def items(
    message: str, abbreviations: Callable[[], Abbreviations] = lambda: NONE_KNOWN, *, glottal: bool = False
) -> list[Item]:
    """What a message says, in order; places are in code points of the message.

    Parameters
    ----------
    abbreviations
        Gives the language's abbreviations; called only where a full stop may be one's.
    glottal
        As in `stitcher.text.words.tokens`.

    Raises
    ------
    InvalidRequest
        A mark that cannot be followed.
    """
    found: list[Item] = []
    decorations = _decorations(message)
    plain = message
    if decorations:  # each is a blank; in the message they stay, so that places do not move
        characters = list(message)
        for one in decorations:
            characters[one.start : one.end] = " " * (one.end - one.start)
        plain = "".join(characters)
    text = _Text(plain, abbreviations, glottal=glottal)
    position = 0
    for mark in MARK.finditer(plain):
        found += text.items(position, mark.start())
        found.append(_mark(mark))
        position = mark.end()
    found += text.items(position, len(message))
    return [*found, *decorations]


def _decorations(message: str) -> list[Decoration]:
    found: list[Decoration] = []
    if not any(mark in message for mark in "*~`#>+"):
        return found
    for match in _DECORATION.finditer(message):
        if line := match["line"]:
            found.append(Decoration(line, match.start("line"), match.end("line")))
            continue
        mark = match["mark"]
        found.append(Decoration(mark, match.start(), match.start() + len(mark)))
        found.append(Decoration(mark, match.end() - len(mark), match.end()))
    return found


def _mark(mark: re.Match[str]) -> Item:
    kind, argument = mark.group(1).lower(), mark.group(2).strip()
    start, end = mark.span()
    if kind == "clip":
        return Named(argument, start, end)
    if kind in READINGS:
        return Forced(kind, argument, start, end)
    if kind != "pause":
        return Spelled(kind, argument, start, end)
    duration = _PAUSE.fullmatch(argument)
    if duration is None:
        raise InvalidRequest(f"'{shown(mark.group())}' is no pause: write [pause 800ms] or [pause 1.5s]")
    ms = round(float(duration.group(1)) * (1000 if duration.group(2).lower() == "s" else 1))
    if ms > limits.GAP_MS:
        raise InvalidRequest(f"'{shown(mark.group())}' is longer than {limits.GAP_MS} ms")
    return Silence(ms, start, end)


class _Text:
    """Text without marks: its words, and the punctuation between and after them."""

    def __init__(self, message: str, abbreviations: Callable[[], Abbreviations], *, glottal: bool) -> None:
        self.message, self.abbreviations, self.glottal = message, abbreviations, glottal
        # The bar is a full stop where the keyboard has no danda; it is no word.
        self.words = message.replace("|", "।")

    def items(self, start: int, end: int) -> list[Item]:
        """The items of a part of the message."""
        found: list[Item] = []
        position = start
        for word in tokens(self.words[start:end], glottal=self.glottal):
            if self.message[position : start + word.start] != " ":  # nearly always it is
                found += self._punctuation(position, start + word.start)
            found.append(Word(word.text, start + word.start, start + word.end))
            position = start + word.end
        return found + self._punctuation(position, end)

    def _punctuation(self, start: int, end: int) -> list[Item]:
        """The longest pause that the characters between two words mean, if any."""
        stops = [Stop(kind, at) for at in range(start, end) if (kind := self._meaning(at, end))]
        return [max(stops, key=lambda stop: _LENGTH.index(stop.kind))] if stops else []

    def _meaning(self, at: int, end: int) -> Punctuation | None:
        char = self.message[at]
        if char in _DOUBLED and at + 1 < end and self.message[at + 1] == char:
            return "stop"
        kind = _MEANING.get(char)
        return kind if kind and self._counts(at) else None

    def _counts(self, at: int) -> bool:
        message = self.message
        if message[at] not in _AMBIGUOUS:
            return True
        if message[at] == "." and message[at + 1 : at + 2] == ".":  # "rain...today"
            return True
        if message[at] == "." and message[at + 1 : at + 2] in (",", ";", ":"):  # "10 a.m., bring seed"
            return False
        after = at + 1
        while after < len(message) and (message[after] in _CLOSING or message[after] in _AMBIGUOUS):
            after += 1
        if after < len(message) and not message[after].isspace() and message[after] != "[":
            return False
        dots = message[at - 1 : at] == "." or message[at] != "." or after > at + 1
        return dots or ends_sentence(message, at, self.abbreviations())
