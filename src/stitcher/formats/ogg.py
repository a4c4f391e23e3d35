"""Opus packets in Ogg: taking them out of what the encoder wrote, and making a file of those of many clips.

Ogg: RFC 3533; Opus in Ogg: RFC 7845; Opus packets: RFC 6716. Standard library only.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

FRAME = 960
"""Samples of the packets that we encode: 20 ms at 48 kHz, the rate that Opus counts in."""
GRID = 120
"""The shortest packet, 2.5 ms: what gaps are rounded to."""
PACKETS_PER_PAGE = 50
SERIAL = 1

# Silence by duration in samples: CELT, full band, mono, one frame, "silence" flag. One of them between two clips also
# resets the decoder's prediction, so that the second decodes as it does alone.
SILENCE = {960: b"\xf8\xff\xfe", 480: b"\xf0\xff\xfe", 240: b"\xe8\xff\xfe", 120: b"\xe0\xff\xfe"}

_PAGE = struct.Struct("<4sBBqIIIB")
_FIRST, _LAST, _CONTINUED = 2, 4, 1
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# Samples of one frame by the TOC's configuration number (RFC 6716, table 2).
_SILK = (480, 960, 1920, 2880)
_DURATIONS = _SILK * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4


class OggError(ValueError):
    """The bytes are not the Ogg Opus that was expected; the message says why."""


def packets(data: bytes) -> tuple[int, list[bytes]]:
    """(pre-skip in samples, audio packets) of an Ogg Opus file with one stream.

    Raises
    ------
    OggError
        Where a page is damaged or cut off, or the first packet is no Opus header.
    """
    found = list(_packets_of_pages(data))
    if len(found) < 2 or not found[0].startswith(b"OpusHead") or len(found[0]) < 19:
        raise OggError("it does not begin with an Opus header")
    if not found[1].startswith(b"OpusTags"):
        raise OggError("the second packet is no comment header")
    (pre_skip,) = struct.unpack_from("<H", found[0], 10)
    return pre_skip, found[2:]


def _packets_of_pages(data: bytes) -> Iterator[bytes]:
    position, waiting, flags = 0, b"", 0
    while position < len(data):
        if len(data) < position + _PAGE.size:
            raise OggError("it is cut off inside of a page header")
        magic, version, flags, _, _, _, crc, segments = _PAGE.unpack_from(data, position)
        if magic != b"OggS" or version != 0:
            raise OggError(f"no Ogg page at byte {position}")
        lacing = data[position + _PAGE.size : position + _PAGE.size + segments]
        start = position + _PAGE.size + segments
        end = start + sum(lacing)
        if len(lacing) < segments or end > len(data):
            raise OggError("it is cut off inside of a page")
        page = data[position : position + 22] + bytes(4) + data[position + 26 : end]
        if _crc(page) != crc:
            raise OggError(f"the checksum of the page at byte {position} does not match")
        for length in lacing:
            waiting += data[start : start + length]
            start += length
            if length < 255:
                yield waiting
                waiting = b""
        position = end
    if waiting or not flags & _LAST:
        raise OggError("it is cut off before the end of its last page")


def pack(held: Iterable[bytes]) -> bytes:
    """Packets in a row, each after its length in two bytes (little-endian): a prepared clip's payload."""
    return b"".join(len(packet).to_bytes(2, "little") + packet for packet in held)


def unpack(payload: bytes) -> list[bytes]:
    """The reverse of `pack`. Raises `OggError` where the last packet is cut off."""
    found, position = [], 0
    while position < len(payload):
        start = position + 2
        position = start + int.from_bytes(payload[position:start], "little")
        found.append(payload[start:position])
    if position > len(payload) or len(payload) == 1:
        raise OggError("the last packet is cut off")
    return found


def duration(packet: bytes) -> int:
    """Samples (at 48 kHz) that a packet decodes to (RFC 6716, section 3.1). Raises `OggError`."""
    if not packet:
        raise OggError("an Opus packet is empty")
    code = packet[0] & 3
    if code == 3 and len(packet) < 2:
        raise OggError("an Opus packet is cut off")
    frames = (1, 2, 2, packet[1] & 0x3F if code == 3 else 0)[code]
    return _DURATIONS[packet[0] >> 3] * frames


def silence(samples: int) -> list[bytes]:
    """Packets that decode to `samples` zeros, a multiple of `GRID`."""
    found = []
    for length, packet in SILENCE.items():
        count, samples = divmod(samples, length)
        found += [packet] * count
    return found


def file(stream: Iterable[tuple[bytes, int]], pre_skip: int, samples: int) -> bytes:
    """An Ogg Opus file, mono.

    Parameters
    ----------
    stream
        Packets with their durations in samples.
    pre_skip
        Decoded samples to leave out at the beginning.
    samples
        Length of the file without them; what the packets hold beyond it is left out by the last granule position.
    """
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, pre_skip, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 8) + b"stitcher" + struct.pack("<I", 0)
    pages = [_page(0, 0, [head], _FIRST), _page(1, 0, [tags])]
    held: list[bytes] = []
    granule = laced = 0
    # A page is written when the next packet does not fit, so that the last one is known as the last.
    for packet, length in stream:
        lacing = len(packet) // 255 + 1
        if held and (len(held) == PACKETS_PER_PAGE or laced + lacing > 255):
            pages.append(_page(len(pages), granule, held))
            held, laced = [], 0
        held.append(packet)
        laced += lacing
        granule += length
    pages.append(_page(len(pages), min(granule, pre_skip + samples), held, _LAST))
    return b"".join(pages)


def _page(sequence: int, granule: int, held: list[bytes], flags: int = 0) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,)) for packet in held)
    head = _PAGE.pack(b"OggS", 0, flags, granule, SERIAL, sequence, 0, len(lacing)) + lacing
    body = b"".join(held)
    return head[:22] + struct.pack("<I", _crc(head + body)) + head[26:] + body


def _crc(page: bytes) -> int:
    """Ogg's CRC-32 (polynomial 04C11DB7, most significant bit first, from 0) at C speed.

    zlib's runs the other way round: over the bytes with their bits reversed it gives the same number reversed, once its
    initial and final inversions are undone.
    """
    reverse = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reverse:032b}"[::-1], 2)
