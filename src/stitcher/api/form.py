"""The form of a request to say a message, as pydantic checks it: for what refusals say, and for docs/openapi.yaml.

Loading pydantic takes a quarter of a function's start. A request that is plainly right does without
(`stitcher.api.requests`).
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictInt, StrictStr, field_validator

from stitcher import limits
from stitcher.api.asked import Asked, refused
from stitcher.formats.platforms import chosen
from stitcher.formats.profiles import PROFILES
from stitcher.planning.catalogue import voice_prefix
from stitcher.planning.plan import ReadNumbers
from stitcher.planning.policies import fallback_of, is_policy


class StitchRequest(Asked):
    """The body of `POST /stitch`: what to say, as text or as a list of clips, and how."""

    message: StrictStr | None = None
    message_parts: list[StrictStr] | None = None
    voice: Annotated[StrictStr, Field(max_length=limits.VOICE_CHARACTERS)] = ""
    format: Annotated[StrictStr, Field(max_length=limits.FORMAT_CHARACTERS)] = next(iter(PROFILES))
    gap_ms: Annotated[StrictInt, Field(ge=-limits.CROSSFADE_MS, le=limits.GAP_MS)] | None = None
    """Silence between words; less than 0 overlaps them. The voice's where it is not given. Pauses at punctuation become
    longer or shorter by as much as it differs from the voice's, but never overlap."""
    missing: Annotated[StrictStr, Field(max_length=limits.MISSING_CHARACTERS), AfterValidator(is_policy)] = "error"
    """What becomes of words without a clip: `error` refuses the message, `skip` says it without them, `silence` makes
    the pause between two clips 400 ms longer for each, `fallback:hindi` takes them from the voice hindi."""
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

    @classmethod
    def faults(cls, given: dict[str, Any]) -> Iterator[str]:
        """That it says nothing, or says it twice; the names of a format or a voice that none can have."""
        if (given.get("message") is None) == (given.get("message_parts") is None):
            yield "give either message or message_parts"
        yield from refused(chosen, given.get("format"))
        yield from refused(voice_prefix, given.get("voice"))
        if isinstance(missing := given.get("missing"), str):
            yield from refused(voice_prefix, fallback_of(missing))


def checked(body: Any) -> dict[str, Any]:
    """The fields of a caller's body. Raises `InvalidRequest` with a sentence that names every fault."""
    return dict(StitchRequest.of(body))
