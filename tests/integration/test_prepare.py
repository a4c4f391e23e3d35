"""Recordings made ready with the real ffmpeg: even, clean, trimmed; or refused with a reason."""

import http.server
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from stitcher import ffmpeg, limits
from stitcher.decode import decode
from stitcher.errors import UnusableClip
from stitcher.ffmpeg import DecodeError, FfmpegMissing, decode_to_wav, ffmpeg_path
from stitcher.loudness import loudness
from stitcher.prepare import prepare
from stitcher.prepared import PreparedClip
from tests.audio import (
    RATE,
    Signal,
    decibels,
    ebu_r128,
    noise,
    samples_of,
    silence,
    speech,
    tone,
    true_peak_db,
    wav,
    where,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "clips"
CLIPS = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*.*"))
MS = RATE // 1000


@cache
def prepared(clip: str) -> PreparedClip:
    return prepare(clip, (SAMPLES / clip).read_bytes())


def refusal_of(data: bytes, key: str = "hindi/hello.wav") -> str:
    """The reason that a clip is refused for; the refusal names its key."""
    with pytest.raises(UnusableClip) as refused:
        prepare(key, data)
    ((named, reason),) = refused.value.unusable
    assert named == key
    assert str(refused.value) == f"{key}: {reason}"
    return reason


every_sample = pytest.mark.parametrize("clip", CLIPS)


def test_there_are_samples() -> None:
    assert len(CLIPS) > 40


@every_sample
def test_every_sample_is_equally_loud(clip: str) -> None:
    assert loudness(samples_of(prepared(clip))) == pytest.approx(-19.0, abs=0.5)


def test_the_samples_are_equally_loud_by_ffmpegs_meter() -> None:
    """An implementation of EBU R128 that is not ours. It measures nothing shorter than a block of 400 ms."""
    long = {clip: samples for clip in CLIPS if len(samples := samples_of(prepared(clip))) >= 0.4 * RATE}
    assert len(long) > 20
    assert {clip: ebu_r128(samples) for clip, samples in long.items()} == pytest.approx(
        dict.fromkeys(long, -19.0), abs=0.5
    )


@every_sample
def test_no_sample_passes_the_true_peak(clip: str) -> None:
    assert true_peak_db(samples_of(prepared(clip))) <= -1.4


@every_sample
def test_no_sample_has_dc(clip: str) -> None:
    assert abs(samples_of(prepared(clip)).mean()) <= 0.001


@every_sample
def test_every_sample_begins_and_ends_in_silence(clip: str) -> None:
    """So that no join clicks."""
    samples = samples_of(prepared(clip))
    assert max(abs(samples[0]), abs(samples[-1])) < 0.001


@every_sample
def test_little_is_kept_around_the_audible_part_of_every_sample(clip: str) -> None:
    ready = prepared(clip)
    assert ready.begin <= 25 * MS
    assert ready.samples - ready.end <= 45 * MS


def test_the_same_bytes_give_the_same_clip() -> None:
    data = (SAMPLES / "farmers.mp3").read_bytes()
    assert prepare("farmers.mp3", data).to_bytes() == prepare("farmers.mp3", data).to_bytes()


def test_what_a_clip_is_called_does_not_matter() -> None:
    data = (SAMPLES / "farmers.mp3").read_bytes()
    assert prepare("farmers.mp3", data) == prepare("x.flac", data)


# Trimming

EDGE_MS = 20


@pytest.mark.parametrize(
    ("before_ms", "after_ms"), [(0, 0), (5, 0), (0, 300), (100, 100), (600, 50), (50, 600), (2000, 3000)]
)
@pytest.mark.parametrize("floor_db", [None, -65])
def test_silence_around_speech_is_trimmed(before_ms: int, after_ms: int, floor_db: int | None) -> None:
    burst = noise(0.4, 0.5)
    recorded = np.concatenate([silence(before_ms / 1000), burst, silence(after_ms / 1000)])
    if floor_db is not None:
        recorded += noise(len(recorded) / RATE, 10 ** (floor_db / 20), seed=2)
    ready = prepare("burst.wav", wav(recorded))
    offset, likeness = where(samples_of(ready), recorded)
    assert likeness > 0.95
    begins, ends = offset + ready.begin, offset + ready.end
    assert abs(begins - before_ms * MS) <= EDGE_MS * MS
    assert abs(ends - (before_ms * MS + len(burst))) <= EDGE_MS * MS
    assert ready.begin <= 25 * MS
    assert ready.samples - ready.end <= 45 * MS


def test_a_pause_inside_a_clip_is_kept() -> None:
    recorded = np.concatenate([silence(0.3), speech(0.5), silence(0.7), speech(0.5), silence(0.3)])
    ready = prepare("good_morning.wav", wav(recorded))
    assert ready.end - ready.begin == pytest.approx(1.7 * RATE, abs=2 * EDGE_MS * MS + 60 * MS)


@pytest.mark.parametrize("click_ms", [0.02, 1.0, 5.0])
@pytest.mark.parametrize("at_ms", [250, 253, 254.9])
def test_a_click_before_the_speech_is_not_taken_for_it(click_ms: float, at_ms: float) -> None:
    said, click = speech(0.5), tone(click_ms / 1000, 3000.0, 0.9, phase_degrees=90)
    recorded = np.concatenate([silence(1.0), said, silence(0.5)])
    recorded[round(at_ms * MS) :][: len(click)] = click
    ready = prepare("click.wav", wav(recorded))
    offset, _ = where(samples_of(ready), recorded)
    assert offset + ready.begin == pytest.approx(1.0 * RATE, abs=EDGE_MS * MS)
    assert ready.samples < len(said) + 100 * MS


@pytest.mark.parametrize("samples", [100, 239, 240, 241, 479, 481, 1000, 5000])
def test_a_recording_of_a_few_samples_is_a_clip(samples: int) -> None:
    ready = prepare("short.wav", wav(tone(samples / RATE, 1000.0)))
    assert 0 <= ready.begin < ready.end <= ready.samples <= samples


# Level


@pytest.mark.parametrize("gain_db", [-12.0, -6.0, 6.0, 12.0])
def test_a_recordings_level_does_not_matter(gain_db: float) -> None:
    recorded = speech(1.2, 0.2)
    usual = samples_of(prepare("hello.wav", wav(recorded)))
    other = samples_of(prepare("hello.wav", wav(recorded * 10 ** (gain_db / 20))))
    assert loudness(other) == pytest.approx(loudness(usual), abs=0.1)
    assert loudness(other) == pytest.approx(-19.0, abs=0.1)


def test_a_very_quiet_recording_is_raised_by_24_db_at_most() -> None:
    recorded = speech(1.0, 0.005)
    ready = prepare("whisper.wav", wav(recorded))
    assert ready.report.gain_db == 24.0
    assert loudness(samples_of(ready)) == pytest.approx(loudness(recorded) + 24.0, abs=0.3)


def test_a_recording_with_sharp_peaks_is_limited_and_still_as_loud() -> None:
    recorded = speech(1.0, 0.1)
    recorded[::4800] = 0.9
    ready = prepare("peaks.wav", wav(recorded))
    assert ready.report.limited_db > 3.0
    assert true_peak_db(samples_of(ready)) <= -1.4
    assert loudness(samples_of(ready)) == pytest.approx(-19.0, abs=0.5)


def test_dc_is_removed() -> None:
    recorded = np.concatenate([silence(0.2), speech(0.8, 0.3), silence(0.2)])
    clean, offset = prepare("hello.wav", wav(recorded)), prepare("hello.wav", wav(recorded + 0.2))
    assert abs(samples_of(offset).mean()) <= 0.001
    assert (offset.begin, offset.end) == (clean.begin, clean.end)
    assert offset.report.gain_db == pytest.approx(clean.report.gain_db, abs=0.1)


def test_the_report_says_what_was_found() -> None:
    recorded = np.concatenate([silence(0.5), tone(1.0, 1000.0, 0.5), silence(0.5)])
    report = prepare("tone.wav", wav(recorded)).report
    assert report.duration_ms == 2000
    assert report.peak_db == pytest.approx(-6.0, abs=0.1)
    assert report.loudness_lufs == pytest.approx(loudness(tone(1.0, 1000.0, 0.5)), abs=0.5)
    assert report.gain_db == pytest.approx(-19.0 - report.loudness_lufs, abs=0.02)
    assert report.noise_floor_db <= -90.0
    assert report.limited_db == 0.0


# Channels, rates and formats

SPEECH = speech(1.0, 0.4)


@pytest.mark.parametrize(
    "channels",
    [
        pytest.param((SPEECH, SPEECH), id="the same twice"),
        pytest.param((SPEECH, -SPEECH), id="in opposite phase"),
        pytest.param((SPEECH, -0.5 * SPEECH), id="in opposite phase, quieter"),
        pytest.param((SPEECH, 0.0 * SPEECH), id="right dead"),
        pytest.param((0.0 * SPEECH, SPEECH), id="left dead"),
        pytest.param((SPEECH, noise(1.0, 0.002)), id="right only hisses"),
    ],
)
def test_two_channels_keep_the_level_of_one(channels: tuple[Signal, Signal]) -> None:
    mixed = decode(wav(*channels))
    assert decibels(float(np.std(mixed))) == pytest.approx(decibels(float(np.std(SPEECH))), abs=0.1)
    one, both = prepare("hello.wav", wav(SPEECH)), prepare("hello.wav", wav(*channels))
    assert both.report.gain_db == pytest.approx(one.report.gain_db, abs=0.1)


def test_a_channel_with_half_the_level_is_mixed_in() -> None:
    mixed = decode(wav(SPEECH, 0.5 * SPEECH))
    assert float(np.std(mixed)) == pytest.approx(0.75 * float(np.std(SPEECH)), rel=0.01)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_recordings_of_every_rate_keep_pitch_and_length(rate: int) -> None:
    decoded = decode(wav(tone(1.0, 1000.0, 0.5, rate=rate), rate=rate))
    assert len(decoded) == pytest.approx(RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(decoded * np.hanning(len(decoded))))
    assert int(spectrum.argmax()) * RATE / len(decoded) == pytest.approx(1000.0, abs=1.5)


def test_nothing_above_the_old_rates_half_is_made_up() -> None:
    """A set_frame_rate without a filter mirrors 3 kHz to 5 kHz at -0.5 dB (traps of pydub)."""
    decoded = decode(wav(tone(1.0, 3000.0, 0.5, rate=8000), rate=8000))
    spectrum = np.abs(np.fft.rfft(decoded * np.hanning(len(decoded))))
    hz = np.arange(len(spectrum)) * RATE / len(decoded)
    assert decibels(float(spectrum[hz > 4500].max() / spectrum.max())) < -80.0


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_mulaw"),
        ("wav", "pcm_s24le"),
        ("wav", "pcm_f32le"),
        ("mp3", "libmp3lame"),
        ("ogg", "libvorbis"),
        ("ogg", "libopus"),
        ("webm", "libopus"),
        ("ipod", "aac"),
        ("adts", "aac"),
        ("flac", "flac"),
        ("aiff", "pcm_s16be"),
        ("caf", "pcm_s16le"),
        ("w64", "pcm_s16le"),
    ],
)
def test_recordings_of_every_format_are_as_loud(container: str, codec: str, tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    command = [ffmpeg_path(), "-v", "error", "-i", "-", "-c:a", codec, "-f", container, str(recording)]
    subprocess.run(command, input=wav(SPEECH), capture_output=True, check=True)
    assert loudness(samples_of(prepare("hello.wav", recording.read_bytes()))) == pytest.approx(-19.0, abs=0.5)


# Refusals


def test_an_empty_file_is_refused() -> None:
    assert refusal_of(b"") == "the file is empty"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Good morning, farmers.\n" * 100, id="text"),
        pytest.param(b"<html><body>404 Not Found</body></html>", id="HTML"),
        pytest.param(np.random.default_rng(3).bytes(20_000), id="random bytes"),
        pytest.param(b"\0" * 20_000, id="zeros"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, id="picture"),
        pytest.param(wav(SPEECH)[:30], id="truncated WAV header"),
        pytest.param((SAMPLES / "light_rain.m4a").read_bytes()[:300], id="truncated M4A header"),
        pytest.param((SAMPLES / "tomorrow.ogg").read_bytes()[:40], id="truncated OGG header"),
        pytest.param((SAMPLES / "onion.flac").read_bytes()[:30], id="truncated FLAC header"),
    ],
)
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    assert refusal_of(data).startswith("it is not audio in a format that can be read (WAV, MP3, OGG")


