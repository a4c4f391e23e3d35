"""Which full stops end a sentence, and which belong to an abbreviation: "Dr. Rao", "K. Ramesh", "10 a.m. in Pune"."""

import re
import unicodedata
from dataclasses import dataclass

from stitcher.text.words import fold

_BEFORE = re.compile(r"[^\s(\[{\"'“‘,;:/|-]{1,24}\Z")
_NUMBERED = frozenset({"no", "nos", "n", "fig", "vol", "pp", "ext", "n.º"})
"""Abbreviations only before a number: "No. 5", but "No. Do not spray"."""


@dataclass(frozen=True)
class Abbreviations:
    """Words, folded and without their last stop, that a stop after them does not make the end of a sentence."""

    never: frozenset[str] = frozenset()
    """They do not end one: "Dr"."""
    perhaps: frozenset[str] = frozenset()
    """They end one where a capital follows: "etc"."""
    initials: frozenset[str] = frozenset()
    """Names of letters in the language's script, as they stand before a name: "के"."""


def ends_sentence(message: str, at: int, known: Abbreviations) -> bool:
    """Whether the full stop at `message[at]`, which white space follows, ends a sentence."""
    following = message[at + 1 :].lstrip()[:1] if at + 40 > len(message) else message[at + 1 : at + 40].lstrip()[:1]
    match = _BEFORE.search(message, max(0, at - 24), at)
    if not following or not match:
        return True
    written = match.group()
    word = fold(written)
    if word in _NUMBERED:
        return not following.isdecimal()
    if word in known.never or word in known.initials:
        return False
    capital = following.isupper() or following.istitle()
    if "." in written.strip(".") and not written.replace(".", "").isdecimal():  # "a.m", "कि.ग्रा"
        return capital
    if word in known.perhaps:
        return capital
    return not _initial(written)


def _initial(written: str) -> bool:
    """Whether this is one capital letter, as of a name; "I" is a word."""
    first, marks = written[0], written[1:]
    return first.isupper() and first != "I" and all(unicodedata.category(char)[0] == "M" for char in marks)
