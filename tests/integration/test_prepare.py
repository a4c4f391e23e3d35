"""Recordings made ready with the real ffmpeg: even, clean, trimmed; or refused with a reason."""

import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from stitcher import limits
from stitcher.clip import Clip
from stitcher.clips.decode import decode
from stitcher.clips.encode import encode
from stitcher.clips.loudness import loudness
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip, prepared_key
from stitcher.clips.ready import make_ready
from stitcher.errors import UnusableClip
from stitcher.formats import ffmpeg
from stitcher.formats.ffmpeg import FfmpegMissing, decode_to_wav, ffmpeg_path
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of
from stitcher.storage import LocalRepo, NotStored
from tests.audio import (
    RATE,
    Signal,
    decibels,
    ebu_r128,
    noise,
    refusal_of,
    samples_of,
    silence,
    speech,
    tone,
    true_peak_db,
    wav,
    where,
)
from tests.paths import SAMPLES

CLIPS = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*.*") if path.suffix != ".toml")
MS = RATE // 1000


@cache
def prepared(clip: str) -> PreparedClip:
    return prepare(clip, (SAMPLES / clip).read_bytes())


every_sample = pytest.mark.parametrize("clip", CLIPS)


def test_there_are_samples() -> None:
    assert len(CLIPS) > 40


@every_sample
def test_every_sample_is_equally_loud(clip: str) -> None:
    assert loudness(samples_of(prepared(clip))) == pytest.approx(-19.0, abs=0.5)


def test_the_samples_are_equally_loud_by_ffmpegs_meter() -> None:
    """An implementation of EBU R128 that is not ours. It measures nothing shorter than a block of 400 ms."""
    long = {clip: samples for clip in CLIPS if len(samples := samples_of(prepared(clip))) >= 0.4 * RATE}
    assert len(long) > 20
    assert {clip: ebu_r128(samples) for clip, samples in long.items()} == pytest.approx(
        dict.fromkeys(long, -19.0), abs=0.5
    )


@every_sample
def test_no_sample_passes_the_true_peak(clip: str) -> None:
    assert true_peak_db(samples_of(prepared(clip))) <= -1.4


@every_sample
def test_no_sample_has_dc(clip: str) -> None:
    assert abs(samples_of(prepared(clip)).mean()) <= 0.001


@every_sample
def test_every_sample_begins_and_ends_in_silence(clip: str) -> None:
    """So that no join clicks."""
    samples = samples_of(prepared(clip))
    assert max(abs(samples[0]), abs(samples[-1])) < 0.001


@every_sample
def test_little_is_kept_around_the_audible_part_of_every_sample(clip: str) -> None:
    ready = prepared(clip)
    assert ready.begin <= 25 * MS
    assert ready.samples - ready.end <= 45 * MS


def test_the_same_bytes_give_the_same_clip() -> None:
    data = (SAMPLES / "farmers.mp3").read_bytes()
    assert prepare("farmers.mp3", data).to_bytes() == prepare("farmers.mp3", data).to_bytes()


def test_what_a_clip_is_called_does_not_matter() -> None:
    data = (SAMPLES / "farmers.mp3").read_bytes()
    assert prepare("farmers.mp3", data) == prepare("x.flac", data)


# Trimming

EDGE_MS = 20


@pytest.mark.parametrize(
    ("before_ms", "after_ms"), [(0, 0), (5, 0), (0, 300), (100, 100), (600, 50), (50, 600), (2000, 3000)]
)
@pytest.mark.parametrize("floor_db", [None, -65])
def test_silence_around_speech_is_trimmed(before_ms: int, after_ms: int, floor_db: int | None) -> None:
    burst = noise(0.4, 0.5)
    recorded = np.concatenate([silence(before_ms / 1000), burst, silence(after_ms / 1000)])
    if floor_db is not None:
        recorded += noise(len(recorded) / RATE, 10 ** (floor_db / 20), seed=2)
    ready = prepare("burst.wav", wav(recorded))
    offset, likeness = where(samples_of(ready), recorded)
    assert likeness > 0.95
    begins, ends = offset + ready.begin, offset + ready.end
    assert abs(begins - before_ms * MS) <= EDGE_MS * MS
    assert abs(ends - (before_ms * MS + len(burst))) <= EDGE_MS * MS
    assert ready.begin <= 25 * MS
    assert ready.samples - ready.end <= 45 * MS


