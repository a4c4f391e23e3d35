"""Recordings that nobody vouches for: every supported kind is read by its content, and nothing else is even opened."""

import http.server
import io
import json
import os
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.clips.decode import _read_wav, decode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import CorruptPrepared, PreparedClip
from stitcher.errors import UnusableClip
from stitcher.formats import mp3, ogg
from stitcher.formats.ffmpeg import DecodeError, ffmpeg_path
from tests.audio import (
    RATE,
    Signal,
    ffmpeg,
    refusal_of,
    samples_clip,
    samples_of,
    silence,
    speech,
    wav,
)
from tests.paths import SAMPLES
from tests.waiting import LONGEST_S

SPEECH = speech(1.0)
SAID = np.concatenate([silence(0.2), SPEECH, silence(0.3)])
MS = RATE // 1000
NO_AUDIO = "it is not audio in a format that can be read (WAV, MP3, OGG, M4A, FLAC, WebM, AMR or AIFF)"


# Every supported kind


class Kind(NamedTuple):
    container: str
    codec: str
    rate: int
    channels: int

    @property
    def title(self) -> str:
        return f"{self.codec} in {self.container}, {self.channels} x {self.rate} Hz"


KINDS = [
    Kind("wav", "pcm_u8", 8_000, 1),
    Kind("wav", "pcm_s16le", 11_025, 2),
    Kind("wav", "pcm_s24le", 96_000, 2),
    Kind("wav", "pcm_s32le", 192_000, 1),
    Kind("wav", "pcm_f32le", 48_000, 6),
    Kind("wav", "pcm_f64le", 44_100, 8),
    Kind("wav", "pcm_mulaw", 8_000, 1),
    Kind("wav", "pcm_alaw", 8_000, 2),
    Kind("w64", "pcm_s16le", 48_000, 1),
    Kind("mp3", "libmp3lame", 44_100, 2),
    Kind("mp3", "libmp3lame", 22_050, 1),
    Kind("mp3", "libmp3lame", 11_025, 1),
    Kind("mp3", "libmp3lame", 8_000, 1),
    Kind("ogg", "libvorbis", 44_100, 1),
    Kind("ogg", "libvorbis", 48_000, 6),
    Kind("ogg", "libopus", 48_000, 1),
    Kind("ogg", "libopus", 48_000, 8),
    Kind("ipod", "aac", 44_100, 2),
    Kind("ipod", "aac", 48_000, 6),
    Kind("ipod", "alac", 44_100, 1),
    Kind("adts", "aac", 22_050, 1),
    Kind("adts", "aac", 96_000, 2),
    Kind("flac", "flac", 22_050, 1),
    Kind("flac", "flac", 192_000, 8),
    Kind("webm", "libopus", 48_000, 2),
    Kind("amr", "libopencore_amrnb", 8_000, 1),
    Kind("3gp", "libopencore_amrnb", 8_000, 1),
    Kind("aiff", "pcm_s16be", 44_100, 2),
    Kind("aiff", "pcm_s24be", 22_050, 1),
    Kind("caf", "pcm_s16le", 48_000, 1),
]


@cache
def recorded(kind: Kind) -> bytes:
    """What a recorder of that kind makes of `SAID`."""
    source = wav(*[SAID] * kind.channels)
    return ffmpeg(source, "-ar", str(kind.rate), "-c:a", kind.codec, "-f", kind.container)


