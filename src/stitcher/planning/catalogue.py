"""The clips of one voice, found by what they say."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, UnusableClip, shown
from stitcher.storage import NotStored, Repo, StorageFault, Stored, Unreadable
from stitcher.text.words import phrase

if TYPE_CHECKING:
    from stitcher.planning.settings import VoiceSettings

# What a recording's file name may end in. Only a filter for other files in the folder (notes, covers, backups): how a
# clip is decoded depends on its content alone.
AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".w64", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr"}
    | {".aif", ".aiff", ".aifc", ".caf"}
)
VOICE_CHARACTERS = 64
KNOWN_SETTINGS = 64
LISTINGS = 3
"""Of a voice whose settings change while they are read."""
TAKES = ("initial", "medial", "final")


@lru_cache(maxsize=65_536)
def _phrase_of(name: str) -> tuple[str, str]:
    """The phrase and the take that a file name says; the phrase is "" when it is not the name of a recording."""
    path = PurePosixPath(name)
    # A hidden file is none: macOS leaves "._hello.wav", which holds no audio, beside "hello.wav".
    if path.suffix.lower() not in AUDIO_SUFFIXES or name.startswith("."):
        return "", ""
    stem, at, take = path.stem.rpartition("@")
    return (phrase(stem), take.lower()) if at and take.lower() in TAKES else (phrase(path.stem), "")


def _no_settings() -> "VoiceSettings":
    # Here, because a voice without settings needs none of what reads them.
    from stitcher.planning.settings import VoiceSettings

    return VoiceSettings()


def clip_of(item: Stored) -> Clip | None:
    """The clip that a stored file is, or None where it is no recording, or lies in no voice's folder."""
    said, take = _phrase_of(PurePosixPath(item.key).name)
    return Clip(item.key, item.etag, item.size, said, take) if said and item.key.count("/") <= 1 else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The clips of a voice by phrase and by file name, and the voice's settings.

    Where two files say the same phrase (`hello.mp3`, `hello.wav`) the first by key is taken, whatever the order of the
    listing.
    """

    voice: str
    by_phrase: dict[str, Clip] = field(default_factory=dict)
    by_name: dict[str, Clip] = field(default_factory=dict)
    longest: int = 0
    """Words in the longest phrase."""
    takes: dict[str, dict[str, Clip]] = field(default_factory=dict)
    """By phrase, the clips for a place in the sentence."""
    settings: "VoiceSettings" = field(default_factory=_no_settings)

    @classmethod
    def of(cls, voice: str, stored: Iterable[Stored], settings: "VoiceSettings | None" = None) -> "Catalogue":
        """Catalogue of what lies in the voice's folder; files that are no recordings are passed over."""
        settings = settings or _no_settings()
        by_phrase: dict[str, Clip] = {}
        names: dict[str, Clip] = {}
        takes: dict[str, dict[str, Clip]] = {}
        clips = [clip for item in sorted(stored, key=lambda item: item.key) if (clip := clip_of(item))]
        # Plain takes first: they are what is said anywhere.
        for clip in sorted(clips, key=lambda clip: bool(clip.take)):
            by_phrase.setdefault(clip.phrase, clip)
            names[unicodedata.normalize("NFC", clip.name)] = clip
            if clip.take:
                takes.setdefault(clip.phrase, {}).setdefault(clip.take, clip)
        for group in settings.groups:
            owner = next((name for name in group if name in by_phrase), None)
            for name in group if owner else ():
                if name and by_phrase.setdefault(name, by_phrase[owner or ""]).phrase == owner and owner in takes:
                    takes.setdefault(name, takes[owner])
        longest = max((said.count(" ") + 1 for said in by_phrase), default=0)
        return cls(voice, by_phrase, names, longest, takes, settings)

    def take(self, said: str, place: str) -> Clip:
        """The clip for a phrase that there is, at a place in the sentence (`initial`, `medial`, `final`)."""
        return self.takes.get(said, {}).get(place) or self.by_phrase[said]

    def part(self, text: str) -> Clip | None:
        """The clip that one element of `message_parts` names: a file name, a phrase, or a key as answers give it."""
        name = unicodedata.normalize("NFC", text).removeprefix(voice_prefix(self.voice))
        if "/" in name:  # of another voice
            return None
        path = PurePosixPath(name)
        return self.by_name.get(name) or self.by_phrase.get(
            phrase(path.stem if path.suffix.lower() in AUDIO_SUFFIXES else name)
        )


_SETTINGS: "dict[tuple[str, str], VoiceSettings]" = {}
"""Settings that were read, by key and ETag."""


def read_catalogue(repo: Repo, voice: str) -> Catalogue:
    """The catalogue of a voice as it is stored now; its settings are read again only when they have changed.

    Raises
    ------
    InvalidRequest
        Where the name is no voice's.
    UnusableClip
        Where the voice's settings cannot be read.
    """
    for _ in range(LISTINGS):
        try:
            return _catalogue(repo, voice)
        except NotStored:  # the settings were replaced since they were listed: what is there now is another listing
            continue
    raise StorageFault("the settings of a voice changed each time they were read")


def _catalogue(repo: Repo, voice: str) -> Catalogue:
    """The catalogue of one listing. Raises `NotStored` where the settings are no longer those that were listed."""
    from stitcher.planning.settings import FILE, voice_of

    stored = list(repo.list(voice_prefix(voice)))
    settings = next((item for item in stored if PurePosixPath(item.key).name == FILE), None)
    if settings is None:
        return Catalogue.of(voice, stored)
    known = (settings.key, settings.etag)
    if known not in _SETTINGS:
        if len(_SETTINGS) >= KNOWN_SETTINGS:
            _SETTINGS.clear()
        try:
            data = repo.read(settings.key, settings.etag)
        except Unreadable as error:
            raise UnusableClip((settings.key, str(error))) from None
        _SETTINGS[known] = voice_of(settings.key, data)
    return Catalogue.of(voice, stored, _SETTINGS[known])


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
            f"voice '{shown(voice)}' is not a voice's name: letters, digits, '-' and '_', at most {VOICE_CHARACTERS}"
        )
    return f"{normal}/"
