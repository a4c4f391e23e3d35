"""MP3 frames that can be joined: constant size, no bit reservoir, and the tag that gives a file its exact length.

At 48 kHz mono and a constant bit rate a frame is 1,152 samples (24 ms) in 3 x kbit/s bytes, without a padding slot (ISO
11172-3, 2.4.3.1). Encoded without bit reservoir each stands on its own, so that joining is joining bytes.

Standard library only.
"""

import struct

FRAME = 1152
"""Samples of a frame."""
RATE = 48_000
DECODER_DELAY = 529
"""Samples that every decoder adds (LAME technical FAQ)."""
DELAY = 576 + DECODER_DELAY
"""Samples from the encoder's input to the decoder's output, with LAME."""
LEAD = FRAME
"""Where a prepared clip's first sample is in what its frames decode to: at the beginning of the second frame."""
LEAD_ZEROS = LEAD - DELAY
"""Zeros fed to the encoder before the clip, so that it lands there."""
TAIL_ZEROS = 576
"""The least number of samples after the clip, so that its end is decoded whole: 576 leave a residue under 3 LSB."""

# ISO 11172-3, table B.1, layer III, in kbit/s.
_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
# Sync, MPEG-1, layer III, no CRC; 48 kHz, no padding; mono, original.
_FIXED = 0xFFFB_04C4
_FIXED_MASK = 0xFFFF_0FC0  # all but bit rate, mode extension, copyright, original, emphasis


# Where each hundredth of the file begins, of 256: for seeking in a constant bit rate.
_CONTENTS = bytes(index * 256 // 100 for index in range(100))


class FrameError(ValueError):
    """The bytes are not frames that can be joined; the message says where and why."""


def frame_bytes(kbps: int) -> int:
    """Size of a frame in bytes."""
    return 3 * kbps


def header(kbps: int) -> bytes:
    """The four bytes that every frame of ours begins with."""
    return (_FIXED | _BITRATES.index(kbps) << 12).to_bytes(4, "big")


def silence(kbps: int) -> bytes:
    """A frame that decodes to zeros: side information that claims no main data."""
    return header(kbps).ljust(frame_bytes(kbps), b"\0")


def check_frames(data: bytes, kbps: int) -> int:
    """How many frames the bytes are, each of them one that can be joined.

    Raises
    ------
    FrameError
        Where one is of another kind, cut off, or leans on the frames before it (`main_data_begin` is not 0).
    """
    size = frame_bytes(kbps)
    if not data or len(data) % size:
        raise FrameError(f"{len(data)} bytes are not whole frames of {size}")
    expected = int.from_bytes(header(kbps), "big") & (_FIXED_MASK | 0xF000)
    for start in range(0, len(data), size):
        (word,) = struct.unpack_from(">I", data, start)
        if word & (_FIXED_MASK | 0xF000) != expected:
            raise FrameError(f"no MP3 frame of 48 kHz mono at {kbps} kbit/s at byte {start}")
        # The side information's first 9 bits (ISO 11172-3, 2.4.1.7).
        if data[start + 4] or data[start + 5] & 0x80:
            raise FrameError(f"the frame at byte {start} needs bytes of earlier ones")
    return len(data) // size


def info_frame(kbps: int, frames: int, audio_bytes: int, lead: int, tail: int) -> bytes:
    """The frame before the audio that tells players the exact length: an Info tag with LAME's extension.

    Parameters
    ----------
    frames, audio_bytes
        Of the audio that follows.
    lead, tail
        Decoded samples to leave out at both ends, the decoder's delay included.

    Notes
    -----
    Layout: Xing's header description, and "MP3 Info Tag rev 1" by Gabriel Bouvier and the LAME project.
    """
    # The tag needs 177 bytes: a frame of 64 kbit/s has room for it. It is of the audio's rate, by which players go.
    size = frame_bytes(kbps)
    tag = bytearray(silence(kbps))
    tag[21:141] = b"Info" + struct.pack(">III", 0b1111, frames, audio_bytes + size) + _CONTENTS + struct.pack(">I", 50)
    delay, padding = min(4095, max(0, lead - DECODER_DELAY)), min(4095, max(0, tail + DECODER_DELAY))
    tag[141:150] = b"LAME3.100"
    tag[150] = 0x01  # tag revision 0, constant bit rate
    tag[161] = min(255, kbps)
    tag[162:165] = (delay << 12 | padding).to_bytes(3, "big")
    tag[169:173] = struct.pack(">I", audio_bytes + size)
    tag[175:177] = struct.pack(">H", _crc16(tag[:175]))
    return bytes(tag)


def _crc16(data: bytes | bytearray) -> int:
    """CRC-16/ARC, as the LAME tag has it over the bytes before it."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _CRC16[(crc ^ byte) & 0xFF]
    return crc


def _crc16_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC16 = _crc16_table()
