"""Signals to test with, and measures of audio that share no code with `stitcher`."""

import io
import math
import re
import subprocess
import tempfile
import wave

import numpy as np
import numpy.typing as npt
import pytest

from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip, Report
from stitcher.errors import UnusableClip
from stitcher.formats.ffmpeg import ffmpeg_path
from stitcher.formats.profiles import PCM

RATE = 48_000
Signal = npt.NDArray[np.float64]
"""Samples, full scale 1.0, at `RATE`."""

REPORT = Report(
    duration_ms=1000, loudness_lufs=-23.0, gain_db=4.0, noise_floor_db=-70.0, peak_db=-6.0, limited_db=0.0, warnings=()
)


def tone(seconds: float, hz: float = 1000.0, peak: float = 0.5, phase_degrees: float = 0.0, rate: int = RATE) -> Signal:
    time = np.arange(round(seconds * rate)) / rate
    sine: Signal = peak * np.sin(2 * np.pi * hz * time + math.radians(phase_degrees))
    return sine


def silence(seconds: float) -> Signal:
    return np.zeros(round(seconds * RATE))


def noise(seconds: float, peak: float = 0.5, seed: int = 1) -> Signal:
    """Noise whose every stretch is different, so that where it lies in another signal can be found."""
    return peak * np.random.default_rng(seed).uniform(-1.0, 1.0, round(seconds * RATE))


def band_noise(seconds: float, low_hz: float, high_hz: float, peak_db: float, seed: int) -> Signal:
    """Noise between two frequencies."""
    size = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).uniform(-1.0, 1.0, size))
    hz = np.fft.rfftfreq(size, 1 / RATE)
    made = np.fft.irfft(np.where((hz >= low_hz) & (hz <= high_hz), spectrum, 0.0), size)
    noise: Signal = made * (10 ** (peak_db / 20) / np.abs(made).max())
    return noise


def speech(seconds: float = 1.0, peak: float = 0.5, pitch_hz: float = 120.0) -> Signal:
    """A buzz with the spectrum of a vowel, four syllables a second; begins and ends softly."""
    time = np.arange(round(seconds * RATE)) / RATE
    buzz = np.zeros_like(time)
    for harmonic in range(1, 30):
        buzz += np.sin(2 * np.pi * pitch_hz * harmonic * time) / harmonic
    syllables: Signal = buzz * (0.55 - 0.45 * np.cos(2 * np.pi * 4.0 * time))
    return syllables * float(peak / np.abs(syllables).max())


def wav(*channels: Signal, rate: int = RATE) -> bytes:
    """A 16 bit WAV file as the standard library writes it."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(np.stack(channels, axis=1), -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def samples_clip(samples: bytes, begin: int, end: int) -> PreparedClip:
    """A prepared clip of 16 bit samples that never was a recording."""
    return PreparedClip(PCM, samples, len(samples) // 2, 0, begin, end, REPORT)


def samples_of(clip: PreparedClip) -> Signal:
    assert clip.profile == PCM
    return np.frombuffer(clip.payload, "<i2") / 32768.0


def ffmpeg(data: bytes, *options: str, decoder: str = "") -> bytes:
    """What a plain ffmpeg makes of a file's bytes; files on both sides, because some formats go back in them."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as made:
        source.write(data)
        source.seek(0)
        chosen = ["-c:a", decoder] if decoder else []
        command = [ffmpeg_path(), "-v", "error", *chosen, "-i", "fd:", *options, "fd:"]
        subprocess.run(command, stdin=source, stdout=made, check=True)
        made.seek(0)
        return made.read()


def played(file: bytes, decoder: str = "") -> npt.NDArray[np.int16]:
    """What ffmpeg plays of a file: 16 bit samples at the file's own rate, without what its format says to leave out."""
    return np.frombuffer(ffmpeg(file, "-f", "s16le", decoder=decoder), "<i2")


def refusal_of(data: bytes, key: str = "hindi/hello.wav") -> str:
    """The reason that a clip is refused for; the refusal names its key."""
    with pytest.raises(UnusableClip) as refused:
        prepare(key, data)
    ((named, reason),) = refused.value.unusable
    assert named == key
    assert str(refused.value) == f"{key}: {reason}"
    return reason


def decibels(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude, 1e-9))


def true_peak_db(samples: Signal) -> float:
    """dBTP at eight times the rate, by interpolation with a windowed sinc."""
    times, reach = 8, 32
    taps = np.arange(-reach * times, reach * times + 1)
    kernel = np.sinc(taps / times) * np.kaiser(len(taps), 9.0)
    spread = np.zeros(len(samples) * times)
    spread[::times] = samples
    return decibels(float(np.abs(_convolved(spread, kernel)).max()))


def ebu_r128(samples: Signal) -> float:
    """Integrated loudness in LUFS of a mono signal by ffmpeg's own meter; needs at least 400 ms."""
    command = [ffmpeg_path(), "-hide_banner", "-nostats", "-f", "f64le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    command += ["-af", "ebur128", "-f", "null", "-"]
    done = subprocess.run(command, input=samples.tobytes(), capture_output=True, check=True)
    return float(re.findall(rb"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])


def where(part: Signal, whole: Signal) -> tuple[int, float]:
    """Where in `whole` a part lies: the sample it begins at, and how alike they are (1.0: the same but for level)."""
    size = _fast(len(whole) + len(part))
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    match = np.fft.irfft(spectrum, size)
    match[len(whole) :] = 0.0
    offset = int(match.argmax())
    there = whole[offset : offset + len(part)]
    return offset, float(match[offset] / (np.linalg.norm(there) * np.linalg.norm(part)))


def _convolved(samples: Signal, kernel: Signal) -> Signal:
    size = len(samples) + len(kernel) - 1
    fast = _fast(size)
    convolved: Signal = np.fft.irfft(np.fft.rfft(samples, fast) * np.fft.rfft(kernel, fast), fast)
    return convolved[:size]


def _fast(size: int) -> int:
    """The next length of a fast Fourier transform."""
    return min(odd << ((size - 1) // odd).bit_length() for odd in (1, 3, 5, 9, 15))
