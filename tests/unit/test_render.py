"""Prepared clips joined: every pause and crossfade is timed from audible edge to audible edge, to the sample."""

from array import array
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.clips.prepared import PreparedClip
from stitcher.formats.profiles import RATE
from stitcher.joining.render import join
from tests.audio import samples_clip

MOST_BEFORE = 1200
"""Samples that a prepared clip has before its audible part at most: 25 ms."""
ONE_MS = RATE // 1000


def clip(value: int, lead: int, audible: int, tail: int, around: int = 0) -> PreparedClip:
    """A clip whose audible samples all have one value, and those around it another."""
    samples = [around] * lead + [value] * audible + [around] * tail
    return samples_clip(array("h", samples).tobytes(), lead, lead + audible)


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
    assert join([alone], []).tobytes() == alone.payload


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
    kept = one.payload, other.payload
    join([one, other], [0])
    assert (one.payload, other.payload) == kept


# Crossfades: pauses of less than 0


def hill(audible: int, top: int = 20_000) -> PreparedClip:
    """A clip that rises and falls over 4 ms and stays at one level between."""
    slope = [top * step // 192 for step in range(192)]
    return samples_clip(array("h", [*slope, *[top] * (audible - 384), *reversed(slope)]).tobytes(), 0, audible)


def largest_step(samples: "array[int]") -> int:
    return max(abs(after - before) for before, after in pairwise([0, *samples, 0]))


# The second clip's lead fits into what the first has before the crossfade.
CROSSFADED = st.tuples(st.integers(0, 600), st.integers(MOST_BEFORE, 3000), st.integers(0, 2500))


@given(SHAPES, CROSSFADED, st.integers(1, 12))
def test_a_negative_pause_overlaps_the_audible_parts_by_as_much(
    one: tuple[int, int, int], other: tuple[int, int, int], ms: int
) -> None:
    before, after = clip(1000, *one), clip(2000, *other)
    joined = join([before, after], [-ms])
    begin, end = before.end - ms * ONE_MS, before.end
    assert len(joined) == max(before.samples, begin + after.samples - after.begin)
    assert joined[before.begin : begin] == array("h", [1000] * (begin - before.begin))
    assert joined[begin:end] == array("h", sorted(joined[begin:end]))
    assert joined[end : begin + other[1]] == array("h", [2000] * (begin + other[1] - end))


@given(SHAPES, CROSSFADED, st.integers(1, 12))
def test_nothing_of_the_first_clip_is_heard_after_a_crossfade(
    one: tuple[int, int, int], other: tuple[int, int, int], ms: int
) -> None:
    joined = join([clip(1000, *one, around=7), clip(2000, *other, around=7)], [-ms])
    end = one[0] + one[1]
    assert set(joined[end : end - ms * ONE_MS + other[1]]) <= {2000}


@given(st.integers(-32768, 32767), st.integers(-32768, 32767), SHAPES, SHAPES, st.integers(1, 500))
def test_a_crossfade_is_never_louder_than_the_clips(
    one: int, other: int, shape: tuple[int, int, int], other_shape: tuple[int, int, int], ms: int
) -> None:
    """Each share is rounded by itself: 1 is for that."""
    joined = join([clip(one, *shape), clip(other, *other_shape)], [-ms])
    assert min(0, one, other) - 1 <= min(joined)
    assert max(joined) <= max(0, one, other) + 1


@given(st.lists(st.integers(1200, 12_000), min_size=2, max_size=4), st.integers(20, 500))
@example([12_000, 1200, 12_000], 500)
@example([1200, 12_000], 500)
def test_no_crossfade_clicks_however_short_the_clips(audible: list[int], ms: int) -> None:
    """A hill of 20,000 rises by 105 a sample; a fade over at least half of 25 ms adds 34."""
    assert largest_step(join([hill(length) for length in audible], [-ms] * (len(audible) - 1))) <= 140


@given(st.lists(st.integers(1200, 12_000), min_size=2, max_size=6), st.integers(1, 500))
def test_a_crossfade_leaves_at_least_half_of_every_clip_and_the_order(audible: list[int], ms: int) -> None:
    """However short the clips are: otherwise a word of 200 ms would be said together with the one before the last."""
    clips = [clip(number + 1, 0, length, 0) for number, length in enumerate(audible)]
    joined = join(clips, [-ms] * (len(clips) - 1))
    overlaps = [min(ms * ONE_MS, min(pair) // 2) for pair in pairwise(audible)]
    assert len(joined) == sum(audible) - sum(overlaps)


def test_a_crossfade_of_nearly_nothing_is_a_join() -> None:
    blip = clip(5, 0, 1, 0)
    assert join([blip, blip], [-500]) == array("h", [5, 5])
