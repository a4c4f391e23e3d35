"""WAV files of one channel: 16 bit PCM, and µ-law as telephony has it (Microsoft RIFF, WAVEFORMATEX; ITU-T G.711)."""

import struct

TELEPHONY_RATE = 8_000
MULAW_SILENCE = b"\xff"
"""The µ-law code of 0."""
_PCM, _MULAW = 1, 7


def pcm_wav(samples: bytes, rate: int) -> bytes:
    """16 bit little-endian samples as a WAV file."""
    size = len(samples)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, _PCM, 1, rate, 2 * rate, 2, 16, b"data", size),
    ) + samples  # fmt: skip


def mulaw_wav(codes: bytes, rate: int) -> bytes:
    """µ-law codes, a byte a sample, as a WAV file; formats other than PCM have a `fact` chunk with the length."""
    size, pad = len(codes), len(codes) & 1
    return b"".join((
        struct.pack("<4sI4s4sIHHIIHHH", b"RIFF", 50 + size + pad, b"WAVE", b"fmt ", 18, _MULAW, 1, rate, rate, 1, 8, 0),
        struct.pack("<4sII4sI", b"fact", 4, size, b"data", size),
        codes,
        bytes(pad),
    ))  # fmt: skip
