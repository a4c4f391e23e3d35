"""What is lost of human speech, clean and in noise, and whether the warnings about noise are right.

The recordings come with Debian's packages of telephone prompts, `PACKAGES`: professional speakers in five languages, at
8 kHz and, as G.722, at 16 kHz. Noise is added at each recording's own rate. What was kept is found by correlation with
what was given, so that nothing here trusts the engine; docs/audio.md says what each measure means.
"""

import io
import subprocess
import wave
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stitcher.clips.decode import Samples, decode
from stitcher.clips.prepare import prepare
from stitcher.clips.prepared import PreparedClip
from stitcher.errors import UnusableClip
from stitcher.formats.ffmpeg import ffmpeg_path
from stitcher.formats.profiles import RATE

PACKAGES = " ".join(
    [
        *(
            f"asterisk-core-sounds-{tongue}-{kind}"
            for tongue in ("en", "es", "fr", "it", "ru")
            for kind in ("g722", "wav")
        ),
        "asterisk-prompt-it-menardi-wav",
    ]
)
SOUNDS = Path("/usr/share/asterisk/sounds")
VOICES = (
    "en_US_f_Allison",
    "es_MX_f_Allison",
    "fr_CA_f_June",
    "it_IT_m_Carlo",
    "ru_RU_f_IvrvoiceRU",
    "it_IT_f_Menardi",
)
NOISY_VOICES = ("it_IT_f_Menardi",)
"""Has noise of its own, 15 to 22 dB under the speech: not among the clean ones, and no noise is added to it."""
NO_SPEECH = ("silence", "beep", "tone", "monkeys", "record")
SECONDS = (0.3, 8.0)
CLEAN_CLIPS, NOISY_CLIPS, SEED = 60, 10, 3
"""Of each voice at each rate."""
SNRS_DB = (30, 20, 15, 10, 5)
COLOURS = ("white", "pink", "brown", "swelling")
PAD_S = (0.2, 1.0)
"""Noise around the speech, drawn for each clip and side."""
FRAME = RATE // 200
BANDS_HZ = {"2–4 kHz": (2000, 3900), "4–8 kHz": (4000, 7800)}
LOST_MS = 30
NOISE = "it is noisy"

Rows = dict[str, dict[str, float]]
"""By row and column of the table."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one recording; times in ms, NaN if it was refused."""

    onset_ms: tuple[float, ...]
    """Consonants lost before what was kept, by band."""
    tail_ms: tuple[float, ...]
    too_much_ms: float
    warned: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A recording: samples at its own rate, the speech in it, and how the noise lies under that (None: clean)."""

    samples: Samples
    rate: int
    speech: Samples
    before: int
    snr_db: int | None
    noise: Samples | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of the table that the engine is held to."""

    row: str
    column: str
    value: float
    at_least: bool = False

    def holds(self, found: float) -> bool:
        return found >= self.value if self.at_least else found <= self.value


LIMITS = (
    Limit("clean", "lost", 0.02),
    Limit("clean", "warned", 0.02),
    Limit("20 dB", "too much p95", 150.0),
    Limit("15 dB", "warned", 0.95, at_least=True),
    Limit("10 dB", "too much p95", 300.0),
    Limit("10 dB", "warned", 0.95, at_least=True),
    Limit("5 dB", "warned", 0.95, at_least=True),
)


def recordings(count: int, voices: Sequence[str]) -> Iterator[tuple[str, Samples, int]]:
    """(voice, samples, rate) of this number of recordings of each voice, at 8 and 16 kHz; the same ones each time."""
    for voice in voices:
        names = sorted(
            file.relative_to(SOUNDS / voice).with_suffix("")
            for file in (SOUNDS / voice).rglob("*.wav")
            if not any(word in str(file.relative_to(SOUNDS)) for word in NO_SPEECH)
        )
        for index in sorted(np.random.default_rng(SEED).permutation(len(names))[:count]):
            plain = SOUNDS / voice / names[index].with_suffix(".wav")
            wide = plain.with_suffix(".g722")
            for file, rate in ((plain, 8000), (wide, 16000)):
                if file.is_file():
                    samples = _read(file)
                    if SECONDS[0] * rate <= len(samples) <= SECONDS[1] * rate:
                        yield voice, samples, rate


