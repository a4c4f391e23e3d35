"""Objects that nobody may read now are refused with the reason; a right that is missing stays a fault."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from identifier.errors import Unusable
from identifier.identify import read_version
from stitcher.api.listing import voices_page
from stitcher.clip import Clip
from stitcher.clips.ready import read_and_prepare
from stitcher.errors import UnusableClip
from stitcher.planning.catalogue import LISTINGS, read_catalogue
from stitcher.storage import BucketRepo, Repo, StorageFault, Stored

SSE_C = "The object was stored using a form of Server Side Encryption. The correct parameters must be provided"
KMS = "User: arn:… is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext"
CASES = [
    ("InvalidObjectState", "The operation is not valid for the object's storage class", 403, "archived"),
    ("InvalidRequest", SSE_C, 400, "SSE-C"),
    ("AccessDenied", KMS, 403, "KMS"),
    ("KMS.DisabledException", "arn:… is disabled.", 400, "KMS"),
]
CLIP = Clip("hello.wav", "0" * 32, 9, "hello")


def s3() -> Any:
    key: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.Session(region_name="ap-south-1", **key).client("s3")


@pytest.mark.parametrize(("code", "message", "status", "said"), CASES)
def test_a_clip_that_cannot_be_read_is_refused(code: str, message: str, status: int, said: str) -> None:
    client = s3()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code, message, status)
        with pytest.raises(UnusableClip, match=rf"hello\.wav: it is .*{said}"):
            read_and_prepare(CLIP, BucketRepo("audios", client))


@pytest.mark.parametrize(("code", "message", "status", "said"), CASES)
def test_settings_that_cannot_be_read_refuse_the_voice_and_fail_no_page(
    code: str, message: str, status: int, said: str
) -> None:
    client = s3()
    item = {"Key": "voice.toml", "ETag": '"1"', "Size": 9}
    with Stubber(client) as stub:
        stub.add_response("list_objects_v2", {"Contents": [item], "IsTruncated": False})
        stub.add_client_error("get_object", code, message, status)
        with pytest.raises(UnusableClip, match=said):
            read_catalogue(BucketRepo("audios", client), "")
        stub.add_response("list_objects_v2", {"IsTruncated": False})
        stub.add_response("list_objects_v2", {"Contents": [item], "IsTruncated": False})
        stub.add_client_error("get_object", code, message, status)
        (entry,) = voices_page(BucketRepo("audios", client)).voices
    assert said in entry.warnings[0]


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_a_right_that_is_missing_is_a_fault(code: str) -> None:
    client = s3()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code, "Access Denied", 403)
        with pytest.raises(ClientError):
            read_and_prepare(CLIP, BucketRepo("audios", client))


@pytest.mark.parametrize(("code", "message", "status", "said"), CASES)
def test_a_picture_that_cannot_be_read_is_rejected_with_the_reason(
    code: str, message: str, status: int, said: str
) -> None:
    client = s3()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code, message, status)
        with pytest.raises(Unusable, match=said) as refused:
            read_version(client, "images", "inbox/animal/cow.jpg", "1")
    assert refused.value.reason == "unreadable"


def test_a_picture_that_the_function_may_not_read_is_a_fault() -> None:
    client = s3()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied", "Access Denied", 403)
        with pytest.raises(ClientError):
            read_version(client, "images", "inbox/animal/cow.jpg", "1")


class Changing:
    """A voice whose settings are replaced between listing and reading, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def list(self, _prefix: str = "", _after: str = "") -> list[Stored]:
        return [Stored("voice.toml", f"{self.times}-listed", 9), Stored("hello.wav", "1", 9)]

    def read(self, key: str, etag: str | None = None) -> bytes:
        from stitcher.storage import NotStored

        assert etag == f"{self.times}-listed", "in the version that was listed"
        if self.times:
            self.times -= 1
            raise NotStored(key)
        return b"gap_ms = 7"


def test_settings_are_those_of_the_listing() -> None:
    repo: Any = Changing(LISTINGS - 1)
    assert read_catalogue(repo, "").settings.gap_ms == 7


def test_settings_that_change_all_the_time_are_a_fault_that_is_tried_again() -> None:
    repo: Repo = Changing(LISTINGS)  # type: ignore[assignment] # as far as it is used
    with pytest.raises(StorageFault):
        read_catalogue(repo, "")
