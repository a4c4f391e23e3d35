"""Recordings as they come from the field: noisy, narrowband, damaged, clipped, with knocks, on two channels.

Each signal is made here with numpy, the way sox makes those that the thresholds were found with; the word is spoken by
espeak-ng in a sample clip.
"""

import struct
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from stitcher.clips.clipping import is_clipped
from stitcher.clips.decode import decode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip
from stitcher.errors import UnusableClip
from stitcher.formats.ffmpeg import ffmpeg_path
from tests.audio import RATE, Signal, band_noise, decibels, ffmpeg, refusal_of, samples_of, silence, tone, wav, where

SAMPLES = Path(__file__).parents[2] / "samples" / "clips"
MS = RATE // 1000
NOISY = "it is noisy: the speech is only "
CLIPPED = "it is clipped: record it at a lower level"
NO_SPEECH = "it holds no speech"


@cache
def word(name: str = "rupees_per_kilo.mp3") -> Signal:
    """A sample clip without the silence around it (under 1 % of full scale), peak -6 dBFS."""
    samples = decode((SAMPLES / name).read_bytes())
    samples = samples * (0.5 / np.abs(samples).max())
    heard = np.flatnonzero(np.abs(samples) > 0.01)
    trimmed: Signal = samples[heard[0] : heard[-1] + 1]
    return trimmed


def padded(samples: Signal, before_s: float, after_s: float) -> Signal:
    return np.concatenate([silence(before_s), samples, silence(after_s)])


