"""This process's secrets, out of the reach of the decoders that it starts.

A decoder with a hole runs what is in a file. It has no credentials in its own environment; those of the process that
started it would lie open to it in `/proc`, because both run as one user.
"""

import contextlib
import ctypes
import sys

PR_SET_DUMPABLE = 4


def hide() -> None:
    """Let no process of the same user read this one's environment and memory (`proc(5)`, `prctl(2)`). Linux only."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
