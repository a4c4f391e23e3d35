"""`stitcher campaign`: a table becomes audio and a manifest on this machine."""

import csv
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stitcher import Voice
from stitcher.cli import main
from tests.paths import ROOT, SAMPLES

TEMPLATE = "hello, {name}: {weather} is expected {day} in {place}. {advice}"


def made(capsys: pytest.CaptureFixture[str], table: Path, output: Path, *options: str) -> tuple[int, dict[str, object]]:
    given = ["--messages", str(table), "--audios", str(SAMPLES), "--output", str(output), "--json"]
    code = main(["campaign", *given, *options])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else {"error": printed.err}


def manifest(output: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((output / "manifest.csv").read_text("utf-8-sig").splitlines()))


def test_the_sample_campaign_is_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, summary = made(capsys, ROOT / "samples" / "campaign.csv", tmp_path / "a", "--template", TEMPLATE)
    assert (code, summary["rows"], summary["made"], summary["refused"]) == (2, 12, 3, 9)
    rows = manifest(tmp_path / "a")
    assert [row["name"] for row in rows][:2] == ["shreeshail", "Ram Kumar"]
    assert rows[1]["missing"] == "ram, kumar"
    assert rows[1]["reason"].startswith("no clip says 'ram kumar': record a clip for it")
    first = rows[0]
    text = (
        f"hello, {first['name']}: {first['weather']} is expected {first['day']} in {first['place']}. {first['advice']}"
    )
    spoken = Voice.open(SAMPLES).say(text)
    assert (tmp_path / "a" / first["file"]).read_bytes() == spoken.audio
    assert first["duration_ms"] == str(spoken.duration_ms)
    # The same recording script as the check's.
    options = ["--messages", str(ROOT / "samples" / "campaign.csv"), "--audios", str(SAMPLES), "--template", TEMPLATE]
    main(["script", *options, "--output", str(tmp_path / "b")])
    for name in ("recording-script.csv", "recording-script.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_stop_makes_nothing_where_a_row_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("message\nhello shreeshail\nhello zebra\n")
    code, summary = made(capsys, table, tmp_path / "out", "--on-refusal", "stop")
    assert (code, summary["ready"], summary["refused"], summary["made"]) == (2, 1, 1, 0)
    assert [row["status"] for row in manifest(tmp_path / "out")] == ["ready", "refused"]
    assert not (tmp_path / "out" / "audio").exists()
    table.write_text("message\nhello shreeshail\n")
    code, summary = made(capsys, table, tmp_path / "out", "--on-refusal", "stop")
    assert (code, summary["made"]) == (0, 1)


def test_stop_makes_nothing_where_a_recording_cannot_be_used_or_a_message_is_too_long(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clips, table, output = tmp_path / "clips", tmp_path / "t.csv", tmp_path / "out"
    clips.mkdir()
    (clips / "hello.wav").write_bytes((SAMPLES / "hello.wav").read_bytes())
    (clips / "a.wav").write_bytes((SAMPLES / "hello.wav").read_bytes())
    (clips / "broken.wav").write_bytes(b"bad")
    long = "hello" + " [pause 5s] a" * 125
    table.write_text(f"message\nhello\nbroken\nhello broken\n{long}\n")
    options = ["--audios", str(clips), "--on-refusal", "stop"]
    code, summary = made(capsys, table, output, *options)
    assert (code, summary["ready"], summary["refused"], summary["made"]) == (2, 1, 3, 0)
    assert [row["status"] for row in manifest(output)] == ["ready", "refused", "refused", "refused"]
    assert all("broken.wav" in row["reason"] for row in manifest(output)[1:3])
    assert "over 600 s to hear" in manifest(output)[3]["reason"]
    assert not (output / "audio").exists()


def big_table(file: Path) -> int:
    """Some hundred distinct messages, each in two rows."""
    names = [
        "shreeshail",
        "farmers",
        "good morning",
        "market",
        "onion",
        "tomato",
        "wheat",
        "temperature",
        "ten",
        "thirty",
    ]
    said = [
        f"hello {one} {two} {weather} is expected {day}"
        for one, two, weather, day in itertools.product(
            names, names, ("heavy rain", "light rain"), ("today", "tomorrow")
        )
    ]
    file.write_text("\n".join(["message", *said, *said]) + "\n")
    return len(said)


DIES = """
import os, signal, sys
from stitcher.campaigns import local
from stitcher.cli import main
phase, kept = os.environ["PHASE"], []
keep, told, manifest = local._Folder.keep, local._Run._told, local.Join.manifest

def dying(where, now=True):
    if where == phase and now:
        os.kill(os.getpid(), signal.SIGKILL)

def keeping(self, file, audio):
    keep(self, file, audio)
    kept.append(file)
    dying("say", len(kept) == 50)

def telling(self, rows):
    for count, row in enumerate(told(self, rows)):
        dying("split", count == 350)
        yield row

def joining(self, reader):
    for block in manifest(self, reader):
        yield block
        dying("join")

local._Folder.keep, local._Run._told, local.Join.manifest = keeping, telling, joining
if __name__ == "__main__":
    sys.exit(main())
"""
ENDS = {"split": -9, "say": 1, "join": -9}
"""The exit code where a process is killed: the command itself, or one that says chunks."""


def test_a_campaign_that_is_killed_in_each_phase_goes_on_and_makes_nothing_twice(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table, output, program = tmp_path / "big.csv", tmp_path / "out", tmp_path / "dies.py"
    distinct = big_table(table)
    program.write_text(DIES)
    line = [sys.executable, str(program), "campaign", "--messages", str(table), "--audios", str(SAMPLES)]
    line += ["--output", str(output)]
    there: dict[Path, int] = {}
    for phase, code in ENDS.items():
        done = subprocess.run(line, capture_output=True, text=True, check=False, env={**os.environ, "PHASE": phase})
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert ("a process of the campaign was ended" in done.stderr) == (phase == "say")
        assert not (output / "manifest.csv").exists()
        (output / "audio" / ".stitcher-half.part").write_bytes(b"half")
        (output / "audio" / ".mine").write_bytes(b"mine")
        before, there = there, {file: file.stat().st_mtime_ns for file in output.glob("audio/*.mp3")}
        assert before.items() <= there.items()
        assert len(there) == distinct or phase != "join"
    code, summary = made(capsys, table, output)
    assert (code, summary["rows"], summary["distinct"], summary["made"]) == (0, 2 * distinct, distinct, 2 * distinct)
    rows = manifest(output)
    files = {row["file"] for row in rows}
    assert (len(rows), len(files)) == (2 * distinct, distinct)
    assert {str(path.relative_to(output)) for path in (output / "audio").iterdir()} == files | {"audio/.mine"}
    assert {file: file.stat().st_mtime_ns for file in there} == there


def test_a_new_recording_makes_its_messages_again_and_no_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clips, table, output = tmp_path / "clips", tmp_path / "t.csv", tmp_path / "out"
    clips.mkdir()
    for name in ("hello.wav", "tomato.wav", "market.wav"):
        (clips / name).write_bytes((SAMPLES / name).read_bytes())
    table.write_text("message\nhello tomato\nhello market\nhello wheat\n")
    options = ["campaign", "--messages", str(table), "--audios", str(clips), "--output", str(output), "--json"]
    assert main(options) == 2
    before = {row["message"]: row["file"] for row in manifest(output)}
    (clips / "tomato.wav").write_bytes((SAMPLES / "today.wav").read_bytes())
    (clips / "wheat.ogg").write_bytes((SAMPLES / "wheat.ogg").read_bytes())
    kept = (output / before["hello market"]).stat().st_mtime_ns
    mine = [output / "audio" / ".mine", output / "audio" / "deep" / ".mine", output / ".campaign" / ".mine"]
    for file in mine:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"mine")
    assert main(options) == 0
    assert all(file.exists() for file in mine)
    after = {row["message"]: row["file"] for row in manifest(output)}
    assert after["hello tomato"] != before["hello tomato"]
    assert after["hello market"] == before["hello market"]
    assert after["hello wheat"]
    assert (output / before["hello market"]).stat().st_mtime_ns == kept
    # After a power failure.
    whole = {output / file: (output / file).read_bytes() for file in after.values()}
    for size, file in enumerate(whole):
        file.write_bytes(file.read_bytes()[: size * 100])
    for results in (output / ".campaign" / "said").iterdir():
        results.write_bytes(results.read_bytes()[:-20])
    assert main(options) == 0
    assert {file: file.read_bytes() for file in whole} == whole
    (output / after["hello wheat"]).write_bytes(b"")
    assert main(options) == 0
    assert {file: file.read_bytes() for file in whole} == whole
    capsys.readouterr()


def test_a_voice_that_is_not_there_is_told_and_not_recorded(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table, output = tmp_path / "t.csv", tmp_path / "out"
    table.write_text("message,voice\nhello,HINDI\n")
    code, summary = made(capsys, table, output, "--on-refusal", "stop")
    assert (code, summary["refused"], summary["to_record"]) == (2, 1, 0)
    assert manifest(output)[0]["reason"] == "there is no voice 'HINDI'; did you mean 'hindi'?"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", (), "has no header row"),
        ("message\n", (), "has no rows below its header"),
        ("text\nhello\n", (), "is not in the table"),
        ("message\nhello\n", ("--template", "{oops"), "without its other brace"),
        ("message\nhello\n", ("--voice", "../x"), "is not a voice's name"),
        ("message\nhello\n", ("--gap-ms", "9999"), "is not between -500 and 5000"),
    ],
)
def test_a_campaign_that_cannot_be_made_writes_no_manifest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, options: tuple[str, ...], said: str
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(content)
    line = ["campaign", "--messages", str(table), "--audios", str(SAMPLES), "--output", str(tmp_path / "out"), *options]
    assert main(line) in (1, 2)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out" / "manifest.csv").exists()
