"""Where clips are listed and audio is saved: one suite for a folder and a bucket, then what only one of them has."""

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from stitcher.storage import AlreadyStored, BucketRepo, LocalRepo, NotStored, Repo, StorageFault, Unchanged, s3_client

REGION: Final = "ap-south-1"
BUCKET = "clips-of-a-test"
KEYS = [
    "hello.wav",
    "hindi/नमस्ते.wav",
    "don't spray.wav",
    "don\u2019t.wav",
    'say "hello".wav',
    "two  words.wav",
    "a+b.wav",
    "100%.wav",
    "50%25.wav",
    "a&b=c?d#e.wav",
    "back\\slash.wav",
    "🌧️.wav",
    "cafe\u0301.wav",
    "~.wav",
]


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region and credentials that open nothing, whatever the developer's own are."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture
def bucket() -> Iterator[BucketRepo]:
    with mock_aws():
        repo = BucketRepo(BUCKET)
        repo.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield repo


@pytest.fixture
def folder(tmp_path: Path) -> LocalRepo:
    return LocalRepo(tmp_path / "clips")


@pytest.fixture(params=["folder", "bucket"])
def repo(request: pytest.FixtureRequest) -> Repo:
    made: Repo = request.getfixturevalue(request.param)
    return made


def keys(repo: Repo, prefix: str = "") -> list[str]:
    return sorted(stored.key for stored in repo.list(prefix))


def test_an_empty_store_lists_nothing(repo: Repo) -> None:
    assert keys(repo) == keys(repo, "hindi/") == []


def test_what_is_saved_is_read(repo: Repo) -> None:
    repo.save("hello.wav", b"audio")
    assert repo.read("hello.wav") == b"audio"


def test_an_empty_file_is_a_file(repo: Repo) -> None:
    repo.save("hello.wav", b"")
    assert repo.read("hello.wav") == b""
    assert [stored.size for stored in repo.list()] == [0]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_any_characters_is_saved_listed_and_read(repo: Repo, key: str) -> None:
    saved = repo.save(key, b"audio")
    assert keys(repo, key.rpartition("/")[0] + "/" * ("/" in key)) == [key]
    assert repo.read(key, saved.etag) == b"audio"
    stored = repo.stat(key)
    assert stored is not None
    assert stored.key == key


def test_a_folder_lists_its_own_files_only(repo: Repo) -> None:
    for key in ["hello.wav", "hindi/आज.ogg", "hindi/old/आज.ogg", "hindi2/आज.ogg", "hindi.wav"]:
        repo.save(key, b"audio")
    assert keys(repo) == ["hello.wav", "hindi.wav"]
    assert keys(repo, "hindi/") == ["hindi/आज.ogg"]


def test_a_tree_has_the_files_of_all_folders(repo: Repo) -> None:
    for key in ["hello.wav", "hindi/आज.ogg", "hindi/old/2024/आज.ogg", "hindi2/आज.ogg"]:
        repo.save(key, b"audio")
    assert sorted(item.key for item in repo.tree()) == [
        *("hello.wav", "hindi/old/2024/आज.ogg", "hindi/आज.ogg", "hindi2/आज.ogg")
    ]
    assert [(item.key, item.size) for item in repo.tree("hindi/old/")] == [("hindi/old/2024/आज.ogg", 5)]
    assert list(repo.tree("nowhere/")) == []


def test_a_listing_says_what_stat_says(repo: Repo) -> None:
    saved = repo.save("hindi/आज.ogg", b"audio")
    listed = next(iter(repo.list("hindi/")))
    stored = repo.stat("hindi/आज.ogg")
    assert stored is not None
    assert (saved.key, saved.etag, saved.size) == (listed.key, listed.etag, listed.size)
    assert (saved.key, saved.etag, saved.size) == (stored.key, stored.etag, stored.size)
    assert saved.size == 5


def test_the_etag_is_the_same_on_a_laptop_and_in_the_cloud(repo: Repo) -> None:
    """S3's ETag of an object put in one part is its MD5 (Amazon S3 API Reference, "Object")."""
    assert repo.save("hello.wav", b"audio").etag == hashlib.md5(b"audio", usedforsecurity=False).hexdigest()


def test_the_etag_changes_with_the_content(repo: Repo) -> None:
    first = repo.save("hello.wav", b"first").etag
    second = repo.save("hello.wav", b"second").etag
    assert first != second
    assert [stored.etag for stored in repo.list()] == [second]
    assert repo.read("hello.wav") == b"second"


