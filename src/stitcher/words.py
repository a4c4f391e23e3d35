"""Text to words, the same way for messages and for the file names of clips.

A word is a run of letters, combining marks and digits of any script (Unicode categories L, M, N). Apostrophes stay
inside words ("don't"), `.` and `,` stay between digits ("1,000" is one word), joiners stay where they are. A symbol
("₹", "%", an emoji) is a word of its own, because dropping it could change what is said. Everything else separates
words.

Comparison is by NFC and case folding: "Hello" and "HELLO" are one word, and so are the two ways to type "é".
"""

import unicodedata
from functools import lru_cache

# U+2019 and U+02BC are what keyboards and word processors make of an apostrophe; people mean the same word.
APOSTROPHES = {"'": "'", "\u2019": "'", "\u02bc": "'"}
JOINERS = frozenset("\u200c\u200d")
# Punctuation by Unicode's categories, but spoken when read aloud.
SPOKEN_PUNCTUATION = frozenset("%‰&@#*")


def fold(text: str) -> str:
    """NFC, case folded, and NFC again because folding may decompose (Unicode Standard, section 3.13, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=8192)
def _kind(char: str) -> str:
    """`w` for letters, marks and digits, `s` for symbols that are said, `m` for what extends a symbol, else a blank."""
    category = unicodedata.category(char)
    if category[0] == "M" or char in JOINERS or "\U0001f3fb" <= char <= "\U0001f3ff":
        return "m"
    if category[0] in "LN" and char not in APOSTROPHES:  # U+02BC is a letter to Unicode
        return "w"
    return "s" if category[0] == "S" or char in SPOKEN_PUNCTUATION else " "


def words(text: str) -> list[str]:
    """The words of a text in order, folded.

    >>> words("Hello, Shreeshail!  Don’t spray: 1,000 ₹")
    ['hello', 'shreeshail', "don't", 'spray', '1,000', '₹']
    """
    found: list[str] = []
    current = ""
    folded = fold(text)
    for index, char in enumerate(folded):
        kind = _kind(char)
        is_symbol = bool(current) and _kind(current[0]) == "s"
        if kind == "m":
            current += char
        elif kind == "w" and not is_symbol:
            current += char
        elif kind == "s" and is_symbol and current[-1] == "\u200d":  # a joined emoji is one symbol
            current += char
        elif kind == " " and not is_symbol and _inside_word(folded, index):
            current += APOSTROPHES.get(char, char)
        else:
            found.append(current)
            current = "" if kind == " " else char
    found.append(current)
    # A mark or joiner that hangs on nothing is no word.
    return [word for word in found if any(_kind(char) in "ws" for char in word)]


def _inside_word(text: str, index: int) -> bool:
    """Whether the punctuation at `index` belongs to the word around it."""
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if text[index] in APOSTROPHES:
        return bool(before) and bool(after) and _kind(before) in "wm" and _kind(after) == "w"
    return text[index] in ".," and before.isdigit() and after.isdigit()


def phrase(text: str) -> str:
    """The words of a text joined by single spaces: the form in which phrases are compared and looked up."""
    return " ".join(words(text))