@pytest.mark.parametrize("seconds", [12, 40])
@pytest.mark.parametrize("floor_db", [None, -45])
def test_a_short_word_in_a_long_recording_is_found(seconds: int, floor_db: int | None) -> None:
    """Though most of the recording, and far over 95 % of it, is what the room sounds like."""
    word = speech(0.3)
    recorded = np.concatenate([silence(2.0), word, silence(seconds - 2.3)])
    if floor_db is not None:
        recorded += noise(seconds, 10 ** (floor_db / 20), seed=2)
    ready = prepare("word.wav", wav(recorded))
    offset, _ = where(samples_of(ready), recorded)
    assert offset + ready.begin == pytest.approx(2.0 * RATE, abs=EDGE_MS * MS)
    assert ready.samples < len(word) + 100 * MS
    assert ready.report.warnings == ()


def test_a_pause_inside_a_clip_is_kept() -> None:
    recorded = np.concatenate([silence(0.3), speech(0.5), silence(0.7), speech(0.5), silence(0.3)])
    ready = prepare("good_morning.wav", wav(recorded))
    assert ready.end - ready.begin == pytest.approx(1.7 * RATE, abs=2 * EDGE_MS * MS + 60 * MS)


@pytest.mark.parametrize("click_ms", [0.02, 1.0, 5.0])
@pytest.mark.parametrize("at_ms", [250, 253, 254.9])
def test_a_click_before_the_speech_is_not_taken_for_it(click_ms: float, at_ms: float) -> None:
    said, click = speech(0.5), tone(click_ms / 1000, 3000.0, 0.9, phase_degrees=90)
    recorded = np.concatenate([silence(1.0), said, silence(0.5)])
    recorded[round(at_ms * MS) :][: len(click)] = click
    ready = prepare("click.wav", wav(recorded))
    offset, _ = where(samples_of(ready), recorded)
    assert offset + ready.begin == pytest.approx(1.0 * RATE, abs=EDGE_MS * MS)
    assert ready.samples < len(said) + 100 * MS


@pytest.mark.parametrize("samples", [100, 239, 240, 241, 479, 481, 1000, 5000])
def test_a_recording_of_a_few_samples_is_a_clip(samples: int) -> None:
    ready = prepare("short.wav", wav(tone(samples / RATE, 1000.0)))
    assert 0 <= ready.begin < ready.end <= ready.samples <= samples


# Level


@pytest.mark.parametrize("gain_db", [-12.0, -6.0, 6.0, 12.0])
def test_a_recordings_level_does_not_matter(gain_db: float) -> None:
    recorded = speech(1.2, 0.2)
    usual = samples_of(prepare("hello.wav", wav(recorded)))
    other = samples_of(prepare("hello.wav", wav(recorded * 10 ** (gain_db / 20))))
    assert loudness(other) == pytest.approx(loudness(usual), abs=0.1)
    assert loudness(other) == pytest.approx(-19.0, abs=0.1)


def test_a_very_quiet_recording_is_raised_by_24_db_at_most() -> None:
    recorded = speech(1.0, 0.005)
    ready = prepare("whisper.wav", wav(recorded))
    assert ready.report.gain_db == 24.0
    assert loudness(samples_of(ready)) == pytest.approx(loudness(recorded) + 24.0, abs=0.3)


def test_a_recording_with_sharp_peaks_is_limited_and_still_as_loud() -> None:
    recorded = speech(1.0, 0.1)
    recorded[::4800] = 0.9
    ready = prepare("peaks.wav", wav(recorded))
    assert ready.report.limited_db > 3.0
    assert true_peak_db(samples_of(ready)) <= -1.4
    assert loudness(samples_of(ready)) == pytest.approx(-19.0, abs=0.5)


def test_dc_is_removed() -> None:
    recorded = np.concatenate([silence(0.2), speech(0.8, 0.3), silence(0.2)])
    clean, offset = prepare("hello.wav", wav(recorded)), prepare("hello.wav", wav(recorded + 0.2))
    assert abs(samples_of(offset).mean()) <= 0.001
    assert (offset.begin, offset.end) == (clean.begin, clean.end)
    assert offset.report.gain_db == pytest.approx(clean.report.gain_db, abs=0.1)


