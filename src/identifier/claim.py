"""Claims on pictures: a claim is written before the model is paid, so a repeated event costs no second call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from identifier import storage
from identifier.keys import claim_key
from identifier.result import Result, find_result

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Claimed:
    """The caller has the claim and works on the picture."""


@dataclass(frozen=True, slots=True)
class Done:
    """The picture has a result."""

    result: Result


@dataclass(frozen=True, slots=True)
class Taken:
    """Another execution has the claim, at the latest until `until`."""

    until: datetime


class _Claim(BaseModel):
    model_config = ConfigDict(frozen=True)

    image: str
    version_id: str
    owner: str
    expires_at: AwareDatetime


def claim(
    s3: "S3Client", bucket: str, image_key: str, version_id: str, *, owner: str, now: datetime, lease_s: float
) -> Claimed | Done | Taken:
    """Claim a version of a picture for `owner`. The owner's earlier claim does not block it.

    `lease_s` must be longer than the work can last: the next caller takes over an expired claim. Raises
    `StorageFault`.
    """
    wanted = _Claim(image=image_key, version_id=version_id, owner=owner, expires_at=now + timedelta(seconds=lease_s))
    until = _take(s3, bucket, wanted, now)
    # Read after the claim: the claim's earlier owner has written the result by now, or will never write it.
    result = find_result(s3, bucket, image_key, version_id)
    if result and result.final:
        return Done(result)
    return Taken(until) if until else Claimed()


def held_by_another(
    s3: "S3Client", bucket: str, image_key: str, version_id: str, *, owner: str, now: datetime
) -> bool:  # fmt: skip
    """Whether another execution has a claim that holds. Raises `StorageFault`."""
    there = storage.read(s3, bucket, claim_key(image_key, version_id))
    held = _held(there.data) if there else None
    return bool(held and held.owner != owner and held.expires_at > now)


def _held(data: bytes) -> _Claim | None:
    try:
        return _Claim.model_validate_json(data)
    except ValidationError:
        return None


def _take(s3: "S3Client", bucket: str, wanted: _Claim, now: datetime) -> datetime | None:
    """None if the caller has the claim now; otherwise the end of the other owner's claim."""
    key, data = claim_key(wanted.image, wanted.version_id), wanted.model_dump_json().encode()
    if storage.put_new(s3, bucket, key, data):
        return None
    there = storage.read(s3, bucket, key)
    if there is None:
        return now
    held = _held(there.data)
    if held and held.owner != wanted.owner and held.expires_at > now:
        return held.expires_at
    return None if storage.replace(s3, bucket, key, data, there.etag) else now
