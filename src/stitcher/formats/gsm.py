"""GSM full rate (ETSI EN 300 961, GSM 06.10): 8 kHz speech to frames of 33 bytes, bit for bit as the standard says.

The pinned ffmpeg decodes GSM and does not encode it. Words are 16 bits wide and saturate; products are fractions of 15
bits. Section numbers are those of the standard. Standard library only.
"""

from array import array
from itertools import repeat
from operator import mul

FRAME, FRAME_BYTES, RATE = 160, 33, 8_000
"""Samples and bytes of a frame, and samples a second."""
MAGIC = 0xD

# Table 3.1 and 4.1: of each log area ratio.
_A = (20480, 20480, 20480, 20480, 13964, 15360, 8534, 9036)
_B = (0, 0, 2048, -2560, 94, -1792, -341, -1144)
_INVERSE_A = (13107, 13107, 13107, 13107, 19223, 17476, 31454, 29708)
_BITS = (6, 6, 5, 5, 4, 4, 3, 3)
# Tables 4.3: gains of long term prediction, and where one ends and the next begins.
_GAINS, _LEVELS = (3277, 11469, 21299, 32767), (6554, 16384, 26214)
# Table 4.4: the weighting filter; tables 4.5 and 4.6: mantissas and their inverses.
_WEIGHTS = (-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134)
_INVERSE_MANTISSA = (29128, 26215, 23832, 21846, 20165, 18725, 17476, 16384)
_MANTISSA = (18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767)


def encode(samples: bytes) -> bytes:
    """Whole frames of 16 bit samples (8 kHz, mono, little-endian) as GSM frames, one after another.

    Raises
    ------
    ValueError
        They are not whole frames.
    """
    if len(samples) % (2 * FRAME):
        raise ValueError(f"{len(samples)} bytes are not whole frames of {2 * FRAME}")
    coder = _Coder()
    return b"".join(coder.frame(samples[start : start + 2 * FRAME]) for start in range(0, len(samples), 2 * FRAME))


def _saturated(value: int) -> int:
    return -32768 if value < -32768 else 32767 if value > 32767 else value


def _rounded(one: int, other: int) -> int:
    """The product of two fractions of 15 bits, rounded."""
    return _saturated((one * other + 16384) >> 15)


def _headroom(value: int) -> int:
    """How far a number over 0 can be shifted to the left in 32 bits."""
    return 31 - value.bit_length()


class _Coder:
    """What the encoder remembers from frame to frame."""

    def __init__(self) -> None:
        self._last = self._offset = self._emphasis = 0
        self._ratios = [0] * 8
        self._filter = [0] * 8
        self._residual = [0] * 120

    def frame(self, samples: bytes) -> bytes:
        """One frame (4.2)."""
        sound = self._prepared(samples)
        coded = _area_ratios(_reflections(_correlations(sound)))
        residual = self._short_term(sound, coded)
        fields = [(MAGIC, 4), *zip(coded, _BITS, strict=True)]
        for start in range(0, FRAME, 40):
            fields += self._long_term(residual[start : start + 40])
        bits = 0
        for value, width in fields:
            bits = bits << width | value
        return bits.to_bytes(FRAME_BYTES, "big")

    def _prepared(self, samples: bytes) -> list[int]:
        """Without DC, and with the high tones raised (4.2.1 to 4.2.3)."""
        held = array("h", samples)
        if memoryview(b"\1\0").cast("H")[0] != 1:  # of a machine that is big-endian
            held.byteswap()
        last, offset, emphasis, prepared = self._last, self._offset, self._emphasis, []
        for sample in held:
            now = sample >> 3 << 2
            high = offset >> 15
            offset = high * 32735 + ((now - last) << 15) + (((offset - (high << 15)) * 32735 + 16384) >> 15)
            last, before = now, (emphasis * -28180 + 16384) >> 15
            emphasis = (offset + 16384) >> 15
            prepared.append(_saturated(emphasis + before))
        self._last, self._offset, self._emphasis = last, offset, emphasis
        return prepared

    def _short_term(self, sound: list[int], coded: list[int]) -> list[int]:
        """What the vocal tract's filter leaves (4.2.8 to 4.2.10)."""
        now = [
            2 * _rounded(inverse, ((code - (1 << bits - 1)) << 10) - 2 * b)
            for code, bits, inverse, b in zip(coded, _BITS, _INVERSE_A, _B, strict=True)
        ]
        old, self._ratios = self._ratios, now
        both = list(zip(old, now, strict=True))
        steps = (
            (0, 13, [(a >> 2) + (b >> 2) + (a >> 1) for a, b in both]),
            (13, 27, [(a >> 1) + (b >> 1) for a, b in both]),
            (27, 40, [(a >> 2) + (b >> 2) + (b >> 1) for a, b in both]),
            (40, FRAME, now),
        )
        left: list[int] = []
        state = self._filter
        for start, end, ratios in steps:
            factors = [_reflection(ratio) for ratio in ratios]
            for sample in sound[start:end]:
                rest = saved = sample
                for index, factor in enumerate(factors):
                    held = state[index]
                    state[index] = saved
                    saved = held + ((factor * rest + 16384) >> 15)
                    rest += (factor * held + 16384) >> 15
                    if not -32768 <= saved <= 32767:
                        saved = _saturated(saved)
                    if not -32768 <= rest <= 32767:
                        rest = _saturated(rest)
                left.append(rest)
        return left

    def _long_term(self, residual: list[int]) -> list[tuple[int, int]]:
        """A quarter of a frame: its lag, gain, grid and pulses, each with its bits (4.2.11 to 4.2.18)."""
        before = self._residual
        lag, gain = _prediction(residual, before)
        factor, start = _GAINS[gain], 120 - lag
        predicted = [_rounded(factor, sample) for sample in before[start : start + 40]]
        error = [_saturated(sample - guess) for sample, guess in zip(residual, predicted, strict=True)]
        grid, block, codes, pulses = _pulses(error)
        rebuilt = [0] * 40
        rebuilt[grid : grid + 37 : 3] = pulses
        self._residual = before[40:] + [_saturated(a + b) for a, b in zip(rebuilt, predicted, strict=True)]
        return [(lag, 7), (gain, 2), (grid, 2), (block, 6), *zip(codes, repeat(3))]


