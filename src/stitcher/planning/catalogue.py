"""The clips of one voice, found by what they say."""

import contextlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from stitcher import limits
from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, NoSuchVoice, UnusableClip, VoiceTooLarge, shown
from stitcher.planning.names import AUDIO_SUFFIXES, UNREADABLE_SUFFIXES, has_signs, phrase_of, split
from stitcher.storage import NotStored, Repo, StorageFault, Stored, Unreadable
from stitcher.text.alike import loose
from stitcher.text.words import phrase

if TYPE_CHECKING:
    from stitcher.planning.settings import VoiceSettings

__all__ = [
    "AUDIO_SUFFIXES",
    "Catalogue",
    "clip_of",
    "ignored",
    "is_voice",
    "must_be_there",
    "read_catalogue",
    "read_voice",
    "voice_prefix",
]

SETTINGS = "voice.toml"
VOICE_CHARACTERS = 64
RESERVED = "campaigns/"
"""A folder of the clips' bucket that is no voice: the tables of campaigns."""
KNOWN_SETTINGS = 64
LISTINGS = 3
"""Of a voice whose settings change while they are read."""
LONGEST_PHRASE = 48
"""Words in a phrase that is looked for: a clip ends at 60 seconds. A longer name is found where it is the message."""
NUMERALS, LARGEST_NUMERAL = 2_000, 10**9
"""The most clips named by digits that also say the number's words, and the largest such number."""


def _no_settings() -> "VoiceSettings":
    # Here, because a voice without settings needs none of what reads them.
    from stitcher.planning.settings import VoiceSettings

    return VoiceSettings()


def clip_of(item: Stored, *, glottal: bool = False) -> Clip | None:
    """The clip that a stored file is, or None where it is no recording, or lies in no voice's folder."""
    if item.key.startswith(RESERVED):
        return None
    said, take = phrase_of(PurePosixPath(item.key).name, glottal=glottal)
    return Clip(item.key, item.etag, item.size, said, take) if said and item.key.count("/") <= 1 else None


def ignored(stored: Iterable[Stored]) -> list[tuple[str, str]]:
    """The sound files of a voice's folder that are no clips, and settings of another name: each key and the reason."""
    found: list[tuple[str, str]] = []
    for item in sorted(stored, key=lambda item: item.key):
        name = PurePosixPath(item.key).name
        stem, suffix = split(name)
        if name != SETTINGS and name.casefold() == SETTINGS:
            found.append((item.key, f"the voice's settings are in {SETTINGS}, in small letters"))
        elif suffix in UNREADABLE_SUFFIXES:
            found.append((item.key, UNREADABLE_SUFFIXES[suffix]))
        elif suffix in AUDIO_SUFFIXES and not stem.startswith("._") and clip_of(item) is None:
            reason = "it lies too deep: a voice is one folder" if item.key.count("/") > 1 else "its name has no words"
            if item.key.startswith(RESERVED):
                reason = "this folder is for tables of messages"
            found.append((item.key, reason))
    return found


