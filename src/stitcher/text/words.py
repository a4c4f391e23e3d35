"""Text to words, the same way for messages and for the file names of clips.

Words are those of UAX #29 (Unicode text segmentation), as far as speech needs them:

- A run of letters, marks and digits of any script is a word. Joiners stay in it; invisible format characters (soft
  hyphen, directional marks) do not count.
- Apostrophes stay inside of words ("don't"), `.` and `,` between digits ("1,000" is one word).
- A symbol ("₹", "%", "½", an emoji) is a word of its own, because dropping it could change what is said.
- In scripts that are written without spaces (Thai, Lao, Khmer, Burmese, Chinese, Japanese) every letter with its marks
  is a word of its own: what belongs together is found by the longest phrase that has a clip.
- Everything else separates words; so do `_` and `-`, which stand for spaces in file names.

Words are compared by NFC and case folding, full-width, half-width and presentation forms as their plain ones: "Hello",
"HELLO" and "Ｈｅｌｌｏ" are one word, and so are the two ways to type "é".
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

# U+2019 and U+02BC are what keyboards and word processors make of an apostrophe; people mean the same word.
APOSTROPHES = {"'": "'", "\u2019": "'", "\u02bc": "'", "\uff07": "'"}
# Typed for an apostrophe by some: a letter must stand on both sides, and the looser lookup finds the clip.
LIKE_APOSTROPHES = frozenset("\u2018\u02bb\u02b9\u00b4`\u2032\ua78c")
JOINERS = frozenset("\u200c\u200d")
ZERO_WIDTH_SPACE = "\u200b"
# Punctuation by Unicode's categories, but spoken when read aloud.
SPOKEN_PUNCTUATION = frozenset("%‰&@#*")
# Without U+FFE3: its plain form is a blank with a mark, and the symbol would be lost.
_FORMS = re.compile(r"[\uff00-\uffe2\uffe4-\uffef\ufb50-\ufdff\ufe70-\ufefc]+")
# Forms of a mark that stands alone (U+FE70) have a blank in their plain form, which would divide the word.
_BLANK_UNDER_MARK = re.compile(r" (?=[\u0300-\u036f\u064b-\u0652\u0670])")
_SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, folded for comparison, and where it stands: `text[start:end]`, in code points."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """The form in which texts are compared: plain forms, NFC, case folded."""
    plain = _FORMS.sub(_plain, text)
    # NFC again, because folding may decompose (Unicode Standard, section 3.13, D145).
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).casefold())


def _plain(forms: re.Match[str]) -> str:
    return _BLANK_UNDER_MARK.sub("", unicodedata.normalize("NFKC", forms.group()))


class Kind(Enum):
    """What a character does."""

    LETTER = auto()
    """In a word, and digits too."""
    SYLLABLE = auto()
    """A word of its own with its marks: scripts without spaces."""
    SYMBOL = auto()
    """A word of its own that is said."""
    MARK = auto()
    """Goes with the character before it."""
    INVISIBLE = auto()
    """Passed over."""
    BLANK = auto()
    """Separates words."""


_SIMPLE = frozenset({Kind.LETTER, Kind.MARK, Kind.BLANK})
# What may stand inside of a word, and its wide forms.
_INSIDE = frozenset(".,．，﹒﹐") | frozenset(APOSTROPHES) | LIKE_APOSTROPHES
_ASCII_NAME = re.compile(r"[A-Za-z _-]*")


@lru_cache(maxsize=8192)
def _kind(char: str) -> Kind:
    category = unicodedata.category(char)
    if category[0] == "M" or char in JOINERS or "\U0001f3fb" <= char <= "\U0001f3ff":
        return Kind.MARK
    if category == "Cf" and char != ZERO_WIDTH_SPACE:
        return Kind.INVISIBLE
    if category[0] == "L" and char not in APOSTROPHES:  # U+02BC is a letter to Unicode
        return Kind.SYLLABLE if any(first <= ord(char) <= last for first, last in _SPACELESS) else Kind.LETTER
    if category in ("Nd", "Nl"):
        return Kind.LETTER
    # Superscripts, fractions and numbers in circles are no digits of the number that they stand beside.
    said = category[0] == "S" or category == "No" or char in SPOKEN_PUNCTUATION
    return Kind.SYMBOL if said else Kind.BLANK


def tokens(text: str, *, glottal: bool = False) -> list[Word]:
    """The words of a text in order, with their places.

    Parameters
    ----------
    glottal
        Whether an apostrophe before "y" begins a word, as in Hausa, where 'y is a letter of its own.

    Examples
    --------
    >>> [word.text for word in tokens("Hello, Shreeshail!  Don’t spray: 1,000 ₹")]
    ['hello', 'shreeshail', "don't", 'spray', '1,000', '₹']
    """
    folded, places = _folded(text)
    found: list[Word] = []
    start = 0
    open_word: Kind | None = None

    def close(end: int) -> None:
        written = folded[start:end]
        if not (written.isascii() and written.isalnum()):
            written = "".join(APOSTROPHES.get(char, char) for char in written)
        found.append(Word(written, places[start][0], places[end - 1][1]))

    for index, char in enumerate(folded):
        kind = _kind(char)
        if glottal and open_word is None and char in APOSTROPHES and folded[index + 1 : index + 2] == "y":
            kind = Kind.LETTER
        if open_word and (
            kind is Kind.LETTER is open_word
            or kind is Kind.MARK
            or kind is Kind.INVISIBLE
            or (kind is Kind.SYMBOL is open_word and folded[index - 1] == "\u200d")  # a joined emoji is one symbol
            or (kind is Kind.BLANK and open_word is Kind.LETTER and _inside_word(folded, index))
            or (char in LIKE_APOSTROPHES and open_word is Kind.LETTER and _inside_word(folded, index))
        ):
            continue
        if open_word:
            close(index)
        begins = kind is Kind.LETTER or kind is Kind.SYLLABLE or kind is Kind.SYMBOL
        start, open_word = index, kind if begins else None
    if open_word:
        close(len(folded))
    return found


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters which part of the text it comes from.

    Folded by base characters with what combines with them, so that composing and folding do not reach further. What is
    passed over is left out first: a soft hyphen between a letter and its mark keeps them together.
    """
    if text.isascii():  # nothing combines, nothing is passed over
        return text.lower(), [(index, index + 1) for index in range(len(text))]
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    start = 0
    for index in range(1, len(text) + 1):
        if index < len(text) and (_combines(text[index]) or _kind(text[index]) is Kind.INVISIBLE):
            continue
        piece = _folded_piece(text[start:index])
        pieces.append(piece)
        places += [(start, index)] * len(piece)
        start = index
    return "".join(pieces), places


