"""The quality gate of the audio: the audible joins, measured on decoded messages.

    python -m tools.bench.quality

makes the corpus ready as the service does, stitches 20 messages of 10 clips with 120 ms between them in every profile
that is spliced and in one that is rendered, decodes them, and holds what came out to the limits below. docs/audio.md
says what each measure means. The exit code is 1 where a limit is missed, 2 where it could not be measured.
"""

import argparse
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stitcher import ENGINE
from stitcher.clip import Clip
from stitcher.clips.decode import Samples
from stitcher.clips.encode import encode
from stitcher.clips.loudness import loudness
from stitcher.clips.prepared import PreparedClip
from stitcher.clips.ready import make_ready
from stitcher.clips.store import PreparedStore
from stitcher.errors import UnusableClip
from stitcher.formats.ffmpeg import ffmpeg_path
from stitcher.formats.profiles import FORMS, PCM, PROFILES, RATE
from stitcher.joining.stitch import Load, Stitched, stitch
from stitcher.planning.plan import Pause, Plan
from stitcher.storage import LocalRepo
from tools.bench import ears
from tools.bench.corpus import DEFAULT, Corpus, CorpusError, corpus

RESULTS = Path(__file__).resolve().parent / "results"
MESSAGES, CLIPS, GAP_MS, SEED = 20, 10, 120, 1
JOINS = MESSAGES * (CLIPS - 1)
RENDERED = "mp3-128"
PYDUB = "pydub"
"""The row to compare with: the recordings joined as most programs do it."""
AUDIBLE_DB = 35.0
"""Sound within this many dB of a word's loudest 5 ms is audible."""

ON_FRAMES = tuple(profile for profile in FORMS if PROFILES[profile].codec == "mp3")
"""Profiles whose clips stand on a grid of 24 ms; what is rendered to MP3 stands where it is wanted."""

Floats = npt.NDArray[np.float64]
Values = dict[str, list[float]]
"""What was measured, by source; empty if the program that measures it is not installed."""
Row = dict[str, float | None]
"""A profile's result by metric: None if it was not checked, absent where there is nothing to check."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a profile: the values it is made of, how it is written, and its limit."""

    key: str
    label: str
    source: str
    reduce: Callable[[Floats], np.floating]
    form: str
    limit: float
    frames: float | None = None
    """The limit of `ON_FRAMES`, where it is another."""
    at_least: bool = False

    def limit_of(self, profile: str) -> float:
        return self.frames if self.frames is not None and profile in ON_FRAMES else self.limit

    def holds(self, profile: str, value: float) -> bool:
        return value > self.limit_of(profile) if self.at_least else value <= self.limit_of(profile)

    def limits(self) -> str:
        """`≤ 5.0; MP3 frames 8.0`."""
        said = f"{'>' if self.at_least else '≤'} {self.limit:{self.form}}"
        return said if self.frames is None else f"{said}; MP3 frames {self.frames:{self.form}}"


def _span(values: Floats) -> np.floating:
    low, high = np.percentile(values, (5, 95))
    return np.float64(high - low)


def _typical(values: Floats) -> np.floating:
    return np.float64(np.median(np.abs(values)))


def _worst(values: Floats) -> np.floating:
    return np.float64(np.percentile(np.abs(values), 95))


# What the limits are for, and where they are from: docs/audio.md.
METRICS = (
    Metric("loudness_sd_lu", "word loudness, sd (LU)", "loudness", np.std, ".2f", 0.6),
    Metric("loudness_span_lu", "word loudness, p95 − p5 (LU)", "loudness", _span, ".2f", 2.0),
    Metric("gap_median_ms", "gap error, median (ms)", "gap", _typical, ".1f", 5.0, frames=8.0),
    Metric("gap_p95_ms", "gap error, p95 (ms)", "gap", _worst, ".1f", 20.0, frames=25.0),
    Metric("clicks", f"clicks (of {JOINS} joins)", "click", np.sum, ".0f", 0.0),
    Metric("control_flagged", "bad control: joins flagged", "control", np.mean, ".0%", 0.25, at_least=True),
    Metric("dc", "DC of a word, largest (full scale 1)", "dc", np.max, ".4f", 0.001),
    Metric("true_peak_dbtp", "true peak after decoding (dBTP)", "peak", np.max, ".1f", -0.5),
    Metric("length_ffmpeg", "length in ffmpeg (samples off)", "length", np.max, ".0f", 0.0),
    Metric("length_mpg123", "length in mpg123 (samples off)", "mpg123", np.max, ".0f", 0.0),
    Metric("splice_lsb", "splice against clips alone (LSB)", "lsb", np.max, ".2f", 0.0, frames=4.0),
    Metric("complaints", "complaints of mp3val, opusinfo", "complaints", np.sum, ".0f", 0.0),
)