def envelope(samples: Signal) -> Signal:
    """Level over time, 50 values a second: AMR keeps no more of a signal than that and its sound."""
    used = samples[: len(samples) // 960 * 960].reshape(-1, 960)
    levels: Signal = np.sqrt((used * used).mean(axis=1))
    return levels


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_every_kind_of_recording_is_the_same_speech(kind: Kind) -> None:
    """Whatever the file is called."""
    plain, ready = prepare("hello.wav", wav(SAID)), prepare("hello.txt", recorded(kind))
    assert ready.end - ready.begin == pytest.approx(plain.end - plain.begin, abs=60 * MS)
    assert ready.report.loudness_lufs == pytest.approx(plain.report.loudness_lufs, abs=1.0)
    heard = min(len(SPEECH), ready.end - ready.begin)
    said = envelope(samples_of(ready)[ready.begin :][:heard])
    assert np.corrcoef(said, envelope(SPEECH[:heard]))[0, 1] > 0.95


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_a_recording_that_is_cut_off_is_what_there_is_of_it_or_refused(kind: Kind) -> None:
    data = recorded(kind)
    for share in (0.002, 0.05, 0.5, 0.97):
        try:
            ready = prepare("hello.wav", data[: round(share * len(data))])
        except UnusableClip as refused:
            ((_, reason),) = refused.unusable
            assert reason == NO_AUDIO or reason.startswith(("it has no samples", "it is silent", "the file is empty"))
        else:
            assert ready.samples <= len(SPEECH) + 100 * MS


def test_damaged_recordings_are_prepared_or_refused_and_nothing_else() -> None:
    chance = np.random.default_rng(4)
    outcomes = []
    for clip in ("hello.wav", "farmers.mp3", "pune.ogg", "please.m4a", "onion.flac", "tonight.wav"):
        whole = (SAMPLES / clip).read_bytes()
        for _ in range(6):
            data = bytearray(whole)
            for position in chance.integers(0, min(len(data), 600), 12):
                data[position] = chance.integers(256)
            try:
                outcomes.append(prepare(clip, bytes(data)).samples > 0)
            except UnusableClip as refused:
                outcomes.append(clip in str(refused))
    assert all(outcomes)
    assert len(outcomes) == 36


# Headers that make no sense


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_samples_that_are_not_numbers_are_refused(value: float) -> None:
    samples = struct.pack("<f", 0.1) * 4000 + struct.pack("<f", value) + struct.pack("<f", 0.1) * 4000
    assert refusal_of(wav_of(samples, form=3, bits=32)) == "it has samples that are not numbers"


@pytest.mark.parametrize(
    ("offset", "value"),
    [(22, b"\0\0"), (22, b"\xff\xff"), (24, b"\0\0\0\0"), (24, b"\xff\xff\xff\xff"), (34, b"\xff\xff")],
)
def test_a_header_that_makes_no_sense_is_refused(offset: int, value: bytes) -> None:
    data = bytearray(wav(SPEECH))
    data[offset : offset + len(value)] = value
    assert refusal_of(bytes(data)) == NO_AUDIO


@pytest.mark.parametrize("claimed", [2**31 - 1, 2**32 - 1])
def test_a_header_that_claims_more_than_there_is_gives_what_there_is(claimed: int) -> None:
    data = wav(SPEECH)
    data = data[:4] + struct.pack("<I", claimed) + data[8:40] + struct.pack("<I", claimed) + data[44:]
    assert len(decode(data)) == len(SPEECH)


# Hostile files, each in a process of its own whose time and memory are measured


class Outcome(NamedTuple):
    """The reason of the refusal, "" where there was none; seconds of a processor and megabytes, with ffmpeg's."""

    reason: str
    seconds: float
    megabytes: float


MEASURED = """
import json, os, resource, sys
from stitcher.errors import UnusableClip
from stitcher.clips.prepare import prepare
from stitcher.formats import ffmpeg

ffmpeg.DECODE_SECONDS = 300  # of the clock; measured is the processor's time
data, reason = sys.stdin.buffer.read(), ""
try:
    prepare("hello.mp3", data)
except UnusableClip as refused:
    ((_, reason),) = refused.unusable
seconds = sum(os.times()[:4])
used = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps([reason, seconds, used / (2**20 if sys.platform == "darwin" else 2**10)]))
"""


def outcome_of(data: bytes) -> Outcome:
    # By way of a shell: Linux counts what the process that starts another one uses as used by that one.
    command = ["/bin/sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", MEASURED]
    return Outcome(*json.loads(subprocess.run(command, input=data, capture_output=True, check=True).stdout))


def wav_of(samples: bytes, rate: int = RATE, channels: int = 1, bits: int = 16, form: int = 1) -> bytes:
    """A WAV file with whatever its header shall claim."""
    frame = channels * bits // 8
    fmt = struct.pack("<HHIIHH", form, channels, rate, rate * frame % 2**32, frame % 2**16, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac_of_8_channels_at_192_khz(tone_s: int, silence_s: int) -> bytes:
    command = [
        ffmpeg_path(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        f"sine=500:r=192000:d={tone_s},apad=pad_dur={silence_s}",
    ]
    command += ["-ac", "8", "-c:a", "flac", "-f", "flac", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def changed(clip: str, offset: int, value: bytes, after: bytes = b"") -> bytes:
    """A sample clip with other bytes at an offset, or so far behind where `after` first is."""
    data = bytearray((SAMPLES / clip).read_bytes())
    start = data.index(after) + offset
    data[start : start + len(value)] = value
    return bytes(data)


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def id3(size: int) -> bytes:
    """The header of a tag of so many bytes (ID3v2.4, section 3.1: seven bits a byte)."""
    return b"ID3\4\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0))


def picture() -> bytes:
    """A black PNG of 64 x 64."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes(64 * 65))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def random_bytes(size: int) -> bytes:
    return np.random.default_rng(3).bytes(size)


LONG = "it is longer than 60 s"
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "the file is empty"),
    "text": (lambda: b"Good morning, farmers.\n" * 100, NO_AUDIO),
    "HTML": (lambda: b"<html><body>404 Not Found</body></html>", NO_AUDIO),
    "zeros": (lambda: bytes(20_000), NO_AUDIO),
    "random bytes": (lambda: random_bytes(20_000), NO_AUDIO),
    "20 MB of random bytes": (lambda: random_bytes(20 * 2**20), NO_AUDIO),
    "a picture": (picture, NO_AUDIO),
    "a zip of a recording": (lambda: zipped("hello.wav", wav(SPEECH)), NO_AUDIO),
    "an ID3 tag of 10 MB and nothing": (lambda: id3(10_000_000) + bytes(10_000_000), NO_AUDIO),
    "an ID3 tag of 256 MB that is not there": (lambda: id3(2**28 - 1), NO_AUDIO),
    "headers of MP3 frames and nothing else": (lambda: mp3.header(64) * 100_000, NO_AUDIO),
    "a WAV without samples": (lambda: wav(silence(0)), "it has no samples"),
    "a WAV of 4 GB without samples": (lambda: wav(silence(0))[:40] + b"\xff" * 4, "it has no samples"),
    "a WAV of 65,535 channels": (lambda: wav_of(bytes(2 * 65_535), channels=65_535), NO_AUDIO),
    "a WAV of 64 channels for a minute": (
        lambda: wav_of(random_bytes(64 * 5000 * 59), 5000, 64, 8),
        "it has 64 channels; the limit is 8",
    ),
    "a WAV of a sample a second": (lambda: wav_of(random_bytes(200_000), rate=1), LONG),
    "a WAV of 2 GHz": (lambda: wav_of(random_bytes(20_000), rate=2**31 - 1), "it has no samples"),
    "a minute of 8 channels at 192 kHz": (lambda: flac_of_8_channels_at_192_khz(20, 40), ""),
    "more than a minute of 8 channels at 192 kHz": (lambda: flac_of_8_channels_at_192_khz(20, 60), LONG),
    "a FLAC with a header of 16 MB": (lambda: changed("onion.flac", 5, b"\xff" * 3), NO_AUDIO),
    "a FLAC that claims 16 days": (lambda: changed("onion.flac", 21, b"\xff" * 5), ""),
    "an MP4 of 2 billion samples": (lambda: changed("please.m4a", 12, b"\x7f" + b"\xff" * 3, b"stsz"), NO_AUDIO),
    "an MP4 of 2 billion durations": (lambda: changed("please.m4a", 8, b"\x7f" + b"\xff" * 3, b"stts"), NO_AUDIO),
    "an MP4 with a table of 2 GB": (
        lambda: changed("please.m4a", -4, b"\x7f" + b"\xff" * 3, b"stsz"),
        "it has no samples",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_seconds_and_in_little_memory(name: str) -> None:
    make, reason = HOSTILE[name]
    outcome = outcome_of(make())
    assert outcome.reason.startswith(reason)
    assert bool(outcome.reason) == bool(reason)
    assert outcome.seconds < 10
    assert outcome.megabytes < 1000


# Files that name other files and addresses, called hello.mp3. Each is tried on an unguarded ffmpeg as well, to be sure
# that it is a real attack.

DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"'
    ' minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet'
    ' mimeType="audio/mp4" contentType="audio"><Representation id="a" bandwidth="64000" codecs="mp4a.40.2">'
    "<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"
)
PLAYLISTS = {
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "DASH": DASH,
}
UNGUARDED = {
    "HLS": ["-f", "hls", "-allowed_extensions", "ALL"],
    "ffconcat": ["-f", "concat", "-safe", "0"],
    "DASH": [],
    "MP4": ["-enable_drefs", "1", "-use_absolute_path", "1"],
}
SECRET = wav(speech(0.5))
every_kind = pytest.mark.parametrize("kind", UNGUARDED)


def pointing(kind: str, target: str) -> bytes:
    """A file of the kind whose sound lies elsewhere."""
    return mp4_pointing(target) if kind == "MP4" else PLAYLISTS[kind].format(target).encode()


def mp4_pointing(target: str) -> bytes:
    """A QuickTime file with a data reference to another: an alias record with its path as a record of type 2.

    QuickTime File Format, "Data reference atoms"; the alias as ffmpeg's `mov_read_dref` reads it.
    """
    path = target.encode()
    name = Path(target).name.encode()
    alias = bytes(10) + b"\4disk".ljust(28, b"\0") + bytes(12) + bytes((len(name),)) + name.ljust(63, b"\0") + bytes(16)
    alias += struct.pack(">HH16xHH", 1, 1, 2, len(path)) + path + bytes(len(path) % 2) + b"\xff\xff\0\0"
    reference = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    movie = bytearray(quicktime())
    # Its box, and all those it is in, grow by as much; they lie behind the samples, whose place does not change.
    boxes, start, end = list[int](), 0, len(movie)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        while movie[start + 4 : start + 8] != name:
            start += struct.unpack_from(">I", movie, start)[0]
            assert start < end
        boxes.append(start)
        end, start = start + struct.unpack_from(">I", movie, start)[0], start + 8
    there = boxes[-1] + 16
    grown = len(reference) - (end - there)
    movie[there:end] = reference
    for box in boxes:
        struct.pack_into(">I", movie, box, struct.unpack_from(">I", movie, box)[0] + grown)
    return bytes(movie)


@cache
def quicktime() -> bytes:
    return ffmpeg(wav(silence(0.5)), "-c:a", "pcm_s16le", "-f", "mov")


def unguarded(kind: str, target: str, folder: Path) -> None:
    """What an ffmpeg without whitelists would do with the file."""
    (folder / "hello.mp3").write_bytes(pointing(kind, target))
    command = [ffmpeg_path(), "-v", "quiet", "-nostdin", "-protocol_whitelist", "file,http,tcp", *UNGUARDED[kind]]
    command += ["-i", "hello.mp3", "-f", "null", "-"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=LONGEST_S)


class Server:
    """An HTTP server on this machine that remembers what it was asked for."""

    def __init__(self) -> None:
        asked = self.asked = list[str]()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(SECRET)))
                self.end_headers()
                self.wfile.write(SECRET)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/secret.wav"


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    thread = threading.Thread(target=started.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield started
    started.http.shutdown()
    thread.join()
    started.http.server_close()


class Canary:
    """A named pipe that remembers whether anybody opened it to read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = threading.Event()
        self._left = False
        os.mkfifo(path)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        writing = os.open(self.path, os.O_WRONLY)  # waits for a reader
        if not self._left:
            self._opened.set()
        os.set_blocking(writing, False)
        try:
            os.write(writing, SECRET)
        except OSError:
            """The reader has seen enough."""
        os.close(writing)

    def was_opened(self) -> bool:
        return self._opened.wait(0.05)

    def leave(self) -> None:
        self._left = True
        reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._thread.join()
        os.close(reading)


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """In the current folder, `secret.wav`, which only its owner should hear."""
    monkeypatch.chdir(tmp_path)
    watching = Canary(tmp_path / "secret.wav")
    yield watching
    watching.leave()


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_no_address_in_a_playlist_is_asked(kind: str, tmp_path: Path, server: Server) -> None:
    assert refusal_of(pointing(kind, server.url), "hello.mp3") == NO_AUDIO
    assert server.asked == []
    unguarded(kind, server.url, tmp_path)
    assert "/secret.wav" in server.asked


@every_kind
@pytest.mark.parametrize("target", ["secret.wav", "{folder}/secret.wav", "file:{folder}/secret.wav"])
def test_no_file_that_a_file_names_is_opened(kind: str, target: str, canary: Canary) -> None:
    file = pointing(kind, target.format(folder=canary.path.parent))
    assert refusal_of(file, "hello.mp3") in (NO_AUDIO, "it has no samples")
    assert not canary.was_opened()


@pytest.mark.parametrize("kind", ["HLS", "ffconcat", "MP4"])
def test_an_unguarded_ffmpeg_would_open_the_other_file(kind: str, canary: Canary) -> None:
    unguarded(kind, "secret.wav", canary.path.parent)
    assert canary.was_opened()


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_behind_a_byte_order_mark_or_blanks_is_refused_too(kind: str, server: Server) -> None:
    for around in ("\ufeff{}", "\n\n{}", "{}" + " " * 10_000):
        playlist = around.replace("{}", PLAYLISTS[kind].replace("{}", server.url))
        assert refusal_of(playlist.encode(), "hello.mp3") == NO_AUDIO
    assert server.asked == []


# What reads bytes has one kind of error for all that is wrong with them

EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "put", "end"]), st.integers(0, 2**31), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, edits: list[tuple[str, int, bytes]]) -> bytes:
    """The bytes with some of them changed, left out, put in between, or cut off."""
    for kind, place, more in edits:
        at = place % (len(data) + 1)
        if kind == "end":
            data = data[:at]
        else:
            data = data[:at] + (b"" if kind == "cut" else more) + data[at + (0 if kind == "put" else len(more)) :]
    return data


def mutations(*valid: bytes) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=200) | st.builds(edited, st.sampled_from(valid), EDITS)


