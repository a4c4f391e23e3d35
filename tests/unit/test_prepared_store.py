"""Prepared clips are read once and remembered within bounds."""

from collections.abc import Iterator, Mapping

import pytest

from stitcher.clip import Clip
from stitcher.clips.prepared import PreparedClip, Report, prepared_key
from stitcher.clips.store import PreparedStore, Unprepared
from stitcher.storage import NotStored, Stored

REPORT = Report(100, -20.0, 1.0, -60.0, -6.0, 0.0)


def clip(name: str) -> Clip:
    return Clip(f"{name}.wav", f"etag-{name}", 10, name)


class Shelf:
    """A Repo that counts what is read from it."""

    def __init__(self, names: str) -> None:
        prepared = PreparedClip("wav", bytes(200), 100, 0, 0, 100, REPORT).to_bytes()
        self.files = {prepared_key(clip(name), "wav"): prepared for name in names}
        self.reads: list[str] = []

    def read(self, key: str, etag: str | None = None) -> bytes:
        self.reads.append(key)
        if key not in self.files:
            raise NotStored(key)
        return self.files[key]

    def list(self, prefix: str = "", after: str = "") -> Iterator[Stored]:
        yield from ()

    def folders(self) -> Iterator[str]:
        yield from ()

    def tree(self, prefix: str = "") -> Iterator[Stored]:
        yield from ()

    def stat(self, key: str) -> Stored | None:
        return None

    def save(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> Stored:
        self.files[key] = data
        return Stored(key, "", len(data))


def test_a_clip_is_read_once_however_often_it_is_said() -> None:
    shelf = Shelf("ab")
    store = PreparedStore(shelf)
    assert len(store.load([clip("a"), clip("b"), clip("a")], "wav")) == 3
    store.load([clip("b"), clip("a")], "wav")
    assert sorted(shelf.reads) == sorted(shelf.files)


def test_clips_come_in_the_order_of_the_message() -> None:
    shelf = Shelf("ab")
    shelf.files[prepared_key(clip("b"), "wav")] = PreparedClip("wav", bytes(20), 10, 0, 0, 10, REPORT).to_bytes()
    loaded = PreparedStore(shelf).load([clip("b"), clip("a"), clip("b")], "wav")
    assert [prepared.samples for prepared in loaded] == [10, 100, 10]


def test_every_clip_that_is_not_prepared_is_named_once() -> None:
    with pytest.raises(Unprepared) as lack:
        PreparedStore(Shelf("a")).load([clip("x"), clip("a"), clip("y"), clip("x")], "wav")
    assert [missing.phrase for missing in lack.value.clips] == ["x", "y"]


def test_a_damaged_file_counts_as_not_prepared() -> None:
    shelf = Shelf("a")
    shelf.files[prepared_key(clip("a"), "wav")] = b"STPC damaged"
    with pytest.raises(Unprepared):
        PreparedStore(shelf).load([clip("a")], "wav")


def test_the_least_recently_used_is_forgotten_first() -> None:
    shelf = Shelf("abc")
    store = PreparedStore(shelf, memory_bytes=400)  # two clips of 200
    for name in "abac":
        store.load([clip(name)], "wav")
    shelf.reads.clear()
    store.load([clip("a"), clip("c")], "wav")
    assert shelf.reads == []
    store.load([clip("b")], "wav")
    assert shelf.reads == [prepared_key(clip("b"), "wav")]


def test_a_message_larger_than_the_memory_is_still_loaded() -> None:
    shelf = Shelf("abc")
    store = PreparedStore(shelf, memory_bytes=100)
    assert len(store.load([clip("a"), clip("b"), clip("c")], "wav")) == 3


def test_a_new_recording_is_another_clip() -> None:
    shelf = Shelf("a")
    store = PreparedStore(shelf)
    store.load([clip("a")], "wav")
    with pytest.raises(Unprepared):
        store.load([Clip("a.wav", "another", 10, "a")], "wav")
