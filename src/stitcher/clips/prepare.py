"""A recording made ready once: mono, clean, trimmed to its speech, at equal loudness, with its audible edges known.

The steps and their numbers are from measurements on 300 recordings in 16 languages; docs/audio.md says how they were
found and what they are worth.
"""

from collections.abc import Iterator

import numpy as np

from stitcher.clips.clipping import is_clipped
from stitcher.clips.decode import Recording, Samples, highpass, read
from stitcher.clips.loudness import TARGET_LUFS, limit, loudness
from stitcher.clips.prepared import PreparedClip, Report
from stitcher.clips.speech import HOP, Spectrum, Speech, decibels, find, is_tone, loud, whole
from stitcher.errors import UnusableClip
from stitcher.formats.ffmpeg import DecodeError
from stitcher.formats.profiles import PCM, RATE

CEILING_DBTP = -1.5
MAX_GAIN_DB = 24.0
"""A clip that would need more is mostly noise by then."""
SILENT_DB = -60.0
"""Peak (dBFS) under which a recording is taken as silence."""
STEADY_MS = 500
"""A sound in which nothing stands out for so long is no speech: a vowel alone is shorter."""
POOR_SNR_DB, POOR_RANGE_DB = 26.0, 12.0
"""Noisy: the speech is less than this over the noise around it, or over its own softest 5 %."""
LONG_PAUSE_MS, HEAVY_LIMIT_DB = 800, 10.0
BURST_DB, BURST_CREST_DB = 12.0, 15.0
"""A sound of 5 ms this far over the loud part of the speech is a knock. Its peaks are lowered: they are then as far
over the loud part as the peaks of speech."""
LEAD_MS, TAIL_MS = 12, 45
"""Kept before and after the audible part: soft onsets, and releases that fade."""
ONSET_MS = 25
FADE_IN_MS, FADE_OUT_MS = 4, 30
EDGE_FRAMES = 2
"""Not listened to at both ends when a recording is tested for silence: filters ring there when it begins with DC."""


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
        recording = read(data)
    except DecodeError as error:
        raise UnusableClip((key, str(error))) from error
    recorded, clean = recording.samples, highpass(recording.samples)
    levels = _levels(clean)
    # Without DC: a recorder whose microphone is off may write nothing but that.
    inner = clean[EDGE_FRAMES * HOP : -EDGE_FRAMES * HOP] if len(levels) > 4 * EDGE_FRAMES else clean
    heard_db = _db(float(np.abs(inner).max()) ** 2)
    if heard_db < SILENT_DB:
        raise UnusableClip((key, f"it is silent (peak {heard_db:.0f} dBFS)"))
    spectrum = Spectrum.of(clean)
    found = find(spectrum)
    tone = found is None and is_tone(clean)
    if found is None and not tone and len(clean) >= _samples(STEADY_MS):
        raise UnusableClip((key, "it holds no speech: its level never changes (noise or a tone)"))
    said = found or whole(spectrum)
    start, end = said.first * HOP, len(clean) if said.last == len(levels) else said.last * HOP
    begin, finish = said.begin * HOP, len(clean) if said.end == len(levels) else said.end * HOP
    # Soft speech before the audible edge is kept, but not breath from long before it.
    first = max(0, start - _samples(LEAD_MS), begin - _samples(ONSET_MS))
    last = min(len(clean), end + _samples(LEAD_MS), finish + _samples(TAIL_MS))
    speech = _faded(clean[first:last], tail=last - finish)
    speech, burst_db = _without_bursts(speech)
    measured = loudness(speech)
    gain_db = min(TARGET_LUFS - measured, MAX_GAIN_DB)
    levelled, limited_db = limit(speech * 10.0 ** (gain_db / 20.0), CEILING_DBTP)
    if limited_db:  # limiting made it quieter: once more, by what is missing
        more = 10.0 ** (min(3.0, TARGET_LUFS - loudness(levelled)) / 20.0)
        levelled, _ = limit(levelled * more, CEILING_DBTP)
    limited_db += burst_db
    pcm = np.clip(np.rint(levelled * 32767.0), -32768, 32767).astype("<i2")
    report = Report(
        duration_ms=round(1000 * len(recorded) / RATE),
        loudness_lufs=round(measured, 2),
        gain_db=round(gain_db, 2),
        noise_floor_db=round(float(np.percentile(levels, 5)), 1),
        peak_db=round(_db(float(np.abs(recorded).max()) ** 2), 1),
        limited_db=round(limited_db, 2),
        warnings=(*recording.warnings, *_warnings(recording, slice(first, last), said, gain_db, limited_db)),
    )
    return PreparedClip(PCM, pcm.tobytes(), len(pcm), 0, begin - first, finish - first, report)


def _warnings(recording: Recording, kept: slice, said: Speech, gain_db: float, limited_db: float) -> Iterator[str]:
    """What is poor about a recording that can be used, in sentences."""
    if is_clipped(recording.samples[kept], recording.peak_share):
        yield "it is clipped: record it at a lower level"
    if gain_db >= MAX_GAIN_DB:
        yield f"it is very quiet: even {MAX_GAIN_DB:.0f} dB louder it stays under the others"
    if said.over_noise_db < (POOR_SNR_DB if said.around else POOR_RANGE_DB):
        yield f"it is noisy: the speech is only {said.over_noise_db:.0f} dB over the noise"
    if (pause_ms := said.pause * 1000 * HOP // RATE) >= LONG_PAUSE_MS:
        yield f"it has a pause of {pause_ms / 1000:.1f} s inside: is all of it one phrase?"
    if limited_db >= HEAVY_LIMIT_DB:
        yield f"it has a loud noise in it: {limited_db:.0f} dB over the speech"


def _without_bursts(speech: Samples) -> tuple[Samples, float]:
    """The speech with knocks in it no louder than itself, and by how many dB: its loudness would be theirs."""
    levels = _levels(speech)
    usual = loud(levels)
    return limit(speech, usual + BURST_CREST_DB) if levels.max() > usual + BURST_DB else (speech, 0.0)


def _levels(samples: Samples) -> Samples:
    """Level of each 5 ms in dB; a clip shorter than that is one frame."""
    frames = max(1, len(samples) // HOP)
    used = samples[: frames * HOP].reshape(frames, -1)
    return decibels((used * used).mean(axis=1))


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
