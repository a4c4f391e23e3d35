"""Any recording to samples: numpy arrays of floats at the rate that everything else works in."""

import struct

import numpy as np
import numpy.typing as npt

from stitcher import limits
from stitcher.formats.ffmpeg import DecodeError, decode_to_wav
from stitcher.formats.profiles import RATE

"""Samples a second, of every clip from here on (Hz)."""
Samples = npt.NDArray[np.float64]

DEAD_CHANNEL = 1e-3
"""A channel 30 dB under the loudest is a dead one: mixing it in would only cost level."""


def decode(data: bytes) -> Samples:
    """A recording's bytes to mono samples, shape (n,), full scale 1.0, at `RATE`.

    Raises
    ------
    DecodeError
        Empty, too large, too long, not audio, or not finite; with the reason.
    """
    if not data:
        raise DecodeError("the file is empty")
    if len(data) > limits.CLIP_BYTES:
        raise DecodeError(limits.clip_too_large(len(data)))
    # One second more than the limit, to tell a clip at the limit from one over it.
    channels = _read_wav(decode_to_wav(data, rate=RATE, seconds=limits.CLIP_SECONDS + 1))
    if len(channels) > limits.CLIP_CHANNELS:
        raise DecodeError(f"it has {len(channels)} channels; the limit is {limits.CLIP_CHANNELS}")
    if channels.shape[1] == 0:
        raise DecodeError("it has no samples")
    if channels.shape[1] > limits.CLIP_SECONDS * RATE:
        raise DecodeError(f"it is longer than {limits.CLIP_SECONDS} s")
    if not np.isfinite(channels).all():
        raise DecodeError("it has samples that are not numbers")
    return _mono(channels)


def _read_wav(wav: bytes) -> npt.NDArray[np.float32]:
    """The samples of the WAV that our own ffmpeg call wrote, shape (channels, n).

    RIFF chunks as in Microsoft's WAVEFORMATEX; the data chunk's size is not known to a writer on a pipe, so it is all
    that follows.
    """
    position, count = 12, 0
    while position + 8 <= len(wav):
        name, size = struct.unpack_from("<4sI", wav, position)
        position += 8
        if name == b"fmt " and len(wav) >= position + 4:
            (count,) = struct.unpack_from("<H", wav, position + 2)
        if name == b"data" and count:
            frames = (len(wav) - position) // (4 * count)
            return np.frombuffer(wav, "<f4", frames * count, position).reshape(frames, count).T
        position += size + (size & 1)
    raise DecodeError("it has no samples")


def _mono(channels: npt.NDArray[np.float32]) -> Samples:
    """Mix to one channel without loss: channels that are dead, or in opposite phase to the loudest, are left out."""
    energy = np.einsum("ij,ij->i", channels, channels, dtype=np.float64)
    loudest = int(energy.argmax())
    phase = channels.astype(np.float64) @ channels[loudest].astype(np.float64) if len(channels) > 1 else energy
    kept = channels[(energy >= DEAD_CHANNEL * energy[loudest]) & (phase >= 0)]
    mixed: Samples = kept.mean(axis=0, dtype=np.float64)
    return mixed