def test_the_report_says_what_was_found() -> None:
    recorded = np.concatenate([silence(0.5), tone(1.0, 1000.0, 0.5), silence(0.5)])
    report = prepare("tone.wav", wav(recorded)).report
    assert report.duration_ms == 2000
    assert report.peak_db == pytest.approx(-6.0, abs=0.1)
    assert report.loudness_lufs == pytest.approx(loudness(tone(1.0, 1000.0, 0.5)), abs=0.5)
    assert report.gain_db == pytest.approx(-19.0 - report.loudness_lufs, abs=0.02)
    assert report.noise_floor_db <= -90.0
    assert report.limited_db == 0.0


# Poor recordings are used, with a warning

CLIPPED = "it is clipped: record it at a lower level"
QUIET = "it is very quiet: even 24 dB louder it stays under the others"


@every_sample
def test_no_sample_has_a_warning(clip: str) -> None:
    assert prepared(clip).report.warnings == ()


@pytest.mark.parametrize("around_s", [0.0, 0.3])
@pytest.mark.parametrize(("peak", "ceiling"), [(2.0, 1.0), (4.0, 1.0), (2.0, 0.8)])
def test_a_clipped_recording_has_a_warning(around_s: float, peak: float, ceiling: float) -> None:
    """Whether its tops were cut off by the recorder, or before it at a lower level."""
    recorded = np.clip(speech(1.2, peak), -ceiling, ceiling)
    assert warnings_of(recorded, around_s) == (CLIPPED,)


@pytest.mark.parametrize("around_s", [0.0, 0.3])
@pytest.mark.parametrize("peak", [0.5, 0.99])
def test_a_loud_recording_that_is_not_clipped_has_none(around_s: float, peak: float) -> None:
    assert warnings_of(speech(1.2, peak), around_s) == ()


@pytest.mark.parametrize(("peak", "warnings"), [(0.005, (QUIET,)), (0.02, (QUIET,)), (0.05, ()), (0.1, ())])
def test_a_recording_that_cannot_be_made_loud_enough_has_a_warning(peak: float, warnings: tuple[str, ...]) -> None:
    assert warnings_of(speech(1.2, peak), 0.3) == warnings


