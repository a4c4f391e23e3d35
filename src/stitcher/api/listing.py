"""The catalogue for people: which voices there are, and each one's clips with what preparing found, page by page."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from stitcher.api.answers import ClipEntry, ClipsPage, VoiceEntry, VoicesPage
from stitcher.api.form import sentence
from stitcher.clip import Clip
from stitcher.clips.facts import Shape, Shapes
from stitcher.errors import InvalidRequest, UnusableClip, shown
from stitcher.formats.profiles import PROFILES
from stitcher.planning.catalogue import clip_of, voice_prefix
from stitcher.planning.settings import VoiceSettings, find_settings
from stitcher.storage import CONNECTIONS, Repo, Unreadable

DEFAULT = "-"
"""How the default voice is written where a name cannot be empty; it is no voice's name."""
PAGE, LARGEST_PAGE = 50, 200
KEY_BYTES = 1024
"""S3's limit."""
_FIRST_PROFILE = next(iter(PROFILES))


class Page(BaseModel):
    """Which page of a list is asked for."""

    model_config = ConfigDict(extra="forbid")

    after: str = ""
    limit: int = PAGE

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Raises `InvalidRequest` with a sentence that names every fault."""
        try:
            return cls.model_validate(query)
        except ValidationError as error:
            raise InvalidRequest(sentence(error)) from None


def voices_page(clips: Repo, *, after: str = "", limit: int = PAGE) -> VoicesPage:
    """The default voice and the folders that hold a clip, behind the one named `after`.

    `limit` folders are looked into at most; those without a clip are left out, so that a page may be shorter.
    """
    _check(limit)
    names = [] if after else [""]
    start = voice_prefix("" if after == DEFAULT else after)
    names += [name for folder in clips.folders() if folder > start and _is_voice(name := folder[:-1])]
    page = names[:limit]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = [entry for entry in pool.map(lambda name: _voice(clips, name), page) if entry]
    return VoicesPage(voices=found, next=(page[-1] or DEFAULT) if len(names) > limit else None)


def clips_page(clips: Repo, shapes: Shapes, voice: str, *, after: str = "", limit: int = PAGE) -> ClipsPage:
    """A voice's clips behind the key `after`.

    Raises
    ------
    InvalidRequest
        The name is no voice's, the key not one of its clips', or the limit not one there is.
    """
    _check(limit)
    prefix = voice_prefix("" if voice == DEFAULT else voice)
    is_key = after.startswith(prefix) and "/" not in after[len(prefix) :] and len(after.encode()) <= KEY_BYTES
    if after and not is_key:
        raise InvalidRequest(f"after '{shown(after)}' is not the key of a clip of this voice")
    found = list(islice(filter(None, map(clip_of, clips.list(prefix, after))), limit + 1))
    page = found[:limit]
    return ClipsPage(clips=entries(page, shapes), next=page[-1].key if len(found) > limit else None)


def _check(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidRequest(f"limit {limit} is not between 1 and {LARGEST_PAGE}")


def _is_voice(name: str) -> bool:
    """Whether a folder can be asked for at all."""
    try:
        return voice_prefix(name) == f"{name}/"
    except InvalidRequest:
        return False


def _voice(clips: Repo, name: str) -> VoiceEntry | None:
    """The entry of a voice; None for a folder without a clip."""
    prefix = voice_prefix(name)
    if name and not any(map(clip_of, clips.list(prefix))):
        return None
    settings, warnings = VoiceSettings(), []
    try:
        settings = find_settings(clips, prefix)
    except UnusableClip as refusal:  # its messages are refused for the same reason
        warnings = [reason for _, reason in refusal.unusable]
    except Unreadable as error:
        warnings = [str(error)]
    return VoiceEntry(voice=name, language=settings.language, warnings=warnings)


def entries(clips: Sequence[Clip], shapes: Shapes) -> list[ClipEntry]:
    """What is known of each clip."""
    found = shapes.of(clips, _FIRST_PROFILE)
    refusals = shapes.refusals([clip for clip, shape in zip(clips, found, strict=True) if shape is None])
    return [_entry(clip, shape, refusals.get(clip.key)) for clip, shape in zip(clips, found, strict=True)]


def _entry(clip: Clip, shape: Shape | None, refused: str | None) -> ClipEntry:
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
    )
