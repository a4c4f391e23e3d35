"""Where in a recording somebody speaks: band by band, over a noise floor that may vary slowly.

Every threshold was chosen on human speech, clean and with noise added; docs/audio.md gives the reason for each.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stitcher.clips.decode import Samples
from stitcher.formats.profiles import RATE

HOP = RATE // 200
"""Samples of one frame: 5 ms."""
WINDOW = 2 * HOP
BANDS_HZ = (100, 400, 1000, 2000, 4200, 8400, 16000)
"""Vowels are loud in the lower bands, "s" in the upper ones: what is soft in all of them together stands out in one."""
LOUD_FRAMES = 20

FLOOR_REACH = 40
"""The floor at a frame is the softest 50 ms within 200 ms of it …"""
FLOOR_RISE_DB = 9.0
"""… but at most so much over the softest 5 % of the recording: noise that swells is noise, a vowel is not."""
FLOOR_BIAS_DB = 2.5
"""The softest of many frames of a steady noise lies so far under its mean."""
FLOOR_RANGE_DB = 62.0
"""Under the loud part by more than this, a floor is digital silence."""
LEAKAGE_DB = 30.0
"""No floor lies further under the highest one: a Hann window lets so much through from another band (-31 dB)."""

WEAK_DB, FIRM_DB = 3.5, 8.0
"""Over the floor: what may belong to speech next to it, and what is a sound by itself."""
SOFT_RANGE_DB, STRONG_RANGE_DB = 50.0, 34.0
"""Under the loud part: what may still be a consonant, and what may be speech on its own."""
SURE_RANGE_DB = 10.0
"""Next to speech, what is less under its loud part is speech too: a vowel that is cut off has no floor beside it."""
ANCHOR_SHARE = 0.45
"""What anchors the speech stands over the noise by this share of what its loud part does, in dB: a swell does not."""
RUN_FRAMES = 6
"""A click fills five frames: the window and the mean of four."""
REACH_FRAMES = 60
"""Speech grows from its anchors by at most 300 ms …"""
WEAK_HOLE_FRAMES, FIRM_HOLE_FRAMES = 8, 20
"""… over holes of 40 ms, or of 100 ms where a sound of its own follows: the "t" of "eight" behind its stop."""
APART_FRAMES, CORE_FRAMES, CORE_DB = 40, 20, 20.0
"""A knock: within 20 dB of its top for at most 100 ms, and 200 ms from all other sounds; one of these is longer."""

HEARD_DB = 35.0
HISS_BAND, HISS_RANGE_DB, HISS_OVER_DB, HISS_FRAMES = 3, 45.0, 15.0, 18
"""Heard is what lies within 35 dB of the loudest 5 ms; and a fricative of at least 70 ms, whose power between 2 and 4.2
kHz is within 45 dB of the loud part and far over that under 2 kHz: the end of a vowel has its power there."""
NOISE_BANDS, GUARD_FRAMES, NOISE_FRAMES = 5, 3, 8
"""Noise is measured under 8.4 kHz, 15 ms and more from the speech, where there are at least 40 ms of it."""
TONE_WINDOW, TONE_LINES, TONE_SHARE, TONE_HZ = 8192, 8, 0.9, 300.0

Flags = npt.NDArray[np.bool_]
Ranges = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power of each 5 ms in each of `BANDS_HZ`, full scale 1.0, shape (frames, bands); a window is 10 ms."""

    power: Samples

    @classmethod
    def of(cls, samples: Samples) -> "Spectrum":
        frames = max(1, len(samples) // HOP)
        around = (WINDOW - HOP) // 2
        padded = np.concatenate([np.zeros(around), samples, np.zeros(WINDOW)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames]
        hann = np.hanning(WINDOW + 1)[:-1]
        bins = np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2 * (2.0 / (WINDOW * (hann**2).sum()))
        edges = [round(hz * WINDOW / RATE) for hz in BANDS_HZ]
        return cls(np.add.reduceat(bins, edges, axis=1)[:, :-1])


@dataclass(frozen=True, slots=True)
class Speech:
    """Frames of 5 ms: the speech, from `first` to before `last`; what is heard of it, from `begin` to before `end`.

    `pause` is the longest hole in it, in frames. `over_noise_db` is how far its power lies over the noise's, heard
    around it where `around`, or else in its softest parts.
    """

    first: int
    last: int
    begin: int
    end: int
    pause: int
    over_noise_db: float
    around: bool


def decibels(power: Samples) -> Samples:
    """10 lg of powers, not under -120."""
    levels: Samples = 10.0 * np.log10(power + 1e-12)
    return levels


def _db(power: float) -> float:
    return float(10.0 * np.log10(power + 1e-12))


def loud(levels: Samples) -> float:
    """The level of the loudest 5 %, or of the loudest 100 ms: a word is less than 5 % of a recording left running."""
    return float(np.percentile(levels, max(95.0, 100.0 - 100.0 * LOUD_FRAMES / len(levels))))


def floors(spectrum: Spectrum) -> Samples:
    """The noise in dB of each frame and band."""
    soft = decibels(_mean(spectrum.power, 10))
    least = np.percentile(soft, 5, axis=0)
    padded = np.pad(soft, ((FLOOR_REACH, FLOOR_REACH), (0, 0)), constant_values=np.inf)
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * FLOOR_REACH + 1, axis=0).min(axis=-1)
    floor: Samples = np.minimum(near, least + FLOOR_RISE_DB) + FLOOR_BIAS_DB
    limited: Samples = np.maximum(floor, floor.max(axis=1, keepdims=True) - LEAKAGE_DB)
    return limited


def find(spectrum: Spectrum) -> Speech | None:
    """The speech of a recording; None where nothing stands out of the noise."""
    floor = floors(spectrum)
    power = _mean(spectrum.power, 4)
    levels, level = decibels(power), decibels(power.sum(axis=1))
    total = decibels(spectrum.power.sum(axis=1))
    over = _lasting((levels - np.maximum(floor, loud(total) - FLOOR_RANGE_DB)).max(axis=1))
    kept = _without_thuds(over, total)
    top = loud(total[kept])
    over_bands = levels - np.maximum(floor, top - FLOOR_RANGE_DB)
    over = _lasting(over_bands.max(axis=1))
    audible = (levels.max(axis=1) > top - SOFT_RANGE_DB) & kept
    sure = level > max(top - SURE_RANGE_DB, float(np.percentile(level, 5)) + FIRM_DB)
    weak = _long(audible & ((over > WEAK_DB) | sure))
    firm = _long(audible & (over > FIRM_DB))
    anchor = max(FIRM_DB, ANCHOR_SHARE * float(np.percentile(over[kept], 95)))
    anchors = np.flatnonzero(_long(kept & (over > anchor) & (total > top - STRONG_RANGE_DB)))
    if not len(anchors):
        return None
    first = _grown(weak, firm, int(anchors[0]), -1)
    last = _grown(weak, firm, int(anchors[-1]), +1) + 1
    hiss = _long(_fricative(power, top) & firm, HISS_FRAMES)
    heard = first + np.flatnonzero(hiss[first:last] | (total[first:last] > total[first:last].max() - HEARD_DB))
    pauses = [end - start for start, end in _ranges(~weak[first:last])]
    noise_db, around = _noise(spectrum, first, last, kept)
    spoken = 10.0 ** (_in_band(spectrum)[first:last] / 10.0)
    ratio = _db(spoken.mean()) - noise_db
    return Speech(first, last, int(heard[0]), int(heard[-1]) + 1, max(pauses, default=0), ratio, around)


def whole(spectrum: Spectrum) -> Speech:
    """A recording that is taken as it is, because nothing tells what in it is speech."""
    total = decibels(spectrum.power.sum(axis=1))
    heard = np.flatnonzero(total > total.max() - HEARD_DB)
    return Speech(0, len(total), int(heard[0]), int(heard[-1]) + 1, 0, np.inf, True)


def audible(spectrum: Spectrum) -> tuple[int, int]:
    """The first frame that is heard of a recording that is nothing but speech, and the one after the last."""
    total = decibels(spectrum.power.sum(axis=1))
    hiss = _long(_fricative(_mean(spectrum.power, 4), loud(total)), HISS_FRAMES)
    heard = np.flatnonzero(hiss | (total > total.max() - HEARD_DB))
    return int(heard[0]), int(heard[-1]) + 1


def is_tone(samples: Samples) -> bool:
    """Whether a steady sound is a tone, a chord or a dialled digit: a few lines of the spectrum hold nearly all of it.

    Mains hum has such lines too, but its middle lies under `TONE_HZ`.
    """
    size = min(len(samples), TONE_WINDOW)
    hann = np.hanning(size + 1)[:-1]
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)[:: max(1, size // 2)]
    power = (np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2).mean(axis=0)
    rest = power.copy()
    for _ in range(TONE_LINES):
        peak = int(rest.argmax())
        rest[max(0, peak - 3) : peak + 4] = 0.0
    lines = power - rest
    middle = float((np.fft.rfftfreq(size, 1 / RATE) * lines).sum() / max(lines.sum(), 1e-12))
    return bool(lines.sum() > TONE_SHARE * power.sum()) and middle > TONE_HZ


def _fricative(power: Samples, top: float) -> Flags:
    """Frames that sound like "s" or "f" between 2 and 4.2 kHz, where the speech's loud part lies at `top` dB."""
    high, low = decibels(power[:, HISS_BAND]), decibels(power[:, :HISS_BAND].sum(axis=1))
    flags: Flags = (high > top - HISS_RANGE_DB) & (high > low + HISS_OVER_DB)
    return flags


def _noise(spectrum: Spectrum, first: int, last: int, kept: Flags) -> tuple[float, bool]:
    """The noise in dB, and whether it was heard around the speech; if not, it is what the softest 5 % of that hold."""
    levels = _in_band(spectrum)
    around = kept.copy()
    around[max(0, first - GUARD_FRAMES) : last + GUARD_FRAMES] = False
    if around.sum() >= NOISE_FRAMES:
        return float(np.median(levels[around])), True
    return float(np.percentile(levels[first:last], 5)), False


def _in_band(spectrum: Spectrum) -> Samples:
    """The level of each frame between 100 Hz and 8 kHz: where speech is, and noise that disturbs it."""
    return decibels(spectrum.power[:, :NOISE_BANDS].sum(axis=1))


def _without_thuds(over: Samples, total: Samples) -> Flags:
    """All frames but those of short sounds far from anything longer: a step, a click, the recorder being put down."""
    kept = np.ones(len(over), np.bool_)
    groups: Ranges = []
    for start, end in _ranges(over > FIRM_DB):
        if groups and start - groups[-1][1] < APART_FRAMES:
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    cores = [int((total[start:end] > total[start:end].max() - CORE_DB).sum()) for start, end in groups]
    if cores and max(cores) > CORE_FRAMES:
        for (start, end), core in zip(groups, cores, strict=True):
            if core <= CORE_FRAMES:
                kept[max(0, start - 8) : end + 8] = False
    return kept


def _lasting(levels: Samples) -> Samples:
    """Without peaks shorter than `RUN_FRAMES`: the window and the mean of four frames make five of a click."""
    least = np.pad(levels, (RUN_FRAMES - 1, RUN_FRAMES - 1), mode="edge")
    least = np.lib.stride_tricks.sliding_window_view(least, RUN_FRAMES).min(axis=1)
    opened: Samples = np.lib.stride_tricks.sliding_window_view(least, RUN_FRAMES).max(axis=1)
    return opened


def _grown(weak: Flags, firm: Flags, anchor: int, step: int) -> int:
    """The outermost frame of speech from the anchor in one direction."""
    last = frame = anchor
    while 0 <= frame < len(weak) and abs(frame - anchor) <= REACH_FRAMES:
        hole = abs(frame - last) - 1
        if hole > FIRM_HOLE_FRAMES:
            break
        if firm[frame] or (weak[frame] and hole <= WEAK_HOLE_FRAMES):
            last = frame
        frame += step
    return last


def _mean(power: Samples, frames: int) -> Samples:
    """The moving average over this number of frames."""
    before = frames // 2
    total = np.concatenate([np.zeros((1, power.shape[1])), np.cumsum(power, axis=0)])
    start = np.clip(np.arange(len(power)) - before, 0, None)
    end = np.clip(np.arange(len(power)) - before + frames, None, len(power))
    mean: Samples = np.maximum(total[end] - total[start], 0.0) / (end - start)[:, None]
    return mean


def _ranges(flags: Flags) -> Ranges:
    """(first, last + 1) of each run of true flags."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True))


def _long(flags: Flags, least: int = RUN_FRAMES) -> Flags:
    """Only the runs of at least this number of frames."""
    kept = np.zeros_like(flags)
    for start, end in _ranges(flags):
        kept[start:end] = end - start >= least
    return kept