def _read(file: Path) -> Samples:
    if file.suffix == ".wav":
        with wave.open(str(file)) as opened:
            data = opened.readframes(1 << 26)
    else:
        command = [ffmpeg_path(), "-v", "error", "-f", "g722", "-i", str(file), "-f", "s16le", "-"]
        data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, "<i2") / 32768.0


def is_installed() -> bool:
    """Whether the recordings are there."""
    return all((SOUNDS / voice).is_dir() for voice in VOICES)


def noise_of(size: int, rate: int, colour: str, dice: np.random.Generator) -> Samples:
    """RMS 1.0: white, pink, brown, or pink that swells by 12 dB and fades every two to three seconds."""
    spectrum = np.fft.rfft(dice.standard_normal(size))
    hz = np.maximum(np.fft.rfftfreq(size, 1 / rate), 20.0)
    made: Samples = np.fft.irfft(spectrum / {"white": 1.0, "brown": hz}.get(colour, np.sqrt(hz)), size)
    if colour == "swelling":
        turns = np.arange(size) / rate * dice.uniform(0.3, 0.5) + dice.uniform()
        made *= 1.0 + 0.6 * np.sin(2 * np.pi * turns)
    return made / float(np.std(made))


def noisy(samples: Samples, rate: int, snr_db: int, colour: str, dice: np.random.Generator) -> Given:
    """The speech of a recording in noise that is heard before and after it, too."""
    first, last = _edges(samples, rate)
    speech = samples[first:last]
    before, after = (round(dice.uniform(*PAD_S) * rate) for _ in range(2))
    noise = noise_of(before + len(speech) + after, rate, colour, dice)
    noise *= float(np.sqrt((speech**2).mean())) * 10.0 ** (-snr_db / 20.0)
    return Given(np.pad(speech, (before, after)) + noise, rate, speech, before, snr_db, noise)


def listen(given: Given) -> Heard:
    """Prepare a recording and find what is missing."""
    data = _wav(given.samples, given.rate)
    bands = [band for band in BANDS_HZ.values() if band[0] < given.rate / 2]
    try:
        clip = prepare("given.wav", data)
    except UnusableClip:
        nothing = (float("nan"),) * len(bands)
        return Heard(nothing, nothing, float("nan"), False, True)
    first, last = _kept(clip, decode(data))
    speech = _at_48_khz(given.speech, given.rate)
    shift = round(given.before * RATE / given.rate)
    noise = None if given.noise is None else _at_48_khz(given.noise, given.rate)
    onsets, tails = [], []
    for band in bands:
        centres = np.flatnonzero(_consonants(speech, band, noise)) * FRAME + FRAME // 2 + shift
        onsets.append(5.0 * float((centres < first).sum()))
        tails.append(5.0 * float((centres >= last).sum()))
    warned = any(warning.startswith(NOISE) for warning in clip.report.warnings)
    return Heard(tuple(onsets), tuple(tails), 1000 * (last - first - len(speech)) / RATE, warned, False)


def _consonants(speech: Samples, band: tuple[int, int], noise: Samples | None) -> npt.NDArray[np.bool_]:
    """The 5 ms in which a band is heard: 12 dB over its own softest 5 %, within 50 dB of the loudest, 20 ms or more.

    In noise, only what is 10 dB over that.
    """
    levels = _band_levels(speech, band)
    least = max(float(np.percentile(levels, 5)) + 12.0, float(_band_levels(speech, (60, 8000)).max()) - 50.0, -75.0)
    if noise is not None:
        least = max(least, float(np.median(_band_levels(noise, band))) + 10.0)
    heard = levels > least
    runs = np.convolve(heard, np.ones(4), "full") == 4.0
    return np.array([runs[at : at + 4].any() for at in range(len(heard))], dtype=np.bool_)


