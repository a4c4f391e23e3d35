"""The S3 requests of this package: read a file, write a new one, replace a known one, list folders."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from identifier.errors import StorageFault
from stitcher.storage import PATIENCE as SECONDS_AND_TRIES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JSON = "application/json"
PATIENCE = Config(**SECONDS_AND_TRIES)
"""Of each client."""


class Stored(NamedTuple):
    """A file's content, the ETag for `replace`, and its metadata without `x-amz-meta-`."""

    data: bytes
    etag: str
    metadata: Mapping[str, str]


def read(s3: "S3Client", bucket: str, key: str, version_id: str | None = None) -> Stored | None:
    """The file in this version, or None. Raises `StorageFault`."""
    version = {"VersionId": version_id} if version_id else {}
    try:
        with faults(key):
            found = s3.get_object(Bucket=bucket, Key=key, **version)  # type: ignore[arg-type]
            return Stored(found["Body"].read(), found["ETag"], found["Metadata"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
            return None
        raise


def folders(s3: "S3Client", bucket: str, prefix: str) -> list[str]:
    """Names of the folders right under the prefix, in order; at most 1,000. Raises `StorageFault`."""
    with faults(prefix):
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [item["Prefix"].removeprefix(prefix).rstrip("/") for item in found.get("CommonPrefixes", ())]


def put_new(s3: "S3Client", bucket: str, key: str, data: bytes, content_type: str = JSON) -> bool:
    """Write the file unless the key exists; True if this call wrote it. Raises `StorageFault`."""
    return _put(s3, bucket, key, data, content_type, IfNoneMatch="*")


def replace(s3: "S3Client", bucket: str, key: str, data: bytes, etag: str, content_type: str = JSON) -> bool:
    """Write the file if it has not changed since it was read; True if this call wrote it. Raises `StorageFault`."""
    return _put(s3, bucket, key, data, content_type, IfMatch=etag)


def _put(s3: "S3Client", bucket: str, key: str, data: bytes, content_type: str, **condition: str) -> bool:
    try:
        with faults(key):
            s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type, **condition)  # type: ignore[arg-type]
    except ClientError as error:
        # 409: another request writes it at this moment. 404: it was deleted since it was read.
        if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
            return False
        raise
    return True


@contextmanager
def faults(key: str) -> Iterator[None]:
    """An error that a retry may solve becomes `StorageFault`; denials and missing buckets keep their type."""
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
