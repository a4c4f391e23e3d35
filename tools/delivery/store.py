"""The artifact bucket: what it holds and where.

| key | |
| --- | --- |
| `packages/<hash>` | a function's, a layer's or the workflow's code, by its content; written by `sam package` |
| `releases/<name>/` | `packaged.yaml`, `sbom.cdx.json` and, last of all, `release.json`; written once |
| `deployed/<stage>/release.json` | the last release that passed its checks in a stage |
| `deployed/<stage>/<hash>.template` | what `sam deploy` handed to CloudFormation |
"""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

CHUNK = 1 << 20


class DeliveryError(Exception):
    """A step of the pipeline cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Release:
    """What was packaged from one commit. Two commits with the same content are one release, the first one's."""

    name: str
    """The first 12 hexadecimal digits of the SHA-256 of `packaged.yaml`."""
    commit: str
    committed: str
    """When, in UTC as ISO 8601: releases are ordered by it."""
    files: dict[str, str]
    """SHA-256 by key, of everything that the release consists of."""

    @property
    def template(self) -> str:
        """The key of its packaged template."""
        return f"releases/{self.name}/packaged.yaml"

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode() + b"\n"


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
        """An object's content, or None where there is none."""
        try:
            data: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise DeliveryError(f"s3://{self.bucket}/{key} cannot be read: {error}") from error
        return data

    def digest(self, key: str) -> str:
        """The SHA-256 of an object's bytes, as they lie there now. Raises `DeliveryError` where there is none."""
        try:
            body = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            raise DeliveryError(f"s3://{self.bucket}/{key} cannot be read: {error}") from error
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def write_once(self, key: str, data: bytes) -> None:
        """Write a new object; one that exists stays, and must be the same. Raises `DeliveryError` where it is not."""
        try:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*")
        except ClientError as error:
            # 409: somebody else is writing the same key at this moment.
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise DeliveryError(f"s3://{self.bucket}/{key} cannot be written: {error}") from error
            if self.read(key) != data:
                raise DeliveryError(f"s3://{self.bucket}/{key} is there already with another content") from error

    def release(self, name: str) -> Release | None:
        """A release, or None where there is none of that name. Raises `DeliveryError` where it is no name."""
        if not re.fullmatch("[0-9a-f]{12}", name):
            raise DeliveryError(f"{name!r} is no release's name, which is 12 hexadecimal digits")
        data = self.read(f"releases/{name}/release.json")
        return Release(**json.loads(data)) if data else None

    def check(self, release: Release) -> None:
        """Raises `DeliveryError` unless every file of a release is, byte for byte, what was packaged."""
        for key, digest in release.files.items():
            if (found := self.digest(key)) != digest:
                raise DeliveryError(f"s3://{self.bucket}/{key} was changed: {found} instead of {digest}")
        if not release.files.get(release.template, "").startswith(release.name):
            raise DeliveryError(f"{release.name} is not the name of its template")

    def deployed(self, stage: str) -> str | None:
        """The name of the last release that passed its checks in a stage."""
        data = self.read(f"deployed/{stage}/release.json")
        return str(json.loads(data)["release"]) if data else None

    def record(self, stage: str, release: str) -> None:
        """Note that a release passed its checks in a stage. The bucket's versions keep what was noted before."""
        body = json.dumps({"release": release}).encode()
        self._s3.put_object(Bucket=self.bucket, Key=f"deployed/{stage}/release.json", Body=body)
