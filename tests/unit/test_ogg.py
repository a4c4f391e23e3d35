"""Ogg pages by RFC 3533, Opus packets by RFC 6716, and the two together by RFC 7845."""

import struct
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.formats import ogg
from stitcher.formats.ogg import OggError, duration, file, pack, packets, silence, unpack
from tests.examples import of_usual
from tests.paths import SAMPLES

LARGEST = 61_440
"""Bytes of the largest Opus packet (RFC 7845, section 6: 48 frames of 2.5 ms of at most 1,275 bytes, rounded up)."""
ONE = b"\xf8" + b"opus packet of 20 ms"


class Page(NamedTuple):
    flags: int
    granule: int
    serial: int
    sequence: int
    lacing: bytes
    body: bytes
    crc: int
    whole: bytes


def pages_of(data: bytes) -> list[Page]:
    """The pages of a file, by the table of RFC 3533, section 6; shares no code with `stitcher.formats.ogg`."""
    found = []
    while data:
        magic, version, flags, granule, serial, sequence, crc, segments = struct.unpack_from("<4sBBqIIIB", data)
        assert (magic, version) == (b"OggS", 0)
        lacing = data[27 : 27 + segments]
        end = 27 + segments + sum(lacing)
        body = data[27 + segments : end]
        found.append(Page(flags, granule, serial, sequence, lacing, body, crc, data[:end]))
        data = data[end:]
    return found


def slow_crc(data: bytes) -> int:
    """CRC-32 bit by bit as RFC 3533, section 6 has it: polynomial 04c11db7, most significant bit first, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def sealed(page: bytes) -> bytes:
    """The page with the checksum of what it holds."""
    return page[:22] + struct.pack("<I", slow_crc(page[:22] + bytes(4) + page[26:])) + page[26:]


def page_with(body: bytes, lacing: bytes, flags: int = 0) -> bytes:
    return sealed(struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, 1, 0, 0, len(lacing)) + lacing + body)


def stream(*held: bytes, samples: int = 960) -> list[tuple[bytes, int]]:
    return [(packet, samples) for packet in held]


# Around the lengths where a packet's lacing changes, and many in a row.
LENGTHS = st.integers(1, 1300) | st.sampled_from([1, 254, 255, 256, 509, 510, 511, 765, 1275])
PACKETS = st.lists(
    st.builds(lambda length, fill: bytes((fill,)) * length, LENGTHS, st.integers(0, 255)), min_size=1, max_size=130
)


@given(PACKETS, st.integers(0, 3840))
@example([b"\xf8" * 1275] * 60, 312)
@example([b"\xf8" * 254] * 300, 312)
@example([b"\xf8" * LARGEST] * 3, 312)
def test_packets_are_read_as_they_were_written(held: list[bytes], pre_skip: int) -> None:
    assert packets(file(stream(*held), pre_skip, 960 * len(held))) == (pre_skip, held)


@given(PACKETS)
@example([b"\xf8" * 1275] * 60)  # over 255 lacing values in 50 packets
@example([b"\xf8" * 1800] * 40)  # exactly 256 in 32
@example([b"\xf8" * LARGEST] * 3)
def test_pages_are_in_order_marked_at_both_ends_and_not_too_full(held: list[bytes]) -> None:
    pages = pages_of(file(stream(*held), 312, 960 * len(held)))
    assert [page.sequence for page in pages] == list(range(len(pages)))
    assert {page.serial for page in pages} == {ogg.SERIAL}
    assert [page.flags for page in pages] == [2, *[0] * (len(pages) - 2), 4]  # first, last; no packet spans pages
    for page in pages:
        assert page.lacing[-1] < 255
        assert sum(length < 255 for length in page.lacing) <= max(1, ogg.PACKETS_PER_PAGE)


@given(PACKETS, st.lists(st.sampled_from([120, 240, 480, 960]), min_size=130, max_size=130), st.integers(0, 959))
def test_granule_positions_rise_to_the_exact_end(held: list[bytes], lengths: list[int], cut: int) -> None:
    """RFC 7845, section 4: the samples of all packets finished so far, pre-skip included, without what is cut off."""
    timed = [*zip(held, lengths, strict=False), (ONE, 960)]
    total = sum(length for _, length in timed)
    pre_skip = 312
    samples = max(1, total - pre_skip - cut)
    pages = pages_of(file(timed, pre_skip, samples))[2:]
    granules = [page.granule for page in pages]
    assert granules[-1] == min(total, pre_skip + samples)
    assert all(before <= after for before, after in pairwise(granules))
    finished = accumulate(sum(length < 255 for length in page.lacing) for page in pages)
    ends = [0, *accumulate(length for _, length in timed)]
    assert granules[:-1] == [ends[count] for count in list(finished)[:-1]]


def test_a_file_begins_with_the_headers_of_rfc_7845() -> None:
    head, tags, *_ = pages_of(file(stream(ONE), 312, 500))
    # Section 5.1: version 1, one channel, pre-skip, 48 kHz, no gain, mapping family 0.
    assert head.body == b"OpusHead" + bytes.fromhex("01 01 3801 80bb0000 0000 00")
    # Section 5.2: a vendor, and no comments.
    assert tags.body == b"OpusTags" + bytes.fromhex("08000000") + b"stitcher" + bytes(4)
    assert (head.granule, tags.granule) == (0, 0)


# Checksums


def test_the_crc_of_these_tests_is_that_of_files_made_by_others() -> None:
    """By ffmpeg's own Ogg writer, and one entry of libogg's table (crctable.h)."""
    assert slow_crc(b"\x80") == 0x690CE0EE
    for page in pages_of((SAMPLES / "pune.ogg").read_bytes()):
        assert page.crc == slow_crc(page.whole[:22] + bytes(4) + page.whole[26:])


@given(PACKETS)
@of_usual(30)
def test_every_page_has_the_checksum_of_what_it_holds(held: list[bytes]) -> None:
    for page in pages_of(file(stream(*held), 312, 960)):
        assert page.crc == slow_crc(page.whole[:22] + bytes(4) + page.whole[26:])


@given(st.binary(max_size=600))
def test_the_fast_checksum_is_the_slow_one(data: bytes) -> None:
    assert ogg._crc(data) == slow_crc(data)


# Damage

WHOLE = file(stream(*[ONE * 15] * 60), 312, 60 * 960)


def test_every_cut_is_noticed() -> None:
    """Also between two pages: the last page is marked as such."""
    for length in range(len(WHOLE)):
        with pytest.raises(OggError):
            packets(WHOLE[:length])


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_every_changed_byte_is_noticed(position: int, change: int) -> None:
    changed = bytearray(WHOLE)
    changed[position] ^= change
    with pytest.raises(OggError):
        packets(bytes(changed))


def test_a_damaged_page_is_named() -> None:
    with pytest.raises(OggError, match="the checksum of the page at byte 0 does not match"):
        packets(b"OggS" + WHOLE[4:20] + b"x" + WHOLE[21:])


@given(st.binary(min_size=1, max_size=60))
def test_anything_after_the_last_page_is_noticed(more: bytes) -> None:
    with pytest.raises(OggError):
        packets(WHOLE + more)


def opus_in_ogg(*headers: bytes) -> bytes:
    return b"".join(
        page_with(header, bytes((len(header),)), 4 * (number == len(headers)))
        for number, header in enumerate(headers, 1)
    )


HEAD = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)


def test_the_pages_of_these_tests_are_read() -> None:
    assert packets(opus_in_ogg(HEAD, b"OpusTags", ONE)) == (312, [ONE])


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([HEAD], "it does not begin with an Opus header"),
        ([b"\x01vorbis", b"\x03vorbis", ONE], "it does not begin with an Opus header"),
        ([HEAD[:-1], b"OpusTags"], "it does not begin with an Opus header"),
        ([HEAD, ONE], "the second packet is no comment header"),
    ],
)
def test_an_ogg_file_of_something_else_is_refused(headers: list[bytes], reason: str) -> None:
    with pytest.raises(OggError, match=reason):
        packets(opus_in_ogg(*headers))


def test_a_packet_without_its_end_is_refused() -> None:
    with pytest.raises(OggError, match="it is cut off before the end of its last page"):
        packets(opus_in_ogg(HEAD, b"OpusTags") + page_with(b"x" * 255, b"\xff", 4))


def test_a_packet_over_two_pages_is_one() -> None:
    data = opus_in_ogg(HEAD, b"OpusTags") + page_with(b"x" * 255, b"\xff") + page_with(b"y" * 7, b"\x07", 1 | 4)
    assert packets(data) == (312, [b"x" * 255 + b"y" * 7])


# Packets


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"\xf8" * 65_535])))
def test_packed_packets_are_unpacked_as_they_were(held: list[bytes]) -> None:
    assert unpack(pack(held)) == held


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5), st.data())
def test_packed_packets_that_are_cut_off_are_noticed_or_fewer(held: list[bytes], data: st.DataObject) -> None:
    """A cut between two packets cannot be seen here; the checksum of the prepared clip's file sees it."""
    payload = pack(held)
    kept = data.draw(st.integers(0, len(payload) - 1))
    ends = list(accumulate((2 + len(packet) for packet in held), initial=0))
    if kept in ends:
        assert unpack(payload[:kept]) == held[: ends.index(kept)]
    else:
        with pytest.raises(OggError, match="the last packet is cut off"):
            unpack(payload[:kept])


