"""Publish prompts and roll them back. A published document never changes."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from identifier import storage
from identifier.asking import Models
from identifier.errors import IdentifyError, PublishingError, UnknownPrompt
from identifier.keys import PROMPTS, document_key
from identifier.prompt import Prompt, digest, read_prompt
from identifier.prompt_store import Pointer, Trial, read_pointer, read_version

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, slots=True)
class Published:
    """A prompt: its version in force, its stored versions, and its error; each may be absent."""

    prompt_id: str
    version: int | None
    stored: tuple[int, ...]
    problem: str | None = None


def publish(
    s3: "S3Client", ssm: "SSMClient", bucket: str, prefix: str, document: bytes, *, percent: int = 100,
    why: str | None = None, measured: str | None = None,
) -> Prompt:  # fmt: skip
    """Store the document as a new version and put it into force; the same document again changes nothing.

    Parameters
    ----------
    percent
        Below 100, the version in force stays, and the new one gets this share of the pictures, on trial.
    why, measured
        Kept with the pointer, whose history Systems Manager keeps with who changed it (`history`).

    Raises
    ------
    InvalidPrompt
        The document breaks a rule.
    PublishingError
        That version is stored with another content, or is older than a stored one.
    """
    prompt = read_prompt(document)
    newer = [version for version in versions(s3, bucket, prompt.id) if version > prompt.version]
    if newer:
        raise PublishingError(
            f"{prompt.id} has version {max(newer)}: make this version {max(newer) + 1}, or roll back to a stored one"
        )
    key = document_key(prompt.id, prompt.version)
    if not storage.put_new(s3, bucket, key, document):
        stored = storage.read(s3, bucket, key)
        if stored is None or stored.data != document:
            raise PublishingError(
                f"{prompt.id} version {prompt.version} is published with another content, and a version never changes:"
                f" make this one version {prompt.version + 1}"
            )
    new = Pointer(version=prompt.version, sha256=digest(document), why=why, measured=measured)
    if percent < 100:
        try:
            present = read_pointer(ssm, prefix, prompt.id)
        except UnknownPrompt:
            raise PublishingError(f"{prompt.id} has no version in force: a first version gets every picture") from None
        trial = Trial(version=new.version, sha256=new.sha256, percent=percent)
        new = present.model_copy(update={"trial": trial, "why": why, "measured": measured})
    _point(ssm, prefix, prompt.id, new)
    return prompt


def check_models(prompt: Prompt, models: Models) -> None:
    """Raises `PublishingError` for a model that the environment may not ask."""
    if models.named(prompt.model) not in models.all:
        raise PublishingError(
            f"{prompt.id} version {prompt.version} asks {prompt.model}, which this environment may not;"
            f" it may ask small ({models.small}) and large ({models.large})"
        )


def lost_fields(old: Prompt, new: Prompt) -> list[str]:
    """What programs that read the old version's answers no longer find: fields, and values of enumerations."""
    before, after = (prompt.answer_schema["properties"] for prompt in (old, new))
    lost = [name for name in before if name not in after]
    for name in before.keys() & after.keys():
        values = [value for value in before[name].get("enum", ()) if value not in after[name].get("enum", [value])]
        lost += [f"{name} = {value}" for value in values]
    required = set(old.answer_schema.get("required", ())) - set(new.answer_schema.get("required", ()))
    return lost + [f"{name} (no longer in every answer)" for name in sorted(required & after.keys())]


def in_force(s3: "S3Client", ssm: "SSMClient", bucket: str, prefix: str, prompt_id: str) -> Prompt | None:
    """The prompt in force, if it can be loaded."""
    try:
        return read_version(s3, bucket, prompt_id, read_pointer(ssm, prefix, prompt_id))
    except IdentifyError:
        return None


