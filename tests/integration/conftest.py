"""Fixtures of the integration tests."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from functions.cache_lookup import app as cache_lookup
from functions.fetch_clips import app as fetch_clips
from functions.prepare_clip import app as prepare_clip
from functions.publish import app as publish
from functions.stitch import app as stitch
from moto import mock_aws

from tests.integration.steps import INPUT, OUTPUT, Buckets
from tests.paths import SAMPLES


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """The sample clips in the input bucket, an empty output bucket, and the functions' environment."""
    variables = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "ap-south-1",
        "BUCKET_INPUT": INPUT, "BUCKET_OUTPUT": OUTPUT, "CACHE_PREFIX": "cache/", "URL_SECONDS": "900",
        "LOG_WORDS": "false",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made_once: list[Any] = [
        *(cache_lookup.repos, fetch_clips.repos, prepare_clip.repos, prepare_clip.queue),
        *(stitch.output, stitch.store, publish.output),
    ]
    with mock_aws():
        s3 = boto3.client("s3", region_name="ap-south-1")
        for bucket in (INPUT, OUTPUT):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        found = Buckets(s3)
        for path in SAMPLES.glob("*.*"):
            found.put(INPUT, path.name, path.read_bytes())
        for cached in made_once:
            cached.cache_clear()
        yield found
        for cached in made_once:
            cached.cache_clear()
