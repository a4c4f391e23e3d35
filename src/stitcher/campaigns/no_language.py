"""What a voice without a language costs: numbers that are recorded one by one, instead of the words they share."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from stitcher.campaigns.script import ToRecord
from stitcher.errors import StitchError
from stitcher.numbers.spoken import Spoken, readings
from stitcher.numbers.tables import meant, supported
from stitcher.planning.catalogue import Catalogue
from stitcher.text.words import tokens

SCRIPTS = {
    "DEVANAGARI": "hi", "BENGALI": "bn", "GUJARATI": "gu", "GURMUKHI": "pa", "TAMIL": "ta", "TELUGU": "te",
    "KANNADA": "kn", "MALAYALAM": "ml", "ORIYA": "or", "ARABIC": "ar", "ETHIOPIC": "am", "LATIN": "en",
}  # fmt: skip
"""The language that most voices of a script speak, as Unicode names the script."""


def hint(catalogue: Catalogue, needed: Sequence[ToRecord]) -> str:
    """A sentence for a voice whose settings name no language and that would record numbers; empty for any other."""
    if catalogue.settings.language:
        return ""
    numbers = [one.words for one in needed if any(map(str.isdecimal, one.words))]
    language = _likely(catalogue.voice, [one.words for one in needed] + list(catalogue.by_phrase)[:1_000])
    words, read = _words(numbers, language)
    if not read:
        return ""
    words -= catalogue.by_phrase.keys()
    return (
        f'set language = "{language}" in {catalogue.voice or "."}/voice.toml, if it is the language of the voice, '
        f"and {read:,} of the recordings become {len(words):,} words"
    )


def _words(numbers: Iterable[str], language: str) -> tuple[set[str], int]:
    """The words of numbers in a language, and how many of the numbers it reads."""
    words: set[str] = set()
    read = 0
    for number in numbers:
        try:
            found = readings(number, language)
        except StitchError:
            continue
        if found and all(isinstance(one, Spoken) for one in found):
            words.update(token.text for one in found if isinstance(one, Spoken) for token in tokens(one.words))
            read += 1
    return words, read


def _likely(voice: str, texts: Iterable[str]) -> str:
    """The language that the voice's name means, or that the script of its words is mostly used for."""
    if named := [code for code in meant(voice) if code in supported()] if voice else []:
        return named[0]
    letters = Counter(
        unicodedata.name(char, "").split(" ")[0] for text in texts for char in text[:20] if char.isalpha()
    )
    return next((SCRIPTS[script] for script, _ in letters.most_common() if script in SCRIPTS), "en")