def _band_levels(samples: Samples, band: tuple[int, int]) -> Samples:
    """dB of each 5 ms between two frequencies, in windows of 10 ms."""
    window = 2 * FRAME
    padded = np.pad(samples, (FRAME // 2, window))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::FRAME][: max(1, len(samples) // FRAME)]
    hann = np.hanning(window)
    power = np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2 * 2.0 / (window * float((hann**2).sum()))
    hz = np.fft.rfftfreq(window, 1 / RATE)
    levels: Samples = 10.0 * np.log10(power[:, (hz >= band[0]) & (hz < band[1])].sum(axis=1) + 1e-12)
    return levels


def _edges(samples: Samples, rate: int) -> tuple[int, int]:
    """The first and the last sample that is within 40 dB of the loudest 10 ms."""
    step = rate // 100
    levels = 10.0 * np.log10((samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(axis=1) + 1e-12)
    heard = np.flatnonzero(levels > levels.max() - 40.0)
    return int(heard[0]) * step, (int(heard[-1]) + 1) * step


def _kept(clip: PreparedClip, whole: Samples) -> tuple[int, int]:
    part = np.frombuffer(clip.payload, "<i2") / 32768.0
    size = 1 << (len(whole) + len(part)).bit_length()
    match = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    first = int(match[: max(1, len(whole) - len(part) + 1)].argmax())
    return first, first + len(part)


def _at_48_khz(samples: Samples, rate: int) -> Samples:
    """By band-limited interpolation."""
    times, padded = RATE // rate, np.pad(samples, (0, rate // 10))
    fine: Samples = np.fft.irfft(np.fft.rfft(padded), len(padded) * times) * times
    return fine[: len(samples) * times]


def _wav(samples: Samples, rate: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def measure(pool: Executor, progress: Callable[[str], None]) -> Rows:
    """The rows of the table: clean, and each signal-to-noise ratio; by name of the column."""
    progress("human speech, clean")
    clean = [
        (voice, Given(samples, rate, samples, 0, None, None))
        for voice, samples, rate in recordings(CLEAN_CLIPS, VOICES)
    ]
    heard = list(pool.map(listen, (given for _, given in clean)))
    quiet = [one for one, (voice, _) in zip(heard, clean, strict=True) if voice not in NOISY_VOICES]
    rows = {"clean": _row(heard) | {"warned": float(np.mean([one.warned for one in quiet]))}}
    del rows["clean"]["too much p95"], rows["clean"]["too much median"]
    base = [
        (samples, rate) for _, samples, rate in recordings(NOISY_CLIPS, [v for v in VOICES if v not in NOISY_VOICES])
    ]
    for snr_db in SNRS_DB:
        progress(f"human speech in noise, {snr_db} dB")
        jobs = [
            (samples, rate, colour, np.random.default_rng([SEED, snr_db, index, turn]))
            for index, (samples, rate) in enumerate(base)
            for turn, colour in enumerate(COLOURS)
        ]
        rows[f"{snr_db} dB"] = _row(list(pool.map(partial(_in_noise, snr_db), jobs)))
    return rows


def _in_noise(snr_db: int, job: tuple[Samples, int, str, np.random.Generator]) -> Heard:
    samples, rate, colour, dice = job
    return listen(noisy(samples, rate, snr_db, colour, dice))


def _row(heard: Sequence[Heard]) -> dict[str, float]:
    kept = [one for one in heard if not one.refused]
    row = {"clips": float(len(heard)), "refused": 1.0 - len(kept) / len(heard)}
    row["lost"] = float(np.mean([max(*one.onset_ms, *one.tail_ms) >= LOST_MS for one in kept]))
    for index, name in enumerate(BANDS_HZ):
        having = [one for one in kept if len(one.onset_ms) > index]
        row[f"onset lost, {name}"] = float(np.mean([one.onset_ms[index] >= LOST_MS for one in having]))
        row[f"tail lost, {name}"] = float(np.mean([one.tail_ms[index] >= LOST_MS for one in having]))
    row["too much median"] = float(np.median([one.too_much_ms for one in kept]))
    row["too much p95"] = float(np.percentile([one.too_much_ms for one in kept], 95))
    row["warned"] = float(np.mean([one.warned for one in kept]))
    return row


def missed(rows: Rows) -> list[str]:
    """A sentence for each limit that is not held."""
    return [
        f"human speech, {limit.row}: {limit.column} is {rows[limit.row][limit.column]:.3g}, limit "
        f"{'≥' if limit.at_least else '≤'} {limit.value:g}"
        for limit in LIMITS
        if rows and not limit.holds(rows[limit.row][limit.column])
    ]


def table(rows: Rows) -> str:
    """Noise down, measures across, as Markdown."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [["human speech", *columns], ["---", *("---:" for _ in columns)]]
    for name, row in rows.items():
        lines.append([name, *(_cell(column, row.get(column)) for column in columns)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return "–"
    if column == "clips" or column.startswith("too much"):
        return f"{value:.0f}{' ms' if column != 'clips' else ''}"
    return f"{value:.1%}"
