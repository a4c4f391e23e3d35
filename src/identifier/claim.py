"""Who works on a picture: a claim is written before the model is paid, so that events that come twice cost once."""

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
    """The picture is the caller's to work on."""


@dataclass(frozen=True, slots=True)
class Done:
    """There is a result."""

    result: Result


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else is at it, at the latest until then."""

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
    """Claim a version of a picture for `owner`, whose earlier claim does not stand in its way.

    `lease_s` must be longer than the work can last: a claim that has expired is whoever's comes next. Raises
    `StorageFault`.
    """
    wanted = _Claim(image=image_key, version_id=version_id, owner=owner, expires_at=now + timedelta(seconds=lease_s))
    until = _take(s3, bucket, wanted, now)
    # After the claim: whoever had it before has written the result by now, or will not any more.
    result = find_result(s3, bucket, image_key, version_id)
    if result and result.final:
        return Done(result)
    return Taken(until) if until else Claimed()


def _take(s3: "S3Client", bucket: str, wanted: _Claim, now: datetime) -> datetime | None:
    """None if the claim is the caller's now, otherwise until when it is another's."""
    key, data = claim_key(wanted.image, wanted.version_id), wanted.model_dump_json().encode()
    if storage.put_new(s3, bucket, key, data):
        return None
    there = storage.read(s3, bucket, key)
    if there is None:
        return now
    try:
        held = _Claim.model_validate_json(there.data)
    except ValidationError:
        held = None
    if held and held.owner != wanted.owner and held.expires_at > now:
        return held.expires_at
    return None if storage.replace(s3, bucket, key, data, there.etag) else now
