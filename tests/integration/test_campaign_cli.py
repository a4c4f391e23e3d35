"""`stitcher plan` and `stitcher script` on the sample clips, as staff use them before a campaign."""

import csv
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from stitcher.cli import main
from tests.paths import ROOT
from tests.paths import SAMPLES as CLIPS

SAMPLES = ROOT / "samples"
TEMPLATE = "hello, {name}: {weather} is expected {day} in {place}. {advice}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def planned(capsys: pytest.CaptureFixture[str], message: str, *options: str) -> dict[str, Any]:
    assert main(["plan", "-m", message, "-a", str(CLIPS), "--json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def script(messages: Path, *options: str) -> int:
    return main(["script", "--messages", str(messages), "-a", str(CLIPS), "--date", "2026-06-01", *options])


def written(here: Path, content: str) -> Path:
    file = here.parent / "messages.csv"
    file.write_text(content, encoding="utf-8")
    return file


# stitcher plan


def test_a_plan_shows_each_clip_with_its_part_of_the_message(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    plan = planned(capsys, "Hello, heavy rain")
    hello, pause, rain = plan["segments"]
    assert (hello["start"], hello["end"], hello["text"], hello["clip"]) == (0, 5, "Hello", "hello.wav")
    assert (rain["start"], rain["end"], rain["text"], rain["phrase"]) == (7, 17, "heavy rain", "heavy rain")
    assert pause == {"pause_ms": 250}
    assert (plan["success"], plan["missing"]) == (True, [])
    assert list(here.iterdir()) == []


def test_the_planned_duration_is_what_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(capsys, "hello, shreeshail")
    assert main(["-m", "hello, shreeshail", "-a", str(CLIPS), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["duration_ms"] == plan["duration_ms"]


def test_missing_words_are_planned_around_and_suggested_for(capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(capsys, "hello shreshail")
    assert plan["missing"] == ["shreshail"]
    assert plan["suggestions"] == {"shreshail": ["shreeshail"]}


def test_a_plan_is_a_table_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-m", "hello, shreshail", "-a", str(CLIPS)]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.split() == ["span", "text", "clip", "why", "ms"]
    assert last == "  missing: shreshail (did you mean 'shreeshail'?)"


def test_what_a_fallback_says_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(capsys, "नमस्ते hello", "--voice", "hindi", "--missing", "fallback:-")
    assert (plan["missing"], plan["substituted"]) == ([], ["hello"])


def test_what_a_fallback_lacks_too_is_refused_as_the_api_refuses_it(capsys: pytest.CaptureFixture[str]) -> None:
    message = ["-m", "नमस्ते hello zebra", "--voice", "hindi", "--missing", "fallback:-"]
    assert main(["plan", *message, "-a", str(CLIPS), "--json"]) == 2
    refusal = json.loads(capsys.readouterr().out)
    assert (refusal["success"], refusal["status"], refusal["missing"]) == (False, 422, ["zebra"])


def test_a_plan_without_words_that_can_be_said_is_printed_and_not_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-m", "zebra", "-a", str(CLIPS), "--json"]) == 2
    plan = json.loads(capsys.readouterr().out)
    assert (plan["segments"], plan["missing"], plan["duration_ms"]) == ([], ["zebra"], None)


@pytest.mark.parametrize("message", ["zebra", "?!", "hello [pause soon]", "hello " * 400])
def test_a_plan_of_nothing_is_refused(capsys: pytest.CaptureFixture[str], message: str) -> None:
    assert main(["plan", "-m", message, "-a", str(CLIPS)]) == 2
    assert capsys.readouterr().err.startswith("stitcher: ")


# stitcher script


def test_the_sample_campaign_makes_a_recording_script(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert script(SAMPLES / "campaign.csv", "--template", TEMPLATE, "--json") == 2
    summary = json.loads(capsys.readouterr().out)
    assert {name: summary[name] for name in ("rows", "ready", "not_ready", "refused", "to_record")} == {
        "rows": 12, "ready": 3, "not_ready": 9, "refused": 0, "to_record": 13,
    }  # fmt: skip
    data = (here / "recording-script.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    assert [(row["file"], row["messages"]) for row in rows][:5] == [
        ("cover.wav", "3"), ("hail.wav", "3"), ("satara.wav", "3"), ("the.wav", "3"), ("ram_kumar.wav", "2"),
    ]  # fmt: skip
    assert rows[4]["example"].startswith("hello, **Ram Kumar**: heavy rain")
    page = (here / "recording-script.html").read_text(encoding="utf-8")
    assert "3 of 12 messages are ready · 2026-06-01" in page


def test_the_same_campaign_makes_the_same_files(here: Path) -> None:
    for folder in ("one", "two"):
        assert script(SAMPLES / "campaign.csv", "--template", TEMPLATE, "--output", folder) == 2
    for name in ("recording-script.csv", "recording-script.html"):
        assert (here / "one" / name).read_bytes() == (here / "two" / name).read_bytes()


def test_a_campaign_that_can_be_said_is_a_success(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert script(written(here, 'message,voice\n"hello, shreeshail",\nनमस्ते,hindi\n')) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["ready", "2"]
    assert "nothing has to be recorded" in (here / "recording-script.html").read_text(encoding="utf-8")


def test_refused_rows_are_named_by_line(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert script(written(here, "message,x\nhello,\n?!,\na,b,c\n")) == 2
    printed = capsys.readouterr().out
    assert "  line 3: the message has no words" in printed
    assert "  line 4: it has 3 cells" in printed


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("text,x\nhello,\n", [], "the column 'message' is not in the table; its columns are 'text', 'x'"),
        ("name,x\nram,\n", ["--template", "{nam}"], "the template's column 'nam' is not in the table"),
        ("name,x\nram,\n", ["--template", "{name"], "without its other brace"),
        ("message,x\n", [], "has no rows"),
        ("message,x\nhello,\n", ["--output", "taken"], "taken"),
    ],
)
def test_a_fault_is_a_sentence_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], here: Path, content: str, options: list[str], sentence: str
) -> None:
    (here / "taken").touch()
    assert script(written(here, content), *options) == 1
    assert sentence in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["taken"]


@pytest.mark.parametrize("command", ["campaign", "script"])
def test_a_column_and_a_template_exclude_each_other(
    capsys: pytest.CaptureFixture[str], here: Path, command: str
) -> None:
    table = written(here, "message\nhello\n")
    given = ["--messages", str(table), "--audios", str(SAMPLES), "--column", "message", "--template", "x"]
    with pytest.raises(SystemExit) as left:
        main([command, *given, "--output", str(here / "out")])
    assert left.value.code == 2
    assert "--column and --template exclude each other" in capsys.readouterr().err


def test_a_table_that_is_not_there_is_a_fault(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert script(here / "nowhere.csv") == 1
    assert "nowhere.csv" in capsys.readouterr().err


def test_an_earlier_script_stays_when_the_next_is_a_fault(here: Path) -> None:
    assert script(written(here, "message,x\nzebra,\n")) == 2
    before = (here / "recording-script.csv").read_bytes()
    (here.parent / "messages.csv").write_bytes(b"message,x\nhello,\n" + b"\xff")
    assert script(here.parent / "messages.csv") == 1
    assert (here / "recording-script.csv").read_bytes() == before


def test_progress_is_told_when_asked_for_and_not_otherwise(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    file = written(here, "message,x\n" + "hello,\n" * 20_000)
    assert script(file) == 0
    assert capsys.readouterr().err == ""
    assert script(file, "--progress") == 0
    lines = capsys.readouterr().err.splitlines()
    assert 5 <= len(lines) <= 21
    assert all(line.endswith(" messages") for line in lines)


def test_the_help_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["plan", "--help"], ["script", "--help"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 0
    printed = capsys.readouterr().out
    assert "stitcher plan " in printed
    assert "stitcher script " in printed
    assert "--template" in printed


# The pages


def commands() -> list[str]:
    """Every whole command with the samples that the pages show, options on several lines joined."""
    found = []
    for name in ("README.md", "docs/campaigns.md", "docs/messages.md", "samples/README.md"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        found += re.findall(r"^(?: {4})?(?:\.venv/bin/)?stitcher (.*\bsamples/clips\b.*)$", text, re.MULTILINE)
    return found


def test_the_pages_show_commands() -> None:
    assert {"script", "plan", "voice", "campaign"} <= {command.split()[0] for command in commands()}


@pytest.mark.parametrize("command", commands())
def test_a_command_of_a_page_does_what_the_page_says(
    command: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "samples").symlink_to(SAMPLES)
    code = main(shlex.split(command, comments=True))
    said = capsys.readouterr()
    assert "stitcher: " not in said.err
    assert code == 0 or (code == 2 and "to record" in said.out + said.err), "2: some messages have to wait for a clip"
