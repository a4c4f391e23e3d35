"""`from stitcher import Voice` on the sample clips: what Python users are promised."""

import base64
import doctest
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stitcher import Spoken, Voice
from stitcher.clips.decode import decode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip
from stitcher.errors import InvalidRequest, MessageTooLong, MissingWords, UnusableClip
from stitcher.formats.platforms import PLATFORMS
from stitcher.formats.profiles import PROFILES
from tests.audio import RATE, speech, wav
from tests.paths import ROOT, SAMPLES

MODULES = sorted(
    str(path.relative_to(ROOT / "src").with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for path in (ROOT / "src").rglob("*.py")
    if ">>>" in path.read_text()
)


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice.open(SAMPLES)


def true_ms(audio: bytes) -> float:
    """The duration of a file as a decoder finds it."""
    return 1000 * len(decode(audio)) / RATE


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_are_true(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0, capsys.readouterr().out
    assert found.attempted > 0


def test_the_front_door_has_examples() -> None:
    assert {"stitcher", "stitcher.voice"} <= set(MODULES)


def test_three_lines_say_a_message(tmp_path: Path) -> None:
    hindi = Voice.open(str(SAMPLES), "hindi")
    spoken = hindi.say("नमस्ते किसान")
    file = spoken.save(tmp_path / "hello.mp3")
    assert [clip.key for clip in spoken.clips] == ["hindi/नमस्ते.wav", "hindi/किसान.mp3"]
    assert true_ms(file.read_bytes()) == pytest.approx(spoken.duration_ms, abs=1)


@pytest.mark.parametrize("format", ["mp3", "opus", "wav", "wav-16k", "ulaw", "alaw-raw", "m4a", "amr", "gsm"])
@pytest.mark.parametrize("gap_ms", [None, -80, 0, 300])
def test_the_planned_duration_is_the_made_one(voice: Voice, format: str, gap_ms: int | None) -> None:
    plan = voice.plan("hello, shreeshail", format=format, gap_ms=gap_ms)
    spoken = voice.say("hello, shreeshail", format=format, gap_ms=gap_ms)
    assert plan.duration_ms is not None
    assert abs(plan.duration_ms - spoken.duration_ms) <= 1
    assert (plan.path, plan.why, plan.format) == (spoken.path, spoken.why, spoken.format)


def test_a_message_over_a_platforms_limit_is_neither_planned_nor_said(
    voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PLATFORMS, "connect", replace(PLATFORMS["connect"], under_seconds=1))
    for does in (voice.plan, voice.say):
        with pytest.raises(MessageTooLong, match=r"^connect plays messages under 1 s: say it in several messages$"):
            does("hello, shreeshail", format="connect")
        assert does("hello, shreeshail", format="ulaw").format == "ulaw"


def test_a_list_of_clips_is_a_message(voice: Voice) -> None:
    spoken = voice.say(["hello.wav", "shreeshail"])
    assert [clip.key for clip in spoken.clips] == ["hello.wav", "shreeshail.wav"]
    assert voice.plan(["hello.wav", "zebra"]).missing == ["zebra"]


def test_words_are_left_out_or_said_by_another_voice_when_asked_for(voice: Voice) -> None:
    assert voice.say("hello zebra", missing="skip").missing == ("zebra",)
    assert voice.say("hello किसान", missing="fallback:hindi").substituted == ("किसान",)


@pytest.mark.parametrize(
    ("message", "options", "sentence"),
    [
        ("", {}, "the message has no words"),
        ([], {}, "message_parts is empty"),
        ("hello", {"gap_ms": 5001}, "gap_ms 5001 is not between -500 and 5000"),
        ("hello", {"format": "mid"}, "format 'mid' is not one of mp3"),
        ("hello", {"missing": "ignore"}, "missing: String should match"),
        ("hello \ud800", {}, "surrogate"),
    ],
)
def test_what_is_not_valid_is_refused_by_plan_and_say_alike(
    voice: Voice, message: Any, options: dict[str, Any], sentence: str
) -> None:
    for ask in (voice.plan, voice.say):
        with pytest.raises(InvalidRequest, match=re.escape(sentence)):
            ask(message, **options)


def test_all_unusable_clips_are_named(tmp_path: Path) -> None:
    for name in ("hello", "world"):
        (tmp_path / f"{name}.wav").write_text("no audio")
    with pytest.raises(UnusableClip) as refused:
        Voice.open(tmp_path).say("hello world")
    assert [key for key, _ in refused.value.unusable] == ["hello.wav", "world.wav"]


def test_a_clip_that_is_recorded_again_is_used(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(wav(speech(0.4)))
    voice = Voice.open(tmp_path)
    before = voice.say("hello").duration_ms
    (tmp_path / "hello.wav").write_bytes(wav(speech(0.9)))
    assert voice.say("hello").duration_ms > before + 300


def test_a_clip_is_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hello.wav").write_bytes(wav(speech(0.4)))
    prepared: list[str] = []

    def counted(key: str, data: bytes) -> PreparedClip:
        prepared.append(key)
        return prepare(key, data)

    monkeypatch.setattr("stitcher.clips.ready.prepare", counted)
    voice = Voice.open(tmp_path)
    for gap_ms in (0, 200, 400):
        voice.say("hello hello", gap_ms=gap_ms)
        voice.plan("hello", format="wav")
    assert prepared == ["hello.wav"]
    assert [path.name for path in tmp_path.iterdir()] == ["hello.wav"]


def test_clips_and_settings_are_those_of_the_voice(voice: Voice) -> None:
    assert {"hello", "shreeshail"} <= {clip.phrase for clip in voice.clips}
    assert all("/" not in clip.key for clip in voice.clips)
    assert (voice.settings.language, Voice.open(SAMPLES, "hindi").settings.language) == ("en", "hi")


def test_what_is_missing_is_listed_most_needed_first(voice: Voice) -> None:
    assert voice.missing(["hello zebra", "hello", "zebra apple"]) == ["zebra", "apple"]
    assert voice.missing("hello zebra") == ["zebra"]
    assert voice.missing([]) == []
    with pytest.raises(InvalidRequest, match="message 2: the message has no words"):
        voice.missing(["hello", "?!"])


# Where voices are


def test_a_place_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere is not a folder"):
        Voice.open(tmp_path / "nowhere")
    for place in ("s3://", "s3://bucket/hindi"):
        with pytest.raises(InvalidRequest, match="is not a bucket"):
            Voice.open(place)
    with pytest.raises(InvalidRequest, match="is not a voice's name"):
        Voice.open(tmp_path, "../x")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket with two sample clips."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="clips", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        for name in ("hello.wav", "shreeshail.wav"):
            s3.put_object(Bucket="clips", Key=name, Body=(SAMPLES / name).read_bytes())
        yield s3


def test_a_bucket_says_what_a_folder_says_and_stays_as_it_is(bucket: Any, voice: Voice) -> None:
    there = Voice.open("s3://clips")
    assert there.say("hello, shreeshail").audio == voice.say("hello, shreeshail").audio
    assert there.plan("hello, shreeshail") == voice.plan("hello, shreeshail")
    assert len(bucket.list_objects_v2(Bucket="clips")["Contents"]) == 2


# What is made


def spoken(format: str = "mp3", *phrases: str) -> Spoken:
    from stitcher.clip import Clip

    clips = tuple(Clip(f"{phrase}.wav", "e", 1, phrase) for phrase in phrases or ("good morning", "farmers"))
    return Spoken(b"audio", 1234, format, "spliced", "", clips, (), ())


@pytest.mark.parametrize(
    ("format", "given", "written"),
    [
        ("mp3", "hello", "hello.mp3"),
        ("mp3", "hello.mp3", "hello.mp3"),
        ("mp3", "hello.MP3", "hello.MP3"),
        ("mp3", "rain 2.5 mm", "rain 2.5 mm.mp3"),
        ("ulaw", "hello", "hello.wav"),
        ("wav", "hello.wav", "hello.wav"),
        ("opus", "hello.ogg", "hello.ogg"),
        ("opus", "hello", "hello.ogg"),
        ("opus", "hello.opus", "hello.opus"),
        ("mp3", "rain 2.5", "rain 2.5.mp3"),
        ("mp3", ".mp3", ".mp3.mp3"),
        ("wav-16k", "hello.wav16", "hello.wav16"),
        ("alaw-raw", "hello", "hello.alaw"),
        ("m4a", "a/b/hello", "a/b/hello.m4a"),
        ("mp3", None, "good_morning__farmers.mp3"),
    ],
)
def test_a_saved_file_has_the_suffix_of_its_format(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format: str,
    given: str | None,
    written: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = spoken(format).save(given)
    assert file == Path(written)
    assert file.read_bytes() == b"audio"


@pytest.mark.parametrize(
    ("format", "given"),
    [
        ("mp3", "a.wav"),
        ("wav", "a.mp3"),
        ("flac", "a.OGG"),
        ("m4a", "a.aac"),
        ("mp3", "a.txt"),
        ("opus", "a.3gp"),
        ("ulaw-raw", "a.sln"),
    ],
)
def test_an_ending_that_is_not_the_formats_is_refused_and_nothing_is_written(
    tmp_path: Path,
    format: str,
    given: str,
) -> None:
    with pytest.raises(InvalidRequest, match=rf"{given} would hold {format}: name it a\{PROFILES[format].suffix}"):
        spoken(format).save(tmp_path / given)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_gets_the_file(tmp_path: Path) -> None:
    assert spoken().save(tmp_path) == tmp_path / "good_morning__farmers.mp3"


def test_a_notebook_shows_a_player() -> None:
    page = spoken("opus", "<b>rain</b>")._repr_html_()
    (kind, data) = re.findall(r'<audio controls src="data:([\w/;=]+);base64,([^"]+)">', page)[0]
    assert (kind, base64.b64decode(data)) == ("audio/ogg;codecs=opus", b"audio")
    assert "1.2 s" in page
    assert "<b>" not in page


def test_the_package_says_that_it_is_typed_and_loads_nothing_until_asked() -> None:
    assert (ROOT / "src" / "stitcher" / "py.typed").is_file()
    heavy = (
        "import sys, stitcher; stitcher.ENGINE; print([m for m in ('pydantic', 'numpy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'Speaker'"):
        importlib.import_module("stitcher").Speaker  # noqa: B018


def test_missing_words_are_an_error_of_the_package(voice: Voice) -> None:
    with pytest.raises(MissingWords) as refused:
        voice.say("hello zebra")
    assert refused.value.problem()["status"] == 422


@pytest.mark.parametrize("message", ["hello 👩🏽‍🌾", "hello zebra 👩🏽‍🌾", "zebra 👩🏽‍🌾 $", "👩🏽‍🌾"])
def test_decoration_is_reported_whether_or_not_a_word_has_a_clip(voice: Voice, message: str) -> None:
    assert voice.plan(message).decoration == ["👩🏽‍🌾"]
