"""Prepared clips for a campaign: read where they are, made where they are not."""

import random
from collections.abc import Callable, Sequence

from stitcher.clip import Clip
from stitcher.clips.prepared import PreparedClip
from stitcher.clips.store import PreparedStore, Unprepared
from stitcher.errors import UnusableClip

Prepare = Callable[[Clip, str], None]
"""Makes and stores a clip's prepared form for a profile; raises `UnusableClip` and `NotStored`."""


class PreparedOnDemand:
    """Reads prepared clips from a store and prepares those that it lacks, once.

    Parameters
    ----------
    store
        Remembers what it has read.
    prepare
        Stores where the store reads.
    """

    def __init__(self, store: PreparedStore, prepare: Prepare) -> None:
        self._store, self._prepare = store, prepare
        self._unusable: dict[Clip, UnusableClip] = {}

    def load(self, clips: Sequence[Clip], profile: str) -> list[PreparedClip]:
        """The clips' prepared forms, in order.

        Raises
        ------
        UnusableClip
            Recordings cannot be used; all of them are named.
        NotStored
            A recording was replaced or deleted since it was listed.
        MessageTooLong
            Together they are.
        """
        unusable = self._unusable.keys() & set(clips)
        try:
            loaded = self._store.load([clip for clip in clips if clip not in unusable], profile)
            if not unusable:
                return loaded
        except Unprepared as lack:
            random.shuffle(lack.clips)  # processes that need the same ones begin with different ones
            for clip in lack.clips:
                try:
                    self._prepare(clip, profile)
                except UnusableClip as refusal:
                    self._unusable[clip] = refusal
                    unusable.add(clip)
        if unusable:
            raise UnusableClip(*sorted(one for clip in unusable for one in self._unusable[clip].unusable))
        return self._store.load(clips, profile)