def coloured(size: int, colour: str, seed: int = 1) -> Signal:
    """Noise of RMS 1.0: white, pink (-3 dB an octave from 20 Hz), brown (-6 dB), or pink that swells and fades."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    hz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 20.0)
    made = np.fft.irfft(spectrum / {"white": 1.0, "brown": hz}.get(colour, np.sqrt(hz)), size)
    if colour == "swelling":
        made *= 1.0 + 0.5 * np.sin(2 * np.pi * 0.4 * np.arange(size) / RATE)
    noise: Signal = made / np.std(made)
    return noise


def with_noise(samples: Signal, snr_db: float, colour: str, said: Signal, seed: int = 1) -> Signal:
    """Noise all over a recording, its RMS so far under that of what is said."""
    return samples + coloured(len(samples), colour, seed) * float(np.std(said)) * 10 ** (-snr_db / 20)


def ready(recorded: Signal, rate: int = RATE) -> PreparedClip:
    return prepare("hello.wav", wav(recorded, rate=rate))


def kept_ms(clip: PreparedClip) -> float:
    return clip.samples / MS


# Noise

COLOURS = ["white", "pink", "brown", "swelling"]


@pytest.mark.parametrize("name", ["rupees_per_kilo.mp3", "heavy_rain.mp3", "hello.wav"])
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("snr_db", "too_much_ms"), [(20, 150), (15, 150), (10, 300)])
def test_a_noisy_recording_is_trimmed_to_its_speech(name: str, colour: str, snr_db: int, too_much_ms: int) -> None:
    said = word(name)
    clip = ready(with_noise(padded(said, 1.0, 1.0), snr_db, colour, said))
    assert kept_ms(clip) <= len(said) / MS + too_much_ms
    offset, likeness = where(samples_of(clip), padded(said, 1.0, 1.0))
    assert likeness > 0.9
    # What is cut off at most is a soft end that the noise covers.
    assert offset <= 1.0 * RATE + 60 * MS
    assert offset + clip.samples >= 1.0 * RATE + len(said) - (60 if snr_db >= 15 else 120) * MS


@pytest.mark.parametrize("name", ["rupees_per_kilo.mp3", "heavy_rain.mp3", "farmers.mp3"])
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("around_s", [0.1, 1.0])
@pytest.mark.parametrize("snr_db", [15, 10])
def test_a_noisy_recording_has_a_warning(name: str, colour: str, around_s: float, snr_db: int) -> None:
    said = word(name)
    clip = ready(with_noise(padded(said, around_s, around_s), snr_db, colour, said))
    assert any(warning.startswith(NOISY) for warning in clip.report.warnings)


@pytest.mark.parametrize("name", ["rupees_per_kilo.mp3", "heavy_rain.mp3", "farmers.mp3"])
@pytest.mark.parametrize("colour", ["white", "pink", "brown"])
@pytest.mark.parametrize("around_s", [0.0, 0.1, 1.0])
def test_noise_far_under_the_speech_has_none(name: str, colour: str, around_s: float) -> None:
    said = word(name)
    assert ready(with_noise(padded(said, around_s, around_s), 35, colour, said)).report.warnings == ()


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("seconds", [0.6, 3.0, 20.0])
@pytest.mark.parametrize("level_db", [-40, -15])
def test_noise_without_speech_is_refused(colour: str, seconds: float, level_db: int) -> None:
    recorded = coloured(round(seconds * RATE), colour, 3) * 10 ** (level_db / 20)
    assert refusal_of(wav(recorded)).startswith(NO_SPEECH)


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_speech_that_cannot_be_told_from_the_noise_is_refused(colour: str) -> None:
    said = word()
    assert refusal_of(wav(with_noise(padded(said, 1.0, 1.0), -30, colour, said) * 0.01)).startswith(NO_SPEECH)


# Consonants


def hissing(level_db: float) -> Signal:
    """A fricative of 120 ms, a vowel of 400 ms and a fricative of 150 ms over a telephone, in 300 ms of silence."""
    time = np.arange(round(0.4 * RATE)) / RATE
    vowel = sum((np.sin(2 * np.pi * 150 * n * time) / n for n in range(1, 17)), np.zeros(len(time)))
    vowel *= 10 ** (-4 / 20) / np.abs(vowel).max()
    vowel *= np.minimum(1.0, np.minimum(time / 0.02, (0.4 - time) / 0.05))
    parts = [band_noise(0.12, 2500, 3900, level_db, 1), vowel, band_noise(0.15, 2500, 3900, level_db, 2)]
    recorded = padded(np.concatenate(parts), 0.3, 0.3)
    return recorded + 0.0002 * np.random.default_rng(3).uniform(-1.0, 1.0, len(recorded))


@pytest.mark.parametrize("level_db", [-26, -30, -34, -38])
def test_soft_fricatives_are_kept_and_pauses_are_timed_from_them(level_db: int) -> None:
    clip = ready(hissing(level_db))
    assert 670 <= kept_ms(clip) <= 760
    assert clip.end - clip.begin >= 650 * MS
    # At most as much around the audible part as a spliced pause of 120 ms has room for.
    assert clip.begin <= 25 * MS
    assert clip.samples - clip.end <= 45 * MS


def test_a_release_behind_its_stop_is_kept() -> None:
    """The "t" of "eight": 80 ms of silence, then 30 ms of soft noise."""
    recorded = padded(np.concatenate([word(), silence(0.08), band_noise(0.03, 2000, 7000, -34, 5)]), 0.3, 0.4)
    clip = ready(recorded)
    offset, _ = where(samples_of(clip), recorded)
    assert offset + clip.end >= 0.3 * RATE + len(word()) + 100 * MS


# Damaged files


def damaged_of(data: bytes) -> str:
    """The first warning, or the refusal."""
    try:
        warnings = prepare("hello.wav", data).report.warnings
    except UnusableClip as refused:
        ((_, reason),) = refused.unusable
        return reason
    return warnings[0] if warnings else ""


def recording() -> bytes:
    return wav(padded(np.concatenate([word(), silence(0.2), word("heavy_rain.mp3")]), 0.2, 0.3))


ENCODED = {
    "wav": "-c:a pcm_s16le -f wav",
    "w64": "-c:a pcm_s16le -f w64",
    "aiff": "-c:a pcm_s16be -f aiff",
    "au": "-c:a pcm_s16be -f au",
    "flac": "-c:a flac -f flac",
    "m4a": "-c:a aac -movflags +faststart -f ipod",
    "alac": "-c:a alac -movflags +faststart -f ipod",
    "mp3": "-c:a libmp3lame -f mp3",
    "vorbis": "-c:a libvorbis -f ogg",
    "opus": "-c:a libopus -f ogg",
    "webm": "-c:a libopus -f webm",
    "webm without duration": "-c:a libopus -live 1 -f webm",
    "wma": "-c:a wmav2 -f asf",
}


@cache
def encoded(kind: str) -> bytes:
    options = ENCODED[kind].split()
    if "+faststart" in options:  # needs a file that can be read back
        options[options.index("+faststart")] = "+empty_moov+default_base_moof"
    return ffmpeg(recording(), *options)


@pytest.mark.parametrize("kind", ENCODED)
def test_a_whole_recording_is_not_called_damaged(kind: str) -> None:
    assert prepare("hello.wav", encoded(kind)).report.warnings == ()


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("kind", ENCODED)
def test_half_a_recording_is_called_damaged_or_refused(kind: str, share: float) -> None:
    data = encoded(kind)
    assert damaged_of(data[: round(share * len(data))]) != ""


def test_a_warning_says_how_much_could_be_read() -> None:
    data = wav(padded(word(), 0.2, 0.2))
    seconds = (len(data) - 44) / 2 / RATE
    assert damaged_of(data[: len(data) // 2]) == (
        f"it is damaged: only {seconds / 2:.1f} s of {seconds:.1f} s could be read"
    )


@pytest.mark.parametrize("kind", ["flac", "mp3", "m4a", "alac", "vorbis", "opus"])
def test_random_bytes_inside_are_found(kind: str) -> None:
    chance = np.random.default_rng(7)
    data = bytearray(encoded(kind))
    middle = len(data) // 2
    data[middle : middle + 200] = chance.bytes(200)
    assert "damaged" in damaged_of(bytes(data))


@pytest.mark.parametrize("size", [0, 2**31 - 1, 0x7FFFF000, 2**32 - 1])
def test_a_wav_from_a_pipe_is_whole_whatever_its_size_claims(size: int) -> None:
    data = wav(padded(word(), 0.2, 0.2))
    data = data[:4] + struct.pack("<I", size) + data[8:40] + struct.pack("<I", size) + data[44:]
    assert prepare("hello.wav", data).report.warnings == ()


# Two channels


@pytest.mark.parametrize("seed", range(6))
def test_two_speakers_on_two_sides_are_both_heard(seed: int) -> None:
    """Whatever the sign of what little the sides have in common."""
    left = padded(word("heavy_rain.mp3"), 0.2, 1.5)
    right = padded(word(), 1.4, 2.0)[: len(left)]
    right = np.pad(right, (0, len(left) - len(right)))
    chance = np.random.default_rng(seed)
    left, right = (side + 0.0005 * chance.standard_normal(len(left)) for side in (left, right))
    mixed = decode(wav(left, right))
    for side in (left, right):
        assert np.corrcoef(mixed, side)[0, 1] > 0.4


@pytest.mark.parametrize("other", ["dc", "hum", "dc and hum"])
@pytest.mark.parametrize("swapped", [False, True])
def test_speech_beside_dc_or_hum_is_heard(other: str, swapped: bool) -> None:
    said = padded(word(), 0.3, 0.3)
    side = np.zeros(len(said))
    if "dc" in other:
        side += 0.6
    if "hum" in other:
        side += tone(len(said) / RATE, 50.0, 0.3)[: len(said)]
    clip = prepare("hello.wav", wav(*((side, said) if swapped else (said, side))))
    assert where(samples_of(clip), said)[1] > 0.97
    assert clip.report.warnings == ()


@pytest.mark.parametrize("level", [1.0, 0.5])
def test_the_inverse_of_a_side_is_left_out_though_it_has_noise_of_its_own(level: float) -> None:
    said = padded(word(), 0.3, 0.3)
    inverse = -level * said + 0.01 * np.random.default_rng(1).standard_normal(len(said))
    assert decibels(float(np.std(decode(wav(said, inverse))))) == pytest.approx(decibels(float(np.std(said))), abs=0.3)


# Clipping

CODECS = {
    "wav": "-c:a pcm_s16le -f wav",
    "mp3": "-c:a libmp3lame -b:a 32k -f mp3",
    "opus": "-c:a libopus -b:a 32k -f ogg",
    "aac": "-c:a aac -b:a 48k -f adts",
}


def recorded_at(rate: int, samples: Signal, gain_db: float, codec: str) -> bytes:
    """As a recorder of that rate writes it, whose input is so much louder."""
    low = np.frombuffer(ffmpeg(wav(samples), "-ar", str(rate), "-f", "f32le", "-c:a", "pcm_f32le"), "<f4")
    clipped = np.clip(low * 10 ** (gain_db / 20), -1.0, 1.0)
    return ffmpeg(wav(clipped.astype(np.float64), rate=rate), *CODECS[codec].split())


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("name", ["rupees_per_kilo.mp3", "heavy_rain.mp3", "farmers.mp3"])
def test_a_clipped_recording_has_a_warning_at_every_rate_and_in_every_codec(name: str, rate: int, codec: str) -> None:
    clip = prepare("hello.wav", recorded_at(rate, padded(word(name), 0.3, 0.3), 20.0, codec))
    assert CLIPPED in clip.report.warnings


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("name", ["rupees_per_kilo.mp3", "heavy_rain.mp3", "farmers.mp3"])
def test_a_loud_recording_has_none(name: str, rate: int, codec: str) -> None:
    clip = prepare("hello.wav", recorded_at(rate, padded(word(name), 0.3, 0.3), 5.0, codec))
    assert clip.report.warnings == ()


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("name", ["rupees_per_kilo.mp3", "heavy_rain.mp3", "farmers.mp3"])
def test_a_recorder_that_cuts_off_only_the_highest_tops_has_a_warning(name: str, rate: int) -> None:
    """Which nothing but the samples as they were written shows."""
    assert CLIPPED in prepare("hello.wav", recorded_at(rate, padded(word(name), 0.3, 0.3), 12.0, "wav")).report.warnings


def test_a_loud_tone_is_not_clipped_and_one_with_flat_tops_is() -> None:
    assert not is_clipped(tone(1.0, 1000.0, 0.99))
    assert not is_clipped(tone(1.0, 697.0, 0.49) + tone(1.0, 1209.0, 0.49))
    assert is_clipped(np.clip(tone(1.0, 1000.0, 3.0), -1.0, 1.0))


# Knocks


def knock(peak_db: float, seconds: float = 0.06, seed: int = 4) -> Signal:
    size = round(seconds * RATE)
    burst = np.random.default_rng(seed).uniform(-1.0, 1.0, size) * np.linspace(1.0, 0.0, size) ** 2
    made: Signal = burst * 10 ** (peak_db / 20)
    return made


def low_knock(peak_db: float) -> Signal:
    """A door: 90 Hz that dies away."""
    time = np.arange(round(0.12 * RATE)) / RATE
    made: Signal = 10 ** (peak_db / 20) * np.sin(2 * np.pi * 90 * time) * np.exp(-time / 0.025)
    return made


@pytest.mark.parametrize("gap_s", [0.4, 0.9])
@pytest.mark.parametrize("thud", [knock(-20), knock(-6, seed=5), low_knock(-12)], ids=["soft", "loud", "low"])
@pytest.mark.parametrize("before", [False, True])
def test_a_thud_away_from_the_word_is_left_out(gap_s: float, thud: Signal, before: bool) -> None:
    said = word()
    parts = [said, silence(gap_s), thud]
    recorded = padded(np.concatenate(parts[::-1] if before else parts), 0.3, 0.5)
    clip = ready(recorded)
    assert len(said) / MS - 10 <= kept_ms(clip) <= len(said) / MS + 100
    assert where(samples_of(clip), padded(said, 0.3, 0.3))[1] > 0.95


@pytest.mark.parametrize("gap_s", [0.3, 1.0])
@pytest.mark.parametrize("before", [False, True])
def test_a_clunk_30_db_over_the_speech_does_not_replace_it(gap_s: float, before: bool) -> None:
    said = word() * 10 ** (-24 / 20)
    parts = [said, silence(gap_s), knock(0.0)]
    recorded = padded(np.concatenate(parts[::-1] if before else parts), 0.3, 0.5)
    recorded = recorded + 2e-5 * np.random.default_rng(2).standard_normal(len(recorded))
    clip = ready(recorded)
    assert kept_ms(clip) == pytest.approx(len(said) / MS, abs=100)
    assert where(samples_of(clip), padded(said, 0.3, 0.3))[1] > 0.95


def test_a_clunk_close_to_the_speech_is_brought_down_and_has_a_warning() -> None:
    said = word() * 10 ** (-24 / 20)
    clip = ready(padded(np.concatenate([said, silence(0.05), knock(0.0)]), 0.3, 0.3))
    assert clip.samples >= len(said)
    assert any(warning.startswith("it has a loud noise in it") for warning in clip.report.warnings)
    # The word itself is still at the level of other words, within what a quiet recording can be raised by.
    assert clip.report.gain_db > 10.0


def test_a_long_pause_inside_has_a_warning() -> None:
    clip = ready(np.concatenate([word(), silence(1.2), word("heavy_rain.mp3")]))
    assert clip.report.warnings == ("it has a pause of 1.2 s inside: is all of it one phrase?",)
    assert ready(np.concatenate([word(), silence(0.5), word("heavy_rain.mp3")])).report.warnings == ()


# Tones


@pytest.mark.parametrize("rate", [8_000, 48_000])
@pytest.mark.parametrize("hz", [(1000.0,), (440.0,), (697.0, 1209.0), (941.0, 1477.0), (350.0, 440.0)])
@pytest.mark.parametrize("seconds", [0.6, 1.0, 5.0])
def test_a_tone_is_a_clip(rate: int, hz: tuple[float, ...], seconds: float) -> None:
    made = sum((tone(seconds, each, 0.4 / len(hz), rate=rate) for each in hz), np.zeros(round(seconds * rate)))
    clip = ready(made, rate)
    assert clip.report.warnings == ()
    assert kept_ms(clip) == pytest.approx(1000 * seconds, abs=10)


def test_a_chime_is_a_clip() -> None:
    time = np.arange(round(1.5 * RATE)) / RATE
    made = sum((tone(1.5, hz, 0.15) for hz in (660.0, 880.0, 1320.0)), np.zeros(len(time))) * np.exp(-time / 0.3)
    clip = ready(padded(made, 0.2, 0.2))
    assert clip.report.warnings == ()
    assert kept_ms(clip) > 900


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_mains_hum_is_no_clip(hz: float) -> None:
    hum = sum((tone(2.0, hz * n, 0.2 / n) for n in (1, 2, 3, 5)), np.zeros(2 * RATE))
    assert refusal_of(wav(hum)).startswith(NO_SPEECH)


# No audio at all


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("level", [0.5, -0.9])
def test_nothing_but_dc_is_silent_at_every_rate(rate: int, level: float) -> None:
    assert refusal_of(wav(np.full(rate, level), rate=rate)).startswith("it is silent")


@pytest.mark.parametrize("value", [1e30, -1e30, 1e6, 40.0])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_sample_far_over_full_scale_is_refused(value: float, rate: int) -> None:
    samples = word()[:: RATE // rate].astype("<f4")
    samples[len(samples) // 2] = value
    body = samples.tobytes()
    head = struct.pack("<HHIIHH", 3, 1, rate, 4 * rate, 4, 32)
    file = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(body)) + body
    assert refusal_of(b"RIFF" + struct.pack("<I", len(file)) + file) == "it has samples far over full scale"


# Formats that phones and telephone exchanges write


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("-ar 8000 -c:a libspeex -f ogg", id="Speex, 8 kHz"),
        pytest.param("-ar 16000 -c:a libspeex -f ogg", id="Speex, 16 kHz"),
        pytest.param("-ar 32000 -c:a libspeex -f ogg", id="Speex, 32 kHz"),
        pytest.param("-c:a wmav2 -f asf", id="WMA"),
        pytest.param("-ar 8000 -c:a pcm_mulaw -f au", id="AU"),
        pytest.param("-ar 8000 -c:a libopencore_amrnb -f 3gp", id="3GP"),
        pytest.param("-c:a aac -f 3g2", id="3G2"),
        pytest.param("-ar 8000 -c:a libopencore_amrnb -f amr", id="AMR"),
        pytest.param("-ar 16000 -c:a libvo_amrwbenc -f amr", id="AWB"),
        pytest.param("-c:a wmav1 -f asf", id="WMA 1"),
        pytest.param("-c:a pcm_s16be -f au", id="SND"),
        pytest.param("-ar 16000 -c:a libspeex -f spx", id="SPX"),
        pytest.param("-c:a libopus -f matroska", id="MKA, Opus"),
        pytest.param("-c:a aac -f matroska", id="MKA, AAC"),
        pytest.param("-c:a aac -f ipod", id="M4B"),
        pytest.param("-c:a mp2 -f mp2", id="MP2"),
        pytest.param("-c:a pcm_s16le -f w64", id="W64"),
        pytest.param("-ar 8000 -c:a pcm_alaw -f wav", id="WAV, A-law"),
        pytest.param("-c:a adpcm_ima_wav -f wav", id="WAV, IMA ADPCM"),
        pytest.param("-c:a adpcm_ms -f wav", id="WAV, MS ADPCM"),
        pytest.param("-ar 8000 -c:a adpcm_ima_wav -block_size 128 -f wav", id="WAV, IMA ADPCM, 8 kHz"),
        pytest.param("-c:a libmp3lame -f wav", id="WAV, MP3"),
        pytest.param("-c:a pcm_s16be -f caf", id="CAF"),
    ],
)
def test_other_formats_keep_their_length(options: str) -> None:
    said = padded(word(), 0.3, 0.3)
    clip = prepare("hello", ffmpeg(wav(said), *options.split()))
    assert clip.report.warnings == ()
    assert clip.report.duration_ms == pytest.approx(1000 * len(said) / RATE, abs=60)
    assert kept_ms(clip) == pytest.approx(len(said) / MS - 600, abs=120)


@pytest.mark.parametrize("codec", ["pcm_s16le", "adpcm_ima_wav", "adpcm_ms", "pcm_mulaw"])
def test_half_a_wav_is_called_damaged_whatever_its_codec(codec: str) -> None:
    whole = ffmpeg(wav(padded(word(), 0.3, 0.3)), "-c:a", codec, "-f", "wav")
    assert any(
        warning.startswith("it is damaged") for warning in prepare("half", whole[: len(whole) // 2]).report.warnings
    )


def test_gsm_of_a_telephone_exchange_is_read() -> None:
    """Frames of 33 bytes, each beginning with 0xD (GSM 06.10): here of one second of a decoder's silence and noise."""
    chance = np.random.default_rng(1)
    frames = b"".join(bytes([0xD0 | int(chance.integers(16))]) + chance.bytes(32) for _ in range(50))
    played = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-f", "gsm", "-i", "-", "-f", "s16le", "-"], input=frames, capture_output=True
    )
    assert len(played.stdout) == 50 * 320
    assert len(decode(frames)) == pytest.approx(RATE, abs=MS)