@dataclass(frozen=True)
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
    signed: dict[str, list[Clip]] = field(default_factory=dict)
    """By phrase, the clips whose names have signs at their digits ("-5.wav"): they say only what is written so."""
    others: tuple[Stored, ...] = field(default=(), compare=False)
    """The files of the folder that are no clips; none where the catalogue is not of a listing."""

    @classmethod
    def of(cls, voice: str, stored: Iterable[Stored], settings: "VoiceSettings | None" = None) -> "Catalogue":
        """Catalogue of what lies in the voice's folder; files that are no recordings are passed over."""
        settings = settings or _no_settings()
        items = sorted(stored, key=lambda item: item.key)
        found = [clip_of(item, glottal=settings.glottal) for item in items]
        others = tuple(item for item, clip in zip(items, found, strict=True) if clip is None)
        clips = ((clip, has_signs(split(clip.name)[0])) for clip in found if clip)
        return replace(cls.of_clips(voice, clips, settings), others=others)

    @classmethod
    def of_clips(
        cls, voice: str, clips: "Iterable[tuple[Clip, bool]]", settings: "VoiceSettings | None" = None
    ) -> "Catalogue":
        """Catalogue of clips, each with whether its name has signs at its digits."""
        settings = settings or _no_settings()
        by_phrase: dict[str, Clip] = {}
        names: dict[str, Clip] = {}
        takes: dict[str, dict[str, Clip]] = {}
        signed: dict[str, list[Clip]] = {}
        # Plain takes first: they are what is said anywhere.
        for clip, has_sign in sorted(clips, key=lambda one: (bool(one[0].take), one[0].key)):
            names[unicodedata.normalize("NFC", clip.name)] = clip
            if has_sign:
                signed.setdefault(clip.phrase, []).append(clip)
                continue
            by_phrase.setdefault(clip.phrase, clip)
            if clip.take:
                takes.setdefault(clip.phrase, {}).setdefault(clip.take, clip)
        _alias(settings.groups, by_phrase, takes)
        longest = max((said.count(" ") + 1 for said in (*by_phrase, *signed)), default=0)
        return cls(voice, by_phrase, names, longest, takes, settings, signed)

    @cached_property
    def begins(self) -> frozenset[str]:
        """The beginnings of all longer phrases: what a way through a message may still become."""
        return frozenset(_beginnings((*self.by_phrase, *self.signed, *self.numerals)))

    @cached_property
    def says(self) -> Callable[[str], bool]:
        """Whether a clip says a phrase."""
        if not self.numerals:
            return self.by_phrase.__contains__
        return frozenset((*self.by_phrase, *self.numerals)).__contains__

    @cached_property
    def tried(self) -> int:
        """Words in the longest phrase that is looked for."""
        return min(LONGEST_PHRASE, max(self.longest, max((said.count(" ") + 1 for said in self.numerals), default=1)))

    @cached_property
    def numerals(self) -> Mapping[str, str]:
        """The words of numbers that clips named by digits say ("5.wav" says "five"), and the phrase of each clip."""
        digits = sorted((said for said in self.by_phrase if said.isdecimal()), key=lambda said: (len(said), said))
        if not digits:
            return {}
        rules = json.dumps(self.settings.rules, sort_keys=True, default=str)
        with self.following_rules():
            said = _numerals(self.settings.language or "", rules, tuple(digits[:NUMERALS]))
        return {words: clip for words, clip in said.items() if words not in self.by_phrase}

    @cached_property
    def alike(self) -> Mapping[str, str]:
        """Phrases by their looser form; one that several phrases have is left out."""
        found: dict[str, str] = {}
        for said in self.by_phrase:
            form = loose(said)
            found[form] = "" if form in found else said
        return {form: said for form, said in found.items() if said}

    @cached_property
    def begins_alike(self) -> frozenset[str]:
        """The beginnings of all longer phrases in their looser form."""
        return frozenset(_beginnings(self.alike))

    def unread(self, missing: Iterable[str]) -> list[tuple[str, str]]:
        """Recordings in the folder that would say a missing word and are not read: each one's key and the reason."""
        wanted = set(missing)
        said = {key: phrase(split(PurePosixPath(key).name)[0]) for key, _ in ignored(self.others)}
        return [(key, reason) for key, reason in ignored(self.others) if wanted & {said[key], *said[key].split()}]

    @contextlib.contextmanager
    def following_rules(self) -> Iterator[None]:
        """Around what follows the voice's own rules: a fault there is the settings' fault. Raises `UnusableClip`.

        None is known: `planning.rules` gives every rule a form. If one is found, only this voice is refused.
        """
        try:
            yield
        except (ArithmeticError, LookupError, TypeError, AttributeError, RecursionError, re.error) as error:
            if not self.settings.rules:
                raise
            key = f"{voice_prefix(self.voice)}voice.toml"
            raise UnusableClip((key, f"its rules cannot be followed ({type(error).__name__})")) from error

    def take(self, said: str, place: str) -> Clip:
        """The clip for a phrase that there is, at a place in the sentence (`initial`, `medial`, `final`)."""
        return self.takes.get(said, {}).get(place) or self.by_phrase[said]

    def part(self, text: str) -> Clip | None:
        """The clip that one element of `message_parts` names: a file name, a phrase, or a key as answers give it."""
        name = unicodedata.normalize("NFC", text).removeprefix(voice_prefix(self.voice))
        if "/" in name:  # of another voice
            return None
        stem, suffix = split(name)
        said = phrase(stem if suffix in AUDIO_SUFFIXES else name, glottal=self.settings.glottal)
        clip = self.by_name.get(name)
        if clip is None and has_signs(name):
            return next((one for one in self.signed.get(said, ()) if split(one.name)[0] == stem), None)
        return clip or self.by_phrase.get(said)


