"""Loudness, true peak and the limiter against published reference signals.

The signals of EBU Tech 3341 are stereo. A mono signal has half of that energy, so here each is expected 3.01 LU lower.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.clips.loudness import SILENCE_LUFS, limit, loudness, true_peaks
from tests.audio import RATE, Signal, decibels, noise, silence, speech, tone, true_peak_db
from tests.examples import of_usual

MONO = -10 * math.log10(2)


def sines(*parts: tuple[float, float]) -> Signal:
    """1 kHz sines one after the other, each (dBFS peak, seconds)."""
    return np.concatenate([tone(seconds, 1000.0, 10 ** (level / 20)) for level, seconds in parts])


def test_a_full_scale_sine_in_one_channel_measures_minus_3_01() -> None:
    """ITU-R BS.1770-4, annex 1: "0 dB FS, 997 Hz sine wave … the indicated loudness will equal -3.01 LKFS"."""
    assert loudness(tone(5, 997.0, 1.0)) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        pytest.param([(-23, 20)], -23.0, id="case 1"),
        pytest.param([(-33, 20)], -33.0, id="case 2"),
        pytest.param([(-36, 10), (-23, 60), (-36, 10)], -23.0, id="case 3: relative gate"),
        pytest.param([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0, id="case 4: absolute gate"),
        pytest.param([(-26, 20), (-20, 20.1), (-26, 20)], -23.0, id="case 5"),
    ],
)
def test_loudness_meets_the_minimum_requirements_of_ebu_tech_3341(
    signal: list[tuple[float, float]], expected: float
) -> None:
    assert loudness(sines(*signal)) == pytest.approx(expected + MONO, abs=0.1)


def test_what_is_under_minus_70_lufs_does_not_even_count_for_the_relative_gate() -> None:
    """BS.1770-4, equation 5. With the long silence counted, the gate would sink under the -42 and let that part in."""
    assert loudness(sines((-23, 1), (-42, 5), (-80, 59))) == pytest.approx(-23.0 + MONO, abs=1.0)


# ITU-R BS.1770-4, tables 1 and 2: the filters at 48 kHz, numerators and denominators.
SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)
HIGH_PASS = (1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)


@pytest.mark.parametrize("hz", [40.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 15_000.0])
def test_frequencies_are_weighted_by_the_filters_that_bs_1770_prints(hz: float) -> None:
    z = np.exp(-2j * np.pi * hz / RATE)
    shelf, high_pass = (
        complex(np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z))
        for numerator, denominator in (SHELF, HIGH_PASS)
    )
    # A sine of peak 0.5 has a mean square of 1/8; -0.691 is the constant of BS.1770-4, equation 2.
    expected = -0.691 + 10 * math.log10(abs(shelf * high_pass) ** 2 / 8)
    assert loudness(tone(10, hz)) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.399, 0.4, 0.41, 1.0])
def test_a_clip_shorter_than_a_block_is_one_block(seconds: float) -> None:
    assert loudness(tone(seconds, 997.0)) == pytest.approx(loudness(tone(10, 997.0)), abs=0.3)


@given(st.floats(-24.0, 24.0))
@of_usual(20)
def test_a_gain_of_a_decibel_is_a_loudness_unit(gain_db: float) -> None:
    signal = speech(1.0, 0.05)
    assert loudness(signal * 10 ** (gain_db / 20)) == pytest.approx(loudness(signal) + gain_db, abs=0.01)


@pytest.mark.parametrize("seconds", [1 / RATE, 0.1, 1.0])
def test_silence_has_a_loudness_that_is_a_number(seconds: float) -> None:
    assert loudness(silence(seconds)) == SILENCE_LUFS


def test_silence_around_a_sound_does_not_make_it_quieter() -> None:
    signal = speech(10.0)
    around = np.concatenate([silence(10), signal, silence(10)])
    assert loudness(around) == pytest.approx(loudness(signal), abs=0.2)


@pytest.mark.parametrize("phase", [0.0, 45.0, 60.0, 67.5])
def test_true_peaks_meet_the_minimum_requirements_of_ebu_tech_3341(phase: float) -> None:
    """Cases 15 to 18: a sine of amplitude 0.5 at a quarter of the rate is -6 dBTP, +0.2 / -0.4, at every phase."""
    signal = tone(1, RATE / 4, 0.5, phase)
    faded = signal * np.minimum(1.0, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 480)
    assert -6.4 <= decibels(true_peaks(faded).max()) <= -5.8


def test_a_true_peak_is_reported_at_the_sample_beside_it() -> None:
    signal = silence(0.1)
    signal[1000:1002] = 0.5
    peaks = true_peaks(signal)
    assert peaks.shape == signal.shape
    assert int(peaks.argmax()) in (1000, 1001)
    assert peaks.max() > 0.55


def test_a_signal_under_the_ceiling_is_not_touched() -> None:
    signal = speech(0.5, 0.5)
    limited, reduction_db = limit(signal, -1.5)
    assert limited is signal
    assert reduction_db == 0.0


@given(st.integers(1000, 20_000), st.floats(0.5, 8.0), st.integers(0, 2**32 - 1))
@of_usual(50)
def test_no_true_peak_passes_the_ceiling(length: int, peak: float, seed: int) -> None:
    """On noise as wide as speech; white noise has peaks that even four times the rate misses by up to 0.7 dB."""
    softened = np.convolve(noise(length / RATE, 1.0, seed), np.hanning(10), "same") * np.hanning(length)
    limited, reduction_db = limit(softened * (peak / np.abs(softened).max()), -1.5)
    assert limited.shape == (length,)
    assert true_peak_db(limited) <= -1.4
    assert reduction_db >= decibels(peak) + 1.4


@given(st.integers(1, 500), st.floats(0.1, 8.0))
@of_usual(50)
def test_a_clip_of_any_length_can_be_limited(length: int, peak: float) -> None:
    limited, _ = limit(noise(length / RATE, peak), -1.5)
    assert limited.shape == (length,)
    assert decibels(float(np.abs(limited).max())) <= -1.49


def test_the_limiter_turns_down_by_what_the_peak_is_over() -> None:
    signal = tone(1, 100.0, 1.0)
    limited, reduction_db = limit(signal, -6.0)
    assert reduction_db == pytest.approx(6.0, abs=0.05)
    assert decibels(np.abs(limited[RATE // 4 : -RATE // 4]).max()) == pytest.approx(-6.0, abs=0.05)


def test_the_limiter_leaves_alone_what_is_far_from_a_peak() -> None:
    signal = speech(1.0, 0.3)
    loud = signal.copy()
    loud[RATE // 2] = 1.5
    limited, _ = limit(loud, -1.5)
    near = slice(RATE // 2 - 480, RATE // 2 + 480)
    changed = np.abs(limited - loud) > 1e-12
    changed[near] = False
    assert not changed.any()
