"""GSM 06.10, against libgsm (in sox) bit for bit, and as ffmpeg plays it."""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.formats import gsm
from tests.audio import Signal, speech
from tests.examples import of_usual

SOX = shutil.which("sox")
libgsm = pytest.mark.skipif(SOX is None, reason="sox is not on PATH: its encoder says nothing")
SAMPLES = 10 * gsm.FRAME
TIME = np.arange(SAMPLES)


def by_libgsm(samples: bytes) -> bytes:
    told = ["-t", "raw", "-e", "signed", "-b", "16", "-r", "8000", "-c", "1", "-"]
    return subprocess.run([str(SOX), *told, "-t", "gsm", "-"], input=samples, capture_output=True, check=True).stdout


SOUNDS = {
    "speech": speech(0.6)[::6][: 3 * SAMPLES] * 32767,
    "silence": np.zeros(SAMPLES),
    "noise at full scale": np.random.default_rng(1).uniform(-32768, 32767, SAMPLES),
    "noise of a few steps": np.random.default_rng(2).uniform(-20, 20, SAMPLES),
    "a square wave at full scale": np.where(np.sin(TIME / 7) < 0, -32768, 32767),
    "a slow square wave": np.where(np.sin(TIME / 40) < 0, -32768, 32767),
    "a tone": 32_000 * np.sin(0.8 * TIME),
    "DC": np.full(SAMPLES, 30_000),
    "single clicks": np.where(TIME % 397, 0, -32768),
}


@libgsm
@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_the_frames_are_those_of_libgsm(sound: Signal) -> None:
    samples = np.rint(sound[: len(sound) // gsm.FRAME * gsm.FRAME]).astype("<i2").tobytes()
    assert gsm.encode(samples) == by_libgsm(samples)


@libgsm
@of_usual(20)
@given(st.binary(min_size=2 * gsm.FRAME, max_size=2 * gsm.FRAME), st.integers(0, 15))
def test_any_samples_are_coded_as_libgsm_codes_them(samples: bytes, quieter: int) -> None:
    """The noise of random bytes, at every level."""
    softer = (np.frombuffer(samples * 3, "<i2") >> quieter).astype("<i2").tobytes()
    assert gsm.encode(softer) == by_libgsm(softer)


@pytest.mark.parametrize("size", [1, 2, 2 * gsm.FRAME - 1, 2 * gsm.FRAME + 2])
def test_what_is_not_whole_frames_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"^{size} bytes are not whole frames of 320$"):
        gsm.encode(bytes(size))


def test_nothing_is_nothing() -> None:
    assert gsm.encode(b"") == b""


def test_a_frame_begins_with_its_magic_number_and_has_33_bytes() -> None:
    """ETSI TS 101 318 and RFC 3551, 4.5.8: four bits, 1101."""
    frames = gsm.encode(bytes(2 * SAMPLES))
    assert len(frames) == 33 * 10
    assert {first >> 4 for first in frames[::33]} == {0xD}
