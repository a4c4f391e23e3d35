"""The pinned static ffmpeg: where it is, and how it is run on audio that nobody vouches for."""

import contextlib
import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

from stitcher import limits

# Containers that hold speech recordings. Playlists (hls, dash, concat …), which name other files and addresses, are not
# among them: ffmpeg would follow them even when the file is called .mp3.
DEMUXERS = "wav,w64,mp3,ogg,flac,mov,aac,matroska,aiff,amr,caf,asf,au,gsm"
# Codecs that recorders, phones, exchanges and sound editors write, by the names of ffmpeg's decoders. ffmpeg opens a
# decoder for every stream that it finds, pictures and films beside the sound, too; those have had the most holes.
DECODERS = ",".join(
    (
        *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_mulaw", "pcm_alaw"),
        *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "g722", "g726", "g726le", "gsm", "gsm_ms"),
        *("mp3float", "mp3", "mp2float", "mp2", "mp1float", "mp1", "aac", "alac", "flac"),
        *("vorbis", "libvorbis", "opus", "libopus", "speex", "libspeex"),
        *("amrnb", "libopencore_amrnb", "amrwb", "libopencore_amrwb", "wmav1", "wmav2", "wmavoice"),
    )
)
DECODE_SECONDS = 10
CPU_SECONDS, MEMORY_BYTES = 10, 1024**3
"""What ffmpeg may take of a processor and of addresses; the largest clip takes a fifth of it."""
ENCODE_BYTES = 4 * 1024**3
"""The same where it encodes: it has some threads for each file, which take addresses, but no memory."""
PEAKS = "astats=length=0.001:measure_perchannel=none:measure_overall=Peak_count+Number_of_samples"
"""Counts the samples at the recording's highest and lowest value, before resampling moves them. The window, which the
count does not use, is short, because a header may claim 2 GHz."""
MAX_ALLOCATION = 256 * 1024 * 1024
"""Bytes of one allocation inside ffmpeg: a header that claims an absurd size is refused instead of served."""

# Of a decoder or filter, whatever number of processors there is.
_ONE_THREAD = ("-threads", "1", "-filter_threads", "1")
_SAMPLES = ("-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0")
# Without metadata and version strings the same sound is the same file everywhere.
_SAME_EVERYWHERE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


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


def transcode(data: bytes, *outputs: Sequence[str]) -> list[bytes]:
    """Our own samples (16 bit, mono, 48 kHz) through one call of ffmpeg, which makes several files at once.

    Parameters
    ----------
    outputs
        For each file, the options that say what to make of the samples.

    Raises
    ------
    FfmpegFailed
        Where a file is empty, or not made in time: a fault, because what goes in is ours.
    """
    with contextlib.ExitStack() as opened:
        ends = [os.pipe() for _ in outputs]
        readers = [opened.enter_context(os.fdopen(end, "rb")) for end, _ in ends]
        writers = [opened.enter_context(os.fdopen(end, "wb")) for _, end in ends]
        command = [ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostdin", *_ONE_THREAD, *_SAMPLES]
        for options, writer in zip(outputs, writers, strict=True):
            command += [*_SAME_EVERYWHERE, *options, f"pipe:{writer.fileno()}"]
        # A thread a file: ffmpeg waits where one pipe is full.
        with ThreadPoolExecutor(len(outputs)) as pool:
            made = [pool.submit(reader.read) for reader in readers]
            try:
                status, _, log = _run(command, data, [writer.fileno() for writer in writers], ENCODE_BYTES)
            except subprocess.TimeoutExpired:
                raise FfmpegFailed(f"encoding took longer than {DECODE_SECONDS} s") from None
            finally:
                for writer in writers:  # only then do the readers come to an end
                    writer.close()
        files = [each.result() for each in made]
    if status or not all(files):
        raise FfmpegFailed(log.decode(errors="replace")[-500:])
    return files


def _run(
    command: list[str], data: bytes, pipes: Sequence[int] = (), addresses: int | None = None
) -> tuple[int, bytes, bytes]:
    """Run ffmpeg on a file without a name; its exit status, what it made, and what it said.

    It has nothing of this process's environment but the descriptors `pipes`, and no more of the machine than a clip
    needs; it may write no file. `addresses` is in bytes, by default `MEMORY_BYTES`. Raises `subprocess.TimeoutExpired`.
    """
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.flush()
        source.seek(0)
        with subprocess.Popen(
            command,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            close_fds=True,
            pass_fds=pipes,
        ) as process:
            _limit(process.pid, addresses or MEMORY_BYTES)
            try:
                made, log = process.communicate(timeout=DECODE_SECONDS)
            except BaseException:
                process.kill()
                raise
        return process.returncode, made, log


def _limit(pid: int, addresses: int) -> None:
    # From here, because a process with threads may not run Python between fork and exec. Linux only, and so Lambda.
    if not hasattr(resource, "prlimit"):
        return
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, addresses),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ProcessLookupError):  # it has ended
            resource.prlimit(pid, what, (most, most))


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
    or address (protocol and container whitelists), has no decoders but those of sound that is meant (`DECODERS`), and
    has `DECODE_SECONDS` to finish.

    Raises
    ------
    DecodeError
        With the reason, where nothing could be decoded.
    """
    command = [
        *(ffmpeg_path(), "-hide_banner", "-nostats", "-loglevel", "level+info", "-nostdin", "-threads", "1"),
        *("-max_alloc", str(MAX_ALLOCATION), "-protocol_whitelist", "fd", "-format_whitelist", DEMUXERS),
        *("-codec_whitelist", DECODERS),
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
    try:
        status, wav, log = _run(command, data)
    except subprocess.TimeoutExpired:
        raise DecodeError(f"decoding took longer than {DECODE_SECONDS} s") from None
    if status < 0:
        raise DecodeError(f"decoding it was stopped (signal {-status}): it takes too much time or memory")
    if not wav:
        raise DecodeError("it is not audio in a format that can be read (WAV, MP3, OGG, M4A, FLAC, WebM, AMR or AIFF)")
    said = log.decode(errors="replace").splitlines()
    # Of the pictures beside the sound, which are not meant to be decoded: no damage.
    return Decoded(wav, "\n".join(line for line in said if "not on whitelist" not in line))


def _decoder(data: bytes) -> tuple[str, ...]:
    """The options that choose a decoder where ffmpeg's own is wrong.

    The one for Speex of ffmpeg 7.0 plays wideband at half the speed; the reference library does not.
    """
    return ("-c:a", "libspeex") if data[:4] == b"OggS" and data[28:36] == b"Speex   " else ()
