"""Fixtures of the integration tests."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from functions.prepare_clip import app as prepare_clip
from functions.stitch import app as stitch
from moto import mock_aws

from handlers.buckets import output, recordings
from handlers.catalogues import catalogues, shapes
from tests.integration.steps import INPUT, OUTPUT, Buckets
from tests.paths import SAMPLES


@pytest.fixture(scope="session")
def s3() -> Any:
    """A client for all tests: making one takes longer than most calls. It meets the moto of the time that it calls."""
    test: dict[str, str] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client: Any = boto3.Session(region_name="ap-south-1", **test).client("s3")  # type: ignore[arg-type]
    return client


@pytest.fixture
def empty_buckets(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """An empty input bucket, and an empty output bucket."""
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "ap-south-1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(prepare_clip, "tell", lambda _key: None)  # there is no queue
    made_once: list[Any] = [recordings, output, catalogues, shapes, stitch.store, prepare_clip.queue]
    with mock_aws():
        for bucket in (INPUT, OUTPUT):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        for cached in made_once:
            cached.cache_clear()
        yield Buckets(s3)
        for cached in made_once:
            cached.cache_clear()


@pytest.fixture
def buckets(empty_buckets: Buckets) -> Buckets:
    """The sample clips in the input bucket, and an empty output bucket."""
    for path in SAMPLES.glob("*.*"):
        empty_buckets.put(INPUT, path.name, path.read_bytes())
    return empty_buckets