@pytest.mark.parametrize("around_s", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("noise_db", [-15, -10])
def test_a_noisy_recording_has_a_warning_that_says_how_noisy(around_s: float, noise_db: int) -> None:
    (warning,) = warnings_of(speech(1.2, 0.5), around_s, noise_db)
    found = re.fullmatch(r"it is noisy: the speech is only ([0-9]+) dB over the noise", warning)
    assert found
    assert 0 < int(found.group(1)) < 12


@pytest.mark.parametrize("around_s", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("noise_db", [-70, -50, -35])
def test_a_recording_with_a_little_noise_has_none(around_s: float, noise_db: int) -> None:
    assert warnings_of(speech(1.2, 0.5), around_s, noise_db) == ()


def test_everything_that_is_poor_is_said() -> None:
    recorded = np.clip(speech(1.2, 3.0) + noise(1.2, 1.0), -1.0, 1.0)
    clipped, noisy = warnings_of(recorded, 0.0)
    assert clipped == CLIPPED
    assert noisy.startswith("it is noisy")


def warnings_of(said: Signal, around_s: float, noise_db: int | None = None) -> tuple[str, ...]:
    """What is poor about a recording with so much silence on both sides, and noise of that peak over all of it."""
    recorded = np.concatenate([silence(around_s), said, silence(around_s)])
    if noise_db is not None:
        recorded += noise(len(recorded) / RATE, 10 ** (noise_db / 20))
    return prepare("hello.wav", wav(recorded)).report.warnings


# Channels and rates

SPEECH = speech(1.0, 0.4)


@pytest.mark.parametrize(
    "channels",
    [
        pytest.param((SPEECH, SPEECH), id="the same twice"),
        pytest.param((SPEECH, -SPEECH), id="in opposite phase"),
        pytest.param((SPEECH, -0.5 * SPEECH), id="in opposite phase, quieter"),
        pytest.param((SPEECH, 0.0 * SPEECH), id="right dead"),
        pytest.param((0.0 * SPEECH, SPEECH), id="left dead"),
        pytest.param((SPEECH, noise(1.0, 0.002)), id="right only hisses"),
    ],
)
def test_two_channels_keep_the_level_of_one(channels: tuple[Signal, Signal]) -> None:
    mixed = decode(wav(*channels))
    assert decibels(float(np.std(mixed))) == pytest.approx(decibels(float(np.std(SPEECH))), abs=0.1)
    one, both = prepare("hello.wav", wav(SPEECH)), prepare("hello.wav", wav(*channels))
    assert both.report.gain_db == pytest.approx(one.report.gain_db, abs=0.1)


def test_a_channel_with_half_the_level_is_mixed_in() -> None:
    mixed = decode(wav(SPEECH, 0.5 * SPEECH))
    assert float(np.std(mixed)) == pytest.approx(0.75 * float(np.std(SPEECH)), rel=0.01)


def test_eight_channels_are_taken_and_more_refused() -> None:
    """8 is the most that a recorder or a film has (7.1); more would only be a way to fill the memory."""
    assert float(np.std(decode(wav(*[SPEECH] * 8)))) == pytest.approx(float(np.std(SPEECH)), rel=0.01)
    assert refusal_of(wav(*[SPEECH] * 9)) == "it has 9 channels; the limit is 8"


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_recordings_of_every_rate_keep_pitch_and_length(rate: int) -> None:
    decoded = decode(wav(tone(1.0, 1000.0, 0.5, rate=rate), rate=rate))
    assert len(decoded) == pytest.approx(RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(decoded * np.hanning(len(decoded))))
    assert int(spectrum.argmax()) * RATE / len(decoded) == pytest.approx(1000.0, abs=1.5)


def test_nothing_above_the_old_rates_half_is_made_up() -> None:
    """A set_frame_rate without a filter mirrors 3 kHz to 5 kHz at -0.5 dB (traps of pydub)."""
    decoded = decode(wav(tone(1.0, 3000.0, 0.5, rate=8000), rate=8000))
    spectrum = np.abs(np.fft.rfft(decoded * np.hanning(len(decoded))))
    hz = np.arange(len(spectrum)) * RATE / len(decoded)
    assert decibels(float(spectrum[hz > 4500].max() / spectrum.max())) < -80.0


# Refusals


def test_an_empty_file_is_refused() -> None:
    assert refusal_of(b"") == "the file is empty"


@pytest.mark.parametrize(
    "recorded",
    [
        pytest.param(silence(1.0), id="digital silence"),
        pytest.param(noise(1.0, 0.0008), id="hiss under -60 dBFS"),
        pytest.param(silence(1.0) + 0.1, id="nothing but DC"),
    ],
)
def test_silence_is_refused(recorded: Signal) -> None:
    assert refusal_of(wav(recorded)).startswith("it is silent (peak -")


NO_SPEECH = "it holds no speech: its level never changes (noise or a tone)"


@pytest.mark.parametrize("seconds", [0.5, 2.0, 30.0])
@pytest.mark.parametrize("level", [0.01, 0.9])
def test_steady_noise_is_refused(seconds: float, level: float) -> None:
    assert refusal_of(wav(noise(seconds, level))) == NO_SPEECH


@pytest.mark.parametrize("seconds", [0.5, 2.0, 30.0])
@pytest.mark.parametrize("level", [0.01, 0.9])
def test_a_steady_tone_is_taken(seconds: float, level: float) -> None:
    """ "After the tone" is ordinary."""
    assert prepare("tone.wav", wav(tone(seconds, 440.0, level))).samples == pytest.approx(seconds * RATE, abs=MS)


@pytest.mark.parametrize("click", [0.5, -1.0])
def test_a_click_does_not_make_noise_speech(click: float) -> None:
    recorded = noise(5.0, 0.01)
    recorded[RATE] = click
    assert refusal_of(wav(recorded)) == NO_SPEECH


def test_a_steady_sound_under_half_a_second_is_taken() -> None:
    """A vowel may be as steady."""
    assert prepare("o.wav", wav(tone(0.45, 440.0))).samples == pytest.approx(0.45 * RATE, abs=MS)


def test_a_steady_sound_in_silence_is_taken() -> None:
    """Its level does change: the words of a machine may be such."""
    recorded = np.concatenate([silence(0.3), tone(1.0, 440.0), silence(0.3)])
    assert prepare("beep.wav", wav(recorded)).report.warnings == ()


def test_a_recording_of_60_seconds_is_taken_and_a_longer_one_refused() -> None:
    rate = 8000
    recorded = np.tile(tone(1.0, 440.0, rate=rate), 60)
    assert len(decode(wav(recorded, rate=rate))) == 60 * RATE
    assert refusal_of(wav(np.append(recorded, [0.1] * 80), rate=rate)) == "it is longer than 60 s"


def test_an_hour_is_refused_without_being_decoded_whole() -> None:
    rate = 1000
    recorded = wav(np.tile(tone(1.0, 100.0, rate=rate), 3600), rate=rate)
    assert len(decode_to_wav(recorded, rate=RATE, seconds=61).wav) < 62 * RATE * 4
    assert refusal_of(recorded) == "it is longer than 60 s"


def test_eight_channels_of_60_seconds_are_taken_and_more_refused() -> None:
    rate = 2000
    second = tone(1.0, 100.0, rate=rate)
    assert len(decode(wav(*[np.tile(second, 60)] * 8, rate=rate))) == 60 * RATE
    assert refusal_of(wav(*[np.tile(second, 70)] * 8, rate=rate)) == "it is longer than 60 s"


def test_a_recording_over_20_mb_is_refused_unseen() -> None:
    size = limits.CLIP_BYTES + 1
    assert refusal_of(wav(SPEECH).ljust(size, b"\0")) == f"it has {size} bytes; the limit is 20 MB"


def test_decoding_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "DECODE_SECONDS", 0)
    assert refusal_of(wav(SPEECH)) == "decoding took longer than 0 s"


def test_a_machine_without_ffmpeg_is_a_fault_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg_path.cache_clear()
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        with pytest.raises(FfmpegMissing, match="install 'imageio-ffmpeg'"):
            prepare("hello.wav", wav(SPEECH))
    finally:
        ffmpeg_path.cache_clear()


# Ready for every message: prepared, encoded, stored


def folders(tmp_path: Path, clip: str) -> tuple[Clip, LocalRepo, LocalRepo]:
    """A sample clip as it is listed, where it lies, and an empty folder for the output."""
    recordings = LocalRepo(SAMPLES)
    (listed,) = (item for item in recordings.list(clip.rpartition("/")[0] and "hindi/") if item.key == clip)
    found = clip_of(listed)
    assert found
    return found, recordings, LocalRepo(tmp_path / "output")


@pytest.mark.parametrize("name", ["farmers.mp3", "hindi/आज.ogg"])
def test_a_recording_is_made_ready_in_every_form(name: str, tmp_path: Path) -> None:
    clip, recordings, output = folders(tmp_path, name)
    report = make_ready(clip, recordings, output)
    assert report == prepared(name).report
    for form in FORMS:
        stored = PreparedClip.from_bytes(output.read(prepared_key(clip, form)))
        assert [stored] == encode(prepared(name), [form])


def test_a_recording_that_was_replaced_since_it_was_listed_is_not_made_ready(tmp_path: Path) -> None:
    clip, recordings, output = folders(tmp_path, "farmers.mp3")
    with pytest.raises(NotStored, match=r"farmers\.mp3 has changed"):
        make_ready(replace(clip, etag="of an older one"), recordings, output)
    assert not output.folder.exists()


def test_of_a_recording_that_cannot_be_used_nothing_is_stored(tmp_path: Path) -> None:
    clip, recordings, output = folders(tmp_path, "farmers.mp3")
    with pytest.raises(UnusableClip, match=r"farmers\.mp3: it has 20971521 bytes; the limit is 20 MB"):
        make_ready(replace(clip, size=limits.CLIP_BYTES + 1), recordings, output)
    (tmp_path / "hello.wav").write_bytes(wav(silence(1.0)))
    silent = LocalRepo(tmp_path)
    (listed,) = silent.list()
    found = clip_of(listed)
    assert found
    with pytest.raises(UnusableClip, match=r"hello\.wav: it is silent"):
        make_ready(found, silent, output)
    assert not output.folder.exists()
