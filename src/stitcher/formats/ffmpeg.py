"""The pinned static ffmpeg: where it is, and how it is run on audio that nobody vouches for."""

import re
import shutil
import subprocess
import tempfile
from functools import cache
from typing import NamedTuple

from stitcher import limits

# Containers that hold speech recordings. Playlists (hls, dash, concat …), which name other files and addresses, are not
# among them: ffmpeg would follow them even when the file is called .mp3.
DEMUXERS = "wav,w64,mp3,ogg,flac,mov,aac,matroska,aiff,amr,caf,asf,au,gsm"
DECODE_SECONDS = 10
PEAKS = "astats=length=0.001:measure_perchannel=none:measure_overall=Peak_count+Number_of_samples"
"""Counts the samples at the recording's highest and lowest value, before resampling moves them. The window, which the
count does not use, is short, because a header may claim 2 GHz."""
MAX_ALLOCATION = 256 * 1024 * 1024
"""Bytes of one allocation inside ffmpeg: a header that claims an absurd size is refused instead of served."""


class FfmpegMissing(RuntimeError):
    """No ffmpeg on this machine: a fault of the installation, not of the clip."""


class FfmpegFailed(RuntimeError):
    """ffmpeg could not encode what we gave it; the message is the end of what it said."""


class DecodeError(Exception):
    """The bytes are no audio that can be used; the message is the reason for people."""


@cache
def ffmpeg_path() -> str:
    """The ffmpeg that the package pins, or the one on PATH (the Lambda layer's `/opt/bin/ffmpeg`).

    Raises
    ------
    FfmpegMissing
        Where neither is there.
    """
    try:
        import imageio_ffmpeg
    except ImportError:
        path = shutil.which("ffmpeg")
        if path is None:
            raise FfmpegMissing("ffmpeg is not on PATH: install 'imageio-ffmpeg' or attach the ffmpeg layer") from None
        return path
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def transcode(data: bytes, *options: str) -> bytes:
    """Our own samples (16 bit, mono, 48 kHz) through ffmpeg; `options` say what to make of them.

    Raises
    ------
    FfmpegFailed
        Where nothing comes out, or not in time: a fault, because what goes in is ours.
    """
    command = [
        *(ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1"),
        *("-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0"),
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", *options, "pipe:1"),
    ]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=DECODE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise FfmpegFailed(f"encoding took longer than {DECODE_SECONDS} s") from None
    if done.returncode or not done.stdout:
        raise FfmpegFailed(done.stderr.decode(errors="replace")[-500:])
    return done.stdout


class Decoded(NamedTuple):
    """What ffmpeg made of a recording: a WAV of 32 bit floats, and all that it said, each line with its level."""

    wav: bytes
    log: str

    @property
    def peak_share(self) -> float:
        """The share of the samples, at the recording's own rate, that have its highest or lowest value."""
        count = re.findall(r"Peak count: ([\d.]+)", self.log)
        samples = re.findall(r"Number of samples: (\d+)", self.log)
        return float(count[-1]) / float(samples[-1]) if count and samples and int(samples[-1]) else 0.0


def decode_to_wav(data: bytes, *, rate: int, seconds: float) -> Decoded:
    """Any supported recording as WAV of 32 bit floats at `rate` Hz, its channels kept, at most `seconds` long.

    Nor more bytes than the most channels there may be take: 20 MB of 8 bit samples at 5 kHz in 64 channels would be
    750 MB.

    What it is, is found from the content. ffmpeg gets the bytes as an open file without a name, may open no other file
    or address (protocol and container whitelists), and has `DECODE_SECONDS` to finish.

    Raises
    ------
    DecodeError
        With the reason, where nothing could be decoded.
    """
    command = [
        *(ffmpeg_path(), "-hide_banner", "-nostats", "-loglevel", "level+info", "-nostdin", "-threads", "1"),
        *("-max_alloc", str(MAX_ALLOCATION), "-protocol_whitelist", "fd", "-format_whitelist", DEMUXERS),
        *_decoder(data),
        *(
            "-i",
            "fd:",
            "-map",
            "0:a:0",
            "-t",
            str(seconds),
            "-af",
            f"{PEAKS},aresample={rate}:resampler=soxr:precision=28",
        ),
        *("-c:a", "pcm_f32le", "-map_metadata", "-1", "-fflags", "+bitexact", "-f", "wav"),
        *("-fs", str(round(limits.CLIP_CHANNELS * seconds * rate * 4)), "-"),
    ]
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.flush()
        source.seek(0)
        try:
            done = subprocess.run(command, stdin=source, capture_output=True, timeout=DECODE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise DecodeError(f"decoding took longer than {DECODE_SECONDS} s") from None
    if not done.stdout:
        raise DecodeError("it is not audio in a format that can be read (WAV, MP3, OGG, M4A, FLAC, WebM, AMR or AIFF)")
    return Decoded(done.stdout, done.stderr.decode(errors="replace"))


def _decoder(data: bytes) -> tuple[str, ...]:
    """The options that choose a decoder where ffmpeg's own is wrong.

    The one for Speex of ffmpeg 7.0 plays wideband at half the speed; the reference library does not.
    """
    return ("-c:a", "libspeex") if data[:4] == b"OggS" and data[28:36] == b"Speex   " else ()
