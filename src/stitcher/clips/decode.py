"""Any recording to samples: numpy arrays of floats at the rate that everything else works in."""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stitcher import limits
from stitcher.formats.damage import damage
from stitcher.formats.ffmpeg import DecodeError, decode_to_wav
from stitcher.formats.profiles import RATE

"""Samples a second, of every clip from here on (Hz)."""
Samples = npt.NDArray[np.float64]

HIGHPASS_HZ = (20.0, 60.0)
DEAD_CHANNEL = 1e-3
"""A channel 30 dB under the loudest is a dead one: mixing it in would only cost level."""
OPPOSITE = -0.5
"""Correlation with the loudest channel under which another one is that one's inverse, and not another sound."""
SPEECH_HZ = 130
"""Channels are compared by what lies over this: DC or hum on one side is no speech."""
FULL_SCALE_LIMIT = 16.0
"""24 dB over full scale: decoders overshoot by a few dB, a sample beyond this is damage."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording: mono samples, shape (n,), full scale 1.0, at `RATE`, and what was wrong with the file.

    `peak_share` is the share of its samples, before resampling, that have the highest or the lowest value.
    """

    samples: Samples
    peak_share: float
    warnings: tuple[str, ...]


def decode(data: bytes) -> Samples:
    """The samples of `read`."""
    return read(data).samples


def read(data: bytes) -> Recording:
    """A recording's bytes to mono samples.

    Raises
    ------
    DecodeError
        Empty, too large, too long, not audio, not finite, or far over full scale; with the reason.
    """
    if not data:
        raise DecodeError("the file is empty")
    if len(data) > limits.CLIP_BYTES:
        raise DecodeError(limits.clip_too_large(len(data)))
    # One second more than the limit, to tell a clip at the limit from one over it.
    decoded = decode_to_wav(data, rate=RATE, seconds=limits.CLIP_SECONDS + 1)
    channels = _read_wav(decoded.wav)
    if len(channels) > limits.CLIP_CHANNELS:
        raise DecodeError(f"it has {len(channels)} channels; the limit is {limits.CLIP_CHANNELS}")
    if channels.shape[1] == 0:
        raise DecodeError("it has no samples")
    if channels.shape[1] > limits.CLIP_SECONDS * RATE:
        raise DecodeError(f"it is longer than {limits.CLIP_SECONDS} s")
    if not np.isfinite(channels).all():
        raise DecodeError("it has samples that are not numbers")
    if np.abs(channels).max() > FULL_SCALE_LIMIT:
        raise DecodeError("it has samples far over full scale")
    return Recording(_mono(channels), decoded.peak_share, damage(data, decoded, channels.shape[1] / RATE))


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
    """Mix to one channel without loss: channels that are dead, or the loudest one's inverse, are left out.

    They are compared without DC, rumble and hum, which would make a side without speech the loudest.
    """
    if len(channels) == 1:
        only: Samples = channels[0].astype(np.float64)
        return only
    energy = np.array([(np.abs(_heard(channel)) ** 2).sum() for channel in channels])
    loudest = int(energy.argmax())
    reference = np.conj(_heard(channels[loudest]))
    alike = np.array([(_heard(channel) * reference).sum().real for channel in channels])
    likeness = alike / np.sqrt(energy * energy[loudest] + 1e-30)
    kept = channels[(energy >= DEAD_CHANNEL * energy[loudest]) & (likeness > OPPOSITE)]
    mixed: Samples = kept.mean(axis=0, dtype=np.float64)
    return mixed


def _heard(channel: npt.NDArray[np.float32]) -> npt.NDArray[np.complex128]:
    """Spectra of each tenth of a second from `SPEECH_HZ` on: mains hum makes whole waves in it, and does not leak."""
    size = min(RATE // 10, len(channel))
    whole = channel[: len(channel) // size * size].reshape(-1, size)
    spectra: npt.NDArray[np.complex128] = np.fft.rfft(whole, axis=1)[:, -(-SPEECH_HZ * size // RATE) :]
    return spectra


def highpass(samples: Samples) -> Samples:
    """Remove DC, rumble and mains hum without a phase shift: raised cosine from 20 to 60 Hz in the frequency domain.

    Both ends are extended by their own level first, so that the removal leaves no step where clips are joined.
    """
    low, high = HIGHPASS_HZ
    pad = RATE // 10
    edge = min(480, len(samples))
    extended = np.concatenate([np.full(pad, samples[:edge].mean()), samples, np.full(pad, samples[-edge:].mean())])
    size = 1 << (len(extended) + pad - 1).bit_length()
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    gain = 0.5 - 0.5 * np.cos(np.pi * np.clip((frequencies - low) / (high - low), 0.0, 1.0))
    filtered: Samples = np.fft.irfft(np.fft.rfft(extended - extended.mean(), size) * gain, size)
    return filtered[pad : pad + len(samples)]
