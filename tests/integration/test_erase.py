"""Erasing a person: afterwards nothing of theirs is in any bucket, in any version, and all that is others' is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import boto3
import pytest
from moto import mock_aws
from tools.operations.erase import carried_out, planned, versions

from identifier.keys import claim_key, result_key
from identifier.picture_id import new_id, record_key, upload_key
from identifier.result import Record, save_record
from stitcher.campaigns.places import id_of, prefix_of
from stitcher.clip import Clip
from stitcher.clips.kept import catalogue_key
from stitcher.clips.prepared import prepared_key
from stitcher.formats.profiles import FORMS

OUTPUTS = {f"{kind}BucketName": kind.lower() for kind in ("Input", "Output", "Images", "Results")}
PICTURE = "inbox/form/ramesh.jpg"
MORNING = "सुबह की सूची"
REGION: Literal["ap-south-1"] = "ap-south-1"


class Person:
    """Buckets with recordings and pictures of Ramesh and of others; `theirs` is all that is his."""

    def __init__(self) -> None:
        key: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.s3: Any = boto3.Session(region_name=REGION, **key).client("s3")
        for bucket in OUTPUTS.values():
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for bucket in ("input", "images"):
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.theirs: set[str] = set()
        for voice in ("", "hindi/"):
            for take in (b"first", b"second"):
                self.recorded(f"{voice}ramesh.wav", take)
            self.recorded(f"{voice}ramesh.wav.bak.wav", b"another's")
            self.recorded(f"{voice}rain.wav", b"rain")
        for picture in (PICTURE, f"{PICTURE}.jpg", "inbox/form/sita.jpg"):
            put = self.put("images", picture, picture.encode())
            result = result_key(picture, put["VersionId"])
            for place in (result, result.removesuffix(".json") + ".mp3", claim_key(picture, put["VersionId"])):
                self.put("results", place, b"{}")
        self.put("output", "cache/0.mp3", b"a message")
        for name in (MORNING, "evening"):
            campaign = prefix_of(id_of("hindi", name))
            for file in ("campaign.json", "run.json", "table.csv", "audio/0.mp3", "runs/0/manifest.csv"):
                self.put("output", campaign + file, b"rows")
            for suffix in ("csv", "csv", "json", "CSV"):
                self.put("input", f"campaigns/hindi/{name}.{suffix}", b"rows")
        self.put("output", "campaigns/0/audio/0.mp3", b"a message")
        self.put("output", "campaigns/0/runs/0/manifest.csv", b"rows")
        for voice in ("", "hindi", "tamil"):
            self.put("output", catalogue_key(voice), voice.encode() or b"default")
        self.s3.delete_object(Bucket="input", Key="ramesh.wav")  # withdrawn already: its versions are still there

    def put(self, bucket: str, key: str, data: bytes) -> Any:
        return self.s3.put_object(Bucket=bucket, Key=key, Body=data)

    def recorded(self, key: str, data: bytes) -> None:
        clip = Clip(key, self.put("input", key, data)["ETag"].strip('"'), len(data), "x")
        for profile in FORMS:
            self.put("output", prepared_key(clip, profile), data)

    def contents(self) -> dict[str, list[bytes]]:
        """By bucket and key, every version's bytes."""
        found: dict[str, list[bytes]] = {}
        for bucket in OUTPUTS.values():
            for version in versions(self.s3, bucket, ""):
                get = {"Bucket": bucket, "Key": version.key}
                get |= {} if version.version_id == "null" else {"VersionId": version.version_id}
                data = self.s3.get_object(**get)["Body"].read() if version.etag else b"a marker"
                found.setdefault(f"{bucket}/{version.key}", []).append(data)
        return found


@pytest.fixture
def person() -> Iterator[Person]:
    with mock_aws():
        yield Person()


def test_nothing_is_left_of_a_person_and_all_of_the_others(person: Person) -> None:
    before = person.contents()
    erasure = planned(person.s3, OUTPUTS, ["ramesh.wav", "hindi/ramesh.wav"], [PICTURE])
    assert person.contents() == before, "it is only said"
    assert carried_out(person.s3, erasure) > 0
    after = person.contents()
    gone = {key for key in before if key not in after}
    assert {"input/ramesh.wav", "input/hindi/ramesh.wav", f"images/{PICTURE}", "output/cache/0.mp3"} <= gone
    assert "output/campaigns/0/audio/0.mp3" in gone
    assert "output/campaigns/0/runs/0/manifest.csv" in after
    assert not [data for kept in after.values() for data in kept if data in (b"first", b"second")], "no take, no form"
    assert len([key for key in gone if key.startswith("output/prepared/")]) == 2 * 2 * len(FORMS)
    assert len([key for key in gone if key.startswith("results/")]) == 3
    assert {key: before[key] for key in after} == after, "what is others' is as it was"
    assert {"output/catalogues/v1/-.catalogue", "output/catalogues/v1/hindi.catalogue"} <= gone, "they have names"
    assert {
        "output/catalogues/v1/tamil.catalogue",
        "input/rain.wav",
        "input/ramesh.wav.bak.wav",
        f"images/{PICTURE}.jpg",
    } <= after.keys()
    for key in gone:
        assert f"s3://{key}" in erasure.report().splitlines()


