"""A prompt: the question about a picture, the form of the answer, and the spoken message.

A document is JSON, `prompts/<id>/<version>.json`, and never changes once it is published; docs/identify.md describes
its fields for people who write prompts.
"""

import hashlib
import json
import re
from typing import Annotated, Any

from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from identifier.answer_schema import check_schema
from identifier.errors import InvalidPrompt
from identifier.keys import MAX_ID
from identifier.limits import LARGEST_EDGE, LONGEST_EDGE, PROMPT_BYTES

ID = re.compile(rf"(?=.{{1,{MAX_ID}}}\Z)[a-z0-9]+(-[a-z0-9]+)*\Z")
FIELD = re.compile(r"\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}")
"""A field of the answer in a template; a dot goes into an object."""

Version = Annotated[int, Field(ge=1, le=1_000_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Guardrail(_Part):
    """A Bedrock guardrail that checks the question and the answer."""

    id: Annotated[str, Field(min_length=1, max_length=2_048)]
    version: Annotated[str, Field(min_length=1, max_length=20)]


class Speech(_Part):
    """The spoken message about an answer.

    `template` is a message for the stitcher with fields of the answer in braces; `words` translates what an answer
    says into what the voice has clips for, and null says that with this answer nothing is said. `when` gives, by field,
    the values with which anything is said at all.
    """

    template: Annotated[str, Field(min_length=1, max_length=500)]
    voice: Annotated[str, Field(max_length=200)] = ""
    format: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")] = "mp3"
    words: dict[str, Annotated[str, Field(min_length=1, max_length=200)] | None] = Field(default_factory=dict)
    when: dict[str, list[Any]] = Field(default_factory=dict)


class Prompt(_Part):
    """The question. `options` goes to the model as `additionalModelRequestFields`; a null `temperature` is not sent,
    for models that refuse the setting."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=MAX_ID)]
    version: Version
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:/_-]{2,2047}$")]
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    answer_schema: dict[str, Any]
    longest_edge: Annotated[int, Field(ge=64, le=LARGEST_EDGE)] = LONGEST_EDGE
    temperature: Annotated[float, Field(ge=0, le=1)] | None = 0.0
    max_tokens: Annotated[int, Field(ge=16, le=8_192)] = 1_024
    options: dict[str, Any] = Field(default_factory=dict)
    guardrail: Guardrail | None = None
    say: Speech | None = None

    @field_validator("text", mode="before")
    @classmethod
    def _lines(cls, text: Any) -> Any:
        """A long text is easier to read and to compare as a list of lines."""
        whole = isinstance(text, list) and all(isinstance(line, str) for line in text)
        return "\n".join(text) if whole else text

    @model_validator(mode="after")
    def _agrees(self) -> "Prompt":
        check_schema(self.answer_schema)
        if self.say:
            _check_speech(self.say, self.answer_schema)
        return self


def read_prompt(data: bytes) -> Prompt:
    """The prompt in a document. Raises `InvalidPrompt` with a sentence that names the error and its place."""
    if len(data) > PROMPT_BYTES:
        raise InvalidPrompt(f"the document has {len(data)} bytes; the limit is {PROMPT_BYTES}")
    try:
        return Prompt.model_validate_json(data)
    except ValidationError as error:
        from stitcher.fields import sentences  # the worker reads prompts that are right

        try:
            given = json.loads(data)
        except (ValueError, RecursionError):  # then it has no fields
            given = None
        raise InvalidPrompt("; ".join(sentences(error, Prompt, given))) from None


def digest(data: bytes) -> str:
    """The document's SHA-256."""
    return hashlib.sha256(data).hexdigest()


def _check_speech(say: Speech, schema: dict[str, Any]) -> None:
    if "{" in (rest := FIELD.sub("", say.template)) or "}" in rest:
        raise InvalidPrompt("say.template: a brace is part of no field, such as {crop} or {owner.name}")
    for path in FIELD.findall(say.template):
        part = _field(schema, path)
        if part is None:
            raise InvalidPrompt(f"say.template: the answer has no field {{{path}}}")
        if "properties" in part:
            raise InvalidPrompt(f"say.template: {{{path}}} is an object; name one of its fields")
    for path, values in say.when.items():
        part = _field(schema, path)
        if part is None:
            raise InvalidPrompt(f"say.when: the answer has no field {path}")
        never = [value for value in values if not Draft202012Validator(part).is_valid(value)]
        if never or not values:
            raise InvalidPrompt(f"say.when: {path} is never {never[0] if never else 'one of no values'}")


def _field(schema: dict[str, Any], path: str) -> dict[str, Any] | None:
    part: Any = schema
    for name in path.split("."):
        part = part.get("properties", {}).get(name)
        if part is None:
            return None
    found: dict[str, Any] = part
    return found
