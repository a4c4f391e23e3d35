"""What becomes of words without a clip, as callers write it: `error`, `skip`, `silence` or `fallback:VOICE`."""

from stitcher.errors import shown
from stitcher.near import did_you_mean, near

DEFAULT = "-"
"""How the default voice is written where a name cannot be empty; it is no voice's name."""
POLICIES = ("error", "skip", "silence")
_FALLBACK = "fallback"


def is_policy(value: str) -> str:
    """The value, if it says what becomes of words without a clip. Raises ValueError with a sentence."""
    policy, _, voice = value.partition(":")
    if policy == _FALLBACK and not voice:
        raise ValueError(f"name the voice: fallback:hindi, say, or fallback:{DEFAULT} for the default voice")
    if policy != _FALLBACK and value not in POLICIES:
        hint = did_you_mean(near(value, [*POLICIES, f"{_FALLBACK}:"]))
        raise ValueError(f"'{shown(value)}' is not {', '.join(POLICIES)}, or fallback:VOICE{hint}")
    return value


def fallback_of(missing: str) -> str | None:
    """The voice that says what the message's own voice lacks; "" is the default voice, None is no voice.

    >>> fallback_of("fallback:hindi"), fallback_of("fallback:-"), fallback_of("skip")
    ('hindi', '', None)
    """
    policy, _, voice = missing.partition(":")
    if policy != _FALLBACK:
        return None
    return "" if voice == DEFAULT else voice