def reference_duration(configuration: int, frames: int) -> float:
    """Milliseconds by the words of RFC 6716, table 2."""
    if configuration < 12:
        return frames * (10, 20, 40, 60)[configuration % 4]
    return frames * ((10, 20)[configuration % 2] if configuration < 16 else (2.5, 5, 10, 20)[configuration % 4])


@given(st.integers(0, 31), st.booleans(), st.integers(0, 63), st.integers(0, 3))
def test_a_packets_duration_is_by_its_first_bytes(configuration: int, stereo: bool, count: int, flags: int) -> None:
    toc = configuration << 3 | stereo << 2
    for code, frames in ((0, 1), (1, 2), (2, 2), (3, count)):
        packet = bytes((toc | code, flags << 6 | count)) + b"rest"
        assert duration(packet) == 48 * reference_duration(configuration, frames)


@pytest.mark.parametrize(("packet", "reason"), [(b"", "is empty"), (b"\xfb", "is cut off")])
def test_a_packet_without_its_first_bytes_has_no_duration(packet: bytes, reason: str) -> None:
    with pytest.raises(OggError, match=reason):
        duration(packet)


@given(st.integers(0, 2000).map(lambda steps: steps * ogg.GRID))
def test_silence_is_packets_whose_durations_add_up(samples: int) -> None:
    assert total(silence(samples)) == samples


@pytest.mark.parametrize(("samples", "packet"), [(120, "e0fffe"), (240, "e8fffe"), (480, "f0fffe"), (960, "f8fffe")])
def test_silence_is_one_celt_frame_with_the_silence_flag(samples: int, packet: str) -> None:
    """RFC 6716, section 3.1 (CELT, full band, mono, one frame) and 4.3 (an all-ones start decodes the silence flag)."""
    assert silence(samples) == [bytes.fromhex(packet)]


def total(held: Iterable[bytes]) -> int:
    return sum(map(duration, held))
