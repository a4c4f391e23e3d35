"""Prepared clips from storage, kept in memory between messages."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from stitcher.clip import Clip
from stitcher.clips.length import Length
from stitcher.clips.prepared import CorruptPrepared, PreparedClip, prepared_key
from stitcher.storage import CONNECTIONS, NotStored, Repo

MEMORY_BYTES = 256 * 1024 * 1024
"""About 35,000 words as MP3."""


class Unprepared(Exception):
    """Clips have no prepared form that can be read; `clips` are all of them, each once."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = list(clips)
        super().__init__(f"{len(self.clips)} clips are not prepared")


class PreparedStore:
    """Reads prepared clips, several at a time, and remembers the ones used last.

    A key holds the ETag of its recording, so that what is remembered is never out of date.

    Parameters
    ----------
    output
        Where prepared clips lie.
    memory_bytes
        Payload that is remembered at most.
    """

    def __init__(self, output: Repo, memory_bytes: int = MEMORY_BYTES) -> None:
        self._output, self._limit = output, memory_bytes
        self._memory: OrderedDict[str, PreparedClip] = OrderedDict()
        self._held = 0

    def load(self, clips: Sequence[Clip], form: str) -> list[PreparedClip]:
        """The clips' prepared forms, in order.

        Raises
        ------
        Unprepared
            Any is missing or damaged.
        MessageTooLong
            Together they are; the rest is not read then.
        """
        keys = [prepared_key(clip, form) for clip in clips]
        found: dict[str, PreparedClip] = {}
        length = Length(keys)
        for key in keys:
            if (known := self._memory.get(key)) is not None:
                self._memory.move_to_end(key)
                found[key] = known
                length.add(key, known)
        wanted = {key: clip for key, clip in zip(keys, clips, strict=True) if key not in found}
        if wanted:
            with ThreadPoolExecutor(min(CONNECTIONS, len(wanted))) as pool:
                try:
                    for key, prepared in zip(wanted, pool.map(self._read, wanted), strict=True):
                        if prepared is not None:
                            found[key] = prepared
                            self._remember(key, prepared)
                            length.add(key, prepared)
                finally:
                    pool.shutdown(cancel_futures=True)
            if missing := [clip for key, clip in wanted.items() if key not in found]:
                raise Unprepared(missing)
        return [found[key] for key in keys]

    def _read(self, key: str) -> PreparedClip | None:
        try:
            return PreparedClip.from_bytes(self._output.read(key))
        except (NotStored, CorruptPrepared):
            return None

    def _remember(self, key: str, prepared: PreparedClip) -> None:
        self._memory[key] = prepared
        self._held += len(prepared.payload)
        while self._held > self._limit:
            _, dropped = self._memory.popitem(last=False)
            self._held -= len(dropped.payload)
