"""The words around a number: they tell a time from a ratio, and a telephone number from an amount."""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

NEAR = 12
"""Words looked at on each side."""
_ENDS = frozenset("!?।॥።۔\n|")


_APOSTROPHES = "'\u2019\u02bc"


class Word(NamedTuple):
    """A word, folded, and where it stands in the text."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def _in_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN" or char in "\u200c\u200d"


def _words(text: str) -> list[Word]:
    """Runs of letters, marks and digits, with apostrophes inside: enough to know the words of a table again."""
    found: list[Word] = []
    start = -1
    for at, char in enumerate(f"{text} "):
        inside = _in_word(char) and char not in _APOSTROPHES
        if inside and start < 0:
            start = at
        elif start >= 0 and not inside and not (char in _APOSTROPHES and at + 1 < len(text) and text[at + 1].isalpha()):
            found.append(Word(_folded(text[start:at]), start, at))
            start = -1
    return found


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    for apostrophe in _APOSTROPHES[1:]:
        word = word.replace(apostrophe, "'")
    return unicodedata.normalize("NFC", word.casefold())


class WordList:
    """Words and short phrases of a table, folded; a phrase may have three words.

    >>> "toll free" in WordList(["Toll free", "call"])
    True
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = frozenset(" ".join(word.text for word in _words(phrase)) for phrase in phrases)
        self.lasts = frozenset(phrase.rpartition(" ")[2] for phrase in self._phrases)
        """The last words: most words of a text are none, and then no phrase ends there."""

    def __contains__(self, phrase: str) -> bool:
        return phrase in self._phrases

    def __bool__(self) -> bool:
        return bool(self._phrases)


class Around:
    """The words of one text, split only when they are asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _words(self) -> list[Word]:
        return _words(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [word.start for word in self._words]

    def before(self, at: int) -> Iterator[str]:
        """The words before a place, the nearest first, in its sentence."""
        last = bisect_left(self._starts, at)
        following = at
        for place in range(last - 1, max(-1, last - 1 - NEAR), -1):
            word = self._words[place]
            if self._sentence_ends(word, following):
                return
            yield word.text
            following = word.start

    def after(self, at: int) -> Iterator[str]:
        """The words after a place, the nearest first, in its sentence."""
        first = bisect_left(self._starts, at)
        ended = self._words[first - 1] if first else Word("", 0, 0)
        for place in range(first, min(len(self._words), first + NEAR)):
            word = self._words[place]
            if self._sentence_ends(ended, word.start):
                return
            yield word.text
            ended = word

    def _sentence_ends(self, word: Word, following: int) -> bool:
        between = self.text[word.end : following]
        if not between or between == " ":
            return False
        # After a short word a point is an abbreviation's: "Tel. 1551".
        return any(char in _ENDS for char in between) or (". " in between and len(word.text) > 3)

    def mentions(self, start: int, end: int, known: WordList) -> bool:
        """Whether one of the words or phrases is near, in the same sentence."""
        return _any(reversed(list(self.before(start))), known) or _any(self.after(end), known)

    def follows(self, start: int, known: WordList, fillers: WordList) -> bool:
        """Whether one stands before a place, with at most three fillers between: "call us on 1551"."""
        row: list[str] = []
        for word in self.before(start):
            if word not in fillers and word not in known.lasts and not row:
                return False
            row.insert(0, word)
            for length in (1, 2, 3):  # the words after it may only be fillers
                if " ".join(row[:length]) in known and all(one in fillers for one in row[length:]):
                    return True
            if len(row) == 6:
                return False
        return False

    def leads(self, end: int, known: WordList) -> bool:
        """Whether one of the next three words after a place is known: "1551 पर कॉल करें"."""
        row: list[str] = []
        for word in self.after(end):
            row.append(word)
            if word in known.lasts and any(" ".join(row[-length:]) in known for length in (1, 2)):
                return True
            if len(row) == 3:
                return False
        return False


def _any(row: Iterable[str], known: WordList) -> bool:
    seen: list[str] = []
    for word in row:
        seen.append(word)
        if word in known.lasts and any(" ".join(seen[-length:]) in known for length in (1, 2, 3)):
            return True
    return False
