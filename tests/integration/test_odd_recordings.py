"""A newcomer's folder of odd recordings: what is not said is named, by every command, with the reason."""

import json
import shutil
from pathlib import Path

import pytest

from stitcher.cli import main
from tests.audio import noise, silence, speech, wav
from tests.paths import SAMPLES


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    folder = tmp_path / "odd"
    for place in ("", "hindi", "hindi/old", "tamil/2024"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    spoken = wav(speech(0.4))
    for name in ("hello.WAV", "Hello.wav", "नमस्ते.wav", "hindi/आज.wav", "hindi/old/कल.wav", "tamil/2024/x.wav"):
        (folder / name).write_bytes(spoken)
    (folder / "tomorrow.ra").write_bytes(b".ra\xfd")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_bytes(b"hello, this is no sound")
    (folder / "clipped.wav").write_bytes(wav((3 * speech(1.0, 1.0, pitch_hz=180.0)).clip(-1, 1)))
    (folder / "notes.txt").write_bytes(b"to do")
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_one_table_says_what_is_read_and_what_is_not(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "voice", "--audios", str(odd))
    assert said.startswith("the default voice: 3 clips, language not set\n")
    assert "other voices: hindi (--voice hindi)" in said
    rows = {tuple(line.split()[:2]): line for line in said.splitlines()}
    assert "RealAudio is not read" in rows["ignored", "tomorrow.ra"]
    assert "hindi/old/कल.wav" in said
    assert "it lies too deep" in rows["ignored", "tamil/2024/x.wav"]
    assert "Hello.wav says the same, and is taken" in rows["duplicate", "hello.WAV"]
    assert ("unusable", "empty.wav") in rows
    assert ("unusable", "text.wav") in rows
    assert ("poor", "clipped.wav") in rows
    assert "notes.txt" not in said


def test_the_table_is_there_for_programs(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(told(capsys, "voice", "--audios", str(odd), "--voice", "hindi", "--json"))
    assert (made["success"], made["clips"], made["recordings"][0]["what"]) == (True, 1, "ignored")


def test_the_table_says_which_words_numbers_lack(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "voice.toml").write_text('language = "en"')
    for number in ("one", "twenty"):
        shutil.copy(odd / "hello.WAV", odd / f"{number}.wav")
    assert "numbers up to 100 lack 27 words: " in told(capsys, "voice", "--audios", str(odd))
    (odd / "voice.toml").write_text('language = "hin"')
    assert "no numbers of the language 'hin'" in told(capsys, "voice", "--audios", str(odd))


def test_a_voice_without_a_clip_is_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none").mkdir()
    assert "0 clips" in told(capsys, "voice", "--audios", "none", code=2)


def test_a_refusal_names_the_recording_that_is_not_read(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "-m", "hello tomorrow", "-a", str(odd), code=2)
    assert "tomorrow.ra is not read: RealAudio is not read: convert it to WAV" in said


def test_a_refusal_names_the_recording_that_lies_too_deep(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "-m", "hello x", "-a", str(odd), code=2)
    assert "tamil/2024/x.wav is not read: it lies too deep: a voice is one folder of clips" in said


def test_a_folder_whose_name_is_no_voices_is_named(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "my voice").mkdir()
    shutil.copy(odd / "hello.WAV", odd / "my voice" / "hello.wav")
    assert "my voice/" in told(capsys, "voice", "--audios", str(odd))


def test_all_that_is_wrong_is_said_at_once(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["-m"], 2), (["plan", "-m"], 0)):
        said = told(capsys, *arguments, "hello empty text zebra elefant", "-a", str(odd), code=code)
        assert [f"missing: {word}" in said for word in ("zebra", "elefant")] == [True, True]
        assert [f"unusable: {key}" in said for key in ("empty.wav", "text.wav")] == [True, True]


def test_a_plan_with_a_broken_recording_is_shown(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "plan", "-m", "hello text", "-a", str(odd))
    assert "Hello.wav" in said
    assert "hello.WAV is not said: Hello.wav says the same, and is taken" in said
    assert "as it is, this message is refused" in said


def test_a_script_for_a_voice_without_a_language_says_what_that_costs(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f'"hello {number:,}"' for number in range(1_000, 1_300))
    (odd / "t.csv").write_text(f"Message\n{rows}\n")
    said = told(capsys, "script", "--messages", str(odd / "t.csv"), "-a", str(odd), code=2)
    assert 'set language = "en" in ./voice.toml' in said
    assert "and 300 of the recordings become 29 words" in said
    assert "tomorrow.ra is not read" in said


def test_a_script_for_a_voice_that_there_is_not_says_so(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "t.csv").write_text("MESSAGE,Voice\nआज,hindy\n")
    said = told(capsys, "script", "--messages", str(odd / "t.csv"), "-a", str(odd), code=2)
    assert "there is no voice 'hindy'; did you mean 'hindi'?" in said


@pytest.mark.parametrize(
    ("header", "column", "fault"),
    [
        ("Message", [], ""),
        ("message,Message", [], ""),
        ("MESSAGE,Message", [], "the table has 2 columns 'message': 'MESSAGE' and 'Message'; rename all but one"),
        ("mesage", [], "did you mean 'mesage'?"),
        ("Text", ["--column", "text"], ""),
        ("Name", ["--template", "hello, {name}"], ""),
    ],
)
def test_capital_letters_of_a_column_do_not_matter(
    odd: Path, capsys: pytest.CaptureFixture[str], header: str, column: list[str], fault: str
) -> None:
    (odd / "t.csv").write_text(f"{header}\nhello{',hello' * header.count(',')}\n")
    code = 1 if fault else 0
    assert fault in told(capsys, "script", "--messages", str(odd / "t.csv"), "-a", str(odd), *column, code=code)


@pytest.mark.parametrize("wanted", ["there", "there/", "new/", "new/deeper/", "."])
def test_an_output_may_be_a_folder(odd: Path, capsys: pytest.CaptureFixture[str], wanted: str) -> None:
    Path("there").mkdir()
    file = Path(told(capsys, "-m", "hello", "-a", str(odd), "-o", wanted).strip())
    assert (file.name, file.is_file(), file.parent) == ("hello.mp3", True, Path(wanted))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "hello", "-a", "odd/notes.txt"], "odd/notes.txt is not a folder"),
        (["-m", "hello", "-a", "odd", "-o", "odd/notes.txt/x.mp3"], "odd/notes.txt: a file has this name already"),
        (["-m", "hello", "-a", "odd", "-o", f"{'x' * 300}.mp3"], "its name is too long"),
        (["script", "--messages", "odd", "-a", "odd"], "odd: it is a folder, not a file"),
        (["script", "--messages", "no.csv", "-a", "odd"], "no.csv: there is no such file or folder"),
        (["script", "--messages", "odd/notes.txt", "-a", "odd", "--column", "to do", "--output", "odd/notes.txt"],
         "odd/notes.txt"),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_is_said_in_words(
    odd: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    told_ = told(capsys, *arguments, code=1)
    assert said in told_
    assert "Errno" not in told_


def test_the_samples_need_no_look(capsys: pytest.CaptureFixture[str]) -> None:
    (Path("clips")).mkdir()
    for name in ("hello.wav", "shreeshail.wav", "voice.toml"):
        shutil.copy(SAMPLES / name, Path("clips"))
    assert "duplicate" not in told(capsys, "voice", "-a", "clips")


def test_silence_and_noise_are_unusable(capsys: pytest.CaptureFixture[str]) -> None:
    Path("clips").mkdir()
    Path("clips/quiet.wav").write_bytes(wav(silence(1.0)))
    Path("clips/hiss.wav").write_bytes(wav(noise(1.0)))
    said = told(capsys, "voice", "-a", "clips", code=2)
    assert "it is silent" in said
    assert "it holds no speech" in said
