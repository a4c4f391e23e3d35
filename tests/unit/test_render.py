"""Prepared clips joined: every pause is timed from audible edge to audible edge, to the sample."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from stitcher.prepared import PreparedClip
from stitcher.render import RATE, join
from tests.audio import REPORT

MOST_BEFORE = 1200
"""Samples that a prepared clip has before its audible part at most: 25 ms."""
ONE_MS = RATE // 1000


def clip(value: int, lead: int, audible: int, tail: int, around: int = 0) -> PreparedClip:
    """A clip whose audible samples all have one value, and those around it another."""
    samples = [around] * lead + [value] * audible + [around] * tail
    return PreparedClip(array("h", samples).tobytes(), lead, lead + audible, REPORT)


SHAPES = st.tuples(st.integers(0, MOST_BEFORE), st.integers(MOST_BEFORE, 3000), st.integers(0, 2500))


@given(st.lists(st.tuples(SHAPES, st.integers(0, 300)), min_size=1, max_size=6))
def test_every_pause_is_exact_between_audible_edges(parts: list[tuple[tuple[int, int, int], int]]) -> None:
    clips = [clip(number + 1, *shape) for number, (shape, _) in enumerate(parts)]
    pauses = [pause for _, pause in parts[1:]]
    joined = join(clips, pauses)
    position = clips[0].begin
    for number, ((_, audible, _), _) in enumerate(parts):
        if number:
            position += pauses[number - 1] * ONE_MS
        assert joined.index(number + 1) == position
        assert joined[position : position + audible] == array("h", [number + 1] * audible)
        position += audible


@given(st.lists(st.tuples(SHAPES, st.integers(0, 300)), min_size=1, max_size=6))
def test_the_length_is_what_clips_and_pauses_come_to(parts: list[tuple[tuple[int, int, int], int]]) -> None:
    clips = [clip(1, *shape) for shape, _ in parts]
    pauses = [pause for _, pause in parts[1:]]
    audible_until, ends = 0, []
    for number, one in enumerate(clips):
        start = audible_until + pauses[number - 1] * ONE_MS - one.begin if number else 0
        audible_until = start + one.end
        ends.append(start + one.samples)
    assert len(join(clips, pauses)) == max(ends)


@given(SHAPES)
def test_one_clip_is_itself(shape: tuple[int, int, int]) -> None:
    alone = clip(7, *shape, around=3)
    assert join([alone], []).tobytes() == alone.pcm


def test_the_same_clip_again_is_a_second_copy() -> None:
    one = clip(5, 0, 2000, 0)
    assert join([one, one], [0]) == array("h", [5] * 4000)


def test_a_pause_is_filled_with_silence() -> None:
    one = clip(5, 0, 2000, 0)
    assert join([one, one], [10])[2000:2480] == array("h", [0] * 480)


def test_what_lies_outside_of_the_audible_parts_is_mixed_in_a_short_pause() -> None:
    before, after = clip(100, 0, 2000, 300, around=7), clip(200, 200, 2000, 0, around=9)
    joined = join([before, after], [0])
    assert joined[1800:2000] == array("h", [109] * 200)
    assert joined[2000:2300] == array("h", [207] * 300)
    assert joined[2300] == 200


def test_mixed_samples_stay_in_range() -> None:
    loud, soft = clip(30_000, 0, 2000, 100, around=30_000), clip(-30_000, 100, 2000, 100, around=-30_000)
    assert max(join([loud, loud], [0])) == 32767
    assert min(join([soft, soft], [0])) == -32768


def test_a_clip_never_starts_before_the_message_does() -> None:
    blip, late = clip(1, 0, 100, 0), clip(2, 1000, 2000, 0)
    joined = join([blip, late], [0])
    assert len(joined) == 3000
    assert joined.index(2) == 1000


def test_joining_does_not_change_the_clips() -> None:
    one, other = clip(1, 10, 2000, 500, around=1), clip(2, 500, 2000, 10, around=1)
    kept = one.pcm, other.pcm
    join([one, other], [0])
    assert (one.pcm, other.pcm) == kept
