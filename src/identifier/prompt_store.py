"""The prompts that are in force: a pointer in SSM names a document in S3 by version and hash.

A worker uses a loaded prompt for `max_age_s`. Then it reads the pointer again, so that a change also reaches warm
workers. If the new prompt cannot be loaded, the worker uses the last good one and reports it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from identifier import storage
from identifier.errors import InvalidPrompt, PromptUnavailable, StorageFault, UnknownPrompt
from identifier.keys import PROMPTS, document_key
from identifier.prompt import ID, Prompt, Version, digest, read_prompt

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient


class Named(BaseModel):
    """A version of a prompt, and its document's SHA-256."""

    model_config = ConfigDict(frozen=True)

    version: Version
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Trial(Named):
    """A version that gets a share of the pictures."""

    percent: Annotated[int, Field(ge=1, le=99)]


class Pointer(Named):
    """The prompt's version in force, the version on trial, and why.

    `measured` is what `stitcher-prompts evaluate` found about the new version. Systems Manager notes who changed it.
    """

    trial: Trial | None = None
    why: Annotated[str, Field(max_length=500)] | None = None
    measured: Annotated[str, Field(max_length=300)] | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A prompt, its document's hash, and the reason if it is not the newest."""

    prompt: Prompt
    sha256: str
    stale_reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What a worker knows of a prompt: the one in force, the one on trial, and the trial's percentage."""

    force: Loaded
    trial: Loaded | None = None
    percent: int = 0

    def drawn(self, draw: int) -> Loaded:
        return self.trial if self.trial and draw < self.percent else self.force


class PromptStore:
    """The prompts of one environment.

    Parameters
    ----------
    pointer_prefix
        What the names of the pointers begin with: `/stitcher/dev/prompts/`.
    max_age_s
        Seconds after which a prompt is looked up again.
    """

    def __init__(
        self,
        s3: "S3Client",
        ssm: "SSMClient",
        bucket: str,
        pointer_prefix: str,
        max_age_s: float = 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.s3, self.ssm, self.bucket, self.prefix = s3, ssm, bucket, pointer_prefix
        self.max_age_s, self.clock = max_age_s, clock
        self._known: dict[str, tuple[float, _Known]] = {}

    def ids(self) -> list[str]:
        """The ids of the stored prompts. Raises `StorageFault`."""
        return [name for name in storage.folders(self.s3, self.bucket, PROMPTS) if ID.match(name)]

    def get(self, prompt_id: str, draw: int = 100) -> Loaded:
        """The prompt in force, or the one on trial if `draw`, 0 to 99, is below the trial's percentage.

        Raises
        ------
        UnknownPrompt
            It is not published, or no longer.
        PromptUnavailable
            It cannot be loaded, and this worker has never loaded it.
        """
        if not ID.match(prompt_id):
            raise UnknownPrompt(prompt_id)
        until, known = self._known.get(prompt_id, (0.0, None))
        if known and self.clock() < until:
            return known.drawn(draw)
        try:
            loaded = self._load(prompt_id, known)
        except UnknownPrompt:
            self._known.pop(prompt_id, None)
            raise
        except (InvalidPrompt, StorageFault, ClientError, BotoCoreError) as error:
            if known is None:
                raise PromptUnavailable(f"prompt {prompt_id} cannot be loaded: {error}") from error
            loaded = replace(known, force=replace(known.force, stale_reason=str(error)))
        self._known[prompt_id] = self.clock() + self.max_age_s, loaded
        return loaded.drawn(draw)

    def schema_in_memory(self, prompt_id: str, version: int | None) -> dict[str, Any] | None:
        """The answers' schema of a version that this worker has loaded; asks nobody."""
        _, known = self._known.get(prompt_id, (0.0, None))
        for loaded in (known.force, known.trial) if known else ():
            if loaded and loaded.prompt.version == version:
                return loaded.prompt.answer_schema
        return None

    def _load(self, prompt_id: str, known: _Known | None) -> _Known:
        pointer = read_pointer(self.ssm, self.prefix, prompt_id)
        force = self._version(prompt_id, pointer, known)
        if pointer.trial is None:
            return _Known(force)
        try:
            return _Known(force, self._version(prompt_id, pointer.trial, known), pointer.trial.percent)
        except InvalidPrompt as error:  # the version in force is good: the trial ends here
            return _Known(replace(force, stale_reason=f"the version on trial cannot be loaded: {error}"))

    def _version(self, prompt_id: str, named: Named, known: _Known | None) -> Loaded:
        for loaded in (known.force, known.trial) if known else ():
            if loaded and (loaded.prompt.version, loaded.sha256) == (named.version, named.sha256):
                return replace(loaded, stale_reason=None)
        return Loaded(read_version(self.s3, self.bucket, prompt_id, named), named.sha256)


def read_pointer(ssm: "SSMClient", prefix: str, prompt_id: str) -> Pointer:
    """The pointer of a prompt. Raises `UnknownPrompt`, `InvalidPrompt`, or SSM's own errors."""
    try:
        value = ssm.get_parameter(Name=prefix + prompt_id)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            raise UnknownPrompt(prompt_id) from None
        raise
    try:
        return Pointer.model_validate_json(value)
    except ValidationError:
        raise InvalidPrompt(
            f'the pointer {prefix}{prompt_id} must be {{"version": …, "sha256": …}}; it is {value!r:.200}'
        ) from None


def read_version(s3: "S3Client", bucket: str, prompt_id: str, pointer: Named) -> Prompt:
    """The document that a pointer names, with the pointer's hash. Raises `InvalidPrompt`, `StorageFault`."""
    key = document_key(prompt_id, pointer.version)
    found = storage.read(s3, bucket, key)
    if found is None:
        raise InvalidPrompt(f"the pointer names {key}, which is not there")
    if digest(found.data) != pointer.sha256:
        raise InvalidPrompt(f"{key} is not what was published: its SHA-256 is {digest(found.data)}")
    prompt = read_prompt(found.data)
    if (prompt.id, prompt.version) != (prompt_id, pointer.version):
        raise InvalidPrompt(f"{key} says that it is {prompt.id}, version {prompt.version}")
    return prompt
