"""Where a campaign's audio files are kept in a bucket: several are stored at a time, and none twice."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta

from stitcher.formats.profiles import Profile
from stitcher.storage import CONNECTIONS, AlreadyStored, Repo

MADE = "made"
"""Metadata of a file: the day on which it was stored."""
HELD_BYTES = 64 * 1024 * 1024
"""Audio that waits to be stored."""


class BucketShelf:
    """The files under a prefix, of which a lifecycle rule deletes those that were stored `days` ago.

    A file that has less than half of its days left counts as absent, and is stored again. A context manager.

    Parameters
    ----------
    prefix
        The campaign's folder, ending in "/".
    today
        The day that new files get.
    """

    def __init__(self, output: Repo, prefix: str, profile: Profile, days: int, today: date) -> None:
        self._output, self._prefix, self._type = output, prefix, profile.content_type
        self._today, self._oldest = today, today - timedelta(days=days / 2)
        self._pool = ThreadPoolExecutor(CONNECTIONS)
        self._stored: deque[tuple[int, Future[None]]] = deque()
        self._held = 0

    def __enter__(self) -> "BucketShelf":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def has(self, file: str, size: int = 0) -> bool:
        """Whether the file is there, with at least half of its days left. A bucket has files whole or not at all."""
        stored = self._output.stat(self._prefix + file)
        if stored is None:
            return False
        try:
            return date.fromisoformat(stored.metadata.get(MADE, "")) >= self._oldest
        except ValueError:
            return False

    def keep(self, file: str, audio: bytes) -> None:
        """Store a file unless `has` is true of it; returns before it is stored, unless too much waits."""
        while self._stored and self._held + len(audio) > HELD_BYTES:
            self._take()
        self._held += len(audio)
        self._stored.append((len(audio), self._pool.submit(self._keep, file, audio)))

    def wait(self) -> None:
        """Until all is stored. Raises the first fault."""
        while self._stored:
            self._take()

    def _take(self) -> None:
        size, stored = self._stored.popleft()
        self._held -= size
        stored.result()

    def _keep(self, file: str, audio: bytes) -> None:
        key, about = self._prefix + file, {MADE: self._today.isoformat()}
        try:
            self._output.save(key, audio, content_type=self._type, metadata=about, only_new=True)
        except AlreadyStored:
            if not self.has(file):
                self._output.save(key, audio, content_type=self._type, metadata=about)
