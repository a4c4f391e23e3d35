"""Waiting for what happens elsewhere, without a guess of how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONGEST_S = 300
"""Seconds; far from what any of it takes, so that it ends a test that would never end and no other."""


def until(look: Callable[[], T | None], wanted: str) -> T:
    """What `look` returns, as soon as it is true; an AssertionError that names what was wanted after `LONGEST_S`."""
    deadline = time.monotonic() + LONGEST_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"{wanted}: not within {LONGEST_S} s"
        time.sleep(0.05)
    return found