def test_a_whole_voice_is_erased_by_its_folder(person: Person) -> None:
    carried_out(person.s3, planned(person.s3, OUTPUTS, ["hindi/"], []))
    after = person.contents()
    assert not [key for key in after if "hindi" in key and "/campaigns/" not in key]
    assert "input/campaigns/hindi/evening.csv" in after, "what is said is others'"
    assert "input/rain.wav" in after


@pytest.mark.parametrize("named", [id_of("hindi", MORNING), f"campaigns/hindi/{MORNING}.csv"])
def test_a_campaign_is_erased_by_its_id_or_its_table(person: Person, named: str) -> None:
    before = person.contents()
    erasure = planned(person.s3, OUTPUTS, [], [], [named])
    assert carried_out(person.s3, erasure) == 5 + 4
    after = person.contents()
    gone = before.keys() - after.keys()
    folder = prefix_of(id_of("hindi", MORNING))
    assert len([key for key in gone if key.startswith(f"output/{folder}")]) == 5
    assert {key for key in gone if key.startswith("input/")} == {
        f"input/campaigns/hindi/{MORNING}.{suffix}" for suffix in ("csv", "json", "CSV")
    }
    assert {key: before[key] for key in after} == after, "the other campaign is as it was"


TABLES = [
    ("campaigns/hindi/ x .csv", "hindi", "x"),
    ("campaigns/hindi/ x .csv", "hindi", " x "),  # refused, for the settings beside it
    ("campaigns/a/b/c.csv", "", "campaigns/a/b/c.csv"),  # refused, for its place
    ("campaigns/-/x.CSV", "", "x"),
]


def test_a_campaign_is_found_however_its_table_is_called(person: Person) -> None:
    for key, voice, name in TABLES:
        kept = f"{prefix_of(id_of(voice, name))}campaign.json"
        person.put("input", key, b"rows")
        person.put("output", kept, b"{}")
        erasure = planned(person.s3, OUTPUTS, [], [], [key])
        assert erasure.report().splitlines() == [f"s3://input/{key}", f"s3://output/{kept}"]
        carried_out(person.s3, erasure)


def test_what_names_no_campaign_is_refused(person: Person) -> None:
    for named in ("morning", "hindi/morning.csv", "", "0" * 19, "campaigns", "*"):
        with pytest.raises(ValueError, match="no campaign's id"):
            planned(person.s3, OUTPUTS, [], [], [named])


def test_nothing_is_erased_where_nothing_is_found(person: Person) -> None:
    before = person.contents()
    named = ["nobody.wav", "ramesh"], ["inbox/form/ram"], ["0" * 20, "campaigns/hindi/none.csv"]
    assert carried_out(person.s3, planned(person.s3, OUTPUTS, *named)) == 0
    assert person.contents() == before, "a key that begins alike is another's"


def test_a_picture_of_the_api_is_erased_by_its_id_with_the_name_in_its_record(person: Person) -> None:
    picture_id, waiting = new_id("form", datetime.now(UTC)), new_id("form", datetime.now(UTC))
    for one in (picture_id, waiting):
        save_record(person.s3, "results", Record(id=one, key=upload_key(one, "ramesh.jpg"), given="ramesh.jpg"))
    key = upload_key(picture_id, "ramesh.jpg")
    answer = result_key(key, person.put("images", key, b"ramesh")["VersionId"])
    person.put("results", answer, b"{}")
    before = person.contents()
    carried_out(person.s3, planned(person.s3, OUTPUTS, [], [picture_id, waiting]))
    gone = before.keys() - person.contents().keys()
    records = {f"results/{record_key(one)}" for one in (picture_id, waiting)}
    assert gone == {f"images/{key}", f"results/{answer}", *records}


def test_an_empty_key_is_refused(person: Person) -> None:
    with pytest.raises(ValueError, match="everything"):
        planned(person.s3, OUTPUTS, [""], [])
