"""The clips of one voice, found by what they say."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from stitcher.errors import InvalidRequest
from stitcher.repo import Stored
from stitcher.words import phrase

# What a recording's file name may end in. Only a filter for other files in the folder (notes, covers, backups): how a
# clip is decoded depends on its content alone.
AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".w64", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr"}
    | {".aif", ".aiff", ".aifc", ".caf"}
)
VOICE_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: where it lies, which version of it, and the phrase that its file name says."""

    key: str
    etag: str
    size: int
    phrase: str

    @property
    def name(self) -> str:
        """The file name without the voice's folder."""
        return PurePosixPath(self.key).name


@lru_cache(maxsize=65_536)
def _phrase_of(name: str) -> str:
    """The phrase that a file name says, or "" when it is not the name of a recording."""
    path = PurePosixPath(name)
    # A hidden file is none: macOS leaves "._hello.wav", which holds no audio, beside "hello.wav".
    return phrase(path.stem) if path.suffix.lower() in AUDIO_SUFFIXES and not name.startswith(".") else ""


def clip_of(item: Stored) -> Clip | None:
    """The clip that a stored file is, or None where it is no recording, or lies in no voice's folder."""
    said = _phrase_of(PurePosixPath(item.key).name)
    return Clip(item.key, item.etag, item.size, said) if said and item.key.count("/") <= 1 else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The clips of a voice by phrase and by file name.

    Where two files say the same phrase (`hello.mp3`, `hello.wav`) the first by key is taken, whatever the order of the
    listing.
    """

    voice: str
    by_phrase: dict[str, Clip] = field(default_factory=dict)
    by_name: dict[str, Clip] = field(default_factory=dict)
    longest: int = 0
    """Words in the longest phrase."""

    @classmethod
    def of(cls, voice: str, stored: Iterable[Stored]) -> "Catalogue":
        """Catalogue of what lies in the voice's folder; files that are no recordings are passed over."""
        catalogue: dict[str, Clip] = {}
        names: dict[str, Clip] = {}
        for item in sorted(stored, key=lambda item: item.key):
            if clip := clip_of(item):
                catalogue.setdefault(clip.phrase, clip)
                names[unicodedata.normalize("NFC", clip.name)] = clip
        longest = max((said.count(" ") + 1 for said in catalogue), default=0)
        return cls(voice, catalogue, names, longest)

    def part(self, text: str) -> Clip | None:
        """The clip that one element of `message_parts` names: a file name, a phrase, or a key as answers give it."""
        name = unicodedata.normalize("NFC", text).removeprefix(voice_prefix(self.voice))
        if "/" in name:  # of another voice
            return None
        path = PurePosixPath(name)
        return self.by_name.get(name) or self.by_phrase.get(
            phrase(path.stem if path.suffix.lower() in AUDIO_SUFFIXES else name)
        )


def voice_prefix(voice: str) -> str:
    """The folder of a voice; the default voice "" is the root.

    Raises
    ------
    InvalidRequest
        Where the name could lead out of its own folder.
    """
    if not voice:
        return ""
    normal = unicodedata.normalize("NFC", voice)
    letters = normal.replace("-", "").replace("_", "")
    # str.isalnum refuses combining marks, which names in most Indian scripts have.
    if (
        len(normal) > VOICE_CHARACTERS
        or not letters
        or not all(unicodedata.category(char)[0] in "LMN" for char in letters)
    ):
        raise InvalidRequest(
            f"voice '{voice}' is not a voice's name: letters, digits, '-' and '_', at most {VOICE_CHARACTERS}"
        )
    return f"{normal}/"
