"""Answers in doubt are listed, corrected, counted by week, and become labelled examples."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from identifier import accuracy, prompts_cli, reviewing
from identifier.accuracy import Correction, Looked, weekly
from identifier.evaluating import labelled
from identifier.picture_id import id_of
from identifier.prompt import read_prompt
from identifier.publishing import publish
from identifier.result import Image, PromptUsed, Record, Result, save_record, save_result
from identifier.share import Share
from tests.paths import ROOT

ANIMAL = (ROOT / "prompts" / "animal" / "2.json").read_bytes()
COW = ROOT / "samples" / "images" / "cow.jpg"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_DEFAULT_REGION": "ap-south-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "RESULTS_BUCKET": "results", "PROMPTS_BUCKET": "prompts", "PROMPT_POINTERS": "/p/",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with mock_aws():
        client: Any = boto3.client("s3")
        for bucket in ("images", "results", "prompts"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        client.put_bucket_versioning(Bucket="images", VersioningConfiguration={"Status": "Enabled"})
        publish(client, boto3.client("ssm"), "prompts", "/p/", ANIMAL)
        yield client


def answered(s3: Any, name: str, animal: str, confidence: str = "high", **more: Any) -> str:
    key = f"inbox/animal/{name}.jpg"
    version = s3.put_object(Bucket="images", Key=key, Body=COW.read_bytes())["VersionId"]
    picture_id = id_of(key, version, "animal", NOW)
    answer = {"animal": animal, "name": "", "count": 1, "condition": "no_visible_problem", "signs": [], "notes": ""}
    result = Result(
        id=picture_id, image=Image(bucket="images", key=key, version_id=version), outcome="answered", at=NOW,
        prompt=PromptUsed(id="animal", version=2), answer=answer | {"confidence": confidence}, **more,
    )  # fmt: skip
    save_result(s3, "results", result)
    save_record(s3, "results", Record(id=picture_id, key=key, version_id=version))
    return picture_id


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The pictures that chance draws; empty at first."""
    found: set[str] = set()
    for module in (accuracy, reviewing):
        monkeypatch.setattr(module, "is_drawn", found.__contains__)
    return found


def run(*arguments: Any) -> int:
    return prompts_cli.main([str(argument) for argument in arguments])


def test_answers_in_doubt_are_listed_until_somebody_corrected_them(
    s3: Any, drawn: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(s3, "sure", "cattle")
    low, unclear = answered(s3, "low", "sheep", "low"), answered(s3, "open", "cannot_tell")
    against = answered(s3, "against", "cattle", match="mismatch", expected={"animal": "goat"})
    assert run("review", "animal") == 0
    listed = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert listed.keys() == {low, unclear, against}
    assert (listed[low].startswith("low confidence"), listed[unclear].startswith("open: animal")) == (True, True)
    assert run("correct", low, "animal=goat", "--save", tmp_path / "labelled") == 0
    assert (
        run("correct", against, "animal=cattle", "condition=no_visible_problem", "--save", tmp_path / "labelled") == 0
    )
    out = capsys.readouterr().out
    assert (f"{low}: the answer was wrong" in out, f"{against}: the answer was right" in out) == (True, True)
    assert run("review", "animal") == 0
    assert [line.split(": ")[0] for line in capsys.readouterr().out.splitlines()] == [unclear]
    assert run("accuracy", "animal") == 0
    assert "unknown; 2 more were looked at" in capsys.readouterr().out, "these were in doubt, so others may be better"
    drawn |= {low, against}
    assert run("accuracy", "animal") == 0
    assert "1 of 2 right (50.0%; 9.5% to 90.5%); 0 more" in capsys.readouterr().out
    found = {one.file.stem: dict(one.right) for one in labelled(tmp_path / "labelled", read_prompt(ANIMAL))}
    assert found == {low: {"animal": "goat"}, against: {"animal": "cattle", "condition": "no_visible_problem"}}


@pytest.mark.parametrize(
    ("right", "said"),
    [("animal=cow", "animal is never 'cow'"), ("species=goat", "no field species"), ("animal", "write FIELD=VALUE")],
)
def test_a_correction_that_cannot_be_is_refused(
    s3: Any, right: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("correct", answered(s3, "a", "cattle"), right) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("picture_id", ["nonsense", id_of("x", "v", "animal", NOW)])
def test_a_picture_that_is_not_there_cannot_be_corrected(
    s3: Any, picture_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("correct", picture_id, "animal=goat") == 2
    assert "there is no answer" in capsys.readouterr().err


def test_answers_drawn_by_chance_are_listed_whatever_they_are(
    s3: Any, drawn: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    sure, low = answered(s3, "sure", "cattle"), answered(s3, "low", "goat", "low")
    drawn |= {sure, low}
    assert run("review", "animal") == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split(": ")[0]: line.split(": ")[1] for line in lines} == {
        sure: "drawn by chance",
        low: "low confidence; drawn by chance",
    }
    assert run("accuracy", "animal") == 0
    assert capsys.readouterr().out.startswith("unknown: nobody has looked at")


def test_weeks_are_counted_apart(drawn: set[str]) -> None:
    def said(day: int, animal: str, picture_id: str = "drawn") -> Correction:
        at = datetime(2026, 11, day, tzinfo=UTC)
        return Correction(id=picture_id, right={"animal": animal}, given={"animal": "goat"}, prompt_version=1, at=at)

    drawn.add("drawn")
    found = weekly([said(15, "goat"), said(16, "goat"), said(17, "sheep"), said(18, "sheep", "in doubt")])
    assert found == {"2026-W46": Looked(Share(1, 1), 0), "2026-W47": Looked(Share(1, 2), 1)}
