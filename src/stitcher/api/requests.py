"""Requests and answers: the models of the HTTP API and of the workflow's first and last step."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from stitcher import limits
from stitcher.errors import InvalidRequest, listed, shown
from stitcher.formats.platforms import warnings
from stitcher.formats.profiles import PROFILES
from stitcher.planning.catalogue import read_catalogue
from stitcher.planning.plan import Plan, Policy, ReadNumbers, plan_message, plan_parts
from stitcher.storage import BucketRepo, Repo, Stored

# Metadata of a cached file.
DURATION, PATH, WHY = "duration-ms", "path", "why"


def elapsed_ms(started: datetime) -> float:
    """Milliseconds since a moment that has a time zone."""
    return (datetime.now(UTC) - started) / timedelta(milliseconds=1)


def sentence(error: ValidationError) -> str:
    """Every fault that pydantic found, without the values: they may be people's."""
    faults = (
        ": ".join(filter(None, [shown(".".join(map(str, fault["loc"]))), fault["msg"].removeprefix("Value error, ")]))
        for fault in error.errors(include_url=False, include_input=False)
    )
    return listed(list(faults), "; ")


class StitchRequest(BaseModel):
    """The body of `POST /stitch`: what to say, as text or as a list of clips, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: StrictStr | None = None
    message_parts: list[StrictStr] | None = None
    voice: Annotated[StrictStr, Field(max_length=limits.VOICE_CHARACTERS)] = ""
    format: Annotated[StrictStr, Field(max_length=limits.FORMAT_CHARACTERS)] = next(iter(PROFILES))
    gap_ms: Annotated[StrictInt, Field(ge=-limits.CROSSFADE_MS, le=limits.GAP_MS)] | None = None
    """Between words; the voice's where it is not given."""
    missing: Annotated[
        StrictStr, Field(max_length=limits.MISSING_CHARACTERS, pattern=r"^(error|skip|silence|fallback:.*)$")
    ] = "error"
    """What becomes of words without a clip; `fallback:hindi` takes them from the voice hindi."""
    read_numbers: ReadNumbers | None = None
    """`strict` refuses a number that can be read in two ways; `likely` says the likelier. Without it, the voice's."""

    @field_validator("message", "message_parts", "voice", "missing")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        for text in value if isinstance(value, list) else [value or ""]:
            if any("\ud800" <= char <= "\udfff" for char in text):
                raise ValueError("half a surrogate pair is no character")
            if isinstance(value, list) and len(text) > limits.PART_CHARACTERS:
                raise ValueError(f"a part has at most {limits.PART_CHARACTERS} characters")
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.message is None) == (self.message_parts is None):
            raise ValueError("give either message or message_parts")
        return self

    def plan(self, clips: Repo) -> Plan:
        """Plan the message with the voice's clips; raises as `plan_message` and `read_catalogue`."""
        catalogue = read_catalogue(clips, self.voice)
        if self.message_parts is not None:
            return plan_parts(self.message_parts, catalogue, gap_ms=self.gap_ms, profile=self.format)
        policy, _, other = self.missing.partition(":")
        fallback = read_catalogue(clips, other) if policy == "fallback" else None
        chosen = cast("Policy", policy)
        return plan_message(
            self.message or "",
            catalogue,
            gap_ms=self.gap_ms,
            profile=self.format,
            policy=chosen,
            fallback=fallback,
            read_numbers=self.read_numbers,
        )

    @classmethod
    def of(cls, body: Any) -> Self:
        """Parse a caller's body. Raises `InvalidRequest` with a sentence that names every fault."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise InvalidRequest(sentence(error)) from None


class Answer(BaseModel):
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
