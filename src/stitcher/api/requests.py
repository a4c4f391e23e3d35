"""Requests and answers of the HTTP API, which are the workflow's first input and its last output."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast

from stitcher import limits
from stitcher.formats.platforms import FORMATS, warnings
from stitcher.formats.profiles import PROFILES
from stitcher.planning.catalogue import Catalogue, is_voice
from stitcher.planning.plan import Plan, Policy, ReadNumbers, plan_message, plan_parts
from stitcher.planning.policies import POLICIES, fallback_of
from stitcher.storage import BucketRepo, Stored

# Metadata of a cached file.
DURATION, PATH, WHY = "duration-ms", "path", "why"


def elapsed_ms(started: datetime) -> float:
    """Milliseconds since a moment that has a time zone."""
    return (datetime.now(UTC) - started) / timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class StitchRequest:
    """What to say, as text or as a list of clips, and how; `stitcher.api.form` has the form of each field."""

    message: str | None = None
    message_parts: list[str] | None = None
    voice: str = ""
    format: str = next(iter(PROFILES))
    gap_ms: int | None = None
    missing: str = "error"
    read_numbers: ReadNumbers | None = None

    def plan(self, catalogue_of: Callable[[str], Catalogue]) -> Plan:
        """Plan the message on the catalogues of its voices; raises as `plan_message` and `catalogue_of`."""
        catalogue = catalogue_of(self.voice)
        if self.message_parts is not None:
            return plan_parts(self.message_parts, catalogue, gap_ms=self.gap_ms, profile=self.format)
        other = fallback_of(self.missing)
        return plan_message(
            self.message or "",
            catalogue,
            gap_ms=self.gap_ms,
            profile=self.format,
            policy=cast("Policy", self.missing.partition(":")[0]),
            fallback=None if other is None else catalogue_of(other),
            read_numbers=self.read_numbers,
        )

    @classmethod
    def of(cls, body: Any) -> Self:
        """Parse a caller's body. Raises `InvalidRequest` with a sentence that names every fault."""
        if is_plain(body):
            return cls(**body)
        from stitcher.api.form import checked  # loads pydantic

        return cls(**checked(body))


FIELDS = frozenset(field.name for field in fields(StitchRequest))


def is_plain(body: Any) -> bool:
    """Whether a body has the form without a doubt. It may have the form where this says no: then pydantic is asked."""
    if type(body) is not dict or not body.keys() <= FIELDS or ("message" in body) == ("message_parts" in body):
        return False
    said, parts, gap = body.get("message", ""), body.get("message_parts", []), body.get("gap_ms", 0)
    return (
        _is_text(said, limits.MESSAGE_CHARACTERS)
        and type(parts) is list
        and all(_is_text(part, limits.PART_CHARACTERS) for part in parts)
        and _is_voice(body.get("voice", ""))
        and body.get("format", "mp3") in FORMATS
        and type(gap) is int
        and -limits.CROSSFADE_MS <= gap <= limits.GAP_MS
        and _is_policy(body.get("missing", "error"))
        and body.get("read_numbers", "likely") in ("likely", "strict")
    )


def _is_policy(value: Any) -> bool:
    if not _is_text(value, limits.MISSING_CHARACTERS):
        return False
    return value in POLICIES or (value.startswith("fallback:") and value[9:] != "" and _is_voice(fallback_of(value)))


def _is_voice(value: Any) -> bool:
    return _is_text(value, limits.VOICE_CHARACTERS) and (value == "" or is_voice(value))


def _is_text(value: Any, most: int) -> bool:
    """Whether a value is a text of whole characters, and no longer than `most`."""
    return type(value) is str and len(value) <= most and not any("\ud800" <= char <= "\udfff" for char in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The body of a 200: where the audio is and until when the URL works."""

    success: bool = True
    message: str
    audio_files: list[str]
    output_file: str
    public_url: str
    expires_at: str
    cached: bool
    duration_ms: int
    path: str
    """How it was made: `spliced` or `rendered`."""
    why: str
    """Why it was not spliced; empty if it was."""
    missing: list[str]
    """What is not said, by the request's leave."""
    substituted: list[str]
    """What is said by the fallback voice."""
    warnings: list[str]
    """What is poor about the file for its platform, in sentences."""

    @classmethod
    def of(cls, plan: Plan, stored: Stored, output: BucketRepo, *, cached: bool, url_seconds: int) -> Self:
        """The answer for a file under `cache/`, with a fresh presigned URL."""
        return cls(
            message="Stitched audio retrieved from cache!" if cached else "Stitched audio created",
            audio_files=[clip.key for clip in plan.clips],
            output_file=stored.key,
            public_url=output.presign(stored.key, url_seconds),
            expires_at=(datetime.now(UTC) + timedelta(seconds=url_seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            cached=cached,
            duration_ms=int(stored.metadata[DURATION]),
            path=stored.metadata[PATH],
            why=stored.metadata.get(WHY, ""),
            missing=list(plan.missing),
            substituted=list(plan.substituted),
            warnings=warnings(plan.profile, plan.platform, stored.size),
        )

    def to_json(self) -> dict[str, Any]:
        """The answer as a document."""
        return asdict(self)