class QualityError(Exception):
    """The quality cannot be measured; the message says why."""


# --- measures -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded message: samples, full scale 1.0, and where each word's clip begins and ends in them."""

    samples: Samples
    rate: int
    places: tuple[tuple[int, int], ...]

    def window(self, index: int) -> tuple[int, int]:
        """All that is heard of a word: from the middle of the pause before it to the middle of the one after."""
        middles = [(before[1] + after[0]) // 2 for before, after in pairwise(self.places)]
        bounds = [0, *middles, len(self.samples)]
        return bounds[index], bounds[index + 1]


def audible_words(message: Message) -> list[tuple[int, int]]:
    """(begin, end) of each word in samples: the first and the last 5 ms that lie within 35 dB of its loudest.

    Looked for in steps of 1 ms in what was decoded, whatever the prepared clips claim; an edge is the middle of its
    5 ms.
    """
    frame, step = 5 * message.rate // 1000, message.rate // 1000
    found = []
    for index in range(len(message.places)):
        first, last = message.window(index)
        energy = np.concatenate([[0.0], np.cumsum(message.samples[first:last] ** 2)])
        starts = np.arange(0, last - first - frame, step)
        levels = 10.0 * np.log10((energy[starts + frame] - energy[starts]) / frame + 1e-12)
        heard = starts[levels > levels.max() - AUDIBLE_DB] + first + frame // 2
        found.append((int(heard[0]), int(heard[-1])))
    return found


def word_loudness(message: Message, words: Sequence[tuple[int, int]]) -> list[float]:
    """LUFS of each word's audible part (BS.1770-4; tests/unit/test_loudness.py holds this meter to ffmpeg's)."""
    times, size = RATE // message.rate, len(message.samples)
    # Telephony, by band-limited interpolation, at the rate that the meter's filters are for.
    samples = message.samples if times == 1 else np.fft.irfft(np.fft.rfft(message.samples) * times, size * times)
    return [loudness(samples[begin * times : end * times]) for begin, end in words]


def clicks(message: Message) -> list[bool]:
    """For each join, whether it clicks: anywhere from one clip's last sample to the next one's first, either

    - 3 ms above 4 kHz are more than 6 dB over what lies 5 to 40 ms around them, and over -50 dBFS (RMS), or
    - a step between samples in these 3 ms is more than 3 dB over 99.9 % of the steps 5 to 40 ms around, and over 0.004.

    At 8 kHz there is nothing above 4 kHz, and vowels fill most of what there is: there it is the band over the
    telephone channel's upper edge, 3.4 to 4 kHz. It holds 600 of the 20,000 Hz that a click spreads over at 48 kHz: 15
    dB less.
    """
    hz, floor_db = (4_000, -50.0) if message.rate > 8_000 else (3_400, -65.0)
    near, inner, outer = (round(ms * message.rate / 1000) for ms in (1.5, 5, 40))
    high = _highpassed(message.samples, message.rate, hz) ** 2
    steps = np.abs(np.diff(message.samples, prepend=message.samples[0]))

    def clicks_at(at: int) -> bool:
        here = slice(max(0, at - near), at + near + 1)
        around = np.r_[max(0, at - outer) : max(0, at - inner), at + inner : min(at + outer, len(steps))]
        burst, step = high[here].mean(), steps[here].max()
        if burst > 10.0 ** (floor_db / 10.0) and burst > high[around].mean() * 10.0**0.6:
            return True
        return bool(step > 0.004 and step > np.percentile(steps[around], 99.9) * 10.0**0.15)

    # Every half millisecond.
    joins = [range(end, max(end, begin) + 1, message.rate // 2000) for (_, end), (begin, _) in pairwise(message.places)]
    return [any(clicks_at(at) for at in join) for join in joins]


def _highpassed(samples: Samples, rate: int, hz: float) -> Samples:
    """Without phase shift; raised cosine from 5 % under to 5 % over `hz`."""
    size = 1 << (len(samples) + rate // 10 - 1).bit_length()
    share = np.clip((np.fft.rfftfreq(size, 1 / rate) / hz - 0.95) / 0.1, 0.0, 1.0)
    filtered: Samples = np.fft.irfft(np.fft.rfft(samples, size) * (0.5 - 0.5 * np.cos(np.pi * share)), size)
    return filtered[: len(samples)]


def place_of(part: Samples, whole: Samples, first: int, last: int) -> int:
    """Where in `whole`, from `first` to `last`, a part begins: the sample at which the two are most alike."""
    region = whole[first : last + len(part)]
    if len(region) < len(part):
        raise QualityError("a message is shorter than its clips")
    size = 1 << (len(region) + len(part) - 1).bit_length()
    match = np.fft.irfft(np.fft.rfft(region, size) * np.conj(np.fft.rfft(part, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(region**2)])
    count = len(region) - len(part) + 1
    alike = match[:count] / np.sqrt(energy[len(part) :][:count] - energy[:count] + 1e-9)
    return first + int(alike.argmax())


def true_peak_db(file: Path) -> float:
    """dBTP of what ffmpeg decodes a file to, by ffmpeg's meter: another than the one that the limiter trusts."""
    options = ["-hide_banner", "-nostats", "-i", str(file), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run([ffmpeg_path(), *options], capture_output=True, check=True).stderr
    return float(re.findall(rb"Peak:\s+(-?[\d.]+|-inf) dBFS", said)[-1])


def decoded(file: Path, *options: str) -> Samples:
    """What ffmpeg decodes a file to, at the file's own rate; `options` go before the input."""
    command = [ffmpeg_path(), "-v", "error", *options, "-i", str(file), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4").astype(np.float64)


def length_in_mpg123(file: Path) -> int | None:
    """Samples that mpg123 decodes an MP3 file to; None if it is not installed."""
    program = shutil.which("mpg123")
    if program is None:
        return None
    return len(subprocess.run([program, "-q", "-s", str(file)], capture_output=True, check=True).stdout) // 2


def complaints(file: Path, validator: str) -> int | None:
    """Warnings and errors that mp3val or opusinfo has about a file; None if it is not installed.

    That an MP3 file has no ID3 tag is a warning to mp3val; ours have none on purpose, and it is not counted.
    """
    program = shutil.which(validator)
    if program is None:
        return None
    done = subprocess.run([program, str(file)], capture_output=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if b"No supported tags in the file" not in line]
    return sum(b"WARNING" in line.upper() or b"ERROR" in line.upper() for line in said) + (done.returncode != 0)


# --- messages -------------------------------------------------------------------------------------------------------

VALIDATORS = {"mp3": "mp3val", "opus": "opusinfo"}
DECODERS: dict[str, tuple[tuple[str, ...], ...]] = {"opus": (("-c:a", "libopus"), ())}
"""ffmpeg's options by codec: for Opus the reference decoder and ffmpeg's own, which differ in how they begin."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says messages in a profile; `load` gives the clips' prepared forms, files go to `folder`."""

    profile: str
    load: Load
    folder: Path

    @property
    def spliced(self) -> bool:
        return PROFILES[self.profile].spliced

    def say(self, clips: Sequence[Clip], name: str) -> tuple[Path, Stitched]:
        """The clips with `GAP_MS` between them, as a file."""
        segments = tuple(part for clip in clips for part in (Pause(GAP_MS), clip))[1:]
        made = stitch(Plan(segments, self.profile), self.load)
        if (made.path == "spliced") != self.spliced:
            raise QualityError(f"a message in {self.profile} was {made.path}: {made.why}")
        file = self.folder / f"{self.profile}-{name}{PROFILES[self.profile].suffix}"
        file.write_bytes(made.audio)
        return file, made

    def alone(self, clip: Clip, name: str, *options: str) -> Samples:
        """What a clip decodes to in a message of its own; where messages are rendered, its prepared samples."""
        if self.spliced:
            return decoded(self.say([clip], f"{name}-{clip.etag}")[0], *options)
        return np.frombuffer(self.load([clip], PCM)[0].payload, "<i2") / 32768.0

    def hear(self, clips: Sequence[Clip], file: Path, *options: str) -> tuple[Message, list[Samples]]:
        """A message decoded, and its clips alone; where they lie in it is found by what they are alone."""
        samples, rate = decoded(file, *options), PROFILES[self.profile].rate
        words = [self.alone(clip, file.stem, *options) for clip in clips]
        places: list[tuple[int, int]] = []
        for word in words:
            end = places[-1][1] if places else 0
            begin = place_of(word, samples, end, end + (GAP_MS + 50) * rate // 1000)
            places.append((begin, begin + len(word)))
        return Message(samples, rate, tuple(places)), words


def measured(speaker: Speaker, clips: Sequence[Clip], name: str) -> Values:
    """All that is measured on one message."""
    codec = PROFILES[speaker.profile].codec
    file, made = speaker.say(clips, name)
    values: Values = {"length": []}
    for options in DECODERS.get(codec, ((),)):
        message, words = speaker.hear(clips, file, *options)
        if speaker.spliced:
            pairs = zip(words, message.places, strict=True)
            values.setdefault("lsb", [])
            values["lsb"] += [float(np.abs(message.samples[a:b] - word).max()) * 32768 for word, (a, b) in pairs]
        # From the first clip's first sample to the last one's last, as they were prepared, and as the answer says. At 8
        # kHz a clip may end between two samples: hence the whole ones only.
        places, last = message.places, speaker.load(clips[-1:], PCM)[0].samples * message.rate / RATE
        wanted = places[-1][0] - places[0][0] + last
        said = abs(round(1000 * len(message.samples) / message.rate) - made.duration_ms) * message.rate // 1000
        values["length"] += [abs(len(message.samples) - wanted) // 1, abs(len(words[-1]) - last) // 1, said]
    if codec == "mp3":
        length = length_in_mpg123(file)
        values["mpg123"] = [] if length is None else [abs(length - wanted) // 1]
    if codec in VALIDATORS:
        count = complaints(file, VALIDATORS[codec])
        values["complaints"] = [] if count is None else [count]
    return values | heard(message) | {"peak": [true_peak_db(file)]}


def heard(message: Message) -> Values:
    """What is measured on the samples alone."""
    words = audible_words(message)
    return {
        "loudness": word_loudness(message, words),
        "gap": [(begin - end) * 1000 / message.rate - GAP_MS for (_, end), (begin, _) in pairwise(words)],
        "click": [float(flag) for flag in clicks(message)],
        "dc": [abs(float(message.samples[begin:end].mean())) for begin, end in message.places],
    }


def control(speaker: Speaker, clips: Sequence[Clip], name: str) -> Values:
    """The same message of clips that are cut hard in mid-vowel: a meter that finds no clicks in it measures nothing."""

    def load(wanted: Sequence[Clip], profile: str) -> list[PreparedClip]:
        return [encode(_cut_in_vowels(clip), [profile])[0] for clip in speaker.load(wanted, PCM)]

    cutter = Speaker(speaker.profile, load, speaker.folder)
    file, _ = cutter.say(clips, f"control-{name}")
    message, _ = cutter.hear(clips, file)
    return {"control": [float(flag) for flag in clicks(message)]}


def _cut_in_vowels(clip: PreparedClip) -> PreparedClip:
    """From the first to the last 5 ms that are within 6 dB of the loudest, at least 60 ms; without fades."""
    pcm = np.frombuffer(clip.payload, "<i2")
    frame = RATE // 200
    levels = (pcm[: len(pcm) // frame * frame].reshape(-1, frame).astype(np.float64) ** 2).mean(axis=1)
    loud = np.flatnonzero(levels > levels.max() / 4.0)
    first, last = int(loud[0]), max(int(loud[-1]) + 1, int(loud[0]) + 12)
    cut = pcm[first * frame : last * frame]
    return PreparedClip(PCM, cut.tobytes(), len(cut), 0, 0, len(cut), clip.report)


def pydub_joined(recordings: LocalRepo, folder: Path, clips: Sequence[Clip], name: str) -> Values:
    """The recordings joined by pydub as it is commonly used: from_file, silence, sum, export.

    pydub would call ffprobe and ffmpeg to read what is no WAV; ffprobe comes with few installations, so that ffmpeg is
    called here, to the WAV that pydub would get.
    """
    with warnings.catch_warnings():  # pydub looks for programs on PATH when imported, and warns
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    AudioSegment.converter = ffmpeg_path()
    pause = AudioSegment.silent(GAP_MS)
    parts: list[Any] = []
    for clip in clips:
        command = [ffmpeg_path(), "-v", "error", "-i", str(recordings.folder / clip.key), "-f", "wav", "-"]
        wav = subprocess.run(command, capture_output=True, check=True).stdout
        parts += [pause, AudioSegment.from_file(io.BytesIO(wav), format="wav")]
    file = folder / f"pydub-{name}.mp3"
    sum(parts[2:], parts[1]).export(file, format="mp3")
    places, position = [], -float(GAP_MS)
    for part in parts:
        position += 1000 * part.frame_count() / part.frame_rate
        places.append(round(position * RATE / 1000))
    mono = ("-f", "f32le", "-ac", "1", "-ar", str(RATE), "-")
    command = [ffmpeg_path(), "-v", "error", "-i", str(file), *mono]
    samples = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4").astype(np.float64)
    message = Message(samples, RATE, tuple(zip(places[::2], places[1::2], strict=True)))
    return heard(message) | {"peak": [true_peak_db(file)]}


# --- the gate -------------------------------------------------------------------------------------------------------


def measure(made: Corpus, progress: Callable[[str], None]) -> dict[str, Row]:
    """The rows of the table: each profile, and pydub.

    Raises
    ------
    QualityError
        A clip of the corpus is refused, or a message is not made the way its profile says.
    """
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory(prefix="quality-") as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder, recordings, output = Path(scratch), LocalRepo(made.folder), LocalRepo(Path(scratch) / "output")
        progress(f"preparing {len(made.keys)} clips")
        voices = sorted({key.split("/")[0] for key in made.keys})
        listed = [item for voice in voices for item in recordings.list(f"{voice}/")]
        clips = [Clip(item.key, item.etag, item.size, Path(item.key).stem) for item in listed]
        try:
            list(pool.map(lambda clip: make_ready(clip, recordings, output), clips))
        except UnusableClip as error:
            raise QualityError(f"a clip of the corpus was refused: {error}") from error
        order = np.random.default_rng(SEED).permutation(len(clips))[: MESSAGES * CLIPS]
        messages = [[clips[index] for index in part] for part in order.reshape(MESSAGES, CLIPS)]
        names = [str(number) for number in range(MESSAGES)]
        load = PreparedStore(output).load
        for profile in (*FORMS, RENDERED):
            progress(f"{MESSAGES} messages in {profile}")
            speaker = Speaker(profile, load, folder)
            found = pool.map(partial(measured, speaker), messages, names)
            cut = pool.map(partial(control, speaker), messages, names)
            rows[profile] = _row([one | other for one, other in zip(found, cut, strict=True)])
        progress(f"{MESSAGES} messages by pydub")
        rows[PYDUB] = _row(list(pool.map(partial(pydub_joined, recordings, folder), messages, names)))
    return rows


def _row(found: Sequence[Values]) -> Row:
    row: Row = {}
    for metric in METRICS:
        if metric.source in found[0]:
            values = np.array([value for one in found for value in one[metric.source]], dtype=np.float64)
            row[metric.key] = round(float(metric.reduce(values)), 5) if len(values) else None
    return row


def missed(rows: dict[str, Row]) -> list[str]:
    """A sentence for each limit that is not held; pydub is not held to any."""
    return [
        f"{profile}: {metric.label} is {value:{metric.form}}, limit {metric.limits()}"
        for profile, row in rows.items()
        for metric in METRICS
        if profile != PYDUB and (value := row.get(metric.key)) is not None and not metric.holds(profile, value)
    ]


def table(rows: dict[str, Row]) -> str:
    """Measures down, profiles across, as Markdown that is also read well as text."""
    cells = [["", *rows, "limit"]]
    for metric in METRICS:
        cells.append([metric.label, *(_cell(metric, profile, row) for profile, row in rows.items()), metric.limits()])
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    rule = [
        f"{'-' * (width - 1)}:" if 0 < column < len(widths) - 1 else "-" * width for column, width in enumerate(widths)
    ]
    lines = [cells[0], rule, *cells[1:]]
    aligned = [
        [f"{cell:{'>' if 0 < column < len(widths) - 1 else '<'}{widths[column]}}" for column, cell in enumerate(line)]
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in aligned)


def _cell(metric: Metric, profile: str, row: Row) -> str:
    if metric.key not in row:
        return "–"
    value = row[metric.key]
    if value is None:
        return "not checked"
    said = f"{value:{metric.form}}"
    if profile == PYDUB:
        return said
    return f"{said} ✓" if metric.holds(profile, value) else f"**{said} ✗**"


def circumstances(made: Corpus, seconds: float) -> dict[str, Any]:
    """Place, date and versions of the measurement."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": round(seconds),
        "cpus": os.cpu_count(),
        "machine": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pydub": version("pydub"),
            "engine": str(ENGINE),
            "ffmpeg": _says([ffmpeg_path(), "-version"]),
            **{name: _says([name, option]) for name, option in PROGRAMS.items()},
        },
        "corpus": {"clips": len(made.keys), "seconds": made.seconds, "recipe": made.recipe},
        "messages": MESSAGES,
        "clips": CLIPS,
        "gap_ms": GAP_MS,
    }


PROGRAMS = {"espeak-ng": "--version", "mpg123": "--version", "mp3val": "-v", "opusinfo": "-V"}


def _says(command: Sequence[str]) -> str:
    """The version in the first line that a program prints."""
    program = shutil.which(command[0])
    if program is None:
        return "not installed"
    done = subprocess.run([program, *command[1:]], capture_output=True, check=False)
    found = re.search(r"\d+(\.\d+)+\S*", (done.stdout + done.stderr).decode(errors="replace"))
    return found[0] if found else "unknown"


def listened(progress: Callable[[str], None]) -> ears.Rows:
    """What is lost of human speech; empty if there is none on this machine."""
    if not ears.is_installed():
        print(NO_HUMAN_SPEECH, file=sys.stderr)
        return {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return ears.measure(pool, progress)


NO_HUMAN_SPEECH = f"Human speech: not checked. For it: apt-get install {ears.PACKAGES}"


def report(rows: dict[str, Row], human: ears.Rows, about: dict[str, Any]) -> str:
    """quality.md."""
    missing = missed(rows) + ears.missed(human)
    versions = ", ".join(f"{name} {said}" for name, said in about["versions"].items())
    clips, length, recipe = (about["corpus"][name] for name in ("clips", "seconds", "recipe"))
    return "\n".join((
        "# Quality of the audio",
        "",
        f"Made by `python -m tools.bench.quality` on {about['date']} in {about['seconds']} s (docs/audio.md).",
        f"{about['machine']}, {about['cpus']} CPUs; {versions}.",
        f"Corpus: {clips} clips, {length:.0f} s, recipe {recipe}.",
        f"{MESSAGES} messages of {CLIPS} clips, {GAP_MS} ms between them.",
        "",
        table(rows),
        "",
        ears.table(human) if human else NO_HUMAN_SPEECH,
        "",
        "–: there is nothing to check; not checked: the program is not installed.",
        "",
        *([f"- **Missed:** {sentence}" for sentence in missing] or ["Every limit that was checked is held."]),
        "",
    ))  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; returns 0, or 1 where a limit is missed, or 2 where it cannot be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.quality",
        description="Measure the audio of stitched messages against the limits of docs/audio.md.",
        epilog="Exit codes: 0 every limit is held; 1 one is missed; 2 the quality could not be measured.",
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        default=DEFAULT,
        metavar="DIR",
        help="made where it is not there (default: .local/corpus)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS,
        metavar="DIR",
        help="for quality.json and quality.md (default: tools/bench/results)",
    )
    options = parser.parse_args(arguments)
    started = time.monotonic()

    def progress(what: str) -> None:
        print(f"quality: {time.monotonic() - started:4.0f} s  {what}", file=sys.stderr, flush=True)

    try:
        progress("the corpus")
        made = corpus(options.corpus)
        rows = measure(made, progress)
        human = listened(progress)
    except (CorpusError, QualityError) as error:
        print(f"quality: {error}", file=sys.stderr)
        return 2
    about = circumstances(made, time.monotonic() - started)
    missing = missed(rows) + ears.missed(human)
    limits = {
        metric.key: {profile: metric.limit_of(profile) for profile in rows if profile != PYDUB} for metric in METRICS
    }
    options.output.mkdir(parents=True, exist_ok=True)
    document = about | {"rows": rows, "human": human, "limits": limits, "missed": missing}
    (options.output / "quality.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    (options.output / "quality.md").write_text(report(rows, human, about))
    print(table(rows))
    print(ears.table(human) if human else NO_HUMAN_SPEECH)
    print("\n".join(f"missed: {sentence}" for sentence in missing) or "every limit that was checked is held")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
