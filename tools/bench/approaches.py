"""The ways to make one file of many recordings that are compared: those that people use, and ours.

Nothing heavy is imported before an approach is used, so that each can be watched alone in a process of its own.
"""

import io
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from stitcher.clips.prepared import PreparedClip
from stitcher.formats.profiles import FORMS, PCM
from stitcher.joining.splice import splice
from stitcher.limits import DEFAULT_GAP_MS

CLIPS = Path(__file__).parents[2] / "samples" / "clips"
RATE, KBPS = 48_000, 64
RESULT = "result"
"""What the floor takes instead of clips: the finished message."""


class Held(NamedTuple):
    """A recording in memory, with its file name's ending."""

    suffix: str
    data: bytes


Recorded = Path | Held


def recordings() -> list[Path]:
    """The sample clips of both voices, in an order whose every beginning has each source format in about its share.

    That decides how many processes pydub starts: it reads WAV files itself, other than µ-law ones. By steps of the
    golden ratio through the clips sorted by format.
    """

    def form(path: Path) -> tuple[str, bytes, str]:
        return path.suffix, path.read_bytes()[20:22] if path.suffix == ".wav" else b"", str(path)

    by_format = sorted((path for path in CLIPS.rglob("*.*") if path.suffix != ".toml"), key=form)
    order = sorted(range(len(by_format)), key=lambda place: place * (5**0.5 - 1) / 2 % 1)
    return [by_format[place] for place in order]


@dataclass(frozen=True, slots=True)
class Approach:
    """One way to say a message; `say` gets a source for each clip, as `takes` has them, and returns the file.

    Parameters
    ----------
    takes
        A profile's name (prepared clips), `RESULT`, or "" for recordings.
    """

    name: str
    about: str
    say: Callable[[Sequence[Any]], bytes]
    takes: str = ""

    def sources(self, count: int, folder: Path, *, in_memory: bool) -> list[Any]:
        """What to hand to `say` for a message of `count` clips; `folder` holds what `bench.benchmark` prepared."""
        if self.takes == RESULT:
            paths = [folder / f"{RESULT}-{count}.mp3"]
        elif self.takes:
            paths = [folder / f"{index}.{self.takes}" for index in range(len(recordings()))]
        else:
            paths = recordings()
        found: list[Any] = [self._held(path) for path in paths] if in_memory else list(paths)
        return list(islice(cycle(found), 1 if self.takes == RESULT else count))

    def _held(self, path: Path) -> Any:
        data = path.read_bytes()
        if self.takes == RESULT:
            return data
        return PreparedClip.from_bytes(data) if self.takes else Held(path.suffix, data)


def _pydub(clips: Sequence[Recorded]) -> bytes:
    """`AudioSegment.from_file` on each, `sum()`, `export`."""
    segment = _audio_segment()
    out = io.BytesIO()
    parts = [
        segment.from_file(io.BytesIO(clip.data), format=clip.suffix[1:])
        if isinstance(clip, Held)
        else segment.from_file(str(clip))
        for clip in clips
    ]
    sum(parts).export(out, format="mp3", bitrate=f"{KBPS}k")
    return out.getvalue()


def _ffmpeg_path() -> str:
    from stitcher.formats.ffmpeg import ffmpeg_path

    return ffmpeg_path()


@cache
def _audio_segment() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for ffmpeg on PATH
        from pydub import AudioSegment, audio_segment
    AudioSegment.converter = _ffmpeg_path()
    audio_segment.mediainfo_json = _probe
    return AudioSegment


def _probe(source: Any, read_ahead_limit: int = -1) -> dict[str, Any]:
    """In ffprobe's place, which the wheel does not have: a process of the static ffmpeg that only looks at the file.

    Gives pydub what it takes from ffprobe, also the sample sizes: 32 bits for Vorbis, 8 for µ-law.
    """
    held = isinstance(source, io.BytesIO)
    command = [_ffmpeg_path(), "-hide_banner", "-i", "-" if held else str(source)]
    done = subprocess.run(command, input=source.getvalue() if held else None, capture_output=True, check=False)
    said = re.search(r"Audio: (\w+).*?, (u8|s16|s32|flt|dbl)(p?)", done.stderr.decode(errors="replace"))
    if said is None:
        raise ValueError("ffmpeg found no audio")
    codec, form, planar = said.groups()
    bits = 8 if codec == "pcm_mulaw" else {"u8": 8, "s16": 16, "s32": 32, "flt": 32, "dbl": 64}[form]
    stream = {"codec_type": "audio", "codec_name": codec, "sample_fmt": form + planar, "bits_per_sample": bits}
    return {"streams": [stream]}


def _one_ffmpeg(clips: Sequence[Recorded]) -> bytes:
    """One process: every clip an input, the concat filter, one encoder."""
    alike = "".join(
        f"[{index}:a]aresample={RATE},aformat=sample_fmts=s16:channel_layouts=mono[a{index}];"
        for index in range(len(clips))
    )
    names = "".join(f"[a{index}]" for index in range(len(clips)))
    with _as_files(clips) as paths:
        inputs = chain.from_iterable(("-i", str(path)) for path in paths)
        return _ffmpeg(*inputs, "-filter_complex", f"{alike}{names}concat=n={len(clips)}:v=0:a=1[out]", "-map", "[out]")


