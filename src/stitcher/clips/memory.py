"""Clips prepared in this process and kept in its memory: for the command line and for Python."""

from collections.abc import Sequence
from functools import lru_cache

from stitcher import limits
from stitcher.clip import Clip
from stitcher.clips.encode import encode
from stitcher.clips.facts import Shape
from stitcher.clips.length import Length
from stitcher.clips.prepared import PreparedClip
from stitcher.clips.ready import read_and_prepare
from stitcher.errors import UnusableClip
from stitcher.storage import Repo


class PreparedHere:
    """Prepares what is asked for and remembers it by key and ETag: as many clips as the longest message has."""

    def __init__(self, recordings: Repo) -> None:
        self._samples = lru_cache(limits.SEGMENTS)(lambda clip: read_and_prepare(clip, recordings))
        self._encoded = lru_cache(limits.SEGMENTS)(lambda clip, form: encode(self._samples(clip), [form])[0])

    def load(self, clips: Sequence[Clip], form: str) -> list[PreparedClip]:
        """The clips' prepared forms, in order.

        Raises
        ------
        UnusableClip
            Recordings cannot be used; all of them are named.
        NotStored
            A recording was replaced or deleted since it was listed.
        MessageTooLong
            Together they are; the rest is not prepared then.
        """
        length = Length(clips)
        refused: list[tuple[str, str]] = []
        for clip in dict.fromkeys(clips):
            try:
                length.add(clip, self._samples(clip))
            except UnusableClip as error:
                refused += error.unusable
        if refused:
            raise UnusableClip(*refused)
        return [self._encoded(clip, form) for clip in clips]

    def of(self, clips: Sequence[Clip], form: str) -> list[Shape]:
        """The clips' shapes, in order; raises as `load`."""
        return [Shape.of(clip) for clip in self.load(clips, form)]
