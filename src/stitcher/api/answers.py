"""What callers get besides a message's audio: plans, voices, clips, and problems.

The docstrings are part of docs/openapi.yaml.
"""

from typing import Literal

from pydantic import BaseModel

Path = Literal["spliced", "rendered"]


class ClipSegment(BaseModel):
    """A clip that would be said, and what of the message it stands for."""

    clip: str
    """The recording's key."""
    phrase: str
    """What it says."""
    start: int | None
    """Where its words begin in the message, in code points; null where the request lists clips."""
    end: int | None
    """Where they end."""
    text: str | None
    """The words themselves: `message[start:end]`."""
    why: str
    """Why this clip was chosen; empty if it says just the text."""
    duration_ms: int | None
    """Its audible part; null where the clip is not prepared."""


class PauseSegment(BaseModel):
    """Silence between the audible parts of two clips."""

    pause_ms: int
    """Less than 0 overlaps them with a crossfade."""


class PlanAnswer(BaseModel):
    """How a message would be said."""

    success: bool = True
    segments: list[ClipSegment | PauseSegment]
    """What would be said, in order; empty if no clip says anything of the message."""
    missing: list[str]
    """Words without a clip, in message order, each once."""
    suggestions: dict[str, list[str]]
    """By missing word, phrases that are spelled much like it."""
    unsure: dict[str, str]
    """Numbers of the missing that are not read for certain, each with the reason."""
    decoration: list[str]
    """What is dropped because it only decorates: marks of bold text, pictures and trade marks without a clip."""
    substituted: list[str]
    """What the fallback voice would say."""
    unusable: list["Unusable"]
    """Recordings of the plan that cannot be used, as far as it is known: the command line listens to them."""
    duration_ms: int | None
    """Of the whole message; null where a clip is not prepared."""
    path: Path | None
    """How it would be made; null where nothing would be said."""
    why: str
    """Why it would not be spliced; empty if it would."""
    format: str

    def is_whole(self) -> bool:
        """Whether the voice itself says every word."""
        return not self.missing and not self.substituted


class VoiceEntry(BaseModel):
    """A voice: a folder of clips."""

    voice: str
    """Empty for the default voice, the bucket's root."""
    language: str | None
    """From its `voice.toml` (BCP 47); null where that names none."""
    warnings: list[str]
    """What is wrong with its `voice.toml`."""


class VoicesPage(BaseModel):
    """Some of the voices, in the order of their names; it may be shorter than its limit and not the last."""

    success: bool = True
    voices: list[VoiceEntry]
    next: str | None
    """The `after` of the next page, percent-encoded; null on the last one."""


class ClipEntry(BaseModel):
    """A clip, and what preparing found of its recording: null until that is done."""

    phrase: str
    """What it says."""
    key: str
    """Where it lies in the input bucket."""
    size: int
    """Bytes of the recording."""
    take: str
    """Where in a sentence it belongs: `initial`, `medial`, `final`; empty anywhere."""
    duration_ms: int | None
    """Of the recording as it came."""
    loudness_lufs: float | None
    """Of its speech, before it was levelled."""
    warnings: list[str] | None
    """What is poor about the recording, in sentences."""
    prepared: bool
    """Whether it is ready to be joined."""
    refused: str | None
    """Why it cannot be used; null where it can, or where that is not known yet."""
    instead: str | None
    """The clip that is said instead, because it says the same and comes first; null where this one is said."""


class ClipsPage(BaseModel):
    """Some of a voice's clips, in the order of their keys."""

    success: bool = True
    clips: list[ClipEntry]
    ignored: list["Unusable"]
    """The recordings beside them that are not read."""
    next: str | None
    """The `after` of the next page, percent-encoded; null on the last one."""


class UploadAnswer(BaseModel):
    """A form that uploads one recording: POST it to `url` as multipart/form-data, its `fields` first, then `file`."""

    success: bool = True
    key: str
    """Where the recording will lie in the input bucket."""
    url: str
    fields: dict[str, str]
    expires_at: str
    """Until when the form works."""


class ClipVersion(BaseModel):
    """A recording that the clip's name had at some time, or the mark of its deletion."""

    version: str
    size: int
    recorded_at: str
    current: bool
    """Whether it is the clip now."""
    deleted: bool
    """Whether it is the mark of a deletion; it has no sound."""
    url: str | None
    """A link to listen, which works until `expires_at`."""


class ClipAnswer(BaseModel):
    """A clip, a link to listen, and its versions."""

    success: bool = True
    clip: ClipEntry | None
    """Null where it is deleted."""
    url: str | None
    """A link to listen to the recording as it came."""
    expires_at: str
    """Until when the links work."""
    versions: list[ClipVersion]
    """The newest first, twenty at most."""


class ClipChanged(BaseModel):
    """A clip that was deleted or restored."""

    success: bool = True
    key: str
    version: str
    """The recording that was deleted or is the clip again: restore it to undo a deletion."""


class SettingsAnswer(BaseModel):
    """A voice's settings: its `voice.toml`, and what that says with the defaults filled in."""

    success: bool = True
    toml: str
    """The whole file; empty where there is none."""
    fault: str
    """Why the file cannot be read, so that no message of this voice is said; empty where it can."""
    warnings: list[str]
    """What the voice lacks: numbers of its language, or a clip, so that its name may be a mistake."""
    language: str | None
    gap_ms: int
    read_numbers: Literal["likely", "strict"]
    aliases: list[str]
    pauses: dict[str, int]


class Unusable(BaseModel):
    """A file that cannot be used."""

    key: str
    reason: str


class Problem(BaseModel):
    """A refusal or a fault (RFC 9457), from the service, API Gateway or the firewall."""

    type: str
    """`urn:audio-stitcher:` and the code."""
    title: str
    """The kind of refusal, for people."""
    status: int
    """The HTTP status."""
    code: str
    """The kind of refusal, for machines."""
    detail: str
    """A sentence to act on."""
    success: Literal[False]
    missing: list[str] | None = None
    """Every word without a clip."""
    suggestions: dict[str, list[str]] | None = None
    """By missing word, phrases that are spelled much like it."""
    unsure: dict[str, str] | None = None
    """Numbers of the missing that are not read for certain, each with the reason."""
    ignored: list[Unusable] | None = None
    """Recordings that would say a missing word and are not read."""
    unusable: list[Unusable] | None = None
