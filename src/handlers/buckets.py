"""The input and the output bucket, each made once for the life of a function."""

from dataclasses import dataclass
from functools import cache

from handlers.settings import read
from stitcher.storage import BucketRepo


@dataclass(frozen=True, slots=True)
class Buckets:
    """Names of the two buckets."""

    bucket_input: str
    bucket_output: str


names = read(Buckets)


@cache
def recordings() -> BucketRepo:
    """The input bucket: the recordings."""
    return BucketRepo(names.bucket_input)


@cache
def output() -> BucketRepo:
    """The output bucket: prepared clips and finished messages."""
    return BucketRepo(names.bucket_output)