def test_audio_without_samples_is_refused() -> None:
    assert refusal_of(wav(silence(0))) in {
        "it has no samples",
        "it is not audio in a format that can be read (WAV, MP3, OGG, M4A, FLAC, WebM, AMR or AIFF)",
    }


@pytest.mark.parametrize(
    "recorded",
    [
        pytest.param(silence(1.0), id="digital silence"),
        pytest.param(noise(1.0, 0.0008), id="hiss under -60 dBFS"),
        pytest.param(silence(1.0) + 0.1, id="nothing but DC"),
    ],
)
def test_silence_is_refused(recorded: Signal) -> None:
    assert refusal_of(wav(recorded)).startswith("it is silent (peak -")


def test_a_recording_of_60_seconds_is_taken_and_a_longer_one_refused() -> None:
    rate = 8000
    recorded = np.tile(tone(1.0, 440.0, rate=rate), 60)
    assert len(decode(wav(recorded, rate=rate))) == 60 * RATE
    assert refusal_of(wav(np.append(recorded, [0.1] * 80), rate=rate)) == "it is longer than 60 s"


def test_an_hour_is_refused_without_being_decoded_whole() -> None:
    rate = 1000
    recorded = wav(np.tile(tone(1.0, 100.0, rate=rate), 3600), rate=rate)
    assert len(decode_to_wav(recorded, rate=RATE, seconds=61)) < 62 * RATE * 4
    assert refusal_of(recorded) == "it is longer than 60 s"


