"""The three S3 requests that all of this rests on: read, write what is new, replace what is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from identifier.errors import StorageFault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JSON = "application/json"
PATIENCE = Config(connect_timeout=2, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
"""Of clients: seconds and attempts. A request that stalls is tried again, and the picture is not late by a minute."""


class Stored(NamedTuple):
    """A file's content, and the ETag that `replace` wants."""

    data: bytes
    etag: str


def read(s3: "S3Client", bucket: str, key: str, version_id: str | None = None) -> Stored | None:
    """The file, in the version that is named; None where there is none. Raises `StorageFault`."""
    version = {"VersionId": version_id} if version_id else {}
    try:
        with faults(key):
            found = s3.get_object(Bucket=bucket, Key=key, **version)  # type: ignore[arg-type]
            return Stored(found["Body"].read(), found["ETag"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
            return None
        raise


def why_unreadable(error: ClientError) -> str:
    """The reason where the file itself forbids reading, whatever rights there are; empty for any other error.

    S3 API reference, "Error responses" and "GetObject"; a denial that names no key of KMS is a right that is missing.
    """
    told = error.response["Error"]
    code, message = told.get("Code", ""), told.get("Message", "").lower()
    if code == "InvalidObjectState":
        return "the picture is archived (Glacier)"
    if code == "InvalidRequest" and "encryption" in message:
        return "the picture is encrypted with a customer's key (SSE-C)"
    if code.startswith("KMS.") or (code == "AccessDenied" and "kms" in message):
        return "the picture is encrypted with a key of KMS that may not be used here"
    return ""


def put_new(s3: "S3Client", bucket: str, key: str, data: bytes, content_type: str = JSON) -> bool:
    """Write the file unless the key is taken; True if it was written by this call. Raises `StorageFault`."""
    return _put(s3, bucket, key, data, content_type, IfNoneMatch="*")


def replace(s3: "S3Client", bucket: str, key: str, data: bytes, etag: str, content_type: str = JSON) -> bool:
    """Write the file if it is still what was read; True if it was written by this call. Raises `StorageFault`."""
    return _put(s3, bucket, key, data, content_type, IfMatch=etag)


def _put(s3: "S3Client", bucket: str, key: str, data: bytes, content_type: str, **condition: str) -> bool:
    try:
        with faults(key):
            s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type, **condition)  # type: ignore[arg-type]
    except ClientError as error:
        # 409: somebody else is writing it at this moment. 404: it was deleted since it was read.
        if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
            return False
        raise
    return True


@contextmanager
def faults(key: str) -> Iterator[None]:
    """What may pass when it is tried again becomes `StorageFault`; denials and missing buckets stay what they are."""
    # The folder and not the key: names of pictures are people's, and faults are logged. botocore's own messages have
    # the whole address in them.
    what = f"S3, in {key.partition('/')[0]}/"
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == 429 or status >= 500:
            raise StorageFault(f"{what}: {error.response['Error']['Code']} ({status})") from None
        raise
    except BotoCoreError as error:
        raise StorageFault(f"{what}: {type(error).__name__}") from None
