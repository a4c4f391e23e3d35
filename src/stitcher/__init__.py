"""Audio Stitcher: recorded words and phrases in, one evenly loud message out.

>>> from stitcher import Voice
>>> Voice.open("samples/clips").say("hello, shreeshail")
Spoken('hello__shreeshail.mp3', 1247 ms)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stitcher.voice import Spoken, Voice

# What the audio of a message depends on besides its plan. Raise it with every change that makes the same plan sound
# different: then every cached message is made again.
ENGINE = 2

__all__ = ["ENGINE", "Spoken", "Voice"]


def __getattr__(name: str) -> object:
    # Here, because functions import parts of this package, and most of them need no voice.
    if name in ("Spoken", "Voice"):
        from stitcher import voice

        return getattr(voice, name)
    raise AttributeError(f"module 'stitcher' has no attribute '{name}'")