def test_a_recording_over_20_mb_is_refused_unseen() -> None:
    size = limits.CLIP_BYTES + 1
    assert refusal_of(wav(SPEECH).ljust(size, b"\0")) == f"it has {size} bytes; the limit is 20 MB"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_samples_that_are_not_numbers_are_refused(value: float) -> None:
    pcm = struct.pack("<f", 0.1) * 4000 + struct.pack("<f", value) + struct.pack("<f", 0.1) * 4000
    form = struct.pack("<HHIIHH", 3, 1, RATE, 4 * RATE, 4, 32)  # WAVE_FORMAT_IEEE_FLOAT
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(pcm)) + pcm
    assert refusal_of(b"RIFF" + struct.pack("<I", len(body)) + body) == "it has samples that are not numbers"


@pytest.mark.parametrize(
    ("offset", "value"),
    [(22, b"\0\0"), (22, b"\xff\xff"), (24, b"\0\0\0\0"), (24, b"\xff\xff\xff\xff"), (34, b"\xff\xff")],
)
def test_a_header_that_makes_no_sense_is_refused(offset: int, value: bytes) -> None:
    data = bytearray(wav(SPEECH))
    data[offset : offset + len(value)] = value
    assert "not audio" in refusal_of(bytes(data))


def test_a_header_that_claims_more_than_there_is_gives_what_there_is() -> None:
    data = bytearray(wav(SPEECH))
    data[40:44] = b"\xff\xff\xff\x7f"
    assert len(decode(bytes(data))) == len(SPEECH)


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