def test_another_version_than_the_one_asked_for_is_not_stored(repo: Repo) -> None:
    planned = repo.save("hello.wav", b"first").etag
    assert repo.read("hello.wav", planned) == b"first"
    repo.save("hello.wav", b"second")
    with pytest.raises(NotStored):
        repo.read("hello.wav", planned)


def test_reading_a_missing_key_says_that_it_is_not_stored(repo: Repo) -> None:
    with pytest.raises(NotStored, match=r"hello\.wav"):
        repo.read("hello.wav")
    with pytest.raises(NotStored, match=r"hello\.wav"):
        repo.read("hello.wav", "5d41402abc4b2a76b9719d911017c592")


def test_stat_of_a_missing_key_is_none(repo: Repo) -> None:
    repo.save("hindi/आज.ogg", b"audio")
    assert repo.stat("hello.wav") is None
    assert repo.stat("hindi") is None
    assert repo.stat("hindi/आज.ogg/more") is None


def test_only_new_saves_a_new_file(repo: Repo) -> None:
    repo.save("cache/abc.mp3", b"first", only_new=True)
    assert repo.read("cache/abc.mp3") == b"first"


def test_only_new_never_replaces_what_is_there(repo: Repo) -> None:
    repo.save("cache/abc.mp3", b"first", only_new=True)
    with pytest.raises(AlreadyStored):
        repo.save("cache/abc.mp3", b"second", only_new=True)
    assert repo.read("cache/abc.mp3") == b"first"
    assert keys(repo, "cache/") == ["cache/abc.mp3"]


# A folder


@pytest.mark.parametrize("key", ["../secret.wav", "hindi/../../secret.wav", "..", "/etc/passwd", "link/secret.wav"])
def test_a_key_that_leads_outside_of_the_folder_is_refused(folder: LocalRepo, tmp_path: Path, key: str) -> None:
    folder.save("hello.wav", b"audio")
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (folder.folder / "link").symlink_to(tmp_path)
    with pytest.raises(NotStored):
        folder.read(key)
    with pytest.raises(NotStored):
        folder.save(key, b"mine")
    with pytest.raises(NotStored):
        list(folder.list(f"{key}/"))
    assert folder.stat(key) is None
    assert (tmp_path / "secret.wav").read_bytes() == b"secret"


def test_what_a_folder_lists_can_be_read(folder: LocalRepo, tmp_path: Path) -> None:
    folder.save("hello.wav", b"audio")
    folder.save(".hidden.wav", b"audio")
    (tmp_path / "outside.wav").write_bytes(b"secret")
    (folder.folder / "linked.wav").symlink_to(tmp_path / "outside.wav")
    (folder.folder / "dangling.wav").symlink_to(tmp_path / "nowhere.wav")
    assert keys(folder) == ["hello.wav"]
    assert [folder.read(key) for key in keys(folder)] == [b"audio"]


def test_a_failed_save_leaves_nothing_behind(folder: LocalRepo) -> None:
    (folder.folder / "taken").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        folder.save("taken", b"audio")
    assert [path.name for path in folder.folder.iterdir()] == ["taken"]


def test_a_disk_that_fails_leaves_the_old_file_whole(folder: LocalRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.save("hello.wav", b"first")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "chmod", full)
        with pytest.raises(OSError, match="no space left"):
            folder.save("hello.wav", b"second")
    assert [path.name for path in folder.folder.iterdir()] == ["hello.wav"]
    assert folder.read("hello.wav") == b"first"


def test_the_loser_of_a_race_leaves_nothing_behind(folder: LocalRepo) -> None:
    folder.save("abc.mp3", b"first", only_new=True)
    with pytest.raises(AlreadyStored):
        folder.save("abc.mp3", b"second", only_new=True)
    assert [path.name for path in folder.folder.iterdir()] == ["abc.mp3"]


def test_a_saved_file_can_be_read_by_others(folder: LocalRepo) -> None:
    folder.save("hello.wav", b"audio")
    assert (folder.folder / "hello.wav").stat().st_mode & 0o777 == 0o644


# A bucket


