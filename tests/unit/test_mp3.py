"""MP3 frames as ISO 11172-3 lays them out, and the tag that says how long a file is."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.formats import mp3
from stitcher.formats.mp3 import FrameError, check_frames, frame_bytes, header, info_frame, silence

KBPS = (64, 96)
every_rate = pytest.mark.parametrize("kbps", KBPS)
RATES = st.sampled_from(KBPS)


def frames(kbps: int, *contents: bytes) -> bytes:
    """Frames that stand on their own, each with its own content after the nine bits of `main_data_begin`."""
    return b"".join((header(kbps) + b"\0\0" + content).ljust(frame_bytes(kbps), b"\0") for content in contents)


@pytest.mark.parametrize(("kbps", "size", "begins"), [(64, 192, "fffb54c4"), (96, 288, "fffb74c4")])
def test_a_frame_of_48_khz_mono_is_144_bytes_for_each_bit_of_a_sample(kbps: int, size: int, begins: str) -> None:
    """ISO 11172-3, 2.4.3.1: 144 x bit rate / sampling rate; 2.4.1.3 for the header, worked out by hand.

    fff sync, b MPEG-1 layer III without CRC, 5 or 7 bit rate, 4 for 48 kHz without padding, c mono, 4 original.
    """
    assert frame_bytes(kbps) == 144 * kbps * 1000 // 48_000 == size
    assert header(kbps).hex() == begins


@every_rate
def test_silence_is_one_frame_without_main_data(kbps: int) -> None:
    """All side information zero: no bits of main data (`part2_3_length`), and none of earlier frames."""
    assert silence(kbps) == header(kbps) + bytes(frame_bytes(kbps) - 4)
    assert check_frames(silence(kbps), kbps) == 1


@given(RATES, st.lists(st.binary(max_size=180), min_size=1, max_size=10))
def test_frames_that_stand_on_their_own_are_counted(kbps: int, contents: list[bytes]) -> None:
    assert check_frames(frames(kbps, *contents), kbps) == len(contents)


@every_rate
def test_nothing_is_no_frames(kbps: int) -> None:
    with pytest.raises(FrameError, match="0 bytes are not whole frames"):
        check_frames(b"", kbps)


@given(RATES, st.integers(1, 4), st.data())
def test_a_frame_that_is_cut_off_is_refused(kbps: int, count: int, data: st.DataObject) -> None:
    whole = silence(kbps) * count
    kept = data.draw(st.integers(0, len(whole)).filter(lambda size: size % frame_bytes(kbps)))
    with pytest.raises(FrameError, match=f"{kept} bytes are not whole frames of {frame_bytes(kbps)}"):
        check_frames(whole[:kept], kbps)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("fffb74c4", id="another bit rate"),
        pytest.param("fffb50c4", id="44.1 kHz"),
        pytest.param("fffb56c4", id="a padding slot"),
        pytest.param("fffb5404", id="stereo"),
        pytest.param("fffb5444", id="joint stereo"),
        pytest.param("fffa54c4", id="a CRC, which moves the side information"),
        pytest.param("fffd54c4", id="layer II"),
        pytest.param("fff354c4", id="MPEG-2"),
        pytest.param("ffeb54c4", id="no sync"),
        pytest.param("49443303", id="an ID3 tag"),
        pytest.param("00000000", id="zeros"),
    ],
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_frame_with_another_header_is_refused(other: str, at: int) -> None:
    held = bytearray(silence(64) * 3)
    held[at * 192 : at * 192 + 4] = bytes.fromhex(other)
    with pytest.raises(FrameError, match=f"no MP3 frame of 48 kHz mono at 64 kbit/s at byte {at * 192}"):
        check_frames(bytes(held), 64)


@given(st.integers(0, 63))
def test_what_does_not_change_how_a_frame_is_decoded_may_differ(bits: int) -> None:
    """Mode extension (of stereo only), copyright, original, emphasis."""
    held = bytearray(silence(64))
    held[3] = held[3] & 0xC0 | bits
    assert check_frames(bytes(held), 64) == 1


@given(RATES, st.integers(1, 511), st.integers(0, 3))
def test_a_frame_that_needs_bytes_of_earlier_ones_is_refused(kbps: int, main_data_begin: int, at: int) -> None:
    """`main_data_begin` is the first nine bits of the side information (ISO 11172-3, 2.4.1.7)."""
    held, start = bytearray(silence(kbps) * 4), at * frame_bytes(kbps)
    held[start + 4 : start + 6] = (main_data_begin << 7).to_bytes(2, "big")
    with pytest.raises(FrameError, match=f"the frame at byte {start} needs bytes of earlier ones"):
        check_frames(bytes(held), kbps)


# The Info frame. Offsets by "MP3 Info Tag rev 1": the tag follows 4 bytes of header and 17 of side information (mono),
# LAME's extension 120 bytes later.

FRAMES, LENGTHS = st.integers(1, 2**31 // 300), st.integers(0, 4095)


def crc16(data: bytes) -> int:
    """CRC-16/ARC bit by bit: polynomial 8005 reflected, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def test_the_crc_of_these_tests_is_the_published_one() -> None:
    """Catalogue of parametrised CRC algorithms (reveng): CRC-16/ARC, check 0xbb3d."""
    assert crc16(b"123456789") == 0xBB3D


