"""A message of two tones: how its clips are made, and whether the message is what was said."""

import io
import wave

import numpy as np

from stitcher.clips.decode import decode
from stitcher.formats.profiles import RATE

SECONDS = 0.6
"""Of a clip."""
TONES = range(300, 1300, 50)
"""Frequencies (Hz) that a clip may have: within what a telephone carries, and far enough apart to be told."""
SHORTEST, LONGEST = 1.0, 2.0
"""Of the message (s): two clips and the pause between them."""
OFF_HZ, SILENT, END_MS = 5, 0.01, 10


class NotHeard(Exception):
    """What is wrong with the answer of a version, in a sentence."""


def clip(tone: int) -> bytes:
    """A WAV of one tone (Hz) that rises and falls, 48 kHz, mono, 16 bit."""
    at = np.arange(int(SECONDS * RATE)) / RATE
    samples = 0.3 * np.sin(np.pi * at / SECONDS) * np.sin(2 * np.pi * tone * at)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def listen(audio: bytes, tones: list[int]) -> None:
    """Raise `NotHeard` or `DecodeError` unless the audio is the two tones, one after the other, to their end."""
    samples = decode(audio)
    seconds, half, end = len(samples) / RATE, len(samples) // 2, RATE * END_MS // 1000
    if not SHORTEST <= seconds <= LONGEST:
        raise NotHeard(f"the message is {seconds:.2f} s long, not {SHORTEST} to {LONGEST} s")
    for which, part, tone in (("first", samples[:half], tones[0]), ("second", samples[half:], tones[1])):
        if np.sqrt((part**2).mean()) < SILENT:
            raise NotHeard(f"the {which} half of the message is silent")
        loudest = np.abs(np.fft.rfft(part)).argmax() * RATE / len(part)
        if abs(loudest - tone) > OFF_HZ:
            raise NotHeard(f"the {which} half of the message sounds at {loudest:.0f} Hz, not at {tone} Hz")
    if np.abs(samples[-end:]).max() > np.abs(samples).max() / 2:
        raise NotHeard("the message is cut off at its end")
