"""Loudness and peaks as ITU-R BS.1770-4 measures them, and a limiter; numpy only."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stitcher.clips.decode import Samples
from stitcher.formats.profiles import RATE

TARGET_LUFS = -19.0
"""How loud every prepared clip is, so that the words of a message are equally loud."""
SILENCE_LUFS = -120.0
BLOCK = 0.4
"""Seconds of a gating block (BS.1770-4, annex 1); a shorter clip is one block of its own length."""
LOOKAHEAD = 0.0015
OVERSAMPLING = 4
"""BS.1770-4, annex 2: true peak is found at four times 48 kHz."""


def loudness(samples: Samples) -> float:
    """Gated integrated loudness in LUFS (BS.1770-4): 400 ms blocks, 75 % overlap, gates at -70 LUFS and -10 LU."""
    weighted = _k_weighted(samples)
    energy = np.concatenate([[0.0], np.cumsum(weighted * weighted)])
    block = min(int(BLOCK * RATE), len(samples))
    starts = np.arange(0, len(samples) - block + 1, max(1, block // 4))
    power = (energy[starts + block] - energy[starts]) / block
    loud = power[_lufs(power) > -70.0]
    if not len(loud):
        return SILENCE_LUFS
    gated = loud[_lufs(loud) > _lufs(loud.mean()) - 10.0]
    return float(_lufs(gated.mean()))


def _lufs(power: npt.NDArray[np.float64] | np.floating) -> npt.NDArray[np.float64]:
    return -0.691 + 10.0 * np.log10(np.asarray(power) + 1e-12)


def _k_weighted(samples: Samples) -> Samples:
    """The signal through BS.1770's two filters, in the frequency domain with room for their tails."""
    size = _fast_length(len(samples) + RATE // 5)
    spectrum: Samples = np.fft.irfft(np.fft.rfft(samples, size) * _k_response(size), size)
    return spectrum[: len(samples)]


def _fast_length(at_least: int) -> int:
    """The next power of two."""
    return 1 << (at_least - 1).bit_length()


@lru_cache(maxsize=4)
def _k_response(size: int) -> npt.NDArray[np.complex128]:
    """Frequency response of K-weighting at `RATE`: the analogue prototypes of BS.1770's tables, bilinear transform.

    The prototype values (1681.97 Hz, +4 dB, Q 0.7072; 38.135 Hz, Q 0.5003) are those whose transform at 48 kHz gives
    the coefficients printed in BS.1770-4, tables 1 and 2 (derivation: B. De Man, "Evaluation of implementations of the
    EBU R128 loudness measurement", 2018).
    """
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)

    def section(b: tuple[float, float, float], a: tuple[float, float, float]) -> npt.NDArray[np.complex128]:
        response: npt.NDArray[np.complex128] = (b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)
        return response

    k, q = math.tan(math.pi * 1681.974450955533 / RATE), 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    shelf = section(
        (high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k),
        (1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k),
    )
    k, q = math.tan(math.pi * 38.13547087602444 / RATE), 0.5003270373238773
    unit = 1.0 + k / q + k * k  # BS.1770 prints the numerator 1, -2, 1 beside a denominator already divided by this
    return shelf * section((unit, -2.0 * unit, unit), (unit, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k))


def true_peaks(samples: Samples) -> Samples:
    """The largest magnitude around each sample at four times the rate, full scale 1.0, shape as `samples`."""
    # Room at the end, so that the transform's wrap-around does not carry the end into the beginning.
    size = _fast_length(len(samples) + 512)
    # irfft to four times the length is band-limited interpolation.
    fine = np.fft.irfft(np.fft.rfft(samples, size), size * OVERSAMPLING) * OVERSAMPLING
    between = np.abs(fine[: len(samples) * OVERSAMPLING]).reshape(-1, OVERSAMPLING).max(axis=1)
    peaks: Samples = np.maximum(between, np.abs(samples))
    return peaks


def limit(samples: Samples, ceiling_db: float) -> tuple[Samples, float]:
    """Keep true peaks under `ceiling_db` (dBTP) with a smooth gain that looks 1.5 ms ahead.

    Returns the samples and the largest reduction in dB (0.0 where nothing was over).
    """
    ceiling = 10.0 ** (ceiling_db / 20.0)
    peaks = true_peaks(samples)
    if peaks.max(initial=0.0) <= ceiling:
        return samples, 0.0
    reach = int(LOOKAHEAD * RATE)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    # The smallest gain within reach, then a Hann average over the same reach: never above what any peak in it needs.
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(needed, reach, constant_values=1.0), 2 * reach + 1).min(
        axis=1
    )
    window = np.hanning(2 * reach + 3)[1:-1]
    gain = np.convolve(np.pad(lowest, reach, mode="edge"), window / window.sum(), "valid")
    return samples * gain, float(-20.0 * np.log10(gain.min()))