def test_a_folder_of_more_than_one_page_is_listed_whole(bucket: BucketRepo) -> None:
    """S3 answers with 1,000 keys a page (Amazon S3 API Reference, ListObjectsV2)."""
    expected = [f"hindi/{number:04}.wav" for number in range(1005)]
    for key in expected:
        bucket.client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert keys(bucket, "hindi/") == expected


def test_the_consoles_folders_are_no_files(bucket: BucketRepo) -> None:
    bucket.client.put_object(Bucket=BUCKET, Key="hindi/", Body=b"")
    bucket.save("hindi/आज.ogg", b"audio")
    assert keys(bucket, "hindi/") == ["hindi/आज.ogg"]


def test_metadata_and_type_are_kept(bucket: BucketRepo) -> None:
    bucket.save("abc.mp3", b"audio", content_type="audio/mpeg", metadata={"duration-ms": "2140"})
    stored = bucket.stat("abc.mp3")
    assert stored is not None
    assert stored.metadata == {"duration-ms": "2140"}
    assert bucket.client.head_object(Bucket=BUCKET, Key="abc.mp3")["ContentType"] == "audio/mpeg"


def test_a_reader_that_knows_the_version_is_told_that_it_is_unchanged(bucket: BucketRepo) -> None:
    etag = bucket.save("a", b"1").etag
    assert bucket.read_unless("a", None) == (b"1", etag)
    with pytest.raises(Unchanged):
        bucket.read_unless("a", etag)
    newer = bucket.save("a", b"2").etag
    assert bucket.read_unless("a", etag) == (b"2", newer)
    with pytest.raises(NotStored):
        bucket.read_unless("b", etag)


def test_a_file_is_replaced_only_in_the_version_that_the_writer_knows(bucket: BucketRepo) -> None:
    first = bucket.replace("a", b"1", None)
    with pytest.raises(AlreadyStored):
        bucket.replace("a", b"2", None)
    second = bucket.replace("a", b"2", first.etag)
    with pytest.raises(NotStored):
        bucket.replace("a", b"3", first.etag)
    assert bucket.read("a", second.etag) == b"2"
    bucket.delete(["a"])
    with pytest.raises(NotStored):  # S3 answers 404 there (S3 user guide, "Conditional writes")
        bucket.replace("a", b"3", second.etag)


def test_a_file_is_found_by_its_whole_key(bucket: BucketRepo) -> None:
    bucket.save("a.wav.old", b"")
    assert bucket.find("a.wav") is None
    saved = bucket.save("a.wav", b"audio")
    assert bucket.find("a.wav") == saved


def test_files_are_deleted_whether_they_are_there_or_not(bucket: BucketRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stitcher.storage.DELETED_AT_ONCE", 2)
    for key in "abc":
        bucket.save(key, b"")
    bucket.delete(["a", "never", "b"])
    bucket.delete([])
    assert keys(bucket) == ["c"]


def test_what_could_not_be_deleted_is_a_fault() -> None:
    client = s3_client()
    with Stubber(client) as stubber:
        stubber.add_response("delete_objects", {"Errors": [{"Key": "of a person", "Code": "InternalError"}]})
        with pytest.raises(StorageFault, match=r"1 files .* InternalError") as fault:
            BucketRepo(BUCKET, client).delete(["a"])
    assert "person" not in str(fault.value)


OPERATIONS: dict[str, Callable[[BucketRepo], object]] = {
    "list_objects_v2": lambda repo: list(repo.list()),
    "get_object": lambda repo: repo.read("hello.wav"),
    "head_object": lambda repo: repo.stat("hello.wav"),
    "put_object": lambda repo: repo.save("hello.wav", b"audio"),
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


def failing(operation: str, code: str, status: int) -> BucketRepo:
    """A bucket whose next answer is that error."""
    client = s3_client()
    stubber = Stubber(client)
    stubber.add_client_error(operation, code, http_status_code=status)
    stubber.activate()
    return BucketRepo(BUCKET, client)


@every_operation
@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("TooManyRequests", 429)], ids=str
)
def test_an_overloaded_bucket_is_a_fault_that_may_pass(operation: str, code: str, status: int) -> None:
    with pytest.raises(StorageFault, match=code):
        OPERATIONS[operation](failing(operation, code, status))


@every_operation
def test_a_denial_stays_a_denial(operation: str) -> None:
    """HeadObject without s3:ListBucket answers 403 for a missing key too: it must not be taken for a missing one."""
    with pytest.raises(ClientError, match="AccessDenied"):
        OPERATIONS[operation](failing(operation, "AccessDenied", 403))


