"""Every format's file, read by others: libsndfile, ffprobe, sox, and the rules of Asterisk."""

import io
import json
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

import pytest
import soundfile

from stitcher import Spoken, Voice
from stitcher.formats.platforms import PLATFORMS
from stitcher.formats.profiles import LINEAR, PROFILES, Profile
from tests.paths import SAMPLES

FFPROBE, SOX = shutil.which("ffprobe"), shutil.which("sox")
RAW = [profile for profile in PROFILES.values() if profile.raw]
every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


@cache
def said(format: str, gap_ms: int = 120) -> Spoken:
    return Voice.open(SAMPLES).say("hello shreeshail", format=format, gap_ms=gap_ms)


def samples_said(format: str) -> float:
    """By the answer's milliseconds, at the file's own rate."""
    return said(format).duration_ms * PROFILES[format].rate / 1000


# libsndfile, by its own name of each format and codec

SNDFILE = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "mp3-96": ("MP3", "MPEG_LAYER_III"),
    "mp3-128": ("MP3", "MPEG_LAYER_III"),
    "opus": ("OGG", "OPUS"),
    "wav": ("WAV", "PCM_16"),
    "wav-16k": ("WAV", "PCM_16"),
    "wav-8k": ("WAV", "PCM_16"),
    "ulaw": ("WAV", "ULAW"),
    "alaw": ("WAV", "ALAW"),
    "flac": ("FLAC", "PCM_16"),
}


@pytest.mark.parametrize("format", SNDFILE)
@pytest.mark.parametrize("gap_ms", [120, -60])
def test_libsndfile_reads_it_to_the_sample(format: str, gap_ms: int) -> None:
    made = said(format, gap_ms)
    file = soundfile.info(io.BytesIO(made.audio))
    assert (file.format, file.subtype) == SNDFILE[format]
    assert (file.channels, file.samplerate) == (1, PROFILES[format].rate)
    if made.path == "spliced" or format != "opus":
        assert file.frames == pytest.approx(made.duration_ms * file.samplerate / 1000, abs=file.samplerate / 2000 + 1)


@pytest.mark.parametrize("profile", RAW, ids=lambda profile: profile.name)
def test_libsndfile_reads_raw_samples_as_those_of_the_wav(profile: Profile) -> None:
    subtype = {"pcm": "PCM_16", "ulaw": "ULAW", "alaw": "ALAW"}[profile.codec]
    told = {"format": "RAW", "subtype": subtype, "samplerate": profile.rate, "channels": 1, "endian": "LITTLE"}
    raw, _ = soundfile.read(io.BytesIO(said(profile.name).audio), dtype="int16", **told)
    wrapped, rate = soundfile.read(io.BytesIO(said(profile.form).audio), dtype="int16")
    assert rate == profile.rate
    assert raw.tolist() == wrapped.tolist()


# ffprobe and sox

PROBED = {"pcm": "pcm_s16le", "ulaw": "pcm_mulaw", "alaw": "pcm_alaw", "amr": "amr_nb", "amr-wb": "amr_wb"}
DEMUXERS = {"pcm": "s16le", "ulaw": "mulaw", "alaw": "alaw"}