def _ffmpeg(*arguments: str) -> bytes:
    """An MP3 of the named files."""
    command = [_ffmpeg_path(), "-v", "error", "-nostdin", *arguments, "-b:a", f"{KBPS}k", "-f", "mp3", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _pyav(clips: Sequence[Recorded]) -> bytes:
    """ffmpeg's libraries in this process: decode, resample and encode, frame by frame."""
    av = import_module("av")  # not in every environment that checks this file
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as made:
        stream = made.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.bit_rate = 1000 * KBPS
        for clip in clips:
            with av.open(io.BytesIO(clip.data) if isinstance(clip, Held) else str(clip)) as source:
                alike = av.AudioResampler(format=stream.format.name, layout="mono", rate=RATE)
                for frame in chain(source.decode(audio=0), (None,)):
                    for piece in alike.resample(frame):
                        piece.pts = None
                        made.mux(stream.encode(piece))
        made.mux(stream.encode(None))
    return out.getvalue()


def _sox(clips: Sequence[Recorded]) -> bytes:
    """A process for each clip, because sox joins only clips of one rate and width; then one joins, and one encodes.

    Distributions build sox without AAC and often without MP3; ffmpeg converts the other files.
    """
    sox, formats = _sox_found()
    with _as_files(clips) as paths, tempfile.TemporaryDirectory() as folder:
        alike = [f"{folder}/{index}.wav" for index in range(len(clips))]
        for path, made in zip(paths, alike, strict=True):
            command = [sox, "-V1", str(path), "-r", str(RATE), "-c", "1", "-b", "16", made]
            if path.suffix[1:] not in formats:
                command = [_ffmpeg_path(), "-v", "error", "-nostdin", "-i", str(path)]
                command += ["-ar", str(RATE), "-ac", "1", made]
            subprocess.run(command, check=True)
        joined = Path(folder, "joined.mp3" if "mp3" in formats else "joined.wav")
        encoder = ["-C", str(KBPS)] if "mp3" in formats else []
        subprocess.run([sox, "-V1", *alike, *encoder, str(joined)], check=True)
        return joined.read_bytes() if encoder else _ffmpeg("-i", str(joined))


@cache
def _sox_found() -> tuple[str, frozenset[str]]:
    """Its path, and the formats that this build of it knows."""
    sox = shutil.which("sox") or "sox"
    usage = subprocess.run([sox, "--help"], capture_output=True, text=True, check=True).stdout
    return sox, frozenset(usage.partition("AUDIO FILE FORMATS:")[2].partition("\n")[0].split())


@contextmanager
def _as_files(clips: Sequence[Recorded]) -> Iterator[list[Path]]:
    """The clips as files, for programs that read nothing else; those in memory are written first."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for index, clip in enumerate(clips):
            path = Path(folder, f"{index}{clip.suffix}")
            if isinstance(clip, Held):
                path.write_bytes(clip.data)
            paths.append(path if isinstance(clip, Held) else clip)
        yield paths


def _prepared(clips: Sequence[Path | PreparedClip]) -> list[PreparedClip]:
    """Those that are files read, every occurrence anew."""
    return [clip if isinstance(clip, PreparedClip) else PreparedClip.from_bytes(_read(clip)) for clip in clips]


def _read(path: Path) -> bytes:
    file = os.open(path, os.O_RDONLY)  # a whole file needs no buffer and no file object
    try:
        return os.read(file, os.fstat(file).st_size)
    finally:
        os.close(file)


def _splicing(profile: str) -> Callable[[Sequence[Path | PreparedClip]], bytes]:
    return lambda clips: splice(_prepared(clips), _pauses(clips), profile)[0]


def _render(clips: Sequence[Path | PreparedClip]) -> bytes:
    from stitcher.joining.render import render

    return render(_prepared(clips), _pauses(clips), "mp3")[0]


def _pauses(clips: Sequence[object]) -> list[int]:
    return [DEFAULT_GAP_MS] * (len(clips) - 1)


def _copy(result: Sequence[Path | bytes]) -> bytes:
    (whole,) = result
    return bytes(memoryview(whole)) if isinstance(whole, bytes) else _read(whole)


PYDUB, FLOOR = "pydub", "copy"
APPROACHES = {
    approach.name: approach
    for approach in (
        Approach(PYDUB, "pydub as commonly used", _pydub),
        Approach("ffmpeg", "one ffmpeg, concat filter", _one_ffmpeg),
        Approach("pyav", "PyAV, in process", _pyav),
        Approach("sox", "sox", _sox),
        Approach("render", "ours, rendered: mp3", _render, PCM),
        # A raw file is that of its form without the header.
        *(Approach(f"splice {name}", f"**ours, spliced: {name}**", _splicing(name), name) for name in FORMS),
        Approach(FLOOR, "floor: a copy of the MP3", _copy, RESULT),
    )
    if approach.name != "sox" or shutil.which("sox")
}
