"""The input and the output bucket, each made once for the life of a function."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from handlers import ON_LAMBDA
from handlers.settings import read
from stitcher.storage import BucketRepo, s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Buckets:
    """Names of the two buckets."""

    bucket_input: str
    bucket_output: str


names = read(Buckets)


@cache
def client() -> "S3Client":
    """The client of both buckets."""
    return s3_client()


@cache
def recordings() -> BucketRepo:
    """The input bucket: the recordings."""
    return BucketRepo(names.bucket_input, client())


@cache
def output() -> BucketRepo:
    """The output bucket: prepared clips and finished messages."""
    return BucketRepo(names.bucket_output, client())


if ON_LAMBDA:
    client()  # when the function starts, and not while the first caller waits
