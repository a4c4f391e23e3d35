"""The catalogue for people: which voices there are, and each one's clips with what preparing found, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import ClassVar, Protocol
from urllib.parse import quote, unquote

from stitcher.api.answers import ClipEntry, ClipsPage, Unusable, VoiceEntry, VoicesPage
from stitcher.api.asked import Asked
from stitcher.api.preview import Shapes
from stitcher.clip import Clip
from stitcher.clips.facts import Shape
from stitcher.errors import InvalidRequest, UnusableClip, shown
from stitcher.formats.profiles import PROFILES
from stitcher.numbers.tables import about, table
from stitcher.planning import inventory
from stitcher.planning.catalogue import clip_of, is_voice, must_be_there, voice_prefix
from stitcher.planning.policies import DEFAULT
from stitcher.planning.settings import VoiceSettings, find_settings
from stitcher.storage import CONNECTIONS, Repo, Stored, Unreadable

PAGE, LARGEST_PAGE = 50, 200
KEY_BYTES = 1024
"""S3's limit."""
_FIRST_PROFILE = next(iter(PROFILES))


class Known(Shapes, Protocol):
    """What is known of prepared clips, and of recordings that were refused."""

    def refusals(self, clips: Sequence[Clip]) -> dict[str, str]:
        """By key, why a recording cannot be used."""


class Page(Asked):
    """Which page of a list is asked for."""

    kind: ClassVar[str] = "parameter"

    after: str = ""
    limit: int = PAGE


def voices_page(clips: Repo, *, after: str = "", limit: int = PAGE) -> VoicesPage:
    """The default voice and the folders that hold a clip, behind the one named `after`.

    `limit` folders are looked into at most; those without a clip are left out, so that a page may be shorter.
    """
    _check(limit)
    after = position(after)
    names = [] if after else [""]
    start = voice_prefix("" if after == DEFAULT else after)
    names += [name for folder in clips.folders() if folder > start and is_voice(name := folder[:-1])]
    page = names[:limit]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = [entry for entry in pool.map(lambda name: _voice(clips, name), page) if entry]
    return VoicesPage(voices=found, next=pasted(page[-1] or DEFAULT) if len(names) > limit else None)


def clips_page(clips: Repo, shapes: Known, voice: str, *, after: str = "", limit: int = PAGE) -> ClipsPage:
    """A voice's clips behind the key `after`.

    Raises
    ------
    InvalidRequest
        The name is no voice's, the key not one of its clips', or the limit not one there is.
    """
    _check(limit)
    prefix, after = voice_prefix("" if voice == DEFAULT else voice), position(after)
    is_key = after.startswith(prefix) and "/" not in after[len(prefix) :] and len(after.encode()) <= KEY_BYTES
    if after and not is_key:
        raise InvalidRequest(f"after '{shown(after)}' is not the key of a clip of this voice")
    stored = _until(clips.list(prefix), after, limit)
    if not stored:
        must_be_there(clips, prefix[:-1])
    inside = inventory.of(stored)
    instead = {clip.key: winner for clip, winner in inside.duplicates}
    found = [clip for clip in map(clip_of, stored) if clip and clip.key > after]
    page, more = found[:limit], len(found) > limit
    last = page[-1].key if more else "\U0010ffff"
    ignored = [Unusable(key=key, reason=reason) for key, reason in inside.ignored if after < key <= last]
    if prefix and not more:
        ignored += [
            Unusable(key=key, reason=reason) for key, reason in islice(inventory.deep(clips, prefix), LARGEST_PAGE)
        ]
    return ClipsPage(clips=entries(page, shapes, instead), ignored=ignored, next=pasted(last) if more else None)


def _until(stored: Iterator[Stored], after: str, limit: int) -> list[Stored]:
    """The files up to the end of a page and one clip more, from the first on: a clip says the same as one before it."""
    found: list[Stored] = []
    clips = 0
    for item in stored:
        found.append(item)
        clips += item.key > after and clip_of(item) is not None
        if clips > limit:
            break
    return found


def pasted(key: str) -> str:
    """A page's `next`, percent-encoded, so that it can be pasted into a URL as it is; `position` reads it.

    A key that looks encoded already ("50%25.wav") is encoded twice.
    """
    once = quote(key, safe="")
    return quote(once, safe="") if quote(unquote(key), safe="") == key != unquote(key) else once


def position(after: str) -> str:
    """The key that `after` means: as a page's `next` gave it, pasted into a URL or encoded once more, or plain.

    Examples
    --------
    >>> position(pasted("hindi/आज.ogg")), position("hindi/आज.ogg")
    ('hindi/आज.ogg', 'hindi/आज.ogg')
    """
    plain = unquote(after)
    return plain if quote(plain, safe="") == after else after


def _check(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidRequest(f"limit {limit} is not between 1 and {LARGEST_PAGE}")


def _voice(clips: Repo, name: str) -> VoiceEntry | None:
    """The entry of a voice; None for a folder without a clip."""
    prefix = voice_prefix(name)
    if name and not any(map(clip_of, clips.list(prefix))):
        return None
    settings, warnings = VoiceSettings(), []
    try:
        settings = find_settings(clips, prefix)
        if settings.language and table(settings.language) is None:
            warnings = [about(settings.language)]
    except UnusableClip as refusal:  # its messages are refused for the same reason
        warnings = [reason for _, reason in refusal.unusable]
    except Unreadable as error:
        warnings = [str(error)]
    return VoiceEntry(voice=name, language=settings.language, warnings=warnings)


def entries(clips: Sequence[Clip], shapes: Known, instead: Mapping[str, str] | None = None) -> list[ClipEntry]:
    """What is known of each clip; `instead` has by key the clip that is said instead of one."""
    found = shapes.of(clips, _FIRST_PROFILE)
    refusals = shapes.refusals([clip for clip, shape in zip(clips, found, strict=True) if shape is None])
    others = instead or {}
    return [
        _entry(clip, shape, refusals.get(clip.key), others.get(clip.key))
        for clip, shape in zip(clips, found, strict=True)
    ]


def _entry(clip: Clip, shape: Shape | None, refused: str | None, instead: str | None) -> ClipEntry:
    report = shape.report if shape else None
    return ClipEntry(
        phrase=clip.phrase,
        key=clip.key,
        size=clip.size,
        take=clip.take,
        duration_ms=report.duration_ms if report else None,
        loudness_lufs=report.loudness_lufs if report else None,
        warnings=list(report.warnings) if report else None,
        prepared=shape is not None,
        refused=refused,
        instead=instead,
    )
