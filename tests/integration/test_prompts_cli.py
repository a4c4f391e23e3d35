"""The command `stitcher-prompts`, from the first check to taking a prompt back."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tools.local.model import serving

from identifier import prompts_cli
from identifier.errors import Busy, Rejected
from identifier.model import Reply
from identifier.picture import Picture
from identifier.prompt import Prompt
from identifier.prompt_store import PromptStore
from tests.paths import ROOT

ANIMAL, COW = ROOT / "prompts" / "animal" / "1.json", ROOT / "samples" / "images" / "cow.jpg"
LEAF = ROOT / "samples" / "images" / "leaf.png"
BUCKET, POINTERS = "prompts-of-a-test", "/stitcher/test/prompts/"
Output = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    return prompts_cli.main([str(argument) for argument in arguments])


def publish(*arguments: str | Path) -> int:
    return run("publish", *arguments, "--why", "a test", "--no-call")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.setenv("PROMPTS_BUCKET", BUCKET)
    monkeypatch.setenv("PROMPT_POINTERS", POINTERS)
    monkeypatch.setenv("PROMPT_MODELS", "apac.amazon.nova-lite-v1:0,apac.amazon.nova-pro-v1:0")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        yield


def test_a_prompt_is_published_listed_changed_and_taken_back(aws: None, tmp_path: Path, capsys: Output) -> None:
    second = tmp_path / "2.json"
    second.write_text(json.dumps(json.loads(ANIMAL.read_text()) | {"version": 2}))
    assert run("list") == 0
    assert publish(ANIMAL) == 0
    assert publish(second) == 0
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
    assert publish(ANIMAL, bad) == 2
    assert f"stitcher-prompts: {bad}: id is missing" in capsys.readouterr().err
    assert run("list") == 0
    assert capsys.readouterr().out.startswith("no prompts")


def test_what_cannot_be_published_is_refused_in_a_sentence(aws: None, tmp_path: Path, capsys: Output) -> None:
    publish(ANIMAL)
    changed = tmp_path / "1.json"
    changed.write_text(ANIMAL.read_text().replace("farm animals", "animals"))
    assert publish(changed) == 2
    assert "a version never changes: make this one version 2" in capsys.readouterr().err
    assert run("rollback", "animal") == 2
    assert "animal has no version before 1" in capsys.readouterr().err


def test_a_model_that_the_environment_may_not_ask_is_refused_and_nothing_changes(
    aws: None, tmp_path: Path, capsys: Output
) -> None:
    publish(ANIMAL)
    typo = tmp_path / "2.json"
    typo.write_text(ANIMAL.read_text().replace('"version": 1', '"version": 2').replace("nova-lite", "nova-light"))
    assert publish(typo) == 2
    assert "asks apac.amazon.nova-light-v1:0, which this environment may not" in capsys.readouterr().err
    run("list")
    assert "version 1 in force; stored: 1\n" in capsys.readouterr().out


def changed(folder: Path, version: int, **fields: Any) -> Path:
    file = folder / f"{version}.json"
    file.write_text(json.dumps(json.loads(ANIMAL.read_text()) | {"version": version} | fields))
    return file


def test_a_trial_call_is_made_and_its_failure_publishes_nothing(
    aws: None, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as model:
        file, options = changed(tmp_path, 1, model="small"), ("--why", "first", "--endpoint", model.url)
        model.fail("400")
        assert run("publish", file, *options) == 2
        assert "animal version 1: the trial call failed: apac.amazon.nova-lite-v1:0" in capsys.readouterr().err
        assert run("publish", file, *options) == 0
        assert [call.model for call in model.calls] == ["apac.amazon.nova-lite-v1:0"] * 2


def test_a_share_of_the_pictures_comes_first_and_the_history_says_who_and_why(
    aws: None, tmp_path: Path, capsys: Output
) -> None:
    publish(ANIMAL)
    assert publish(changed(tmp_path, 2), "--percent", "10") == 0
    assert "animal: version 2 gets 10 % of the pictures" in capsys.readouterr().out
    store = PromptStore(boto3.client("s3"), boto3.client("ssm"), BUCKET, POINTERS)
    given = [store.get("animal", draw).prompt.version for draw in range(100)]
    assert given == [2] * 10 + [1] * 90
    assert run("rollback", "animal", "--why", "worse") == 0
    assert run("history", "animal") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert ["version 1 in force; a test" in lines[0], "version 2 on trial for 10 %" in lines[1]] == [True, True]
    assert lines[2].endswith("version 1 in force; worse")


def test_fields_that_disappear_are_warned_of(aws: None, tmp_path: Path, capsys: Output) -> None:
    publish(ANIMAL)
    schema = json.loads(ANIMAL.read_text())["answer_schema"]
    del schema["properties"]["count"]
    schema["properties"]["animal"]["enum"].remove("camel")
    schema["required"] = ["animal", "name", "condition", "signs", "confidence"]
    assert publish(changed(tmp_path, 2, answer_schema=schema)) == 0
    warned = re.findall("answers lose (.*); programs", capsys.readouterr().err)
    assert warned == ["count", "animal = camel", "notes (no longer in every answer)"]


@pytest.mark.parametrize("percent", ["0", "101"])
def test_a_percentage_that_is_none_is_refused(aws: None, percent: str, capsys: Output) -> None:
    assert publish(ANIMAL, "--percent", percent) == 2
    assert "is not between 1 and 100" in capsys.readouterr().err


def test_a_first_version_cannot_be_on_trial(aws: None, capsys: Output) -> None:
    assert publish(ANIMAL, "--percent", "10") == 2
    assert "no version in force" in capsys.readouterr().err


def test_a_draft_needs_no_version_until_it_is_published(aws: None, tmp_path: Path, capsys: Output) -> None:
    document = json.loads(ANIMAL.read_text())
    del document["version"]
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps(document))
    assert run("validate", draft) == 0
    with serving() as model:
        assert run("try", draft, COW, "--endpoint", model.url) == 0
    assert publish(draft) == 2
    assert "version is missing" in capsys.readouterr().err


def test_a_bucket_that_is_not_there_is_a_fault(aws: None, capsys: Output) -> None:
    assert publish(ANIMAL, "--bucket", "no-such-bucket") == 1
    assert capsys.readouterr().err.startswith("stitcher-prompts: ")


def test_documents_are_checked_without_aws(tmp_path: Path, capsys: Output) -> None:
    assert run("validate", *sorted((ROOT / "prompts").glob("*/*.json"))) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6
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
        (["publish", "x.json"], "required: --why, --models, --bucket, --pointers"),
        (["rollback", "animal", "--version", "two"], "invalid int value: 'two'"),
    ],
)
def test_what_cannot_be_understood_is_explained(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str, capsys: Output
) -> None:
    monkeypatch.delenv("PROMPTS_BUCKET", raising=False)
    monkeypatch.delenv("PROMPT_POINTERS", raising=False)
    monkeypatch.delenv("PROMPT_MODELS", raising=False)
    with pytest.raises(SystemExit, match="2"):
        prompts_cli.main(arguments)
    assert said in capsys.readouterr().err


def test_the_documentation_has_the_costs_that_the_command_tells(capsys: Output) -> None:
    assert run("costs") == 0
    assert capsys.readouterr().out in (ROOT / "docs" / "identify.md").read_text()


def test_the_command_is_installed_and_explains_each_of_its_parts() -> None:
    command = [sys.executable, "-m", "identifier.prompts_cli"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    for part in ("validate", "try", "evaluate", "publish", "history", "list", "rollback", "costs"):
        assert part in done.stdout
