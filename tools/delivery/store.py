"""The artifact bucket: its objects and their keys.

| key | |
| --- | --- |
| `packages/<hash>` | a function's, a layer's or the workflow's code, by its content; written by `sam package` |
| `packages/<hash>-<profile>/` | the signed copy of it, if the release is signed; written by AWS Signer (sign.py) |
| `releases/<name>/` | `packaged.yaml`, `sbom.cdx.json` and, last of all, `release.json`; written once |
| `deployed/<stage>/history.json` | the running release of a stage, and every release that passed its checks there |
| `deployed/<stage>/<hash>.template` | what `sam deploy` handed to CloudFormation |
"""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tools.failures import Failure

CHUNK = 1 << 20


class DeliveryError(Failure):
    """A step of the pipeline cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Release:
    """What was packaged from one commit. Two commits with the same content are one release, the first one's."""

    name: str
    """The first 12 hexadecimal digits of the SHA-256 of `packaged.yaml`."""
    commit: str
    committed: str
    """When, in UTC as ISO 8601. It orders nothing: a revert has the content, and so the time, of an older commit."""
    files: dict[str, str]
    """SHA-256 by key, of everything that the release consists of."""

    @property
    def template(self) -> str:
        """The key of its packaged template."""
        return f"releases/{self.name}/packaged.yaml"

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True)
class Passed:
    """A release that passed its checks in a stage."""

    release: str
    position: int
    """On main, of the run that deployed it: how many commits there were, its own included."""
    taken_back: bool = False
    """Whether a rollback replaced it, because it was bad."""


@dataclass(frozen=True)
class History:
    """The running release of a stage, and the releases that passed there, oldest first."""

    running: str | None = None
    """The release that was deployed last, whether it passed or not."""
    passed: tuple[Passed, ...] = ()

    @property
    def good(self) -> list[Passed]:
        """The passed releases that no rollback replaced. The last time of a release decides over its earlier ones."""
        bad = {each.release: each.taken_back for each in self.passed}
        return [each for each in self.passed if not each.taken_back and not bad[each.release]]

    @property
    def position(self) -> int:
        """The place on main of the newest run that passed here; 0 if none did."""
        return max((each.position for each in self.passed), default=0)

    def before(self) -> str | None:
        """The release for a rollback: the last good one that is not the running one."""
        return next((each.release for each in reversed(self.good) if each.release != self.running), None)

    def with_running(self, release: str) -> "History":
        """After a deployment."""
        return replace(self, running=release)

    def with_passed(self, release: str, position: int) -> "History":
        """After the checks of a deployment. The same again is one entry, as of its last run."""
        *before, last = self.passed or [None]
        again = last is not None and last.release == release and not last.taken_back
        return replace(self, passed=(*(before if again else self.passed), Passed(release, position)))

    def gone_back(self, release: str) -> "History":
        """After a rollback: all releases that passed later than that release are bad."""
        of_it = [(not each.taken_back, number) for number, each in enumerate(self.passed) if each.release == release]
        _, last = max(of_it)  # its last good time, if there is one
        later = tuple(replace(each, taken_back=True) for each in self.passed[last + 1 :])
        return History(release, (*self.passed[: last + 1], *later))


class Store:
    """The artifact bucket."""

    def __init__(self, bucket: str) -> None:
        if not bucket:
            raise DeliveryError("ARTIFACTS is not set: the name of the artifact bucket")
        self.bucket = bucket
        self._s3: Any = boto3.client("s3")

    @property
    def sam_options(self) -> list[str]:
        """How sam writes to the bucket. It names an encryption with every upload: the bucket's key, if it has one."""
        key = os.environ.get("ARTIFACTS_KEY")
        return ["--s3-bucket", self.bucket, *(["--kms-key-id", key] if key else [])]

    def read(self, key: str) -> bytes | None:
        """An object's content, or None if there is none."""
        try:
            data: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise DeliveryError(f"s3://{self.bucket}/{key} cannot be read: {error}") from error
        return data

    def digest(self, key: str) -> str:
        """The SHA-256 of an object's bytes, as they lie there now. Raises `DeliveryError` if there is none."""
        try:
            body = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            raise DeliveryError(f"s3://{self.bucket}/{key} cannot be read: {error}") from error
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def first(self, prefix: str) -> str | None:
        """The key that begins like this and was written first, or None."""
        found = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())
        oldest = min(found, key=lambda each: (each["LastModified"], each["Key"]), default=None)
        return oldest["Key"] if oldest else None

    def version(self, key: str) -> str:
        """An object's version: AWS Signer takes no other name of it."""
        return str(self._s3.head_object(Bucket=self.bucket, Key=key).get("VersionId", ""))

    def write_once(self, key: str, data: bytes) -> None:
        """Write a new object; one that exists stays, and must be the same. Raises `DeliveryError` if it is not."""
        try:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*")
        except ClientError as error:
            # 409: somebody else is writing the same key at this moment.
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise DeliveryError(f"s3://{self.bucket}/{key} cannot be written: {error}") from error
            if self.read(key) != data:
                raise DeliveryError(f"s3://{self.bucket}/{key} is there already with another content") from error

    def release(self, name: str) -> Release | None:
        """A release, or None if there is none of that name. Raises `DeliveryError` if it is no name."""
        if not re.fullmatch("[0-9a-f]{12}", name):
            raise DeliveryError(f"{name!r} is no release's name, which is 12 hexadecimal digits")
        data = self.read(f"releases/{name}/release.json")
        return Release(**json.loads(data)) if data else None

    def check(self, release: Release) -> None:
        """Raises `DeliveryError` unless every file of a release has the packaged bytes."""
        for key, digest in release.files.items():
            if (found := self.digest(key)) != digest:
                raise DeliveryError(f"s3://{self.bucket}/{key} was changed: {found} instead of {digest}")
        if not release.files.get(release.template, "").startswith(release.name):
            raise DeliveryError(f"{release.name} is not the name of its template")

    def history(self, stage: str) -> History:
        """The stage's history; empty before its first deployment."""
        data = self.read(f"deployed/{stage}/history.json")
        if data is None:
            return History()
        read = json.loads(data)
        return History(read["running"], tuple(Passed(**each) for each in read["passed"]))

    def keep(self, stage: str, history: History) -> None:
        """Write a stage's history; the bucket keeps earlier versions. One deployment at a time changes a stage."""
        body = json.dumps(asdict(history), indent=1).encode() + b"\n"
        self._s3.put_object(Bucket=self.bucket, Key=f"deployed/{stage}/history.json", Body=body)