PREPARED = samples_clip(bytes(20), 1, 9).to_bytes()


def with_checksum(data: bytes) -> bytes:
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


@given(mutations(PREPARED) | mutations(PREPARED).map(with_checksum))
def test_what_is_no_prepared_clip_is_corrupt_and_nothing_else(data: bytes) -> None:
    try:
        clip = PreparedClip.from_bytes(data)
    except CorruptPrepared:
        return
    assert 0 <= clip.begin < clip.end <= clip.samples


@given(mutations(mp3.silence(64) * 3, mp3.info_frame(64, 1, 192, 1152, 600)))
def test_what_is_no_row_of_frames_is_a_frame_error_and_nothing_else(data: bytes) -> None:
    try:
        assert mp3.check_frames(data, 64) * 192 == len(data)
    except mp3.FrameError:
        return


OGG = ogg.file([(b"\xf8packet", 960)] * 60, 312, 60 * 960)


def with_page_checksums(data: bytes) -> bytes:
    """The same with right checksums wherever a page seems to be, so that what is behind them is tried too."""
    start = data.find(b"OggS")
    while start >= 0 and start + 27 <= len(data):
        lacing = data[start + 27 : start + 27 + data[start + 26]]
        end = start + 27 + len(lacing) + sum(lacing)
        page = data[start : start + 22] + bytes(4) + data[start + 26 : end]
        data = data[: start + 22] + struct.pack("<I", ogg._crc(page)) + data[start + 26 :]
        start = data.find(b"OggS", start + 4)
    return data


