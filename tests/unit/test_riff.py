"""WAV files as the standard library and Microsoft's WAVEFORMATEX read them."""

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.formats.profiles import LINEAR
from stitcher.formats.wav import wav

RATES = st.sampled_from([8_000, 44_100, 48_000])
SAMPLES = st.lists(st.integers(-32768, 32767), max_size=200).map(lambda held: struct.pack(f"<{len(held)}h", *held))


def chunks_of(data: bytes) -> dict[bytes, bytes]:
    """The chunks of a RIFF file of the form WAVE; each begins on an even byte."""
    name, size, form = struct.unpack_from("<4sI4s", data)
    assert (name, size, form) == (b"RIFF", len(data) - 8, b"WAVE")
    found, position = {}, 12
    while position < len(data):
        chunk, length = struct.unpack_from("<4sI", data, position)
        found[chunk] = data[position + 8 : position + 8 + length]
        assert len(found[chunk]) == length
        position += 8 + length + (length & 1)
    assert position == len(data)
    return found


@given(SAMPLES, RATES)
def test_the_standard_library_reads_the_samples_back(samples: bytes, rate: int) -> None:
    with wave.open(io.BytesIO(wav(samples, "pcm", rate))) as file:
        assert file.getparams()[:4] == (1, 2, rate, len(samples) // 2)
        assert file.readframes(file.getnframes()) == samples


@given(SAMPLES, RATES)
def test_the_file_is_the_one_that_the_standard_library_writes(samples: bytes, rate: int) -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples)
    assert wav(samples, "pcm", rate) == out.getvalue()


@pytest.mark.parametrize(("codec", "tag"), [("alaw", 6), ("ulaw", 7)])
@given(st.binary(max_size=200), st.sampled_from([8_000, 16_000]))
def test_codes_have_the_fields_of_waveformatex(codec: str, tag: int, codes: bytes, rate: int) -> None:
    """Format 6 or 7, one channel, a byte a sample, and the `fact` chunk that all formats but PCM need (RIFF, 1994)."""
    chunks = chunks_of(wav(codes, codec, rate))
    assert list(chunks) == [b"fmt ", b"fact", b"data"]
    assert struct.unpack("<HHIIHHH", chunks[b"fmt "]) == (tag, 1, rate, rate, 1, 8, 0)
    assert struct.unpack("<I", chunks[b"fact"]) == (len(codes),)
    assert chunks[b"data"] == codes


@pytest.mark.parametrize("codes", [b"", b"\xff", b"\xff\xff"])
def test_a_file_ends_on_an_even_byte(codes: bytes) -> None:
    assert len(wav(codes, "ulaw", 8000)) % 2 == 0


def test_the_silence_of_each_codec_is_its_code_of_0() -> None:
    """ITU-T G.711, tables 1a and 2a: all ones in µ-law; in A-law 80 (hex) with its even bits inverted."""
    assert {"pcm": (2, b"\0\0"), "ulaw": (1, b"\xff"), "alaw": (1, bytes((0x80 ^ 0x55,)))} == LINEAR
