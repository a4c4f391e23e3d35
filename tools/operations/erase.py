"""Erase a person: recordings and pictures with all their versions, and everything that was made of them.

It is told keys, not names: who is recorded or shown is known to those who keep the recordings (docs/privacy.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from identifier.keys import claim_key, result_key

AT_ONCE = 1_000
"""Objects of one DeleteObjects request."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a marker that it was deleted; "null" is the version in a bucket without versions."""

    key: str
    version_id: str
    etag: str = ""


@dataclass(frozen=True)
class Erasure:
    """What is to be deleted, by bucket."""

    found: dict[str, set[Version]] = field(default_factory=dict)

    def add(self, bucket: str, versions: Iterable[Version]) -> None:
        """More of a bucket."""
        self.found.setdefault(bucket, set()).update(versions)

    def report(self) -> str:
        """One line for each key."""
        return "\n".join(
            f"s3://{bucket}/{key}"
            for bucket, versions in sorted(self.found.items())
            for key in sorted({version.key for version in versions})
        )


def versions(s3: Any, bucket: str, prefix: str) -> Iterator[Version]:
    """Every version and every marker under the prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Versions", ()):
            yield Version(item["Key"], item["VersionId"], item["ETag"].strip('"'))
        for item in page.get("DeleteMarkers", ()):
            yield Version(item["Key"], item["VersionId"])


def planned(
    s3: Any, outputs: dict[str, str], clips: Iterable[str], pictures: Iterable[str], cache: str = "cache/"
) -> Erasure:
    """What there is of these recordings and pictures, and of what was made of them.

    Parameters
    ----------
    outputs
        The stack's, which name the buckets.
    clips
        Keys of recordings (`hindi/ramesh.wav`), or a voice's whole folder (`ramesh/`).
    pictures
        Keys of pictures (`inbox/form/ramesh.jpg`), or a folder.
    cache
        Folder of finished messages. A message's name does not say whose recordings it joins, so all are deleted when
        a recording is: they are made again when they are asked for.
    """
    erasure = Erasure()
    of_clips = [found for clip in clips for found in _under(s3, outputs["InputBucketName"], clip)]
    erasure.add(outputs["InputBucketName"], of_clips)
    if of_clips:
        output, etags = outputs["OutputBucketName"], {(_folder(found.key), found.etag) for found in of_clips}
        prepared = versions(s3, output, "prepared/")
        erasure.add(output, (form for form in prepared if _source(form.key) in etags))
        for folder in (cache, "work/"):
            erasure.add(output, versions(s3, output, folder))
        # Likewise: a campaign's manifest stays, and its next run makes the audio of the clips that are still there.
        erasure.add(output, (one for one in versions(s3, output, "campaigns/") if "/audio/" in one.key))
    of_pictures = [found for picture in pictures for found in _under(s3, outputs["ImagesBucketName"], picture)]
    erasure.add(outputs["ImagesBucketName"], of_pictures)
    for found in of_pictures:
        results = outputs["ResultsBucketName"]
        stem = result_key(found.key, found.version_id).removesuffix(".json")  # the spoken answer lies beside it
        erasure.add(results, versions(s3, results, stem))
        erasure.add(results, versions(s3, results, claim_key(found.key, found.version_id)))
    return erasure


def carried_out(s3: Any, erasure: Erasure) -> int:
    """Delete it all, for good; returns how many versions. Raises RuntimeError where S3 left any."""
    count = 0
    for bucket, found in erasure.found.items():
        doomed = [{"Key": version.key, "VersionId": version.version_id} for version in sorted(found, key=repr)]
        for first in range(0, len(doomed), AT_ONCE):
            part = doomed[first : first + AT_ONCE]
            done = s3.delete_objects(Bucket=bucket, Delete={"Objects": part, "Quiet": True})
            if done.get("Errors"):
                raise RuntimeError(f"{len(done['Errors'])} objects of {bucket} were not deleted: {done['Errors'][0]}")
            count += len(part)
    return count


def _under(s3: Any, bucket: str, place: str) -> Iterator[Version]:
    """The versions of one key, or of everything in a folder; never of a key that only begins alike."""
    if not place:
        raise ValueError("an empty key is everything: name a recording, a picture or a folder")
    for version in versions(s3, bucket, place):
        if version.key == place or place.endswith("/"):
            yield version


def _folder(key: str) -> str:
    return key.rpartition("/")[0] or "-"


def _source(prepared: str) -> tuple[str, str]:
    """Of `prepared/v3/hindi/mp3/<etag>.clip` the voice's folder and the recording's ETag."""
    parts = prepared.split("/")
    return ("/".join(parts[2:-2]), parts[-1].removesuffix(".clip"))
