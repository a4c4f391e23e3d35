"""A message that would be too long to hear is refused before anything is joined."""

import tracemalloc
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from stitcher import limits
from stitcher.api.preview import preview
from stitcher.api.requests import StitchRequest
from stitcher.clip import Clip
from stitcher.clips.facts import Shape
from stitcher.clips.prepared import PreparedClip, prepared_key
from stitcher.clips.store import PreparedStore
from stitcher.errors import MessageTooLong
from stitcher.formats.profiles import RATE
from stitcher.joining import render, stitch
from stitcher.planning.catalogue import Catalogue, read_catalogue
from stitcher.planning.plan import Pause, Plan, plan_message
from stitcher.storage import Stored
from tests.unit.test_prepared_store import REPORT, Shelf, clip

LIMIT = limits.MESSAGE_SECONDS
SAYS = f"over {LIMIT} s to hear"


def lasting(seconds: float, profile: str = "ulaw") -> PreparedClip:
    samples = round(seconds * RATE)
    codes = bytes(samples // 6) if profile == "ulaw" else bytes(2 * samples)
    return PreparedClip(profile, codes, samples, 0, 0, samples, REPORT)


def plan_of(times: int, profile: str = "ulaw", pause_ms: int = 0) -> Plan:
    segments = [segment for _ in range(times) for segment in (clip("a"), Pause(pause_ms))]
    return Plan(tuple(segments), profile)


@pytest.mark.parametrize("profile", ["ulaw", "wav", "mp3", "flac"])
def test_five_hundred_times_a_clip_of_59_seconds_is_refused(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def joined(*_: Any) -> Any:
        raise AssertionError("something was joined")

    monkeypatch.setattr(stitch, "splice", joined)
    monkeypatch.setattr(render, "render", joined)
    prepared = lasting(59)
    tracemalloc.start()
    try:
        with pytest.raises(MessageTooLong, match=SAYS) as refused:
            stitch.stitch(plan_of(500, profile), lambda clips, _: [prepared] * len(clips))
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413


def load_of(seconds: float) -> Any:
    prepared = lasting(seconds)

    def load(clips: Sequence[Clip], _: str) -> list[PreparedClip]:
        return [prepared] * len(clips)

    return load


def test_a_message_at_the_limit_is_said() -> None:
    assert stitch.stitch(plan_of(LIMIT // 10), load_of(10)).duration_ms == LIMIT * 1000


def test_a_message_a_little_over_the_limit_is_refused() -> None:
    with pytest.raises(MessageTooLong, match=SAYS):
        stitch.stitch(plan_of(LIMIT // 10 + 1), load_of(10))


def test_pauses_count() -> None:
    assert stitch.stitch(plan_of(101, pause_ms=5_000), load_of(0.9)).duration_ms < LIMIT * 1000
    with pytest.raises(MessageTooLong, match=SAYS):
        stitch.stitch(plan_of(101, pause_ms=5_000), load_of(1))


def test_what_is_too_long_is_not_read_to_its_end() -> None:
    names = [f"{number}" for number in range(400)]
    shelf = Shelf("")
    long = lasting(59).to_bytes()
    shelf.files = {prepared_key(clip(name), "ulaw"): long for name in names}
    with pytest.raises(MessageTooLong, match=SAYS):
        PreparedStore(shelf).load([clip(name) for name in names], "ulaw")
    # Eleven of them are too long; some are being read when that is found.
    assert len(shelf.reads) < 100


def test_what_is_remembered_counts_as_what_is_read() -> None:
    shelf = Shelf("")
    shelf.files = {prepared_key(clip(name), "ulaw"): lasting(59).to_bytes() for name in "abcdefghijk"}
    store = PreparedStore(shelf)
    for name in "abcdefghijk":
        store.load([clip(name)], "ulaw")
    with pytest.raises(MessageTooLong, match=SAYS):
        store.load([clip(name) for name in "abcdefghijk"], "ulaw")


# In the plan


def spoken(message: str) -> Plan:
    return plan_message(message, Catalogue.of("", [Stored("a.wav", "a", 1)]))


def test_pauses_that_add_up_past_the_limit_of_one_are_cut() -> None:
    assert spoken("a" + " [pause 5s]" * 3 + " a").pauses == [limits.GAP_MS]
    assert spoken("a [pause 3s] [pause 1s] a").pauses == [4_000]


def test_silences_for_missing_words_are_cut_likewise() -> None:
    plan = plan_message("a " + "x " * 100 + "a", Catalogue.of("", [Stored("a.wav", "a", 1)]), policy="silence")
    assert plan.pauses == [limits.GAP_MS]


def test_pauses_alone_can_be_too_long() -> None:
    assert sum(spoken("[pause 5s] a " * 121).pauses) == LIMIT * 1000
    with pytest.raises(MessageTooLong, match=SAYS):
        spoken("[pause 5s] a " * 122)


class Known:
    """Shapes of clips that last so long; the others are not prepared."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.reasons: dict[str, str] = {}

    def of(self, clips: Sequence[Clip], profile: str) -> list[Shape | None]:
        return [Shape.of(lasting(self.seconds[one.phrase])) if one.phrase in self.seconds else None for one in clips]


class Folder(Shelf):
    """Clips without audio."""

    def list(self, prefix: str = "", after: str = "") -> Any:
        yield from (Stored(f"{name}.wav", name, 1) for name in ("a", "b"))


FOLDER = partial(read_catalogue, Folder(""))


@pytest.mark.parametrize("message", ["a " * 11, "a b " * 11])
def test_a_plan_says_it_before_anything_is_made(message: str) -> None:
    with pytest.raises(MessageTooLong, match=SAYS):
        preview(StitchRequest(message=message), FOLDER, Known({"a": 59}))


def test_a_plan_of_clips_that_are_not_prepared_is_given() -> None:
    assert preview(StitchRequest(message="b " * 200), FOLDER, Known({"a": 59})).duration_ms is None
