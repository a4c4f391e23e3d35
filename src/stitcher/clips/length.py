"""How long a message becomes, added up clip by clip, so that one that is too long is refused before it fills memory."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol

from stitcher import limits
from stitcher.errors import MessageTooLong
from stitcher.formats.platforms import check
from stitcher.formats.profiles import PCM, RATE, milliseconds


class Heard(Protocol):
    """The audible part of a clip, in samples."""

    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int: ...


class Length:
    """The clips of a message added up, each by a name of its own.

    Parameters
    ----------
    names
        The names of all the clips, as often as they are said.
    pauses_ms
        Between them, in milliseconds; less than 0 where two overlap.
    profile, platform
        Whose limits count, too; no platform is "".
    """

    def __init__(
        self, names: Iterable[Hashable], pauses_ms: Sequence[int] = (), profile: str = PCM, platform: str = ""
    ) -> None:
        self._times, self._profile, self._platform = Counter(names), profile, platform
        self._samples = sum(pauses_ms) * RATE // 1000

    def add(self, name: Hashable, clip: Heard) -> None:
        """All the times that one clip is said. Raises `MessageTooLong` over a limit."""
        self._samples += (clip.end - clip.begin) * self._times.pop(name, 0)
        if self._samples > limits.MESSAGE_SECONDS * RATE:
            raise MessageTooLong(limits.too_long_to_hear())
        check(self._profile, self._platform, milliseconds(self._samples))