def stored_version(s3: "S3Client", bucket: str, prompt_id: str, version: int) -> Prompt:
    """A stored version. Raises `PublishingError`, `InvalidPrompt`, `StorageFault`."""
    stored = storage.read(s3, bucket, document_key(prompt_id, version))
    if stored is None:
        raise PublishingError(f"{prompt_id} has no version {version}; it has {versions(s3, bucket, prompt_id)}")
    return read_prompt(stored.data)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a pointer: when, who (an ARN), and the pointer."""

    at: datetime
    by: str
    pointer: Pointer


def history(ssm: "SSMClient", prefix: str, prompt_id: str) -> list[Change]:
    """The last changes of a prompt's pointer, oldest first; Systems Manager keeps a hundred."""
    pages = ssm.get_paginator("get_parameter_history").paginate(Name=prefix + prompt_id)
    found = [item for page in pages for item in page["Parameters"]]
    changes = []
    for item in found:
        with contextlib.suppress(ValidationError):
            pointer = Pointer.model_validate_json(item["Value"])
            changes.append(Change(item["LastModifiedDate"], item["LastModifiedUser"], pointer))
    return changes


def rollback(
    s3: "S3Client", ssm: "SSMClient", bucket: str, prefix: str, prompt_id: str, version: int | None = None,
    why: str | None = None,
) -> Prompt:  # fmt: skip
    """Put a stored version into force, by default the version before the present one. Raises `PublishingError`, and
    `InvalidPrompt` if the stored document is no prompt."""
    if version is None:
        try:
            pointer = read_pointer(ssm, prefix, prompt_id)
        except UnknownPrompt:
            raise PublishingError(f"{prompt_id} is not published; name the version to go to") from None
        if pointer.trial:  # the trial ends, and the version in force stays
            _point(ssm, prefix, prompt_id, pointer.model_copy(update={"trial": None, "why": why}))
            return read_version(s3, bucket, prompt_id, pointer)
        present = pointer.version
        version = max((older for older in versions(s3, bucket, prompt_id) if older < present), default=None)
        if version is None:
            raise PublishingError(f"{prompt_id} has no version before {present}")
    stored = storage.read(s3, bucket, document_key(prompt_id, version))
    if stored is None:
        raise PublishingError(f"{prompt_id} has no version {version}; it has {versions(s3, bucket, prompt_id)}")
    pointer = Pointer(version=version, sha256=digest(stored.data), why=why)
    prompt = read_version(s3, bucket, prompt_id, pointer)
    _point(ssm, prefix, prompt_id, pointer)
    return prompt


def published(s3: "S3Client", ssm: "SSMClient", bucket: str, prefix: str) -> Iterator[Published]:
    """Every prompt that is stored or pointed to, by name; each is loaded to find errors."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=prefix)
    names = {item["Name"].removeprefix(prefix) for page in pages for item in page["Parameters"]}
    stored = _stored(s3, bucket, PROMPTS)
    for prompt_id in sorted(names | stored.keys()):
        have = tuple(sorted(stored.get(prompt_id, ())))
        try:
            pointer = read_pointer(ssm, prefix, prompt_id)
            read_version(s3, bucket, prompt_id, pointer)
        except UnknownPrompt:
            yield Published(prompt_id, None, have, "it is stored but not in force")
        except IdentifyError as error:
            yield Published(prompt_id, None, have, str(error))
        else:
            yield Published(prompt_id, pointer.version, have)


def versions(s3: "S3Client", bucket: str, prompt_id: str) -> list[int]:
    """The stored versions of a prompt, oldest first."""
    return sorted(_stored(s3, bucket, f"{PROMPTS}{prompt_id}/").get(prompt_id, []))


def _stored(s3: "S3Client", bucket: str, prefix: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            if match := re.fullmatch(rf"{PROMPTS}([^/]+)/([1-9]\d*)\.json", item["Key"]):
                found.setdefault(match[1], []).append(int(match[2]))
    return found


def _point(ssm: "SSMClient", prefix: str, prompt_id: str, pointer: Pointer) -> None:
    value = pointer.model_dump_json(exclude_none=True)
    ssm.put_parameter(Name=prefix + prompt_id, Value=value, Type="String", Overwrite=True)
