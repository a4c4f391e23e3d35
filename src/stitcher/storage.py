"""Where clips are listed and read and audio is saved: a folder or an S3 bucket, behind one protocol.

This is the only module that knows S3.
"""

import builtins
import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, ListObjectsV2OutputTypeDef

T = TypeVar("T")

CONNECTIONS = 10
"""Requests at the same time: botocore keeps as many connections."""

PART_BYTES = 16 * 1024 * 1024
"""Of a file that is stored block by block: S3 takes 10,000 parts of at least 5 MiB."""
DELETED_AT_ONCE = 1_000
"""S3's limit for one request."""

PATIENCE: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 2,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
"""Of a client: seconds and attempts. A request that stalls is tried again in the time that the shortest step has."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored file: its key, its ETag (without quotes; changes whenever the content does), bytes, and metadata.

    Metadata is filled by `stat` only; a listing does not carry it.
    """

    key: str
    etag: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file in a bucket that keeps them, or the mark of its deletion."""

    key: str
    id: str
    etag: str
    size: int
    at: datetime
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A form that a browser uploads one file with: POST it to the URL, the fields first, then the file."""

    url: str
    fields: Mapping[str, str]


class StorageFault(Exception):
    """The storage did not answer as it should; trying again may help. The workflow retries this by name."""


class NotStored(Exception):
    """There is no such file, or not in the version asked for."""


class Unreadable(Exception):
    """The file is there, and is kept in a way that nobody may read it now; the sentence says which."""


class AlreadyStored(Exception):
    """`save(only_new=True)` found that somebody else was first."""


class Unchanged(Exception):
    """The file is still in the version that the reader knows."""


class Repo(Protocol):
    """A store of files by key; keys have `/` between folders."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[Stored]:
        """The files directly in the folder `prefix` ("" or ending in "/") whose keys sort behind `after`, by key."""

    def folders(self) -> Iterator[str]:
        """The folders at the top, each name ending in "/", by name."""

    def tree(self, prefix: str = "") -> Iterator[Stored]:
        """The files in the folder `prefix` and in all folders below it; of each, only key and size are known."""

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The file's content, in the version `etag` if one is named. Raises `NotStored` and `Unreadable`."""

    def stat(self, key: str) -> Stored | None:
        """What is stored under the key, or None."""

    def save(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> Stored:
        """Store the whole file or nothing. Raises `AlreadyStored` if `only_new` and the key is taken."""


PART = (".stitcher-", ".part")
"""How the name of a file that is half written begins and ends."""


class LocalRepo:
    """A folder. ETags are MD5 as in S3, so that a plan is the same on a laptop and in the cloud. Keeps no metadata."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def _path(self, key: str) -> Path:
        path = (self.folder / key).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise NotStored(f"{key} is not in {self.folder}")
        return path

    def _stored(self, key: str, data: bytes) -> Stored:
        return Stored(key, hashlib.md5(data, usedforsecurity=False).hexdigest(), len(data))

    def _within(self, prefix: str, wanted: Callable[[Path], bool]) -> Iterator[Path]:
        """The entries of the wanted kind directly in a folder, by name, without hidden ones."""
        folder, root = self._path(prefix), self.folder.resolve()
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            # A link that leads out of the folder is not listed, because it would not be read either.
            if wanted(path) and not path.name.startswith(".") and path.resolve().is_relative_to(root):
                yield path

    def list(self, prefix: str = "", after: str = "") -> Iterator[Stored]:
        for path in self._within(prefix, Path.is_file):
            if prefix + path.name > after:
                yield self._stored(prefix + path.name, path.read_bytes())

    def dead_links(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """The links directly in a folder that are not read: each one's key and the reason."""
        folder, root = self._path(prefix), self.folder.resolve()
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_symlink() and not path.name.startswith("."):
                if not path.exists():
                    yield prefix + path.name, "it is a link to a file that is not there"
                elif not path.resolve().is_relative_to(root):
                    yield prefix + path.name, "it is a link that leads out of the folder"

    def folders(self) -> Iterator[str]:
        yield from sorted(f"{path.name}/" for path in self._within("", Path.is_dir))

    def tree(self, prefix: str = "") -> Iterator[Stored]:
        root = self._path(prefix)
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in inside.parts):
                yield Stored(prefix + inside.as_posix(), "", path.stat().st_size)

    def read(self, key: str, etag: str | None = None) -> bytes:
        try:
            data = self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotStored(f"{key} is not in {self.folder}") from None
        if etag is not None and self._stored(key, data).etag != etag:
            raise NotStored(f"{key} has changed since it was listed")
        return data

    def stat(self, key: str) -> Stored | None:
        try:
            return self._stored(key, self.read(key))
        except NotStored:
            return None

    def save(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> Stored:
        self._write(key, [data], only_new=only_new)
        return self._stored(key, data)

    def save_blocks(self, key: str, blocks: Iterable[bytes], *, content_type: str = "application/octet-stream") -> None:
        """Store a file of any size, block by block; the whole file or nothing."""
        self._write(key, blocks, only_new=False)

    def _write(self, key: str, blocks: Iterable[bytes], *, only_new: bool) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside its place and moved there at once: a reader never sees half a file.
        begins, ends = PART
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=begins, suffix=ends, delete=False) as part:
            try:
                part.writelines(blocks)
                part.close()
                Path(part.name).chmod(0o644)
                if only_new:
                    os.link(part.name, path)
                    Path(part.name).unlink()
                else:
                    Path(part.name).replace(path)
            except FileExistsError:
                Path(part.name).unlink()
                raise AlreadyStored(key) from None
            except BaseException:
                Path(part.name).unlink()
                raise


