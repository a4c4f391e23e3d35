"""The file of a prepared clip: what is written is read, and nothing else is."""

import json
import struct
import zlib
from dataclasses import asdict, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.catalogue import Clip
from stitcher.prepared import CorruptPrepared, PreparedClip, Report, prepared_key
from stitcher.profiles import PROFILES, SPLICED
from tests.audio import REPORT, samples_clip

CLIP = samples_clip(struct.pack("<6h", 0, 1, -2, 32767, -32768, 0), 1, 5)

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
    """Of every profile; what the payload is, only the profile `wav` says."""
    profile = draw(st.sampled_from(SPLICED))
    samples = draw(st.integers(1, 50))
    begin = draw(st.integers(0, samples - 1))
    payload = st.binary(min_size=2 * samples, max_size=2 * samples) if profile == "wav" else st.binary(max_size=100)
    end, lead = draw(st.integers(begin + 1, samples)), draw(st.integers(0, 2000))
    return PreparedClip(profile, draw(payload), samples, lead, begin, end, draw(REPORTS))


def file_with(header: bytes, payload: bytes = CLIP.payload, version: int = 1) -> bytes:
    """A file in the documented format with a right checksum, whatever its header."""
    body = struct.pack("<4sHHI", b"STPC", version, 0, len(header)) + header + payload
    return body + struct.pack("<I", zlib.crc32(body))


@given(clips())
def test_what_is_written_is_read(clip: PreparedClip) -> None:
    assert PreparedClip.from_bytes(clip.to_bytes()) == clip


def test_the_file_is_as_documented() -> None:
    data = CLIP.to_bytes()
    magic, version, zero, length = struct.unpack_from("<4sHHI", data)
    header = json.loads(data[12 : 12 + length])
    assert (magic, version, zero) == (b"STPC", 1, 0)
    assert (header["profile"], header["samples"], header["lead"], header["audible"]) == ("wav", 6, 0, [1, 5])
    assert header["report"]["loudness_lufs"] == -23.0
    assert data[12 + length : -4] == CLIP.payload
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


# What CLIP's file says about it.
HEADER = {"profile": "wav", "samples": 6, "lead": 0, "audible": [1, 5], "report": asdict(REPORT)}


def test_the_header_of_these_tests_is_one_that_is_read() -> None:
    assert PreparedClip.from_bytes(file_with(json.dumps(HEADER).encode())) == CLIP


@given(JSON)
def test_a_header_of_another_form_under_a_right_checksum_is_corrupt(header: object) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(file_with(json.dumps(header).encode()))


@pytest.mark.parametrize("field", HEADER)
def test_a_header_without_one_of_its_fields_is_corrupt(field: str) -> None:
    header = {name: value for name, value in HEADER.items() if name != field}
    with pytest.raises(CorruptPrepared, match=f"cannot be read: '{field}'"):
        PreparedClip.from_bytes(file_with(json.dumps(header).encode()))


@given(st.sampled_from(sorted(HEADER)), JSON | st.lists(JSON, min_size=2, max_size=2))
@example("audible", [0, float("inf")])
@example("audible", [float("nan"), 1])
@example("audible", ["0", "5"])
@example("samples", 10**400)
@example("lead", float("-inf"))
@example("profile", ["wav"])
@example("report", {"warnings": []})
@example("report", [])
def test_a_strange_field_under_a_right_checksum_is_corrupt_or_harmless(field: str, value: object) -> None:
    try:
        clip = PreparedClip.from_bytes(file_with(json.dumps(HEADER | {field: value}).encode()))
    except CorruptPrepared:
        return
    assert clip.profile in SPLICED
    assert 0 <= clip.begin < clip.end <= clip.samples
    assert clip.lead >= 0


@pytest.mark.parametrize("header", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_a_header_that_is_no_json_is_corrupt(header: bytes) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(file_with(header))


@pytest.mark.parametrize(
    ("begin", "end", "payload"),
    [(0, 0, CLIP.payload), (5, 2, CLIP.payload), (-1, 5, CLIP.payload), (0, 7, CLIP.payload), (0, 0, b"")],
)
def test_edges_outside_of_the_audio_are_corrupt(begin: int, end: int, payload: bytes) -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(samples_clip(payload, begin, end).to_bytes())


@pytest.mark.parametrize("more", [b"\0", b"\0\0"])
def test_samples_that_are_not_as_many_as_the_header_says_are_corrupt(more: bytes) -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(replace(CLIP, payload=CLIP.payload + more).to_bytes())


def test_a_lead_before_the_payload_is_corrupt() -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(replace(CLIP, lead=-1).to_bytes())


@pytest.mark.parametrize("profile", ["", "mid", "MP3", *sorted(set(PROFILES) - set(SPLICED))])
def test_a_clip_for_a_profile_that_is_not_spliced_is_corrupt(profile: str) -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(replace(CLIP, profile=profile).to_bytes())


def test_a_file_of_another_format_version_is_corrupt() -> None:
    with pytest.raises(CorruptPrepared, match="version 2"):
        PreparedClip.from_bytes(file_with(json.dumps(HEADER).encode(), version=2))


@pytest.mark.parametrize("profile", SPLICED)
def test_a_prepared_clip_lies_by_format_version_folder_profile_and_etag(profile: str) -> None:
    assert prepared_key(Clip("hindi/आज.ogg", "abc", 1, "आज"), profile) == f"prepared/v1/hindi/{profile}/abc.clip"
    assert prepared_key(Clip("hello.wav", "abc", 1, "hello"), profile) == f"prepared/v1/-/{profile}/abc.clip"