@lru_cache(maxsize=8192)
def _folded_piece(text: str) -> str:
    return fold("".join(char for char in text if _kind(char) is not Kind.INVISIBLE))


@lru_cache(maxsize=8192)
def _combines(char: str) -> bool:
    """Whether a character may compose with the one before it: marks, and the vowels and finals of Hangul.

    Forms of one (half-width "ﾞ") do what their plain forms do.
    """
    return any(unicodedata.category(one)[0] == "M" or "\u1161" <= one <= "\u11c2" for one in (char, fold(char)[0]))


def _inside_word(text: str, index: int) -> bool:
    """Whether the punctuation at `index` belongs to the word around it."""
    before, after = text[index - 1], text[index + 1 : index + 2]
    if text[index] in APOSTROPHES or text[index] in LIKE_APOSTROPHES:
        return bool(after) and _kind(before) in (Kind.LETTER, Kind.MARK) and _kind(after) is Kind.LETTER
    return text[index] in ".," and before.isdecimal() and after.isdecimal()


def is_spaceless(word: str) -> bool:
    """Whether a word is a letter of a script that is written without spaces."""
    return _kind(word[0]) is Kind.SYLLABLE


def words(text: str, *, glottal: bool = False) -> list[str]:
    """The words of a text in order, folded."""
    if _ASCII_NAME.fullmatch(text):  # most names of clips
        return text.lower().replace("_", " ").replace("-", " ").split()
    folded = fold(text)
    characters = set(folded)
    kinds = set(map(_kind, characters))
    if _INSIDE.isdisjoint(characters) and _SIMPLE.issuperset(kinds):
        found = "".join(" " if _kind(char) is Kind.BLANK else char for char in folded).split()
        if Kind.MARK not in kinds or not any(_kind(word[0]) is Kind.MARK for word in found):
            return found
    return [word.text for word in tokens(text, glottal=glottal)]


def phrase(text: str, *, glottal: bool = False) -> str:
    """The words of a text joined by single spaces: the form in which phrases are compared and looked up."""
    return " ".join(words(text, glottal=glottal))
