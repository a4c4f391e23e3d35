"""A share that was counted, with the interval that it really lies in."""

import math
from dataclasses import dataclass

Z95 = 1.959963984540054
"""The normal distribution's quantile for 95 %, two-sided."""


@dataclass(frozen=True, slots=True)
class Share:
    """A count of right ones, with the 95 % interval of the share (Wilson, 1927, the score interval)."""

    right: int
    of: int

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        square, share = Z95**2, self.value
        middle = (share + square / (2 * self.of)) / (1 + square / self.of)
        half = Z95 / (1 + square / self.of) * math.sqrt(share * (1 - share) / self.of + square / (4 * self.of**2))
        return max(0.0, middle - half), min(1.0, middle + half)
