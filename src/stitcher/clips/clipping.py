"""Whether a recording is clipped, found after resampling and after lossy codecs too."""

import numpy as np

from stitcher.clips.decode import Samples
from stitcher.clips.speech import is_tone
from stitcher.formats.profiles import RATE

LOUD_PEAK = 0.7
"""-3 dBFS: a recorder that clips writes full scale, or a little under it where its input was cut off before."""
PEAK_SHARE = 0.002
"""Of all samples, as a recorder wrote them: a loud recording has its very highest value once or twice."""
CLOSE_TO_PEAK, CLOSE_SHARE = 0.89, 0.015
"""Where nothing rippled it since: more than 1.5 % of all samples lie within 1 dB of the peak."""
FRAME = RATE // 100
LOUD_DB = 10.0
"""Only frames within so much of the loudest tell: in pauses nothing is clipped."""
PILED_DB, OVERSHOT_PILED_DB, OVERSHOT = 1.1, 2.4, 1.1
"""In clipped speech the loudest 5 % of the samples lie this close together (99.5th over 95th percentile): closer where
nothing rippled them. Ripples of flat tops go over full scale, where a recorder cannot write."""
FLAT_LEVEL, FLAT_SHARE, TONE_SHARE = 0.8, 0.42, 0.55
"""Share of the time that the waves stay within 2 dB of their tops: a sine 0.41, speech 0.35 at most, a square 1.0."""
SHORTEST_WAVE = 10


def is_clipped(samples: Samples, peak_share: float = 0.0) -> bool:
    """Whether the tops of the waves are cut off; `peak_share` as in `Recording`.

    A converter cuts at one value, but resampling and codecs put ripples of some dB on what was flat: two measures that
    hold nevertheless are how densely the loud samples lie, and how broad the tops of the waves are.
    """
    magnitude = np.abs(samples)
    peak = float(magnitude.max())
    if peak <= LOUD_PEAK:
        return False
    flat = _flat_share(samples, magnitude)
    if is_tone(samples):  # as broad and as dense by its nature
        return flat > TONE_SHARE
    frames = magnitude[: max(1, len(magnitude) // FRAME) * FRAME]
    frames = frames.reshape(-1, min(FRAME, len(frames)))
    power = (frames * frames).mean(axis=1)
    loud = frames[power > power.max() / 10.0 ** (LOUD_DB / 10.0)]
    high, top = np.percentile(loud, (95.0, 99.5))
    piled = top < high * 10.0 ** ((OVERSHOT_PILED_DB if peak > OVERSHOT else PILED_DB) / 20.0)
    close = (magnitude > CLOSE_TO_PEAK * peak).mean() > CLOSE_SHARE
    return bool(flat > FLAT_SHARE or piled or close or peak_share > PEAK_SHARE)


def _flat_share(samples: Samples, magnitude: Samples) -> float:
    """The share of the loud half waves' time that is spent near their tops."""
    crossings = np.flatnonzero(np.signbit(samples[1:]) != np.signbit(samples[:-1])) + 1
    starts = np.concatenate([[0], crossings])
    lengths = np.diff(np.append(starts, len(samples)))
    tops = np.maximum.reduceat(magnitude, starts)
    near = np.add.reduceat((magnitude > FLAT_LEVEL * np.repeat(tops, lengths)).astype(np.int64), starts)
    loud = (tops > 0.5 * np.percentile(tops[tops > 0.3 * tops.max()], 90)) & (lengths >= SHORTEST_WAVE)
    total = int(lengths[loud].sum())
    return float(near[loud].sum() / total) if total else 0.0