class BucketRepo:
    """An S3 bucket. One call of this class is one request, except that `list` and `folders` page through what there is.

    Parameters
    ----------
    bucket
        The bucket's name.
    client
        For tests; by default `s3_client()`.
    """

    def __init__(self, bucket: str, client: "S3Client | None" = None) -> None:
        self.bucket = bucket
        self.client = client or s3_client()

    def _call(self, operation: Callable[..., T], key: str, **arguments: Any) -> T:
        """One S3 request; its errors become `NotStored`, `AlreadyStored`, `StorageFault`, or stay (a denial, say)."""
        from botocore.exceptions import ClientError

        try:
            with _faults():
                return operation(Bucket=self.bucket, Key=key, **arguments)
        except ClientError as error:
            status, code = _status(error), error.response.get("Error", {}).get("Code")
            if reason := why_unreadable(error):
                raise Unreadable(reason) from error
            if (status == 404 and code != "NoSuchBucket") or (status == 412 and "IfMatch" in arguments):
                raise NotStored(f"{key}: {error}") from error
            if status == 412 and "IfNoneMatch" in arguments:
                raise AlreadyStored(key) from error
            raise

    def _pages(self, prefix: str, after: str = "") -> "Iterator[ListObjectsV2OutputTypeDef]":
        start: dict[str, Any] = {"StartAfter": after} if after else {}
        pages = self.client.get_paginator("list_objects_v2")
        with _faults():
            yield from pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/", **start)

    def list(self, prefix: str = "", after: str = "") -> Iterator[Stored]:
        for page in self._pages(prefix, after):
            yield from _stored(page)

    def folders(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """The folders directly in the folder `prefix` whose keys sort behind `after`, each without the prefix."""
        for page in self._pages(prefix, after):
            yield from (folder["Prefix"].removeprefix(prefix) for folder in page.get("CommonPrefixes", ()))

    def tree(self, prefix: str = "") -> Iterator[Stored]:
        with _faults():
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (Stored(item["Key"], "", item["Size"]) for item in page.get("Contents", ()))

    def read(self, key: str, etag: str | None = None) -> bytes:
        def get(**arguments: Any) -> bytes:
            return self.client.get_object(**arguments)["Body"].read()

        return self._call(get, key, **({"IfMatch": f'"{etag}"'} if etag else {}))

    def fetch(self, key: str, file: Path, etag: str | None = None) -> None:
        """Write a file of any size to this machine's disk, in the version `etag` if one is named. Raises as `read`."""

        def get(**arguments: Any) -> None:
            with file.open("wb") as here:
                here.writelines(self.client.get_object(**arguments)["Body"].iter_chunks(PART_BYTES // 16))

        self._call(get, key, **({"IfMatch": f'"{etag}"'} if etag else {}))

    def read_unless(self, key: str, etag: str | None) -> tuple[bytes, str]:
        """The file's content and its ETag. Raises `Unchanged` where that is `etag`, `NotStored` and `Unreadable`."""
        from botocore.exceptions import ClientError

        def get(**arguments: Any) -> tuple[bytes, str]:
            got = self.client.get_object(**arguments)
            return got["Body"].read(), got["ETag"].strip('"')

        try:
            return self._call(get, key, **({"IfNoneMatch": f'"{etag}"'} if etag else {}))
        except ClientError as error:
            if _status(error) == 304:
                raise Unchanged(key) from None
            raise

    def find(self, key: str) -> Stored | None:
        """What is stored under the key, or None, by a listing: it needs no right to read the file."""
        with _faults():
            page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        return next((item for item in _stored(page) if item.key == key), None)

    def stat(self, key: str) -> Stored | None:
        try:
            head = self._call(self.client.head_object, key)
        except NotStored:
            return None
        return Stored(key, head["ETag"].strip('"'), head["ContentLength"], head["Metadata"])

    def save(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> Stored:
        meta = dict(metadata or {})
        condition = {"IfNoneMatch": "*"} if only_new else {}
        put = self._call(self.client.put_object, key, Body=data, ContentType=content_type, Metadata=meta, **condition)
        return Stored(key, put["ETag"].strip('"'), len(data), meta)

    def save_blocks(self, key: str, blocks: Iterable[bytes], *, content_type: str = "application/octet-stream") -> None:
        """Store a file of any size, block by block; the whole file or nothing."""
        parts = _of_size(blocks, PART_BYTES)
        first = next(parts, b"")
        second = next(parts, None)
        if second is None:
            self.save(key, first, content_type=content_type)
            return
        upload = self._call(self.client.create_multipart_upload, key, ContentType=content_type)["UploadId"]
        try:
            done: list[CompletedPartTypeDef] = []
            for number, part in enumerate(chain((first, second), parts), 1):
                put = self._call(self.client.upload_part, key, UploadId=upload, PartNumber=number, Body=part)
                done.append({"ETag": put["ETag"], "PartNumber": number})
            self._call(self.client.complete_multipart_upload, key, UploadId=upload, MultipartUpload={"Parts": done})
        except BaseException:
            self._call(self.client.abort_multipart_upload, key, UploadId=upload)
            raise

    def replace(self, key: str, data: bytes, etag: str | None) -> Stored:
        """Store the file in place of the version `etag`, or, with None, where there is none; whole or not at all.

        Raises
        ------
        NotStored
            There is no such version any more.
        AlreadyStored
            There is one where none was expected.

        A writer that S3 refuses because another one writes at the same moment gets the same.
        """
        condition = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}
        try:
            put = self._call(self.client.put_object, key, Body=data, **condition)
        except StorageFault as fault:
            told: Any = getattr(fault.__cause__, "response", {})
            if told.get("Error", {}).get("Code") == "ConditionalRequestConflict":
                raise (NotStored if etag else AlreadyStored)(key) from fault
            raise
        return Stored(key, put["ETag"].strip('"'), len(data))

    def delete(self, keys: Sequence[str]) -> None:
        """Delete the files; a bucket that keeps versions only marks them. What is not there is no fault.

        Raises `StorageFault` where S3 left any.
        """
        for first in range(0, len(keys), DELETED_AT_ONCE):
            doomed: Any = [{"Key": key} for key in keys[first : first + DELETED_AT_ONCE]]
            with _faults():
                done = self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": doomed, "Quiet": True})
            if errors := done.get("Errors"):
                raise StorageFault(f"{len(errors)} files were not deleted: {errors[0].get('Code')}")

    def promote(self, source: Stored, key: str, *, content_type: str, metadata: Mapping[str, str]) -> Stored:
        """Copy a file inside of the bucket, in the version `source` names, to a key that is not taken; one request.

        Raises
        ------
        NotStored
            The source is not there, or not in that version.
        AlreadyStored
            The key is taken.
        """
        conditions: dict[str, Any] = {"CopySourceIfMatch": source.etag, "IfNoneMatch": "*"}
        place = {"Bucket": self.bucket, "Key": source.key}
        replaced: dict[str, Any] = {"MetadataDirective": "REPLACE", "Metadata": dict(metadata)}
        try:
            done = self._call(
                self.client.copy_object, key, CopySource=place, ContentType=content_type, **replaced, **conditions
            )
        except AlreadyStored:
            # Both conditions fail alike: it is the source's where the key is still free.
            if self.stat(key) is None:
                raise NotStored(f"{source.key} has changed since it was stored") from None
            raise
        return Stored(key, done["CopyObjectResult"]["ETag"].strip('"'), source.size, dict(metadata))

    def presign(self, key: str, seconds: int, version: str = "") -> str:
        """A URL that lets its holder read the file, or a version of it, for `seconds`; made without a request.

        It ends earlier if the credentials that sign it do: keep `seconds` well under a role session's life.
        """
        what = {"Bucket": self.bucket, "Key": key} | ({"VersionId": version} if version else {})
        return self.client.generate_presigned_url("get_object", Params=what, ExpiresIn=seconds)

    def presign_post(self, key: str, size: int, seconds: int, *, least: int | None = None) -> Form:
        """A form that lets its holder put a file of exactly `size` bytes there, or of `least` to `size`.

        It is made without a request, and ends as `presign` says.
        """
        sizes = ["content-length-range", size if least is None else least, size]
        form = self.client.generate_presigned_post(self.bucket, key, Conditions=[sizes], ExpiresIn=seconds)
        return Form(form["url"], form["fields"])

    def versions(self, key: str, most: int) -> builtins.list[Version]:
        """The newest versions of a file and marks of its deletion, the newest first; one request."""
        with _faults():
            # Every version of the key sorts before those of a longer key.
            page = self.client.list_object_versions(Bucket=self.bucket, Prefix=key, MaxKeys=most)
        found = [
            Version(
                item["Key"], item["VersionId"], item["ETag"].strip('"'), item["Size"], _moment(item["LastModified"])
            )
            for item in page.get("Versions", ())
        ]
        found += [
            Version(item["Key"], item["VersionId"], "", 0, _moment(item["LastModified"]), deleted=True)
            for item in page.get("DeleteMarkers", ())
        ]
        newest = {
            item["VersionId"]
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            if item["IsLatest"]
        }
        own = [version for version in found if version.key == key]
        return sorted(own, key=lambda version: (version.id in newest, version.at), reverse=True)

    def restore(self, key: str, version: str) -> None:
        """Copy an old version of a file on top of the others. Raises `NotStored` where there is no such version."""
        from botocore.exceptions import ClientError

        source: Any = {"Bucket": self.bucket, "Key": key, "VersionId": version}
        try:
            self._call(self.client.copy_object, key, CopySource=source, MetadataDirective="REPLACE")
        except ClientError as error:
            if _status(error) == 400:  # an id that is none, or a mark of a deletion
                raise NotStored(f"{key}: {error}") from error
            raise


def _moment(told: Any) -> datetime:
    """A time as `s3_client` leaves it, a text, or as other clients parse it."""
    return told if isinstance(told, datetime) else datetime.fromisoformat(told)


def _of_size(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of at least this size; the last one may be smaller."""
    held: list[bytes] = []
    for block in blocks:
        held.append(block)
        if sum(map(len, held)) >= size:
            yield b"".join(held)
            held = []
    if held:
        yield b"".join(held)


def _stored(page: "ListObjectsV2OutputTypeDef") -> "Iterator[Stored]":
    for item in page.get("Contents", ()):
        if not item["Key"].endswith("/"):  # the console's "folders" are empty files
            yield Stored(item["Key"], item["ETag"].strip('"'), item["Size"])


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """What may pass when it is tried again becomes `StorageFault`: throttling, colliding writers, S3's own errors.

    It ends in logs, so it names no file: what clips are called is what messages say.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if _status(error) in (409, 429) or _status(error) >= 500:
            raise StorageFault(str(error)) from error
        raise
    except BotoCoreError as error:  # its text may hold the URL
        raise StorageFault(f"S3 did not answer: {type(error).__name__}") from error


def why_unreadable(error: "ClientError") -> str:
    """The reason where the file itself forbids reading, whatever rights there are; empty for any other error.

    S3 API reference, "Error responses" and "GetObject"; a denial that names no key of KMS is a right that is missing.
    """
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), told.get("Message", "").lower()
    if error.operation_name not in ("GetObject", "HeadObject"):
        return ""
    if code == "InvalidObjectState":
        return "it is archived (Glacier): restore it, or put it again"
    if code == "InvalidRequest" and "encryption" in message:
        return "it is encrypted with a customer's key (SSE-C): put it without"
    if code.startswith("KMS.") or (code == "AccessDenied" and "kms" in message):
        return "it is encrypted with a key of KMS that may not be used here: put it without"
    return ""


def _status(error: "ClientError") -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def s3_client() -> "S3Client":
    """An S3 client whose presigned URLs work everywhere: SigV4 and the bucket's own regional host."""
    from botocore.config import Config
    from botocore.session import get_session  # boto3 brings nothing more that is used, and takes longer to load

    session: Any = get_session()
    # Else it is put together anew for each request: a tenth of its processor time.
    agent = session.user_agent()
    if application := session.get_config_variable("user_agent_appid"):  # AWS_SDK_UA_APP_ID
        agent += f" app/{application}"
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        user_agent=agent,
        **PATIENCE,
    )
    # Times stay texts: nobody reads them, and to parse those of a listing takes half of its processor time.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    client: S3Client = session.create_client("s3", config=config)
    return client
