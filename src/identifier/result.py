"""The outcome of a picture, written once, with a copy of the newest version's and a record for lists."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from identifier import storage
from identifier.errors import StorageFault
from identifier.expected import Match
from identifier.keys import latest_key, result_key, split_key
from identifier.picture_id import record_key
from identifier.say import Say

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Kind = Literal["answered", "rejected", "failed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Image(_Part):
    """The picture: the uploaded file's version; `sha256` of its content, if it was read."""

    bucket: str
    key: str
    version_id: str
    sha256: str | None = None


class PromptUsed(_Part):
    """The prompt; without version and hash if it could not be loaded."""

    id: str
    version: int | None = None
    sha256: str | None = None


class Result(_Part):
    """Everything that is stored about a picture.

    `outcome` is "answered" with an `answer`, or "rejected" (the same picture would end the same way again) or "failed"
    (the last try failed) with a `reason` for machines and a `detail` for people. `say` is the spoken message about an
    answer, or `unsaid` the reason for none. `cost_usd` is an estimate by the dated table in prices.py, None for a
    model without a price. `attempts` counts the tries of the execution, and `asks` the model's calls of the last one.
    `match` compares the answer with `expected`, the right values, if the picture came with them. `put_at` is the time
    of the upload, and `execution` the workflow's execution that wrote the result.
    """

    id: str | None = None
    image: Image
    prompt: PromptUsed
    outcome: Kind
    answer: dict[str, Any] | None = None
    reason: str | None = None
    detail: str | None = None
    say: Say | None = None
    unsaid: str | None = None
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    latency_ms: int = 0
    attempts: int = 1
    asks: int = 1
    expected: dict[str, Any] | None = None
    match: Match | None = None
    execution: str | None = None
    put_at: datetime | None = None
    at: datetime

    @model_validator(mode="after")
    def _whole(self) -> "Result":
        if (self.outcome == "answered") != (self.answer is not None):
            raise ValueError("an answered result has an answer, and no other has")
        if (self.outcome == "answered") == (self.reason is not None):
            raise ValueError("a result without an answer has a reason, and no other has")
        return self

    @property
    def key(self) -> str:
        """The key of the document."""
        return result_key(self.image.key, self.image.version_id)

    @property
    def final(self) -> bool:
        """No other result replaces it: it is an answer, or a retry would give the same."""
        return self.outcome != "failed"

    @property
    def confidence(self) -> str | None:
        """The answer's field `confidence`, if it has one."""
        value = (self.answer or {}).get("confidence")
        return value if isinstance(value, str) else None

    def to_json(self) -> bytes:
        """The document as it is stored."""
        return self.model_dump_json(indent=2, exclude_none=True).encode()


def find_result(s3: "S3Client", bucket: str, image_key: str, version_id: str) -> Result | None:
    """The result for this version of a picture; None for a document that is no result. Raises `StorageFault`."""
    found = storage.read(s3, bucket, result_key(image_key, version_id))
    return _result(found.data) if found else None


def save_result(s3: "S3Client", bucket: str, result: Result) -> Result:
    """Store the result unless a final one exists; returns the stored one.

    A failed one makes way for what a later try finds, and never replaces anything. Raises `StorageFault`.
    """
    data = result.to_json()
    if storage.put_new(s3, bucket, result.key, data):
        return result
    there = storage.read(s3, bucket, result.key)
    if there is None:
        raise StorageFault("the result is being written by somebody else")
    if there.data == data:  # S3's answer to this write was lost, and the client wrote it again
        return result
    stands = _result(there.data)
    if stands is not None and (stands.final or not result.final):
        return stands
    if not storage.replace(s3, bucket, result.key, data, there.etag):
        raise StorageFault("the result is being written by somebody else")
    return result


def save_latest(s3: "S3Client", bucket: str, result: Result) -> None:
    """Store a copy of the result as that of the picture's newest version, unless a newer version has one.

    Raises `StorageFault` if another execution writes it at the same time.
    """
    key, data = latest_key(result.image.key), result.to_json()
    if storage.put_new(s3, bucket, key, data):
        return
    there = storage.read(s3, bucket, key)
    newest = _result(there.data) if there else None
    if newest and newest.put_at and result.put_at and newest.put_at > result.put_at:
        return
    if there is None or (there.data != data and not storage.replace(s3, bucket, key, data, there.etag)):
        raise StorageFault("the newest result is being written by somebody else")


class Record(BaseModel):
    """That there is a picture, for lists. A picture of the API has one before its file comes, without a version.

    `given` is the file's name that the API was told. It is nowhere else, so it can be deleted.
    """

    model_config = ConfigDict(frozen=True)  # what newer versions of the service add is no fault

    id: str
    key: str
    version_id: str | None = None
    given: str | None = None

    @property
    def name(self) -> str:
        """The name that the picture was put with, without the folders of inbox and prompt."""
        name = split_key(self.key)[1]
        return self.given or (name if self.version_id else name.rpartition("/")[2])


def find_newest(s3: "S3Client", bucket: str, record: Record) -> Result | None:
    """The result of the recorded version, or of the newest version. Raises `StorageFault`."""
    version = record.version_id
    there = storage.read(s3, bucket, result_key(record.key, version) if version else latest_key(record.key))
    return _result(there.data) if there else None


def save_record(s3: "S3Client", bucket: str, record: Record) -> None:
    """Store the record, unless there is one. Raises `StorageFault`."""
    storage.put_new(s3, bucket, record_key(record.id), record.model_dump_json(exclude_none=True).encode())


def _result(data: bytes) -> Result | None:
    try:
        return Result.model_validate_json(data)
    except ValidationError:
        return None
