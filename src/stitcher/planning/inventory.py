"""What lies in a voice's folder, for people: the clips that are said, and the recordings that are not, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from stitcher.clip import Clip
from stitcher.planning.catalogue import SETTINGS, clip_of, ignored, is_voice, must_be_there, voice_prefix
from stitcher.planning.names import AUDIO_SUFFIXES, has_signs, phrase_of, signs, split
from stitcher.storage import LocalRepo, Repo, Stored

NO_VOICE = "its name is no voice's: letters, digits, '-' and '_'"
TOO_DEEP = "it lies too deep: a voice is one folder of clips"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The recordings of one voice.

    Attributes
    ----------
    clips
        Those that are said.
    ignored
        Key and reason of each recording that is not read.
    duplicates
        Pairs of a clip that is not said and the key of the one that is said instead, because it says the same.
    folders
        Of the default voice: the folders beside its clips, which are voices of their own.
    """

    clips: list[Clip] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[Clip, str]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def sentences(self) -> Iterator[str]:
        """What is not said, each in a sentence."""
        yield from (f"{key} is not read: {reason}" for key, reason in self.ignored)
        yield from (f"{clip.key} is not said: {winner} says the same, and is taken" for clip, winner in self.duplicates)


def inventory(repo: Repo, voice: str) -> Inventory:
    """The inventory of a voice. Raises `InvalidRequest` for a name that is none, and `NoSuchVoice`."""
    prefix = voice_prefix(voice)
    stored = list(repo.list(prefix))
    if not stored:
        must_be_there(repo, voice)
    found = of(stored)
    folders = [] if voice else list(repo.folders())
    if f"{SETTINGS}/" in folders:
        found.ignored.append((f"{SETTINGS}/", "it is a folder: the voice's settings are a file of this name"))
    folders = [folder for folder in folders if any(map(clip_of, repo.list(folder)))]
    links = list(repo.dead_links(prefix)) if isinstance(repo, LocalRepo) else []
    badly_named = [(folder, NO_VOICE) for folder in folders if not is_voice(folder[:-1])]
    return Inventory(
        found.clips,
        sorted(found.ignored + badly_named + links + list(deep(repo, prefix))),
        found.duplicates,
        [folder[:-1] for folder in folders if is_voice(folder[:-1])],
    )


def unread(repo: Repo, voice: str, missing: Iterable[str]) -> list[tuple[str, str]]:
    """The recordings that would say one of the words and are not read: each one's key and the reason."""
    wanted = set(missing)
    said = [(one, phrase_of(PurePosixPath(one[0]).name)[0]) for one in inventory(repo, voice).ignored]
    return [one for one, text in said if wanted & {text, *text.split()}]


def of(stored: Iterable[Stored]) -> Inventory:
    """The inventory of files directly in a folder."""
    items = sorted(stored, key=lambda item: item.key)
    taken: dict[tuple[str, ...], str] = {}
    clips: list[Clip] = []
    duplicates: list[tuple[Clip, str]] = []
    for clip in filter(None, map(clip_of, items)):
        winner = taken.setdefault(_says(clip), clip.key)
        if winner == clip.key:
            clips.append(clip)
        else:
            duplicates.append((clip, winner))
    return Inventory(clips, ignored(items), duplicates)


def _says(clip: Clip) -> tuple[str, ...]:
    """What decides whether two clips say the same: their phrase, take, and the signs of their numbers."""
    stem = split(clip.name)[0]
    return (clip.phrase, clip.take, *(signs(stem) if has_signs(stem) else ()))


def deep(repo: Repo, prefix: str) -> Iterator[tuple[str, str]]:
    """The recordings in folders inside of the voice's. Under the root, these are folders inside of other voices."""
    for item in repo.tree(prefix):
        inside = item.key.removeprefix(prefix).count("/")
        if inside > (0 if prefix else 1) and PurePosixPath(item.key).suffix.lower() in AUDIO_SUFFIXES:
            yield item.key, TOO_DEEP