@pytest.mark.skipif(FFPROBE is None, reason="ffprobe is not on PATH (Debian: ffmpeg): it reads no file")
@every_profile
def test_ffprobe_finds_the_codec_the_rate_and_one_channel(profile: Profile, tmp_path: Path) -> None:
    file = tmp_path / f"said{profile.suffix}"
    file.write_bytes(said(profile.name).audio)
    raw = ["-f", DEMUXERS[profile.codec], "-ar", str(profile.rate)] if profile.raw else []
    command = [str(FFPROBE), "-v", "error", *raw, "-show_streams", "-show_format", "-of", "json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    (stream,) = found["streams"]
    assert stream["codec_name"] == PROBED.get(profile.codec, profile.codec)
    assert (stream["channels"], stream["sample_rate"]) == (1, str(profile.rate))
    if profile.codec == "mp3":
        assert round(int(stream["bit_rate"]) / 1000) == profile.kbps
    if profile.codec in (*LINEAR, "flac", "aac", "gsm"):  # it estimates the others', or counts what a player leaves out
        said_ms = said(profile.name).duration_ms
        assert 1000 * float(stream["duration"]) == pytest.approx(said_ms, abs=45 if profile.name == "m4a" else 15)


@pytest.mark.skipif(SOX is None, reason="sox is not on PATH: it reads no file")
@pytest.mark.parametrize("format", [name for name, profile in PROFILES.items() if profile.codec in LINEAR])
def test_sox_reads_samples_to_the_last(format: str, tmp_path: Path) -> None:
    profile = PROFILES[format]
    file = tmp_path / f"said{profile.suffix}"
    file.write_bytes(said(format).audio)
    kind = {"pcm": ["-t", "raw", "-e", "signed", "-b", "16"], "ulaw": ["-t", "ul"], "alaw": ["-t", "al"]}[profile.codec]
    told = [*kind, "-r", str(profile.rate), "-c", "1"] if profile.raw else []
    command = [str(SOX), *told, str(file), "-t", "raw", "-e", "signed", "-b", "16", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    assert len(done.stdout) / 2 == pytest.approx(samples_said(format), abs=profile.rate / 2000 + 1)


@pytest.mark.skipif(SOX is None, reason="sox is not on PATH: it reads no file")
@pytest.mark.parametrize("gap_ms", [120, -60])
def test_sox_reads_gsm_as_long_as_it_is_said_to_be(gap_ms: int) -> None:
    made = said("gsm", gap_ms)
    command = [str(SOX), "-t", "gsm", "-", "-t", "raw", "-e", "signed", "-b", "16", "-"]
    done = subprocess.run(command, input=made.audio, capture_output=True, check=True)
    assert len(done.stdout) / 2 == 8 * made.duration_ms == 160 * len(made.audio) / 33


@pytest.mark.parametrize(("format", "head", "frame"), [("amr", b"#!AMR\n", 32), ("amr-wb", b"#!AMR-WB\n", 61)])
@pytest.mark.parametrize("gap_ms", [120, -60])
def test_amr_is_whole_frames_of_20_ms_as_long_as_it_is_said_to_be(
    format: str, head: bytes, frame: int, gap_ms: int
) -> None:
    """RFC 4867, section 5: a magic number, then frames, each with its type in four bits: 12.2 and 23.85 kbit/s."""
    made = said(format, gap_ms)
    assert made.audio.startswith(head)
    frames = made.audio[len(head) :]
    assert len(frames) % frame == 0
    assert 20 * len(frames) // frame == made.duration_ms
    kind = {"amr": 7, "amr-wb": 8}[format]
    assert {head_of >> 3 & 0xF for head_of in frames[::frame]} == {kind}


def test_opus_is_one_mono_stream_in_ogg() -> None:
    """What WhatsApp asks of a voice note. RFC 7845, 5.1: version, channels, and channel mapping family 0."""
    made = said("whatsapp")
    head = made.audio.index(b"OpusHead")
    assert made.audio[:4] == b"OggS"
    assert (made.audio[head + 8], made.audio[head + 9], made.audio[head + 18]) == (1, 1, 0)
    assert made.name.endswith(".ogg")
    assert PROFILES[made.format].content_type == "audio/ogg; codecs=opus"


# Asterisk


class AsteriskRefusesError(Exception):
    """What Asterisk's WAV reader says before it gives a file up."""


def asterisk(file: bytes, hz: int) -> bytes:
    """The samples that Asterisk plays of a WAV: the rules of its reader, `check_header` of formats/format_wav.c.

    It reads the RIFF header, one `fmt ` chunk that comes first and has 16 bytes or more, and then chunks up to `data`.
    """
    riff, _, wave, fmt, size = struct.unpack_from("<4sI4s4sI", file)
    if (riff, wave, fmt) != (b"RIFF", b"WAVE", b"fmt "):
        raise AsteriskRefusesError("Does not say RIFF, WAVE, fmt")
    if size < 16:
        raise AsteriskRefusesError(f"Unexpected header size {size}")
    form, channels, rate, _, width, bits = struct.unpack_from("<HHIIHH", file, 20)
    if form != 1:
        raise AsteriskRefusesError(f"Not a supported wav file format ({form}). Only PCM encoded, 16 bit, mono")
    if channels != 1:
        raise AsteriskRefusesError(f"Not in mono {channels}")
    if rate != hz:
        raise AsteriskRefusesError(f"Unexpected frequency mismatch {rate} (expecting {hz})")
    if width != 2 or bits != 16:
        raise AsteriskRefusesError("Can only handle 16bits per sample")
    place = 20 + size
    while file[place : place + 4] != b"data":
        if place + 8 > len(file):
            raise AsteriskRefusesError("Skipping unknown block to the end")
        place += 8 + int(struct.unpack_from("<I", file, place + 4)[0])
    return file[place + 8 :][: struct.unpack_from("<I", file, place + 4)[0]]


@pytest.mark.parametrize("gap_ms", [120, -60])
@pytest.mark.parametrize(("format", "hz"), [("asterisk", 8_000), ("wav-8k", 8_000), ("wav-16k", 16_000)])
def test_asterisk_plays_wav_at_its_rates(format: str, hz: int, gap_ms: int) -> None:
    made = said(format, gap_ms)
    raw = said({8_000: "sln", 16_000: "sln16"}[hz], gap_ms)
    assert asterisk(made.audio, hz) == raw.audio


@pytest.mark.parametrize(
    ("format", "reason"),
    [
        ("ulaw", "format .7."),
        ("alaw", "format .6."),
        ("wav", "frequency mismatch 48000"),
        ("wav-16k", "mismatch 16000"),
    ],
)
def test_asterisk_does_not_play_what_the_page_says_it_does_not(format: str, reason: str) -> None:
    with pytest.raises(AsteriskRefusesError, match=reason):
        asterisk(said(format).audio, 8_000)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_gets_the_file_of_its_profile(platform: str) -> None:
    assert said(platform).audio == said(PLATFORMS[platform].format).audio
