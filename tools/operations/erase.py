"""Erase a person: recordings, pictures and campaigns with all their versions, and everything that was made of them.

It is told keys, not names: who is recorded or shown is known to those who keep the recordings (docs/privacy.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from identifier import storage
from identifier.keys import CORRECTIONS, PICTURES, claim_key, latest_key, result_key
from identifier.picture_id import ID, record_key
from identifier.result import Record, Result
from stitcher.campaigns.places import FOLDER, id_of, is_id, prefix_of
from stitcher.clips.keeper import voice_with
from stitcher.clips.kept import catalogue_key
from stitcher.planning.policies import DEFAULT

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


def keys(given: str) -> list[str]:
    """The keys in a text: one a line where it has several lines, otherwise with spaces between.

    Examples
    --------
    >>> keys("hindi/ramesh.wav ramesh/")
    ['hindi/ramesh.wav', 'ramesh/']
    >>> keys("two words.wav\\n")
    ['two words.wav']
    """
    return [line for line in given.split("\n") if line] if "\n" in given else given.split()


def versions(s3: Any, bucket: str, prefix: str) -> Iterator[Version]:
    """Every version and every marker under the prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Versions", ()):
            yield Version(item["Key"], item["VersionId"], item["ETag"].strip('"'))
        for item in page.get("DeleteMarkers", ()):
            yield Version(item["Key"], item["VersionId"])


def planned(
    s3: Any,
    outputs: dict[str, str],
    clips: Iterable[str],
    pictures: Iterable[str],
    campaigns: Iterable[str] = (),
    *,
    cache: str = "cache/",
) -> Erasure:
    """What there is of these recordings, pictures and campaigns, and of what was made of them.

    Parameters
    ----------
    outputs
        The stack's, which name the buckets.
    clips
        Keys of recordings (`hindi/ramesh.wav`), or a voice's whole folder (`ramesh/`).
    pictures
        Keys of pictures (`inbox/form/ramesh.jpg`), a folder, or ids of pictures that came by the API.
    campaigns
        Ids of campaigns, or keys of their tables in the clips' bucket (`campaigns/hindi/morning.csv`).
    cache
        Folder of finished messages. A message's name does not say whose recordings it joins, so all are deleted when
        a recording is: they are made again when they are asked for.

    Raises
    ------
    ValueError
        An empty key, or what is no campaign's id and no table's key.
    """
    erasure = Erasure()
    of_clips = [found for clip in clips for found in _under(s3, outputs["InputBucketName"], clip)]
    erasure.add(outputs["InputBucketName"], of_clips)
    if of_clips:
        output, etags = outputs["OutputBucketName"], {(_folder(found.key), found.etag) for found in of_clips}
        prepared = versions(s3, output, "prepared/")
        erasure.add(output, (form for form in prepared if _source(form.key) in etags))
        # They name the recordings; KeepCatalogue writes them anew.
        voices = {found.key.rpartition("/")[0] for found in of_clips}
        catalogues = {catalogue_key(voice) for voice in voices if voice_with(f"{voice}/") is not None}
        for folder in (cache, "work/", *sorted(catalogues)):
            erasure.add(output, versions(s3, output, folder))
        # Likewise: a campaign's manifest stays, and its next run makes the audio of the clips that are still there.
        erasure.add(output, (one for one in versions(s3, output, "campaigns/") if "/audio/" in one.key))
    results = outputs["ResultsBucketName"]
    places = []
    for picture in pictures:
        record = _record_of(s3, results, picture)
        places.append(record.key if record else picture)
        if record:  # it has the file's name, also where the file never came
            erasure.add(results, versions(s3, results, record_key(record.id)))
    of_pictures = [found for place in places for found in _under(s3, outputs["ImagesBucketName"], place)]
    erasure.add(outputs["ImagesBucketName"], of_pictures)
    for found in of_pictures:
        stem = result_key(found.key, found.version_id).removesuffix(".json")  # the spoken answer lies beside it
        erasure.add(results, versions(s3, results, stem))
        erasure.add(results, versions(s3, results, claim_key(found.key, found.version_id)))
        erasure.add(results, versions(s3, results, latest_key(found.key)))
        if key_of_record := _record(s3, results, found):
            for key in (key_of_record, key_of_record.replace(PICTURES, CORRECTIONS, 1)):
                erasure.add(results, versions(s3, results, key))
    ids = {identity for named in campaigns for identity in _named(named)}
    if ids:
        tables = versions(s3, outputs["InputBucketName"], FOLDER)
        erasure.add(outputs["InputBucketName"], (table for table in tables if ids.intersection(_ids_of(table.key))))
        for identity in ids:
            erasure.add(outputs["OutputBucketName"], versions(s3, outputs["OutputBucketName"], prefix_of(identity)))
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


def _record_of(s3: Any, results: str, given: str) -> Record | None:
    """The record of the picture with this id, if it is an id."""
    there = storage.read(s3, results, record_key(given)) if ID.match(given) else None
    try:
        return Record.model_validate_json(there.data) if there else None
    except ValidationError:
        return None


def _named(campaign: str) -> set[str]:
    """The ids of a campaign that is named by its id or by its table's key."""
    if is_id(campaign):
        return {campaign}
    if not campaign.startswith(FOLDER):
        raise ValueError(f"'{campaign}' is no campaign's id, and no key of a table: {FOLDER}<voice>/<name>.csv")
    return _ids_of(campaign)


def _ids_of(key: str) -> set[str]:
    """The ids that the campaign of a table may have, or of the settings beside it: of one that was refused, too."""
    folder, _, file = key.removeprefix(FOLDER).rpartition("/")
    voice, name = "" if folder == DEFAULT else folder, file.rpartition(".")[0]
    return {id_of(voice, name), id_of(voice, name.strip()), id_of("", key)}


def _record(s3: Any, results: str, found: Version) -> str | None:
    """The key of the picture's record: the result has its id."""
    there = storage.read(s3, results, result_key(found.key, found.version_id))
    try:
        picture_id = Result.model_validate_json(there.data).id if there else None
    except ValidationError:
        return None
    return record_key(picture_id) if picture_id else None


def _folder(key: str) -> str:
    return key.rpartition("/")[0] or "-"


def _source(prepared: str) -> tuple[str, str]:
    """Of `prepared/v3/hindi/mp3/<etag>.clip` the voice's folder and the recording's ETag."""
    parts = prepared.split("/")
    return ("/".join(parts[2:-2]), parts[-1].removesuffix(".clip"))
