"""The command `stitcher-prompts`, from the first check to taking a prompt back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from identifier import prompts_cli
from identifier.errors import Busy, Rejected
from identifier.model import Reply
from identifier.picture import Picture
from identifier.prompt import Prompt
from tests.paths import ROOT

ANIMAL, COW = ROOT / "prompts" / "animal" / "1.json", ROOT / "samples" / "images" / "cow.jpg"
LEAF = ROOT / "samples" / "images" / "leaf.png"
BUCKET, POINTERS = "prompts-of-a-test", "/stitcher/test/prompts/"
Output = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    return prompts_cli.main([str(argument) for argument in arguments])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.setenv("PROMPTS_BUCKET", BUCKET)
    monkeypatch.setenv("PROMPT_POINTERS", POINTERS)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        yield


def test_a_prompt_is_published_listed_changed_and_taken_back(aws: None, tmp_path: Path, capsys: Output) -> None:
    second = tmp_path / "2.json"
    second.write_text(json.dumps(json.loads(ANIMAL.read_text()) | {"version": 2}))
    assert run("list") == 0
    assert run("publish", ANIMAL) == 0
    assert run("publish", second) == 0
    assert run("list") == 0
    assert run("rollback", "animal") == 0
    assert run("list") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"no prompts: neither in {BUCKET} nor under {POINTERS}",
        "animal: version 1 is in force; workers have it within 30 s",
        "animal: version 2 is in force; workers have it within 30 s",
        "animal: version 2 in force; stored: 1, 2",
        "animal: version 1 is in force; workers have it within 30 s",
        "animal: version 1 in force; stored: 1, 2",
    ]


def test_of_several_documents_none_is_published_if_one_is_invalid(aws: None, tmp_path: Path, capsys: Output) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert run("publish", ANIMAL, bad) == 2
    assert f"stitcher-prompts: {bad}: id: Field required" in capsys.readouterr().err
    assert run("list") == 0
    assert capsys.readouterr().out.startswith("no prompts")


def test_what_cannot_be_published_is_refused_in_a_sentence(aws: None, tmp_path: Path, capsys: Output) -> None:
    run("publish", ANIMAL)
    changed = tmp_path / "1.json"
    changed.write_text(ANIMAL.read_text().replace("farm animals", "animals"))
    assert run("publish", changed) == 2
    assert "a version never changes: make this one version 2" in capsys.readouterr().err
    assert run("rollback", "animal") == 2
    assert "animal has no version before 1" in capsys.readouterr().err


def test_a_bucket_that_is_not_there_is_a_fault(aws: None, capsys: Output) -> None:
    assert run("publish", ANIMAL, "--bucket", "no-such-bucket") == 1
    assert capsys.readouterr().err.startswith("stitcher-prompts: ")


def test_documents_are_checked_without_aws(tmp_path: Path, capsys: Output) -> None:
    assert run("validate", *sorted((ROOT / "prompts").glob("*/*.json"))) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    bad = tmp_path / "bad.json"
    bad.write_text(ANIMAL.read_text().replace('"maxLength": 300', '"minLength": 300'))
    assert run("validate", ANIMAL, bad, tmp_path / "none.json") == 2
    captured = capsys.readouterr()
    assert captured.out == f"{ANIMAL}: animal, version 1, for apac.amazon.nova-lite-v1:0\n"
    assert "bad.json: answer_schema.notes: a text needs maxLength, at most 2000, or an enum" in captured.err
    assert "none.json" in captured.err


def test_a_prompt_is_tried_on_pictures_and_the_cost_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    asked: list[tuple[str, int]] = []

    def model(_: Any, prompt: Prompt, picture: Picture) -> Reply:
        asked.append((prompt.id, picture.width))
        if picture.width == 900:
            raise Rejected("max_tokens", "the answer was cut off", input_tokens=1000, output_tokens=512, latency_ms=9)
        return Reply({"animal": "cattle"}, 1_500, 60, 800, "tool_use")

    monkeypatch.setattr(prompts_cli, "ask", model)
    assert run("try", ANIMAL, COW, LEAF, ROOT / "README.md", "--endpoint", "http://127.0.0.1:1") == 2
    assert asked == [("animal", 1024), ("animal", 900)]
    out = capsys.readouterr().out
    assert f'{COW}: {{\n  "animal": "cattle"\n}}' in out
    assert "  says nothing: the prompt says nothing aloud\n" in out
    assert "  1500 + 60 tokens, 800 ms, about $0.000104\n" in out
    assert f"{LEAF}: rejected (max_tokens): the answer was cut off\n  1000 + 512 tokens, 9 ms" in out
    assert "README.md: rejected (wrong_type): it is no picture" in out


def test_a_model_that_is_out_of_reach_is_a_fault(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")

    def model(*_: Any) -> Reply:
        raise Busy("apac.amazon.nova-lite-v1:0: too many requests")

    monkeypatch.setattr(prompts_cli, "ask", model)
    assert run("try", ANIMAL, COW, "--endpoint", "http://127.0.0.1:1") == 1
    assert capsys.readouterr().err == "stitcher-prompts: apac.amazon.nova-lite-v1:0: too many requests\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (["publsh"], "invalid choice: 'publsh'"),
        (["publish", "x.json"], "required: --bucket, --pointers"),
        (["rollback", "animal", "--version", "two"], "invalid int value: 'two'"),
    ],
)
def test_what_cannot_be_understood_is_explained(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str, capsys: Output
) -> None:
    monkeypatch.delenv("PROMPTS_BUCKET", raising=False)
    monkeypatch.delenv("PROMPT_POINTERS", raising=False)
    with pytest.raises(SystemExit, match="2"):
        prompts_cli.main(arguments)
    assert said in capsys.readouterr().err


def test_the_documentation_has_the_costs_that_the_command_tells(capsys: Output) -> None:
    assert run("costs") == 0
    assert capsys.readouterr().out in (ROOT / "docs" / "identify.md").read_text()


def test_the_command_is_installed_and_explains_each_of_its_parts() -> None:
    command = [sys.executable, "-m", "identifier.prompts_cli"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    for part in ("validate", "try", "publish", "list", "rollback", "costs"):
        assert part in done.stdout