@given(RATES, FRAMES, LENGTHS, LENGTHS)
def test_an_info_frame_says_frames_bytes_delay_and_padding(kbps: int, count: int, lead: int, tail: int) -> None:
    size = count * frame_bytes(kbps)
    tag = info_frame(kbps, count, size, lead, tail)
    assert tag[:21] == silence(kbps)[:21]
    name, flags, held_frames, held_bytes = struct.unpack_from(">4sIII", tag, 21)
    assert (name, flags, held_frames, held_bytes) == (b"Info", 0b1111, count, size + len(tag))
    assert tag[141:145] == b"LAME"
    assert tag[161] == kbps
    assert struct.unpack_from(">I", tag, 169) == (size + len(tag),)
    delay, padding = int.from_bytes(tag[162:165], "big") >> 12, int.from_bytes(tag[162:165], "big") & 0xFFF
    # Players leave out the tag's delay and 529 samples of their own, and so many fewer of the padding.
    assert delay == max(0, lead - 529)
    assert padding == min(4095, tail + 529)


@given(RATES, FRAMES, LENGTHS, LENGTHS)
def test_an_info_frame_has_the_crc_of_the_bytes_before_it(kbps: int, count: int, lead: int, tail: int) -> None:
    tag = info_frame(kbps, count, count * frame_bytes(kbps), lead, tail)
    assert struct.unpack_from(">H", tag, 175) == (crc16(tag[:175]),)
    assert not any(tag[177:])


def test_an_info_frames_table_of_contents_is_a_straight_line() -> None:
    """Xing: entry i is where in 256ths of the file i per cent of its time is."""
    contents = info_frame(64, 1000, 192_000, 1152, 600)[37:137]
    assert [abs(entry / 256 - percent / 100) < 1 / 256 for percent, entry in enumerate(contents)] == [True] * 100


@every_rate
def test_an_info_frame_is_a_frame_of_the_audios_rate_that_stands_on_its_own(kbps: int) -> None:
    """Old players, which take it for audio, then play 24 ms of silence."""
    assert check_frames(info_frame(kbps, 10, 10 * frame_bytes(kbps), 1152, 600), kbps) == 1


def test_a_lead_of_zeros_puts_the_clip_on_the_second_frame() -> None:
    """LAME's delay of 576 samples and the decoder's 529 make 1,105; 47 zeros more are a whole frame."""
    assert (mp3.DELAY, mp3.LEAD_ZEROS, mp3.LEAD) == (1105, 47, 1152)