@every_operation
def test_a_bucket_that_cannot_be_reached_is_a_fault_that_may_pass(operation: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: every connection is refused
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = boto3.client("s3", endpoint_url=address, config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(StorageFault, match="did not answer: EndpointConnectionError") as fault:
            OPERATIONS[operation](BucketRepo(BUCKET, client))
    assert "hello" not in str(fault.value), "what clips are called does not belong into a log"


def test_an_answer_that_breaks_off_is_a_fault_that_may_pass() -> None:
    client = s3_client()
    with Stubber(client) as stubber:
        stubber.add_response("get_object", {"Body": StreamingBody(BytesIO(b"aud"), content_length=5)})
        with pytest.raises(StorageFault):
            BucketRepo(BUCKET, client).read("hello.wav")


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [({"only_new": True}, 412, AlreadyStored), ({"only_new": True}, 409, StorageFault), ({}, 412, ClientError)],
)
def test_only_a_conditional_save_can_lose(arguments: dict[str, Any], status: int, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        failing("put_object", "PreconditionFailed", status).save("hello.wav", b"audio", **arguments)


@pytest.mark.parametrize(("etag", "expected"), [(None, AlreadyStored), ("x", NotStored)])
def test_of_two_who_replace_at_the_same_moment_one_loses(etag: str | None, expected: type[Exception]) -> None:
    """S3 API reference, "PutObject": 409 ConditionalRequestConflict."""
    with pytest.raises(expected):
        failing("put_object", "ConditionalRequestConflict", 409).replace("a", b"", etag)


def presigned(key: str, seconds: int = 900) -> tuple[str, str, dict[str, str]]:
    """(host, path, query) of a presigned URL."""
    url = urlsplit(BucketRepo(BUCKET).presign(key, seconds))
    assert url.scheme == "https"
    assert url.hostname is not None
    return url.hostname, url.path, {name: values[0] for name, values in parse_qs(url.query).items()}


@pytest.mark.parametrize("region", ["ap-south-1", "us-east-1"])
def test_a_presigned_url_is_of_the_buckets_own_regional_host(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    host, path, query = presigned("cache/abc.mp3")
    assert host == f"{BUCKET}.s3.{region}.amazonaws.com"
    assert path == "/cache/abc.mp3"
    assert query["X-Amz-Credential"].endswith(f"/{region}/s3/aws4_request")


def test_a_presigned_url_is_signed_with_version_4() -> None:
    _, _, query = presigned("cache/abc.mp3")
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert len(query["X-Amz-Signature"]) == 64
    assert query["X-Amz-SignedHeaders"] == "host"
    assert "AWSAccessKeyId" not in query


@pytest.mark.parametrize("seconds", [1, 900, 604_800])
def test_a_presigned_url_expires_when_asked(seconds: int) -> None:
    _, _, query = presigned("cache/abc.mp3", seconds)
    signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert query["X-Amz-Expires"] == str(seconds)
    assert abs(datetime.now(UTC) - signed) < timedelta(seconds=60)


@pytest.mark.parametrize("key", KEYS)
def test_a_presigned_url_names_a_key_of_any_characters(key: str) -> None:
    _, path, _ = presigned(key)
    assert path.isascii()
    assert unquote(path) == f"/{key}"


def test_presigning_makes_no_request() -> None:
    client = s3_client()
    with Stubber(client):  # refuses every request
        assert BucketRepo(BUCKET, client).presign("abc.mp3", 60).startswith("https://")


@pytest.mark.parametrize("after", ["", "a.wav", "b.wav", "b.wav0", "z"])
def test_a_listing_begins_behind_a_key(repo: Repo, after: str) -> None:
    for name in ("a.wav", "b.wav", "c.wav", "क.wav"):
        repo.save(name, b"x")
    assert keys(repo) == ["a.wav", "b.wav", "c.wav", "क.wav"]
    assert [stored.key for stored in repo.list("", after)] == [key for key in keys(repo) if key > after]


def test_folders_are_named_in_order_and_none_deeper(repo: Repo) -> None:
    for key in ("top.wav", "b/x.wav", "a/x.wav", "a-b/x.wav", "a/deep/x.wav", "हिन्दी/x.wav"):
        repo.save(key, b"x")
    assert list(repo.folders()) == ["a-b/", "a/", "b/", "हिन्दी/"]
