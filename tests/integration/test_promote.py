"""`BucketRepo.promote` against S3's answers; its conditions at work are tested on the embedded AWS (test_faults.py)."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from stitcher.storage import AlreadyStored, BucketRepo, NotStored, StorageFault, Stored

STAGED = Stored("work/a.mp3", "e1", 9)
REQUEST = {
    "Bucket": "output",
    "Key": "cache/k.mp3",
    "CopySource": {"Bucket": "output", "Key": "work/a.mp3"},
    "CopySourceIfMatch": "e1",
    "IfNoneMatch": "*",
    "ContentType": "audio/mpeg",
    "MetadataDirective": "REPLACE",
    "Metadata": {"duration-ms": "7"},
}
HEAD = {"ETag": '"e2"', "ContentLength": 9, "Metadata": {}}


@pytest.fixture
def s3() -> Iterator[Stubber]:
    session: Any = boto3.Session("key", "secret", region_name="ap-south-1")
    with Stubber(session.client("s3")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def promote(s3: Stubber) -> Stored:
    client: Any = s3.client
    repo = BucketRepo("output", client)
    return repo.promote(STAGED, "cache/k.mp3", content_type="audio/mpeg", metadata={"duration-ms": "7"})


def test_it_is_one_request_with_both_conditions(s3: Stubber) -> None:
    s3.add_response("copy_object", {"CopyObjectResult": {"ETag": '"e2"'}}, REQUEST)
    assert promote(s3) == Stored("cache/k.mp3", "e2", 9, {"duration-ms": "7"})


def test_the_second_writer_is_told_so(s3: Stubber) -> None:
    s3.add_client_error("copy_object", "PreconditionFailed", http_status_code=412)
    s3.add_response("head_object", HEAD)
    with pytest.raises(AlreadyStored):
        promote(s3)


def test_another_file_than_the_staged_one_is_not_promoted(s3: Stubber) -> None:
    s3.add_client_error("copy_object", "PreconditionFailed", http_status_code=412)
    s3.add_client_error("head_object", "404", http_status_code=404)
    with pytest.raises(NotStored):
        promote(s3)


@pytest.mark.parametrize(("code", "status"), [("ConditionalRequestConflict", 409), ("SlowDown", 503)])
def test_what_may_pass_is_a_storage_fault(s3: Stubber, code: str, status: int) -> None:
    s3.add_client_error("copy_object", code, http_status_code=status)
    with pytest.raises(StorageFault):
        promote(s3)
