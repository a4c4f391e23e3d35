"""The file of a prepared clip: what is written is read, and nothing else is."""

import json
import struct
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.catalogue import Clip
from stitcher.prepared import CorruptPrepared, PreparedClip, Report, prepared_key, prepared_prefix
from tests.audio import REPORT

CLIP = PreparedClip(struct.pack("<6h", 0, 1, -2, 32767, -32768, 0), 1, 5, REPORT)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
REPORTS = st.builds(
    Report,
    duration_ms=st.integers(0, 60_000),
    loudness_lufs=NUMBERS,
    gain_db=NUMBERS,
    noise_floor_db=NUMBERS,
    peak_db=NUMBERS,
    limited_db=NUMBERS,
    warnings=st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple),
)


@st.composite
def clips(draw: st.DrawFn) -> PreparedClip:
    pcm = draw(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
    begin = draw(st.integers(0, len(pcm) - 1))
    return PreparedClip(
        struct.pack(f"<{len(pcm)}h", *pcm), begin, draw(st.integers(begin + 1, len(pcm))), draw(REPORTS)
    )


def file_with(header: bytes, pcm: bytes = CLIP.pcm, version: int = 1) -> bytes:
    """A file in the documented format with a right checksum, whatever its header."""
    body = struct.pack("<4sHHI", b"STPC", version, 0, len(header)) + header + pcm
    return body + struct.pack("<I", zlib.crc32(body))


@given(clips())
def test_what_is_written_is_read(clip: PreparedClip) -> None:
    assert PreparedClip.from_bytes(clip.to_bytes()) == clip


def test_the_file_is_as_documented() -> None:
    data = CLIP.to_bytes()
    magic, version, zero, length = struct.unpack_from("<4sHHI", data)
    header = json.loads(data[12 : 12 + length])
    assert (magic, version, zero) == (b"STPC", 1, 0)
    assert (header["samples"], header["audible"], header["report"]["loudness_lufs"]) == (6, [1, 5], -23.0)
    assert data[12 + length : -4] == CLIP.pcm
    assert data[-4:] == struct.pack("<I", zlib.crc32(data[:-4]))


def test_every_flipped_bit_is_noticed() -> None:
    data = CLIP.to_bytes()
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with pytest.raises(CorruptPrepared):
                PreparedClip.from_bytes(bytes(flipped))


def test_every_cut_is_noticed() -> None:
    data = CLIP.to_bytes()
    for length in range(len(data)):
        with pytest.raises(CorruptPrepared):
            PreparedClip.from_bytes(data[:length])


@given(st.binary(min_size=1, max_size=40))
def test_anything_added_is_noticed(more: bytes) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(CLIP.to_bytes() + more)


@given(st.binary() | st.binary().map(lambda data: b"STPC\x01\0\0\0" + data))
def test_any_other_bytes_are_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["begin", "x"]), inner, max_size=2),
    max_leaves=5,
)


@given(
    JSON
    | st.fixed_dictionaries(
        {}, optional={"samples": JSON, "audible": JSON | st.lists(JSON, min_size=2, max_size=2), "report": JSON}
    )
)
def test_a_strange_header_under_a_right_checksum_is_corrupt(header: object) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(file_with(json.dumps(header).encode()))


@given(st.tuples(JSON, JSON))
@example((0, float("inf")))
@example((float("nan"), 1))
@example(("0", "5"))
def test_strange_edges_under_a_right_checksum_are_corrupt(audible: tuple[object, object]) -> None:
    header = {"samples": 6, "audible": audible, "report": json.loads(json.dumps(vars_of(REPORT)))}
    try:
        clip = PreparedClip.from_bytes(file_with(json.dumps(header).encode()))
    except CorruptPrepared:
        return
    assert 0 <= clip.begin < clip.end <= clip.samples


@pytest.mark.parametrize("header", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_a_header_that_is_no_json_is_corrupt(header: bytes) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(file_with(header))


@pytest.mark.parametrize(
    ("begin", "end", "pcm"), [(0, 0, CLIP.pcm), (5, 2, CLIP.pcm), (-1, 5, CLIP.pcm), (0, 7, CLIP.pcm), (0, 0, b"")]
)
def test_edges_outside_of_the_audio_are_corrupt(begin: int, end: int, pcm: bytes) -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(PreparedClip(pcm, begin, end, REPORT).to_bytes())


def test_half_a_sample_is_corrupt() -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(PreparedClip(CLIP.pcm + b"\0", 1, 5, REPORT).to_bytes())


def test_a_file_of_another_format_version_is_corrupt() -> None:
    header = json.dumps({"samples": 6, "audible": [1, 5], "report": vars_of(REPORT)}).encode()
    assert PreparedClip.from_bytes(file_with(header)) == CLIP
    with pytest.raises(CorruptPrepared, match="version 2"):
        PreparedClip.from_bytes(file_with(header, version=2))


def test_a_prepared_clip_lies_by_format_version_folder_and_etag() -> None:
    assert prepared_key(Clip("hindi/आज.ogg", "abc", 1, "आज")) == "prepared/v1/hindi/abc.clip"
    assert prepared_key(Clip("hello.wav", "abc", 1, "hello")) == "prepared/v1/-/abc.clip"


@pytest.mark.parametrize("key", ["hello.wav", "hindi/आज.ogg"])
def test_a_prepared_clip_lies_in_its_voices_folder(key: str) -> None:
    assert prepared_key(Clip(key, "abc", 1, "")).rpartition("/")[0] + "/" == prepared_prefix(key.rpartition("/")[0])


def vars_of(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in Report.__slots__}
