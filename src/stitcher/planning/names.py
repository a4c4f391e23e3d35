"""What the file name of a recording says: its phrase, its take, and the signs of its numbers.

"-5.wav" says minus five: it must not be found for "5". So a name is known with the signs that stand at its digits, and
a message's number is said by such a clip only where it is written with the same signs.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath

from stitcher.text.words import fold, phrase

# What a recording's file name may end in. Only a filter for other files in the folder (notes, covers, backups): how a
# clip is decoded depends on its content alone.
AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".w64", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr"}
    | {".aif", ".aiff", ".aifc", ".caf", ".3gp", ".3gpp", ".3g2", ".wma", ".au", ".snd", ".gsm", ".spx", ".mka", ".m4b"}
    | {".awb", ".mp2"}
)
UNREADABLE_SUFFIXES = {
    ".ulaw": "raw G.711 (µ-law) has no header that says its rate: convert it to WAV",
    ".ul": "raw G.711 (µ-law) has no header that says its rate: convert it to WAV",
    ".alaw": "raw G.711 (A-law) has no header that says its rate: convert it to WAV",
    ".al": "raw G.711 (A-law) has no header that says its rate: convert it to WAV",
    ".raw": "raw samples have no header that says their rate: convert it to WAV",
    ".pcm": "raw samples have no header that says their rate: convert it to WAV",
    ".ra": "RealAudio is not read: convert it to WAV",
    ".rm": "RealAudio is not read: convert it to WAV",
    ".mid": "MIDI holds notes and no recording",
    ".m4p": "the file is locked by its shop: record or export it anew",
}
"""Endings of sound files that cannot be clips, and why."""
TAKES = ("initial", "medial", "final")
# Stand for characters that no file system, or not Windows, takes in a name.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2044\u2215\uff0f", "/"),
        **dict.fromkeys("\ua789\uff1a\u2236", ":"),
        **dict.fromkeys("\u2212\u2010\u2011\u2013\u2014\uff0d\ufe63", "-"),
        "_": " ",
    }
)
# A sign belongs to the digit after it: "-5", "10-15", "1/2"; "ward-5" and "good-morning" only have a hyphen.
_SIGNED = re.compile(r"(?:(?<![^\s(])[-+~]|(?<=\d)[ ]?[-/:×~][ ]?|[/:×~]|(?<![\w.,])\.)(?=\d)|(?<=\d)/(?=[^\W\d_])")
_STOP = re.compile(r"[.!?।॥።](?=[\s_]|$)")


def phrase_of(name: str, *, glottal: bool = False) -> tuple[str, str]:
    """The phrase and the take that a file name says; the phrase is "" when it is not the name of a recording."""
    stem, suffix = split(name)
    if suffix not in AUDIO_SUFFIXES or hidden(name):
        return "", ""
    stem = stem if stem.isascii() else stem.translate(_SIGNS)
    said, at, take = stem.rpartition("@")
    if at and take.lower() in TAKES:
        return phrase(said, glottal=glottal), take.lower()
    return phrase(stem, glottal=glottal), ""


def split(name: str) -> tuple[str, str]:
    """A file name without its ending, and the ending in small letters."""
    suffix = PurePosixPath(name).suffix
    return (name.removesuffix(suffix), suffix.lower()) if suffix else (name, "")


def hidden(name: str) -> bool:
    """Whether a file is hidden: macOS leaves "._hello.wav", which holds no audio, beside "hello.wav".

    A name that begins with an ellipsis ("...and rain.wav") is one that people give.
    """
    return (name.startswith(".") and not name.startswith(("..", "._"))) or name.startswith("._")


def signs(text: str) -> tuple[str, ...]:
    """The signs at the digits of a text in order, with the digits: what `10-15 ml` has and `10 15 ml` lacks.

    >>> signs("10-15_ml"), signs("ward-5"), signs("-5")
    (('10', '-', '15'), ('5',), ('-', '5'))
    """
    if text.isascii() and text.isalpha():
        return ()
    plain = "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char for char in fold(text.translate(_SIGNS))
    )
    found = [(match.start(), match.group().strip()) for match in _SIGNED.finditer(plain)]
    found += [(match.start(), match.group()) for match in re.finditer(r"\d+|[¼-¾⅐-⅞]", plain)]
    return tuple(sign for _, sign in sorted(found))


def has_signs(text: str) -> bool:
    """Whether a number in a file name has a sign that its words do not show."""
    if text.isalpha() or not any(map(str.isdecimal, text)):
        return False
    return any(not sign.isdecimal() and not sign.isnumeric() for sign in signs(text))


@lru_cache(maxsize=1024)
def stops(stem: str) -> frozenset[int]:
    """After how many words a file name has a full stop: "bury st. edmunds" after two."""
    return frozenset(len(phrase(stem[: match.end()]).split()) for match in _STOP.finditer(stem))