def test_decoding_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "DECODE_SECONDS", 0)
    assert refusal_of(wav(SPEECH)) == "decoding took longer than 0 s"


def test_a_machine_without_ffmpeg_is_a_fault_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg_path.cache_clear()
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        with pytest.raises(FfmpegMissing, match="install 'imageio-ffmpeg'"):
            prepare("hello.wav", wav(SPEECH))
    finally:
        ffmpeg_path.cache_clear()


# Playlists that name other files and addresses, renamed hello.mp3. Each is tried on an unguarded ffmpeg as well, to be
# sure that it is a real attack.

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n"
FFCONCAT = "ffconcat version 1.0\nfile '{}'\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"'
    ' minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet'
    ' mimeType="audio/mp4" contentType="audio"><Representation id="a" bandwidth="64000" codecs="mp4a.40.2">'
    "<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"
)
PLAYLISTS = {"HLS": HLS, "ffconcat": FFCONCAT, "DASH": DASH}
FORCED = {
    "HLS": ["-f", "hls", "-allowed_extensions", "ALL"],
    "ffconcat": ["-f", "concat", "-safe", "0"],
    "DASH": [],
}
SECRET = wav(speech(0.5))


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


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the current one, with a file that only its owner should hear."""
    (tmp_path / "secret.wav").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


every_playlist = pytest.mark.parametrize("kind", PLAYLISTS)


def heard_without_guard(kind: str, folder: Path, target: str) -> bytes:
    """What an ffmpeg without whitelists makes of the playlist."""
    (folder / "hello.mp3").write_text(PLAYLISTS[kind].format(target))
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-protocol_whitelist", "file,http,tcp", *FORCED[kind]]
    command += ["-i", "hello.mp3", "-f", "s16le", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout


@every_playlist
def test_a_playlist_reaches_nobody(kind: str, beside: Path, server: Server) -> None:
    playlist = PLAYLISTS[kind].format(server.url)
    assert "not audio" in refusal_of(playlist.encode(), "hello.mp3")
    assert server.asked == []
    heard_without_guard(kind, beside, server.url)
    assert "/secret.wav" in server.asked


@every_playlist
@pytest.mark.parametrize("target", ["secret.wav", "{folder}/secret.wav", "file:{folder}/secret.wav"])
def test_a_playlist_reads_no_other_file(kind: str, target: str, beside: Path) -> None:
    playlist = PLAYLISTS[kind].format(target.format(folder=beside))
    assert "not audio" in refusal_of(playlist.encode(), "hello.mp3")


@pytest.mark.parametrize("kind", ["HLS", "ffconcat"])
def test_an_unguarded_ffmpeg_would_read_the_other_file(kind: str, beside: Path) -> None:
    assert len(heard_without_guard(kind, beside, "secret.wav")) == len(SECRET) - 44


@every_playlist
def test_a_playlist_inside_a_byte_order_mark_or_blanks_is_refused_too(kind: str, beside: Path, server: Server) -> None:
    for around in ("\ufeff{}", "\n\n{}", "{}" + " " * 10_000):
        playlist = around.replace("{}", PLAYLISTS[kind].replace("{}", server.url))
        assert "not audio" in refusal_of(playlist.encode(), "hello.mp3")
    assert server.asked == []


def test_ffmpeg_is_given_no_other_protocol_than_the_open_file(server: Server) -> None:
    with pytest.raises(DecodeError):
        decode_to_wav(DASH.format(server.url).encode(), rate=RATE, seconds=1)
    assert server.asked == []