@given(mutations(OGG) | mutations(OGG).map(with_page_checksums))
def test_what_is_no_opus_file_is_an_ogg_error_and_nothing_else(data: bytes) -> None:
    try:
        pre_skip, held = ogg.packets(data)
    except ogg.OggError:
        return
    assert 0 <= pre_skip < 65_536
    assert sum(map(len, held)) < len(data)


@given(mutations(ogg.pack([b"\xf8packet"] * 9)))
def test_what_is_no_row_of_packets_is_an_ogg_error_and_nothing_else(data: bytes) -> None:
    try:
        held = ogg.unpack(data)
    except ogg.OggError:
        return
    assert ogg.pack(held) == data


FLOATS = wav_of(struct.pack("<8f", *range(8)), channels=2, bits=32, form=3)


def test_the_samples_that_ffmpeg_wrote_are_read() -> None:
    assert _read_wav(FLOATS).tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]


@given(mutations(FLOATS))
@example(FLOATS[:20])
@example(FLOATS[:21])
@example(FLOATS[:22])
@example(FLOATS[:44])
def test_what_is_no_wav_of_floats_is_a_decode_error_and_nothing_else(data: bytes) -> None:
    try:
        channels = _read_wav(data)
    except DecodeError:
        return
    assert channels.nbytes <= len(data)
