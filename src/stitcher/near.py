"""Near misses: what a writer may have meant by a name that there is not, in any script."""

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

LONGEST, COMPARED = 40, 4_000
"""The longest text in characters that is compared, because the time grows with its square; the most comparisons."""
CUTOFF = 0.75
"""Of `difflib`'s ratio: one letter of four may be another."""
_EDGES = (0, -1)


class Near:
    """Names that are known, found by texts that are spelled much like them.

    Examples
    --------
    >>> Near(["hindi", "marathi"]).to("Hindy")
    ['hindi']
    >>> Near(["नमस्ते", "आज"]).to("नमसते")
    ['नमस्ते']
    """

    def __init__(self, known: Iterable[str], most: int = COMPARED) -> None:
        self._most = most
        self._by_edge: dict[tuple[int, int, str], list[tuple[str, str]]] = {}
        for name in known:
            form = _folded(name)
            for edge in _EDGES if form else ():
                self._by_edge.setdefault((len(form), edge, form[edge]), []).append((form, name))

    def to(self, text: str, most: int = 3) -> list[str]:
        """The nearest `most` names, the nearest first."""
        form = _folded(text)
        if not form or len(form) > LONGEST:
            return []
        # A comparison is slow: only names of about the same length with the same first or last letter.
        alike: dict[str, str] = {}
        for longer in (0, -1, 1, -2, 2):
            for edge in _EDGES:
                alike |= dict(self._by_edge.get((len(form) + longer, edge, form[edge]), ()))
        found = difflib.get_close_matches(form, list(alike)[: self._most], n=most, cutoff=CUTOFF)
        return [alike[other] for other in found]


def near(text: str, known: Collection[str]) -> list[str]:
    """At most three of the known names that are spelled much like the text."""
    return Near(known).to(text)


def did_you_mean(found: Sequence[str]) -> str:
    """The end of a sentence that names near misses; empty where there are none.

    Examples
    --------
    >>> did_you_mean(["hindi", "hindi2"])
    "; did you mean 'hindi' or 'hindi2'?"
    """
    return "; did you mean " + " or ".join(f"'{name}'" for name in found) + "?" if found else ""


def around(words: Sequence[str], place: int, longest: int) -> list[str]:
    """The rows of at most `longest` words that hold the word at a place, without the word alone."""
    rows = []
    for length in range(2, longest + 1):
        for first in range(max(0, place - length + 1), min(place, len(words) - length) + 1):
            rows.append(" ".join(words[first : first + length]))
    return rows


def suggestions(
    missing: Sequence[str], known: Collection[str], contexts: Mapping[str, Sequence[str]], most: int
) -> dict[str, list[str]]:
    """By missing word, phrases that it, or a row of words around it, may have meant; for the first `most` words.

    Parameters
    ----------
    contexts
        By missing word, rows of words of the message that hold it: "good mornin" for "mornin".
    """
    first = missing[:most]
    phrases = Near(known, COMPARED // max(1, len(first)))
    found: dict[str, list[str]] = {}
    for word in first:
        # Not a word that stands beside it: "note five" does not mean "note".
        names = phrases.to(word)
        names += [name for row in contexts.get(word, ()) for name in phrases.to(row) if name not in row.split(" ")]
        if names := list(dict.fromkeys(names))[:3]:
            found[word] = names
    return found


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())
