"""One recording of a voice: its upload, its versions, its deletion and its restoration; and the voice's settings.

Nothing is lost: the bucket keeps versions, deleting adds a mark, and restoring copies an old version on top.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import Field, StrictInt, StrictStr

from stitcher import limits
from stitcher.api.answers import ClipAnswer, ClipChanged, ClipVersion, SettingsAnswer, UploadAnswer
from stitcher.api.asked import Asked
from stitcher.api.listing import KEY_BYTES, entries
from stitcher.clips.facts import Shapes
from stitcher.errors import InvalidRequest, NoSuchVoice, UnknownClip, UnusableClip, shown
from stitcher.near import did_you_mean, near
from stitcher.numbers.tables import about
from stitcher.planning.catalogue import SETTINGS as FILE
from stitcher.planning.catalogue import clip_of, must_be_there, voice_prefix
from stitcher.planning.names import AUDIO_SUFFIXES, split
from stitcher.planning.policies import DEFAULT
from stitcher.planning.settings import VoiceSettings, voice_of
from stitcher.storage import BucketRepo, NotStored, Stored, Unreadable, Version

VERSIONS = 20
"""Of a clip, that an answer lists: the newest."""


class UploadRequest(Asked):
    """The body of `POST /voices/{voice}/clips`: which recording will be uploaded."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=limits.PART_CHARACTERS)]
    """The file's name, which says the phrase: `heavy rain.wav`. A clip of this name gets a new version."""
    size: Annotated[StrictInt, Field(ge=1, le=limits.CLIP_BYTES)]
    """Bytes of the file; the upload takes exactly this many."""

    @classmethod
    def faults(cls, given: dict[str, Any]) -> Iterator[str]:
        """Why the name is none of a clip."""
        if isinstance(name := given.get("name"), str) and name and (reason := _not_a_name(_normal(name), name)):
            yield f"name '{shown(_normal(name))}': {reason}"


class RestoreRequest(Asked):
    """The body of `PUT /voices/{voice}/clips/{name}`: the version that becomes the clip again."""

    version: Annotated[StrictStr, Field(min_length=1, max_length=1_024)]
    """An id of `versions`."""


class SettingsRequest(Asked):
    """The body of `PUT /voices/{voice}/settings`."""

    toml: Annotated[StrictStr, Field(max_length=limits.SETTINGS_BYTES)]
    """The whole content of `voice.toml`."""


def prefix_of(voice: str) -> str:
    """The folder of a voice as paths name it: `-` is the default one. Raises `InvalidRequest`."""
    return voice_prefix("" if voice == DEFAULT else voice)


def upload(voice: str, request: UploadRequest, recordings: BucketRepo, url_seconds: int) -> UploadAnswer:
    """A form that puts this one file of this size into the voice's folder, for `url_seconds`.

    Raises
    ------
    InvalidRequest
        The name is not that of a clip.
    """
    name = _normal(request.name)
    key = prefix_of(voice) + name
    if reason := _not_a_name(name, key):
        raise InvalidRequest(f"name '{shown(name)}': {reason}")
    form = recordings.presign_post(key, request.size, url_seconds)
    return UploadAnswer(key=key, url=form.url, fields=dict(form.fields), expires_at=_after(url_seconds))


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _not_a_name(name: str, key: str) -> str:
    """Why a file of this name would be no clip; empty where it would be one."""
    if "/" in name:
        return "a name has no '/'"
    if any(unicodedata.category(char) == "Cc" for char in name):
        return "it has a character that cannot be printed"
    if unquote(name) != name:
        return "'%' and two digits stand for another character in an address: write 'percent'"
    if len(key.encode(errors="replace")) > KEY_BYTES:
        return f"with its voice it has over {KEY_BYTES} bytes, which is the limit"
    if split(name)[1] not in AUDIO_SUFFIXES:
        return f"it does not end like a recording: {', '.join(sorted(AUDIO_SUFFIXES))}"
    if clip_of(Stored(key, "", 1)) is None:
        return "it has no words"
    return ""


