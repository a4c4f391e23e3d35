"""A message of two tones: how its clips are made, and whether the message is what was said. Standard library only."""

import io
import math
import wave
from array import array
from collections.abc import Sequence

from stitcher.formats.ffmpeg import decode_to_wav

HEARD_HZ = 8_000
"""Samples a second, of the clips and of what is heard."""
SECONDS = 0.6
"""Of a clip."""
TONES = range(300, 1300, 50)
"""Frequencies (Hz) that a clip may have: within what a telephone carries, and far enough apart to be told."""
SHORTEST, LONGEST = 1.0, 2.0
"""Of the message (s): two clips and the pause between them."""
SILENT, END_MS = 0.01, 10
SHARE = 0.5
"""Of the sound that is at the tone's frequency: 0.8 in a clip, because it rises and falls; 0.0 in another tone's."""


class NotHeard(Exception):
    """What is wrong with the answer of a version, in a sentence that every log can hold."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence.encode(errors="replace").decode())  # an answer may hold half a surrogate pair


def clip(tone: int) -> bytes:
    """A WAV of one tone (Hz) that rises and falls, 8 kHz, mono, 16 bit."""
    count, turn = int(SECONDS * HEARD_HZ), 2 * math.pi * tone / HEARD_HZ
    samples = array("h", (round(9_000 * math.sin(math.pi * n / count) * math.sin(turn * n)) for n in range(count)))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, HEARD_HZ, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()


def listen(audio: bytes, tones: Sequence[int]) -> None:
    """Raise `NotHeard` or `DecodeError` unless the audio is the two tones, one after the other, to their end."""
    wav = decode_to_wav(audio, rate=HEARD_HZ, seconds=LONGEST + 1).wav
    data = wav[wav.index(b"data") + 8 :]  # mono, 32 bit floats: messages have one channel
    samples = array("f", data[: len(data) // 4 * 4])
    seconds, half, end = len(samples) / HEARD_HZ, len(samples) // 2, HEARD_HZ * END_MS // 1000
    if not SHORTEST <= seconds <= LONGEST:
        raise NotHeard(f"the message is {seconds:.2f} s long, not {SHORTEST} to {LONGEST} s")
    for which, part, tone in (("first", samples[:half], tones[0]), ("second", samples[half:], tones[1])):
        energy = sum(sample * sample for sample in part)
        if energy < SILENT**2 * len(part):
            raise NotHeard(f"the {which} half of the message is silent")
        if (share := 2 * power(part, tone) / len(part) / energy) < SHARE:
            raise NotHeard(f"the {which} half of the message is not the tone of {tone} Hz, but for {share:.0%}")
    if max(map(abs, samples[-end:])) > max(map(abs, samples)) / 2:
        raise NotHeard("the message is cut off at its end")


def power(samples: Sequence[float], tone: int) -> float:
    """The square of the sum of the samples turned by a frequency in Hz, by Goertzel's algorithm (1958)."""
    turn = 2 * math.cos(2 * math.pi * tone / HEARD_HZ)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    return last * last + before * before - turn * last * before
