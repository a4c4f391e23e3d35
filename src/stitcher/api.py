"""What callers send and what they get: the models of the HTTP API and of the workflow's first and last step."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, model_validator

from stitcher import limits
from stitcher.errors import InvalidRequest
from stitcher.plan import Plan
from stitcher.profiles import PROFILES
from stitcher.repo import BucketRepo, Stored

# Metadata of a cached file.
DURATION, PATH, WHY = "duration-ms", "path", "why"


class StitchRequest(BaseModel):
    """The body of `POST /stitch`: what to say, as text or as a list of clips, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: StrictStr | None = None
    message_parts: list[StrictStr] | None = None
    voice: StrictStr = ""
    format: StrictStr = next(iter(PROFILES))
    gap_ms: Annotated[StrictInt, Field(ge=-limits.CROSSFADE_MS, le=limits.GAP_MS)] = limits.DEFAULT_GAP_MS

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.message is None) == (self.message_parts is None):
            raise ValueError("give either message or message_parts")
        return self

    @classmethod
    def of(cls, body: Any) -> Self:
        """Parse a caller's body. Raises `InvalidRequest` with a sentence that names every fault."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            faults = (
                ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")]))
                for fault in error.errors(include_url=False, include_input=False)
            )
            raise InvalidRequest("; ".join(faults)) from None


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
    """Why it was not spliced; empty where it was."""

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
            why=stored.metadata[WHY],
        )