def look(voice: str, name: str, recordings: BucketRepo, shapes: Shapes, url_seconds: int) -> ClipAnswer:
    """A clip with a link to listen, and its versions.

    Raises
    ------
    UnknownClip
        There is none of this name, nor was there.
    """
    key = _key(voice, name)
    versions = recordings.versions(key, VERSIONS)
    if not versions:
        raise _unknown(voice, name, recordings)
    latest = versions[0]
    clip = None if latest.deleted else clip_of(Stored(key, latest.etag, latest.size))
    listed = [_version(one, recordings, url_seconds, one is latest) for one in versions]
    return ClipAnswer(
        clip=entries([clip], shapes)[0] if clip else None,
        url=listed[0].url,
        expires_at=_after(url_seconds),
        versions=listed,
    )


def _version(version: Version, recordings: BucketRepo, url_seconds: int, current: bool) -> ClipVersion:
    url = None if version.deleted else recordings.presign(version.key, url_seconds, version.id)
    return ClipVersion(
        version=version.id,
        size=version.size,
        recorded_at=version.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        current=current,
        deleted=version.deleted,
        url=url,
    )


def delete(voice: str, name: str, recordings: BucketRepo) -> ClipChanged:
    """Delete a clip so that it can be restored. Raises `UnknownClip` where there is none."""
    key = _key(voice, name)
    versions = recordings.versions(key, 1)
    if not versions or versions[0].deleted:
        raise _unknown(voice, name, recordings)
    recordings.delete([key])
    return ClipChanged(key=key, version=versions[0].id)


def restore(voice: str, name: str, request: RestoreRequest, recordings: BucketRepo) -> ClipChanged:
    """Make an old version the clip again: it is a new recording, which is prepared as one.

    Raises
    ------
    UnknownClip
        There is no such version.
    """
    key = _key(voice, name)
    try:
        recordings.restore(key, request.version)
    except NotStored:
        raise UnknownClip(f"'{shown(name)}' has no version '{shown(request.version)}'") from None
    return ClipChanged(key=key, version=request.version)


def settings(voice: str, recordings: BucketRepo) -> SettingsAnswer:
    """A voice's `voice.toml` as it is, and what it says; the defaults where there is none that can be read."""
    key = prefix_of(voice) + FILE
    try:
        data = recordings.read(key)
        return _settings(data.decode("utf-8", "replace"), voice_of(key, data), "")
    except NotStored:
        return _settings("", VoiceSettings(), "", _begun(voice, recordings))
    except UnusableClip as refusal:
        return _settings(data.decode("utf-8", "replace"), VoiceSettings(), refusal.unusable[0][1])
    except Unreadable as error:
        return _settings("", VoiceSettings(), str(error))


def change_settings(voice: str, request: SettingsRequest, recordings: BucketRepo) -> SettingsAnswer:
    """Write a voice's `voice.toml`. Raises `UnusableClip`, with the reason, for one that cannot be read."""
    key, data = prefix_of(voice) + FILE, request.toml.encode()
    found = voice_of(key, data)
    recordings.save(key, data, content_type="application/toml")
    return _settings(request.toml, found, "")


def _begun(voice: str, recordings: BucketRepo) -> list[str]:
    """That there is no such voice yet: its settings may be asked for before its first clip."""
    try:
        must_be_there(recordings, prefix_of(voice)[:-1])
    except NoSuchVoice as refusal:
        return [str(refusal)]
    return []


def _settings(toml: str, found: VoiceSettings, fault: str, begun: Sequence[str] = ()) -> SettingsAnswer:
    return SettingsAnswer(
        toml=toml,
        fault=fault,
        warnings=[*begun, *filter(None, [about(found.language) if found.language else ""])],
        language=found.language,
        gap_ms=found.gap_ms,
        read_numbers=found.read_numbers,
        aliases=found.aliases,
        pauses=found.pauses.model_dump(),
    )


def _key(voice: str, name: str) -> str:
    """The key of a clip of the voice, whose name is taken as it is. Raises `UnknownClip` for what is no clip's name."""
    key = prefix_of(voice) + name
    if "/" in name or clip_of(Stored(key, "", 1)) is None:
        raise _unknown(voice, name)
    return key


def _unknown(voice: str, name: str, recordings: BucketRepo | None = None) -> UnknownClip:
    """The refusal, with near misses among the voice's clips where it may look for them."""
    there = recordings.list(prefix_of(voice)) if recordings else ()
    names = [clip.name for clip in map(clip_of, islice(there, limits.VOICE_FILES)) if clip]
    where = "the default voice" if voice == DEFAULT else f"voice '{shown(voice)}'"
    return UnknownClip(f"{where} has no clip '{shown(name)}'{did_you_mean(near(name, names))}")


def _after(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
