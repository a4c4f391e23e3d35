"""WAV files of one channel: 16 bit PCM, and G.711 as telephony has it (Microsoft RIFF, WAVEFORMATEX)."""

import struct

_TAGS = {"pcm": 1, "alaw": 6, "ulaw": 7}


def wav(samples: bytes, codec: str, rate: int) -> bytes:
    """Samples as a WAV file; formats other than PCM have a `fact` chunk with the length.

    Parameters
    ----------
    samples
        Little-endian with 16 bits (`pcm`), or a code a sample (`alaw`, `ulaw`).
    rate
        Samples a second.
    """
    tag, size, pad = _TAGS[codec], len(samples), len(samples) & 1
    if codec == "pcm":
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, 1, rate, 2 * rate, 2, 16)
    else:
        form = struct.pack("<4sIHHIIHHH4sII", b"fmt ", 18, tag, 1, rate, rate, 1, 8, 0, b"fact", 4, size)
    head = struct.pack("<4sI4s", b"RIFF", 12 + len(form) + size + pad, b"WAVE") + form
    return b"".join((head, struct.pack("<4sI", b"data", size), samples, bytes(pad)))