def _correlations(sound: list[int]) -> list[int]:
    """Of the frame with itself, at lags of 0 to 8; where it is loud it loses its lowest bits (4.2.4)."""
    loudest = min(32767, max(map(abs, sound)))
    scale = max(0, 4 - _headroom(loudest << 16)) if loudest else 0
    used = sound
    if scale:
        used = [_rounded(sample, 16384 >> scale - 1) for sample in sound]
        sound[:] = [sample << scale for sample in used]
    return [2 * sum(map(mul, used[lag:], used)) for lag in range(9)]


def _reflections(correlations: list[int]) -> list[int]:
    """Reflection coefficients by Schur's recursion (4.2.5)."""
    found = [0] * 8
    if not correlations[0]:
        return found
    shift = _headroom(correlations[0])
    upper = [value << shift >> 16 for value in correlations]
    lower = upper[:8]
    for step in range(8):
        height = abs(upper[1])
        if upper[0] < height:
            break
        factor = min(32767, (height << 15) // upper[0]) if height else 0
        found[step] = factor = -factor if upper[1] > 0 else factor
        if step == 7:
            break
        upper[0] = _saturated(upper[0] + _rounded(upper[1], factor))
        for place in range(1, 8 - step):
            above, below = upper[place + 1], lower[place]
            upper[place] = _saturated(above + _rounded(below, factor))
            lower[place] = _saturated(below + _rounded(above, factor))
    return found


def _area_ratios(reflections: list[int]) -> list[int]:
    """Log area ratios in their codes (4.2.6, 4.2.7)."""
    coded = []
    for reflection, a, b, bits in zip(reflections, _A, _B, _BITS, strict=True):
        size = abs(reflection)
        ratio = size >> 1 if size < 22118 else size - 11059 if size < 31130 else (size - 26112) << 2
        half = 1 << bits - 1
        level = _saturated(_saturated((a * (-ratio if reflection < 0 else ratio) >> 15) + b) + 256) >> 9
        coded.append(max(-half, min(half - 1, level)) + half)
    return coded


def _reflection(ratio: int) -> int:
    """The coefficient of a log area ratio (4.2.9.2)."""
    size = abs(ratio)
    size = size << 1 if size < 11059 else size + 11059 if size < 20070 else _saturated((size >> 2) + 26112)
    return -size if ratio < 0 else size


def _prediction(residual: list[int], before: list[int]) -> tuple[int, int]:
    """The lag whose 40 samples are most like these, and the code of their gain (4.2.11)."""
    loudest = min(32767, max(map(abs, residual)))
    scale = max(0, 6 - _headroom(loudest << 16)) if loudest else 0
    scaled = [sample >> scale for sample in residual]
    most, lag = 0, 40
    for each in range(40, 121):
        alike = sum(map(mul, scaled, before[120 - each :]))
        if alike > most:
            most, lag = alike, each
    most = 2 * most >> 6 - scale
    power = 2 * sum((sample >> 3) ** 2 for sample in before[120 - lag : 160 - lag])
    if most <= 0:
        return lag, 0
    if most >= power:
        return lag, 3
    shift = _headroom(power)
    most, power = most << shift >> 16, power << shift >> 16
    return lag, sum(most > power * level >> 15 for level in _LEVELS)


def _pulses(error: list[int]) -> tuple[int, int, list[int], list[int]]:
    """Every third sample of the weighted error: grid, code of the largest, codes, and what a decoder makes of them."""
    padded = [0] * 5 + error + [0] * 5
    weighted = [_saturated((sum(map(mul, _WEIGHTS, padded[at:])) + 4096) >> 13) for at in range(40)]
    energies = [sum((sample >> 2) ** 2 for sample in weighted[grid : grid + 37 : 3]) for grid in range(4)]
    grid = energies.index(max(energies))
    chosen = weighted[grid : grid + 37 : 3]
    largest = min(32767, max(map(abs, chosen)))
    exponent = min(6, (largest >> 9).bit_length())
    block = (largest >> exponent + 5) + (exponent << 3)
    exponent = (block >> 3) - 1 if block > 15 else 0
    mantissa = block - (exponent << 3)
    if mantissa:
        while mantissa <= 7:
            mantissa, exponent = mantissa << 1 | 1, exponent - 1
        mantissa -= 8
    else:
        mantissa, exponent = 7, -4
    codes = [((sample << 6 - exponent) * _INVERSE_MANTISSA[mantissa] >> 15 >> 12) + 4 for sample in chosen]
    shift = 6 - exponent
    half = 1 << shift - 1 if shift else 0
    factor = _MANTISSA[mantissa]
    return grid, block, codes, [_saturated(_rounded(factor, (2 * code - 7) << 12) + half) >> shift for code in codes]
