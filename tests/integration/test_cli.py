"""The `stitcher` command on the sample clips, as a person uses it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stitcher.cli import main
from stitcher.clips.decode import decode
from stitcher.errors import MissingWords
from stitcher.voice import Voice
from tests.audio import RATE, Signal, noise, silence, speech, tone, wav, where
from tests.paths import SAMPLES


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of clips of our own: two words."""
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "hello.wav").write_bytes(wav(speech(0.5)))
    (folder / "world.wav").write_bytes(wav(speech(0.6, pitch_hz=200.0)))
    return folder


def stitched(capsys: pytest.CaptureFixture[str], message: str, *options: str, audios: Path = SAMPLES) -> dict[str, Any]:
    """The answer as JSON of a command that has to succeed."""
    assert main(["--message", message, "--audios", str(audios), "--json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def recorded(clip: str) -> Signal:
    """A sample clip as it was recorded, without the digital silence around it."""
    samples = decode((SAMPLES / clip).read_bytes())
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[loud[0] : loud[-1]]


def duration_ms(file: Path) -> float:
    return 1000 * len(decode(file.read_bytes())) / RATE


def nothing_written(here: Path) -> bool:
    return list(here.iterdir()) == []


# What is made


def test_hello_shreeshail_says_the_two_clips_in_order(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    answer = stitched(capsys, "hello, shreeshail")
    assert answer["audio_files"] == ["hello.wav", "shreeshail.wav"]
    said = decode((here / "hello__shreeshail.mp3").read_bytes())
    hello, shreeshail = (where(recorded(clip), said) for clip in answer["audio_files"])
    assert min(hello[1], shreeshail[1]) > 0.9
    assert shreeshail[0] - hello[0] > 0.2 * RATE


def test_the_reported_duration_is_the_files(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    answer = stitched(capsys, "good morning farmers")
    assert duration_ms(here / answer["output_file"]) == pytest.approx(answer["duration_ms"], abs=1)


def test_order_matters(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    answer = stitched(capsys, "shreeshail, hello")
    assert answer["audio_files"] == ["shreeshail.wav", "hello.wav"]
    stitched(capsys, "hello, shreeshail")
    assert (here / "shreeshail__hello.mp3").read_bytes() != (here / "hello__shreeshail.mp3").read_bytes()


def test_a_repeated_word_is_said_twice(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    answer = stitched(capsys, "hello hello shreeshail")
    assert answer["audio_files"] == ["hello.wav", "hello.wav", "shreeshail.wav"]
    assert (here / "hello__hello__shreeshail.mp3").is_file()
    assert answer["duration_ms"] > stitched(capsys, "hello shreeshail")["duration_ms"] + 200


def test_the_words_of_a_message_are_equally_loud(capsys: pytest.CaptureFixture[str], clips: Path, here: Path) -> None:
    (clips / "soft.wav").write_bytes(wav(speech(0.5, 0.05)))
    (clips / "loud.wav").write_bytes(wav(speech(0.5, 0.9)))
    stitched(capsys, "soft loud", "--gap-ms", "500", "-o", "said.wav", audios=clips)
    said = decode((here / "said.wav").read_bytes())
    half = len(said) // 2
    assert float(said[:half].std()) == pytest.approx(float(said[half:].std()), rel=0.05)


def test_the_gap_is_heard_between_the_words(capsys: pytest.CaptureFixture[str], clips: Path, here: Path) -> None:
    """However much silence the recordings have around them."""
    (clips / "hello.wav").write_bytes(wav(np.concatenate([silence(0.3), noise(0.4), silence(0.6)])))
    (clips / "world.wav").write_bytes(wav(np.concatenate([silence(0.5), noise(0.4, seed=2), silence(0.1)])))
    stitched(capsys, "hello world", "--gap-ms", "400", "-o", "said.wav", audios=clips)
    said = decode((here / "said.wav").read_bytes())
    hop = RATE // 200
    loud = np.abs(said[: len(said) // hop * hop]).reshape(-1, hop).max(axis=1) > 0.01
    first, last = np.flatnonzero(loud)[[0, -1]]
    assert np.count_nonzero(~loud[first:last]) * 5 == pytest.approx(400, abs=20)


def test_a_wider_gap_makes_the_message_longer_by_as_much(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    none = stitched(capsys, "hello shreeshail", "--gap-ms", "0", "-o", "none.mp3")
    second = stitched(capsys, "hello shreeshail", "--gap-ms", "1000", "-o", "second.mp3")
    assert second["duration_ms"] - none["duration_ms"] == pytest.approx(1000, abs=60)
    assert duration_ms(here / "second.mp3") - duration_ms(here / "none.mp3") == pytest.approx(1000, abs=60)


def test_the_same_message_is_the_same_file(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    stitched(capsys, "hello shreeshail", "-o", "one.mp3")
    stitched(capsys, "Hello -- Shreeshail!", "-o", "two.mp3")
    assert (here / "one.mp3").read_bytes() == (here / "two.mp3").read_bytes()


def test_a_voice_speaks_from_its_own_folder(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    answer = stitched(capsys, "नमस्ते किसान", "--voice", "hindi")
    assert answer["audio_files"] == ["hindi/नमस्ते.wav", "hindi/किसान.mp3"]
    assert answer["output_file"] == "नमस्ते__किसान.mp3"
    assert duration_ms(here / "नमस्ते__किसान.mp3") == pytest.approx(answer["duration_ms"], abs=1)


# Where it is written, and as what


def test_the_output_is_named_by_the_phrases_in_the_current_folder(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert main(["--message", "Hello, Shreeshail", "--audios", str(SAMPLES)]) == 0
    assert capsys.readouterr().out == "hello__shreeshail.mp3\n"
    assert [path.name for path in here.iterdir()] == ["hello__shreeshail.mp3"]


def test_a_phrase_of_several_words_is_one_part_of_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert stitched(capsys, "good morning farmers")["output_file"] == "good_morning__farmers.mp3"


def test_a_long_messages_name_is_cut_where_file_systems_end_names(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    name = stitched(capsys, "किसान " * 20, "--voice", "hindi")["output_file"]
    assert (here / name).is_file()
    assert name.endswith(".mp3")
    assert 240 < len(name.encode()) <= 255


def test_the_options_have_short_forms(here: Path) -> None:
    assert main(["-m", "hello", "-a", str(SAMPLES), "-o", "out.mp3"]) == 0
    assert duration_ms(here / "out.mp3") > 200


def test_a_folder_for_the_output_is_made(here: Path) -> None:
    assert main(["-m", "hello", "-a", str(SAMPLES), "-o", "messages/today/hello.mp3"]) == 0
    assert (here / "messages" / "today" / "hello.mp3").is_file()


def test_an_earlier_output_is_replaced(here: Path) -> None:
    (here / "hello.mp3").write_bytes(b"old")
    assert main(["-m", "hello", "-a", str(SAMPLES)]) == 0
    assert duration_ms(here / "hello.mp3") > 200


def test_wav_is_made_when_asked_for(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    answer = stitched(capsys, "hello", "--format", "wav")
    assert (answer["output_file"], answer["format"]) == ("hello.wav", "wav")
    data = (here / "hello.wav").read_bytes()
    assert (data[:4], data[8:12]) == (b"RIFF", b"WAVE")
    assert duration_ms(here / "hello.wav") == pytest.approx(answer["duration_ms"], abs=1)


# What a file of each format begins with: Ogg, ISO 14496-12, FLAC, RIFF, and an MP3 frame's sync.
MAGIC = {"mp3": b"\xff\xfb", "mp3-96": b"\xff\xfb", "opus": b"OggS", "m4a": b"ftypM4A", "flac": b"fLaC"}
MAGIC |= dict.fromkeys(["wav", "wav-8k", "wav-16k", "ulaw"], b"RIFF") | {"amr": b"#!AMR\n", "amr-wb": b"#!AMR-WB\n"}


@pytest.mark.parametrize(
    ("output", "options", "made"),
    [
        ("out.wav", [], "wav"),
        ("out.WAV", [], "wav"),
        ("out.mp3", [], "mp3"),
        ("out.opus", [], "opus"),
        ("out.ogg", [], "opus"),
        ("out.wav16", [], "wav-16k"),
        ("out.amr", [], "amr"),
        ("out.awb", [], "amr-wb"),
        ("out.OGG", ["--format", "whatsapp"], "opus"),
        ("out.wav", ["--format", "asterisk"], "wav-8k"),
        ("out.m4a", [], "m4a"),
        ("out.flac", [], "flac"),
        ("out.wav", ["--format", "ulaw"], "ulaw"),
        ("out.mp3", ["--format", "mp3-96"], "mp3-96"),
    ],
)
def test_the_format_is_the_one_asked_for_or_the_outputs(
    capsys: pytest.CaptureFixture[str], here: Path, output: str, options: list[str], made: str
) -> None:
    assert stitched(capsys, "hello", "-o", output, *options)["format"] == made
    assert MAGIC[made] in (here / output).read_bytes()[:12]


@pytest.mark.parametrize(
    ("output", "options", "reason"),
    [
        ("out.bin", [], "no format has the ending .bin: use one of .mp3, .ogg, "),
        ("out.MP4", [], "no format has the ending .mp4: use one of "),
        ("out.bin", ["--format", "wav"], "out.bin would hold wav: name it out.wav, or choose another format"),
        ("out.mp3", ["--format", "wav-8k"], "out.mp3 would hold wav-8k: name it out.wav, or choose another format"),
        ("out.wav", ["--format", "whatsapp"], "out.wav would hold opus: name it out.ogg, or choose another format"),
        ("a.b/out.ulaw", ["--format", "sln"], "out.ulaw would hold sln: name it out.sln, or choose another format"),
    ],
)
def test_an_ending_that_is_unknown_or_not_the_formats_is_refused(
    capsys: pytest.CaptureFixture[str], here: Path, output: str, options: list[str], reason: str
) -> None:
    assert main(["-m", "hello", "-a", str(SAMPLES), "-o", output, *options]) == 2
    assert reason in capsys.readouterr().err
    assert nothing_written(here)


@pytest.mark.parametrize(("output", "written"), [("out", "out.mp3"), ("there", "there/hello.mp3"), (".", "hello.mp3")])
def test_an_output_without_an_ending_gets_the_formats(
    capsys: pytest.CaptureFixture[str], here: Path, output: str, written: str
) -> None:
    (here / "there").mkdir()
    assert stitched(capsys, "hello", "-o", output)["output_file"] == written
    assert duration_ms(here / written) > 200


def test_an_mp3_is_48_khz_mono_at_64_kbit_a_second(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """ISO/IEC 11172-3, 2.4.2.3: MPEG-1 layer III without CRC, bitrate index 5, rate index 1, mode single channel."""
    stitched(capsys, "hello")
    header = int.from_bytes((here / "hello.mp3").read_bytes()[:4], "big")
    assert header >> 16 == 0xFFFB
    assert header >> 12 & 0xF == 5
    assert header >> 10 & 3 == 1
    assert header >> 6 & 3 == 3


def test_json_says_what_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    answer = stitched(capsys, "hello shreeshail", "-o", "out.mp3")
    assert answer.pop("duration_ms") > 500
    assert answer == {
        "success": True,
        "audio_files": ["hello.wav", "shreeshail.wav"],
        "output_file": "out.mp3",
        "format": "mp3",
        "path": "spliced",
        "missing": [],
        "substituted": [],
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--gap-ms", "0"], "the pause before clip 2 would be [0-9]+ ms at least"),
        (["--gap-ms", "-60"], "clip 2 begins with a crossfade"),
        (["--format", "m4a"], "m4a cannot be spliced"),
    ],
)
def test_json_says_why_a_message_was_not_spliced(
    capsys: pytest.CaptureFixture[str], options: list[str], why: str
) -> None:
    answer = stitched(capsys, "hello shreeshail", *options)
    assert answer["path"] == "rendered"
    assert re.fullmatch(why, answer["why"])


def test_a_negative_gap_makes_the_message_shorter_by_as_much(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    none = stitched(capsys, "hello shreeshail", "--gap-ms", "0", "-o", "none.wav")
    crossfaded = stitched(capsys, "hello shreeshail", "--gap-ms", "-80", "-o", "crossfaded.wav")
    assert none["duration_ms"] - crossfaded["duration_ms"] == pytest.approx(80, abs=1)
    assert duration_ms(here / "crossfaded.wav") == pytest.approx(crossfaded["duration_ms"], abs=1)


# Refusals: exit code 2, and no file


def test_all_missing_words_are_listed_and_nothing_is_written(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["-m", "hello zebra shreeshail apple zebra", "-a", str(SAMPLES)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert [line for line in printed.err.splitlines() if "missing:" in line] == ["  missing: zebra", "  missing: apple"]
    assert nothing_written(here)


def test_a_refusal_as_json_lists_the_missing_words(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["-m", "hello zebra किसान", "-a", str(SAMPLES), "--json"]) == 2
    refusal = json.loads(capsys.readouterr().out)
    assert refusal["success"] is False
    assert refusal["code"] == "missing_words"
    assert refusal["missing"] == ["zebra", "किसान"]
    assert "'zebra'" in refusal["detail"]
    assert nothing_written(here)


def test_an_unusable_clip_is_named_with_the_reason(capsys: pytest.CaptureFixture[str], clips: Path, here: Path) -> None:
    (clips / "hello.wav").write_text("not audio")
    assert main(["-m", "hello world", "-a", str(clips)]) == 2
    assert "hello.wav: it is not audio" in capsys.readouterr().err
    assert nothing_written(here)


def test_a_recording_of_a_humming_fan_is_refused(capsys: pytest.CaptureFixture[str], clips: Path, here: Path) -> None:
    (clips / "hello.wav").write_bytes(wav(noise(2.0, 0.1)))
    assert main(["-m", "hello world", "-a", str(clips)]) == 2
    assert "hello.wav: it holds no speech: its level never changes" in capsys.readouterr().err
    assert nothing_written(here)


def test_all_unusable_clips_are_named_at_once(capsys: pytest.CaptureFixture[str], clips: Path) -> None:
    (clips / "hello.wav").write_text("not audio")
    (clips / "world.wav").write_bytes(b"")
    assert main(["-m", "hello world hello", "-a", str(clips), "--json"]) == 2
    refusal = json.loads(capsys.readouterr().out)
    assert [one["key"] for one in refusal["unusable"]] == ["hello.wav", "world.wav"]
    assert refusal["unusable"][1]["reason"] == "the file is empty"


def test_an_unusable_clip_that_the_message_does_not_need_is_no_matter(clips: Path, here: Path) -> None:
    (clips / "world.wav").write_text("not audio")
    assert main(["-m", "hello", "-a", str(clips)]) == 0
    assert (here / "hello.mp3").is_file()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-m", ""], "the message has no words"),
        (["-m", "?!"], "the message has no words"),
        (["-m", "hello", "--gap-ms", "-501"], "gap_ms -501 is not between -500 and 5000"),
        (["-m", "hello", "--gap-ms", "5001"], "gap_ms 5001 is not between -500 and 5000"),
        (["-m", "hello " * 400], "the message has 2400 characters; the limit is 2000"),
        (["-m", "hello", "--voice", "../clips"], "voice '../clips' is not a voice's name"),
        (["-m", "hello", "--voice", "klingon"], "there is no voice 'klingon'; there are hindi"),
    ],
)
def test_a_request_that_is_not_valid_is_refused(
    capsys: pytest.CaptureFixture[str], here: Path, options: list[str], sentence: str
) -> None:
    assert main([*options, "-a", str(SAMPLES)]) == 2
    assert sentence in capsys.readouterr().err
    assert nothing_written(here)


@pytest.mark.parametrize(
    "options",
    [[], ["-m", "hello"], ["-m", "hello", "-a", ".", "--format", "mid"], ["-m", "a", "-a", ".", "--gap-ms", "x"]],
)
def test_a_command_that_is_not_one_is_refused_with_its_usage(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(options)
    assert left.value.code == 2
    assert "usage: stitcher" in capsys.readouterr().err


# Faults: exit code 1, a sentence, and no traceback


def test_a_folder_that_is_not_there_is_a_fault(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["-m", "hello", "-a", str(here / "nowhere")]) == 1
    assert "nowhere is not a folder" in capsys.readouterr().err
    assert nothing_written(here)


@pytest.mark.parametrize("output", ["elsewhere.mp3", "hello.txt/out.mp3", "hello.txt/"])
def test_an_output_that_cannot_be_written_is_a_fault(
    capsys: pytest.CaptureFixture[str], here: Path, tmp_path: Path, output: str
) -> None:
    (here / "hello.txt").touch()
    (here / "elsewhere.mp3").symlink_to(tmp_path / "elsewhere.mp3")
    before = sorted(here.iterdir())
    assert main(["-m", "hello", "-a", str(SAMPLES), "-o", output]) == 1
    assert capsys.readouterr().err.startswith("stitcher: ")
    assert sorted(here.iterdir()) == before


# The installed command


def test_the_installed_command_says_a_message(here: Path) -> None:
    command = [str(Path(sys.executable).parent / "stitcher"), "-m", "hello, shreeshail", "-a", str(SAMPLES), "--json"]
    done = subprocess.run(command, cwd=here, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    answer = json.loads(done.stdout)
    assert duration_ms(here / "hello__shreeshail.mp3") == pytest.approx(answer["duration_ms"], abs=1)


def test_the_installed_command_refuses_in_any_locale(here: Path) -> None:
    command = [str(Path(sys.executable).parent / "stitcher"), "-m", "नमस्ते zebra", "-a", str(SAMPLES), "--json"]
    done = subprocess.run(command, cwd=here, capture_output=True, check=False, env=os.environ | {"LC_ALL": "C"})
    assert done.returncode == 2
    assert json.loads(done.stdout)["missing"] == ["नमस्ते", "zebra"]
    assert done.stderr == b""


def test_a_tone_is_not_changed_by_being_said(capsys: pytest.CaptureFixture[str], clips: Path, here: Path) -> None:
    """A short one: half a second of the same level is refused as no speech."""
    (clips / "tone.wav").write_bytes(wav(tone(0.45, 440.0)))
    stitched(capsys, "tone", audios=clips)
    _, likeness = where(tone(0.3, 440.0), decode((here / "tone.mp3").read_bytes()))
    assert likeness > 0.99


# Words without a clip


def test_missing_words_are_skipped_when_asked_for_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    answer = stitched(capsys, "hello zebra shreeshail", "--missing", "skip")
    assert answer["audio_files"] == ["hello.wav", "shreeshail.wav"]
    assert (answer["missing"], answer["substituted"]) == (["zebra"], [])


def test_a_missing_word_can_be_a_silence(capsys: pytest.CaptureFixture[str]) -> None:
    skipped = stitched(capsys, "hello zebra shreeshail", "--missing", "skip")
    silent = stitched(capsys, "hello zebra shreeshail", "--missing", "silence")
    assert silent["duration_ms"] > skipped["duration_ms"] + 200


def test_another_voice_can_say_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    answer = stitched(capsys, "hello किसान", "--missing", "fallback:hindi", "-o", "out.mp3")
    assert answer["audio_files"] == ["hello.wav", "hindi/किसान.mp3"]
    assert answer["substituted"] == ["किसान"]


def test_what_is_not_said_is_told_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-m", "hello zebra", "-a", str(SAMPLES), "--missing", "skip"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("hello.mp3\n", "  missing: zebra\n")


@pytest.mark.parametrize("policy", ["skp", "error:hindi", ""])
def test_a_policy_that_is_none_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str], policy: str) -> None:
    with pytest.raises(SystemExit):
        main(["-m", "hello", "-a", str(SAMPLES), "--missing", policy])
    assert f"'{policy}' is not error, skip, silence, or fallback:VOICE" in capsys.readouterr().err


def test_the_gap_is_the_voices_where_none_is_given(capsys: pytest.CaptureFixture[str], clips: Path) -> None:
    usual = stitched(capsys, "hello world", audios=clips)["duration_ms"]
    (clips / "voice.toml").write_text("gap_ms = 1120")
    assert stitched(capsys, "hello world", audios=clips)["duration_ms"] == pytest.approx(usual + 1000, abs=60)
    assert stitched(capsys, "hello world", "--gap-ms", "120", audios=clips)["duration_ms"] == usual


# What a newcomer gets wrong


@pytest.mark.parametrize("output", [[], ["-o", "./"], ["-o", "greeting.wav"], ["-o", "link/x.mp3"]])
def test_no_output_becomes_a_recording_of_its_own_voice(
    output: list[str], clips: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clips)
    (clips.parent / "link").symlink_to(clips)
    (clips / "link").symlink_to(clips.parent / "link")
    before = sorted(clips.iterdir())
    assert main(["-m", "hello", "-a", ".", *output]) == 2
    assert "would be a recording of the voice: write it into another folder" in capsys.readouterr().err
    assert sorted(clips.iterdir()) == before


def test_nor_of_the_voice_that_says_the_rest(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clips / "other").mkdir()
    (clips / "other" / "zebra.wav").write_bytes(wav(speech(0.5)))
    asked = ["-m", "hello zebra", "-a", str(clips), "--missing", "fallback:other", "-o"]
    assert main([*asked, f"{clips}/other/"]) == 2
    assert "would be a recording" in capsys.readouterr().err
    # Beside them, what is no clip: a folder of its own, a file that is hidden.
    (clips / "made").mkdir()
    assert main([*asked, f"{clips}/made/"]) == 0
    assert main([*asked, f"{clips}/.hello.mp3"]) == 0


def test_a_campaign_does_not_write_among_the_clips(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audio, table = clips.rename(clips.parent / "audio"), clips.parent / "table.csv"
    table.write_text("message\nhello\n")
    before = sorted(clips.parent.rglob("*"))
    asked = ["campaign", "--messages", str(table), "-a", str(audio), "--output", str(clips.parent)]
    assert main(asked) == 2
    assert "has the clips" in capsys.readouterr().err
    assert sorted(clips.parent.rglob("*")) == before


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    "asked",
    [
        ["-m", "hello", "-a", "EMPTY"], ["-m", "hello", "-a", str(SAMPLES), "-o", "EMPTY"],
        ["plan", "-m", "hello", "-a", "EMPTY"], ["voice", "-a", "EMPTY"],
        ["script", "--messages", "EMPTY", "-a", str(SAMPLES)],
        ["starter", "--language", "en", "--output", "EMPTY"],
        ["campaign", "--messages", "t.csv", "-a", str(SAMPLES), "--output", "EMPTY"],
    ],
    ids=lambda asked: " ".join(asked[:3]),
)  # fmt: skip
def test_an_empty_path_is_not_this_folder(
    asked: list[str], empty: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([empty if word == "EMPTY" else word for word in asked])
    assert ended.value.code == 2
    assert "it is empty: name a place" in capsys.readouterr().err
    assert nothing_written(here)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("plann", "there is no command 'plann'; did you mean 'plan'?"),
        ("Voice", "there is no command 'Voice'; did you mean 'voice'?"),
        ("hello, shreeshail", "there is no command 'hello, shreeshail': there are plan, script,"),
        ("", "there is no command ''"),
    ],
)
def test_a_command_that_there_is_not_is_named(asked: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([asked, "--message", "x"])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_plan_has_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["plan", "--help"])
    assert "output's ending" not in " ".join(capsys.readouterr().out.split())


def test_what_is_not_read_is_named_whatever_the_reason(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clips / "dangling.wav").symlink_to(clips / "gone.wav")
    (clips / "outside.wav").symlink_to(SAMPLES / "hello.wav")
    (clips / "sub" / "deep").mkdir(parents=True)
    (clips / "sub" / "deep" / "deep.wav").write_bytes(wav(speech(0.5)))
    (clips / "Voice.TOML").write_text("")
    (clips / "voice.toml").mkdir()
    reasons = {
        "dangling.wav": "it is a link to a file that is not there",
        "outside.wav": "it is a link that leads out of the folder",
        "sub/deep/deep.wav": "it lies too deep: a voice is one folder of clips",
        "Voice.TOML": "the voice's settings are in voice.toml, in small letters",
        "voice.toml/": "it is a folder: the voice's settings are a file of this name",
    }
    assert main(["voice", "-a", str(clips), "--json"]) == 0
    found = {one["key"]: one["reason"] for one in json.loads(capsys.readouterr().out)["recordings"]}
    assert found.items() >= reasons.items()
    for word, key in [("dangling", "dangling.wav"), ("deep", "sub/deep/deep.wav")]:
        said = f"no clip says '{word}': record a clip for it in the default voice; {key} is not read: {reasons[key]}"
        for command in ([], ["plan"]):
            assert main([*command, "-m", word, "-a", str(clips)]) == 2
            assert said in capsys.readouterr().err


def test_a_plan_says_what_the_voices_language_lacks(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clips / "voice.toml").write_text('language = "xx"')
    assert main(["plan", "-m", "hello", "-a", str(clips)]) == 0
    assert "there are no numbers of the language 'xx'" in capsys.readouterr().err


def test_a_clip_that_is_named_wrongly_has_near_misses(clips: Path) -> None:
    for part in ("helo.wav", "helo"):
        with pytest.raises(MissingWords) as refused:
            Voice.open(clips).say([part])
        assert refused.value.suggestions == {part: ["hello"]}