def _alias(groups: Iterable[list[str]], by_phrase: dict[str, Clip], takes: dict[str, dict[str, Clip]]) -> None:
    """Give the clip of one phrase of a group to the others that have none."""
    for group in groups:
        owner = next((said for said in group if said in by_phrase), None)
        if owner is None:
            continue
        for said in filter(None, group):
            if by_phrase.setdefault(said, by_phrase[owner]).phrase == owner and owner in takes:
                takes.setdefault(said, takes[owner])


def _beginnings(phrases: Iterable[str]) -> Iterator[str]:
    """Beginnings of at most the words of the longest phrase: a name may have five hundred."""
    for said in phrases:
        space, words = said.find(" "), 1
        while space > 0 and words < LONGEST_PHRASE:
            yield said[:space]
            space, words = said.find(" ", space + 1), words + 1


@lru_cache(maxsize=16)
def _numerals(language: str, rules: str, digits: tuple[str, ...]) -> dict[str, str]:
    from stitcher.numbers.spoken import number

    found: dict[str, str] = {}
    for said in digits:
        value = int(said)
        if (len(said) > 1 and unicodedata.decimal(said[0]) == 0) or value > LARGEST_NUMERAL:
            continue
        for words in {str(value), number(value, language, json.loads(rules))}:
            if words:
                found.setdefault(phrase(words), said)
    return found


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
    VoiceTooLarge
        Where its folder has too many files.
    """
    for _ in range(LISTINGS):
        try:
            return _catalogue(repo, voice)
        except NotStored:  # the settings were replaced since they were listed: what is there now is another listing
            continue
    raise StorageFault("the settings of a voice changed each time they were read")


def _catalogue(repo: Repo, voice: str) -> Catalogue:
    """The catalogue of one listing. Raises `NotStored` where the settings are no longer those that were listed."""
    stored = list_voice(repo, voice)
    settings = next((item for item in stored if PurePosixPath(item.key).name == SETTINGS), None)
    return Catalogue.of(voice, stored, settings_in(repo, settings) if settings else None)


def list_voice(repo: Repo, voice: str) -> list[Stored]:
    """The files in a voice's folder. Raises `VoiceTooLarge` as soon as there are too many."""
    stored = list(islice(repo.list(voice_prefix(voice)), limits.VOICE_FILES + 1))
    if len(stored) > limits.VOICE_FILES:
        raise VoiceTooLarge(voice)
    return stored


def settings_in(repo: Repo, item: Stored) -> "VoiceSettings":
    """The settings in a listed file, read once for each version. Raises `UnusableClip`, and `NotStored`."""
    from stitcher.planning.settings import read_settings

    known = (item.key, item.etag)
    if known not in _SETTINGS:
        if len(_SETTINGS) >= KNOWN_SETTINGS:
            _SETTINGS.clear()
        try:
            _SETTINGS[known] = read_settings(repo, item)
        except Unreadable as error:
            raise UnusableClip((item.key, str(error))) from None
    return _SETTINGS[known]


def read_voice(repo: Repo, voice: str) -> Catalogue:
    """The catalogue of a voice that there is; raises as `read_catalogue`, and `NoSuchVoice`."""
    found = read_catalogue(repo, voice)
    if not found.by_name and not found.others:
        must_be_there(repo, voice)
    return found


def must_be_there(repo: Repo, voice: str) -> None:
    """Raises `NoSuchVoice` where no folder has the name. The default voice is always there."""
    folders = [folder.removesuffix("/") for folder in repo.folders()] if voice else []
    if voice and unicodedata.normalize("NFC", voice) not in folders:
        raise NoSuchVoice(voice, filter(is_voice, folders))


def is_voice(name: str) -> bool:
    """Whether a folder's name can be asked for as a voice."""
    try:
        return voice_prefix(name) == f"{name}/"
    except InvalidRequest:
        return False


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
    if f"{normal}/" == RESERVED:
        raise InvalidRequest(f"no voice is called '{normal}': that folder is for tables of messages")
    return f"{normal}/"
