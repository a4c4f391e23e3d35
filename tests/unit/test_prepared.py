"""The file of a prepared clip: what is written is read, and nothing else is."""

import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.clip import Clip
from stitcher.clips.prepared import CorruptPrepared, PreparedClip, Report, prepared_key
from stitcher.formats.profiles import FORMS, PROFILES
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
    """In every form; what the payload is, only the form `wav` says."""
    profile = draw(st.sampled_from(FORMS))
    samples = draw(st.integers(1, 50))
    begin = draw(st.integers(0, samples - 1))
    payload = st.binary(min_size=2 * samples, max_size=2 * samples) if profile == "wav" else st.binary(max_size=100)
    end, lead = draw(st.integers(begin + 1, samples)), draw(st.integers(0, 2000))
    return PreparedClip(profile, draw(payload), samples, lead, begin, end, draw(REPORTS))


HEADER = struct.Struct("<4sHH8s4iI5dI")
# What CLIP's file says about it, in the file's order.
FIELDS: dict[str, object] = {
    "magic": b"STPC",
    "version": 3,
    "zero": 0,
    "profile": b"wav",
    "samples": 6,
    "lead": 0,
    "begin": 1,
    "end": 5,
    "duration_ms": REPORT.duration_ms,
    "loudness_lufs": REPORT.loudness_lufs,
    "gain_db": REPORT.gain_db,
    "noise_floor_db": REPORT.noise_floor_db,
    "peak_db": REPORT.peak_db,
    "limited_db": REPORT.limited_db,
    "warnings": 0,
}


def file_with(more: bytes = CLIP.payload, **fields: object) -> bytes:
    """CLIP's file with other fields of its header, or another content after it, and a right checksum."""
    body = HEADER.pack(*(FIELDS | fields).values()) + more
    return body + struct.pack("<I", zlib.crc32(body))


@given(clips())
def test_what_is_written_is_read(clip: PreparedClip) -> None:
    assert PreparedClip.from_bytes(clip.to_bytes()) == clip


def test_the_file_is_as_documented() -> None:
    assert CLIP.to_bytes() == file_with()
    warned = replace(CLIP, report=replace(REPORT, warnings=("dünn",))).to_bytes()
    text = '["dünn"]'.encode()
    assert warned == file_with(text + CLIP.payload, warnings=len(text))


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


@given(st.binary() | st.binary().map(lambda data: b"STPC\x02\0\0\0" + data))
def test_any_other_bytes_are_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptPrepared):
        PreparedClip.from_bytes(data)


@st.composite
def strange_files(draw: st.DrawFn) -> bytes:
    """Right magic, version and checksum; every other field of the header at will."""
    fields: dict[str, object] = {"profile": draw(st.binary(max_size=8) | st.sampled_from([b"mp3", b"wav"]))}
    fields |= {name: draw(st.integers(-(2**31), 2**31 - 1) | st.integers(-1, 9)) for name in list(FIELDS)[4:8]}
    fields |= {"duration_ms": draw(st.integers(0, 2**32 - 1))}
    fields |= {name: draw(st.floats()) for name in list(FIELDS)[9:14]}
    fields |= {"warnings": draw(st.integers(0, 2**32 - 1) | st.integers(0, 9))}
    return file_with(draw(st.binary(max_size=20)), **fields)


@given(strange_files())
def test_a_strange_header_under_a_right_checksum_is_corrupt_or_harmless(data: bytes) -> None:
    try:
        clip = PreparedClip.from_bytes(data)
    except CorruptPrepared:
        return
    assert clip.profile in FORMS
    assert 0 <= clip.begin < clip.end <= clip.samples
    assert clip.lead >= 0


@pytest.mark.parametrize("value", ["null", "1", "{}", '"text"', "[1]", '[["text"]]', "[null]"])
def test_warnings_of_another_form_are_corrupt(value: str) -> None:
    with pytest.raises(CorruptPrepared, match="cannot be read"):
        PreparedClip.from_bytes(file_with(value.encode() + CLIP.payload, warnings=len(value)))


@pytest.mark.parametrize("text", [b"[", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_warnings_that_are_no_json_are_corrupt(text: bytes) -> None:
    with pytest.raises(CorruptPrepared, match="cannot be read"):
        PreparedClip.from_bytes(file_with(text + CLIP.payload, warnings=len(text)))


def test_warnings_longer_than_the_file_are_corrupt() -> None:
    with pytest.raises(CorruptPrepared, match="cut off"):
        PreparedClip.from_bytes(file_with(warnings=len(CLIP.payload) + 1))


def test_a_profile_that_is_no_text_is_corrupt() -> None:
    with pytest.raises(CorruptPrepared, match="cannot be read"):
        PreparedClip.from_bytes(file_with(profile=b"\xff"))


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


@pytest.mark.parametrize("profile", ["", "mid", "MP3", *sorted(set(PROFILES) - set(FORMS))])
def test_a_clip_in_no_form_is_corrupt(profile: str) -> None:
    with pytest.raises(CorruptPrepared, match="does not fit the audio"):
        PreparedClip.from_bytes(replace(CLIP, profile=profile).to_bytes())


@pytest.mark.parametrize("version", [0, 2, 4])
def test_a_file_of_another_format_version_is_corrupt(version: int) -> None:
    with pytest.raises(CorruptPrepared, match=f"version {version}"):
        PreparedClip.from_bytes(file_with(version=version))


@pytest.mark.parametrize("profile", FORMS)
def test_a_prepared_clip_lies_by_format_version_folder_form_and_etag(profile: str) -> None:
    assert prepared_key(Clip("hindi/आज.ogg", "abc", 1, "आज"), profile) == f"prepared/v3/hindi/{profile}/abc.clip"
    assert prepared_key(Clip("hello.wav", "abc", 1, "hello"), profile) == f"prepared/v3/-/{profile}/abc.clip"
