"""A recording made ready once: mono, clean, trimmed to its speech, at equal loudness, with its audible edges known.

The steps and their numbers are from measurements on 300 recordings in 16 languages; docs/audio.md says how they were
found and what they are worth.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from stitcher.clips.decode import Samples, decode
from stitcher.clips.loudness import TARGET_LUFS, limit, loudness
from stitcher.clips.prepared import PreparedClip, Report
from stitcher.errors import UnusableClip
from stitcher.formats.ffmpeg import DecodeError
from stitcher.formats.profiles import PCM, RATE

CEILING_DBTP = -1.5
MAX_GAIN_DB = 24.0
"""A clip that would need more is mostly noise by then."""
SILENT_DB = -60.0
"""Peak (dBFS) under which a recording is taken as silence."""
STEADY_DB, STEADY_FRAMES = 3.0, 100
"""Half a second or more whose 5 ms levels stay within 3 dB is no speech; speech spans 15 dB and more."""
CLIPPED_PEAK, CLIPPED_BAND, CLIPPED_SHARE = 0.7, 0.89, 0.01
"""Clipped: peak over -3 dBFS, and more than 1 % of all samples within 1 dB of it."""
POOR_SNR_DB, POOR_RANGE_DB, NOISE_FRAMES = 20.0, 12.0, 10
"""Noise is what at least 50 ms around the speech hold, or else the softest 5 % of it."""
HIGHPASS_HZ = (20.0, 60.0)
LEAD_MS, TAIL_MS = 12, 45
"""Kept before and after the audible part: soft onsets, and releases that fade."""
ONSET_MS = 25
FADE_IN_MS, FADE_OUT_MS = 4, 30
LOUD_FRAMES = 20
HOP = RATE // 200
"""Samples of one level frame: 5 ms."""


def prepare(key: str, data: bytes) -> PreparedClip:
    """Make one recording ready; the same bytes always give the same clip.

    Parameters
    ----------
    key
        Named in errors; what the bytes are is found from the bytes.

    Raises
    ------
    UnusableClip
        With the reason, where it is no audio, silence, or beyond the limits.
    """
    try:
        recorded = decode(data)
    except DecodeError as error:
        raise UnusableClip((key, str(error))) from error
    peak_db = _db(float(np.abs(recorded).max()) ** 2)
    clean = highpass(recorded)
    # Without DC: a recorder whose microphone is off may write nothing but that.
    heard_db = _db(float(np.abs(clean).max()) ** 2)
    if heard_db < SILENT_DB:
        raise UnusableClip((key, f"it is silent (peak {heard_db:.0f} dBFS)"))
    levels = _levels(clean)
    if len(levels) >= STEADY_FRAMES and _loud(levels) - np.percentile(levels, 5) < STEADY_DB:
        raise UnusableClip((key, "it holds no speech: its level never changes (noise or a tone)"))
    start, end = _speech(clean)
    begin, finish = audible_edges(clean[start:end])
    begin, finish = begin + start, finish + start
    # Soft speech before the audible edge is kept, but not breath from long before it.
    first = max(0, start - _samples(LEAD_MS), begin - _samples(ONSET_MS))
    last = min(len(clean), end + _samples(LEAD_MS), finish + _samples(TAIL_MS))
    speech = _faded(clean[first:last], tail=last - finish)
    measured = loudness(speech)
    gain_db = min(TARGET_LUFS - measured, MAX_GAIN_DB)
    levelled, limited_db = limit(speech * 10.0 ** (gain_db / 20.0), CEILING_DBTP)
    if limited_db:  # limiting made it quieter: once more, by what is missing
        more = 10.0 ** (min(3.0, TARGET_LUFS - loudness(levelled)) / 20.0)
        levelled, _ = limit(levelled * more, CEILING_DBTP)
    pcm = np.clip(np.rint(levelled * 32767.0), -32768, 32767).astype("<i2")
    report = Report(
        duration_ms=round(1000 * len(recorded) / RATE),
        loudness_lufs=round(measured, 2),
        gain_db=round(gain_db, 2),
        noise_floor_db=round(float(np.percentile(levels, 5)), 1),
        peak_db=round(peak_db, 1),
        limited_db=round(limited_db, 2),
        warnings=tuple(_warnings(recorded, clean, (start, end), gain_db)),
    )
    return PreparedClip(PCM, pcm.tobytes(), len(pcm), 0, begin - first, finish - first, report)


def _warnings(recorded: Samples, clean: Samples, speech: tuple[int, int], gain_db: float) -> Iterator[str]:
    """What is poor about a recording that can be used, in sentences."""
    magnitude = np.abs(recorded)
    peak = float(magnitude.max())
    if peak > CLIPPED_PEAK and (magnitude > CLIPPED_BAND * peak).mean() > CLIPPED_SHARE:
        yield "it is clipped: record it at a lower level"
    if gain_db >= MAX_GAIN_DB:
        yield f"it is very quiet: even {MAX_GAIN_DB:.0f} dB louder it stays under the others"
    start, end = speech
    around = np.concatenate([clean[:start], clean[end:]])
    spoken = _levels(clean[start:end])
    if len(around) >= NOISE_FRAMES * HOP:
        noise, poor = float(np.percentile(_levels(around), 50)), POOR_SNR_DB
    else:  # no pause to hear the noise in, or noise so loud that it was taken for speech
        noise, poor = float(np.percentile(spoken, 5)), POOR_RANGE_DB
    ratio = float(np.percentile(spoken, 95)) - noise
    if ratio < poor:
        yield f"it is noisy: the speech is only {ratio:.0f} dB over the noise"


def highpass(samples: Samples) -> Samples:
    """Remove DC, rumble and mains hum without a phase shift: raised cosine from 20 to 60 Hz in the frequency domain.

    Both ends are extended by their own level first, so that the removal leaves no step where clips are joined.
    """
    low, high = HIGHPASS_HZ
    pad = RATE // 10
    edge = min(480, len(samples))
    extended = np.concatenate([np.full(pad, samples[:edge].mean()), samples, np.full(pad, samples[-edge:].mean())])
    size = 1 << (len(extended) + pad - 1).bit_length()
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    gain = 0.5 - 0.5 * np.cos(np.pi * np.clip((frequencies - low) / (high - low), 0.0, 1.0))
    filtered: Samples = np.fft.irfft(np.fft.rfft(extended - extended.mean(), size) * gain, size)
    return filtered[pad : pad + len(samples)]


def audible_edges(samples: Samples) -> tuple[int, int]:
    """(begin, end) in samples of what is heard: within 35 dB of the loudest 5 ms."""
    levels = _levels(samples)
    heard = np.flatnonzero(levels > levels.max() - 35.0)
    return int(heard[0]) * HOP, min(len(samples), (int(heard[-1]) + 1) * HOP)


def _speech(samples: Samples) -> tuple[int, int]:
    """(start, end) in samples of the speech, by hysteresis on the level of 10 ms windows every 5 ms.

    Strong frames (within 30 dB of the loud part, at least four in a row, so that a click is none) anchor it; from there
    it grows through weak frames (above the noise floor) over holes of up to 40 ms and for at most 300 ms, so that soft
    onsets, fricatives and releases survive and noise far out does not.
    """
    power = 10.0 ** (_levels(samples) / 10.0)
    levels = 10.0 * np.log10((power + np.append(power[1:], power[-1])) / 2.0)
    top, floor = _loud(levels), float(np.percentile(levels, 5))
    weak_level = max(top - 50.0, min(floor + 5.0, top - 25.0))
    strong = levels > max(top - 30.0, min(weak_level + 3.0, top - 15.0))
    # A click that lies across two levels of 5 ms is in three windows.
    anchors = np.flatnonzero(np.convolve(strong, np.ones(4), "valid") == 4.0)
    if not len(anchors):
        return 0, len(samples)
    weak = levels > weak_level
    start = _grown(weak, int(anchors[0]), -1)
    end = _grown(weak, int(anchors[-1]) + 3, +1)
    return start * HOP, min(len(samples), (end + 2) * HOP)


def _grown(weak: npt.NDArray[np.bool_], anchor: int, step: int, holes: int = 8, reach: int = 60) -> int:
    """The outermost weak frame from the anchor in one direction, over at most `holes` other frames in a row."""
    last = anchor
    frame = anchor + step
    while 0 <= frame < len(weak) and abs(frame - anchor) <= reach and abs(frame - last) <= holes + 1:
        if weak[frame]:
            last = frame
        frame += step
    return last


def _levels(samples: Samples) -> Samples:
    """Level of each 5 ms in dB; a clip shorter than that is one frame."""
    frames = max(1, len(samples) // HOP)
    used = samples[: frames * HOP].reshape(frames, -1)
    levels: Samples = 10.0 * np.log10((used * used).mean(axis=1) + 1e-12)
    return levels


def _loud(levels: Samples) -> float:
    """The level of the loudest 5 %, or of the loudest 100 ms: a word is less than 5 % of a recording left running."""
    return float(np.percentile(levels, max(95.0, 100.0 - 100.0 * LOUD_FRAMES / len(levels))))


def _faded(samples: Samples, tail: int) -> Samples:
    """Raised cosine at both ends: 4 ms in, and out over what follows the audible part (4 to 30 ms)."""
    into = min(_samples(FADE_IN_MS), len(samples) // 3)
    out = min(max(_samples(FADE_IN_MS), min(_samples(FADE_OUT_MS), tail)), len(samples) // 3)
    faded = samples.copy()
    faded[:into] *= 0.5 - 0.5 * np.cos(np.pi * (np.arange(into) + 0.5) / max(1, into))
    faded[len(samples) - out :] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(out) + 0.5) / max(1, out))
    return faded


def _samples(ms: int) -> int:
    return ms * RATE // 1000


def _db(power: float) -> float:
    return float(10.0 * np.log10(power + 1e-12))
