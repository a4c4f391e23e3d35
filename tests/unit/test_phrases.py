"""The choice of phrases, against a search that tries everything."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.planning.phrases import Choice, Instead, _branched, _unbranched, choose
from stitcher.text.words import tokens


def said(message: str, clips: set[str], insteads: list[Instead] | None = None) -> list[Choice]:
    longest = max((clip.count(" ") + 1 for clip in clips), default=0)
    return choose(tokens(message), insteads or [], clips.__contains__, longest)


def phrases(message: str, clips: set[str]) -> list[str]:
    return [f"({choice.phrase})" if choice.missing else choice.phrase for choice in said(message, clips)]


@pytest.mark.parametrize(
    ("message", "clips", "expected"),
    [
        ("hello shreeshail", {"hello", "shreeshail"}, ["hello", "shreeshail"]),
        ("good morning all", {"good", "good morning", "all"}, ["good morning", "all"]),
        ("good morning all", {"good morning", "good", "morning all"}, ["good", "morning all"]),
        ("a b c d e", {"a b c", "d", "e", "a b", "c d e"}, ["a b", "c d e"]),
        ("a b c d", {"a b c", "d", "a b", "c d"}, ["a b c", "d"]),
        ("a x b", {"a", "b"}, ["a", "(x)", "b"]),
        ("a a a", {"a", "a a"}, ["a a", "a"]),
        ("hospital", {"hos", "pital"}, ["(hospital)"]),
        ("x", set(), ["(x)"]),
    ],
)
def test_the_fewest_clips_and_then_the_longest_first_phrase(message: str, clips: set[str], expected: list[str]) -> None:
    assert phrases(message, clips) == expected


TWELVE = [Instead(1, 2, ("twelve",), "number")]
TWENTY_ONE = [Instead(0, 1, ("twenty", "one"), "number")]


def test_a_clip_for_the_number_as_written_wins() -> None:
    found = said("at 12 pm", {"at", "12", "twelve", "pm"}, TWELVE)
    assert [choice.phrase for choice in found] == ["at", "12", "pm"]


def test_a_phrase_with_the_number_as_written_wins() -> None:
    found = said("at 12 pm", {"at", "12 pm", "twelve", "pm"}, TWELVE)
    assert [choice.phrase for choice in found] == ["at", "12 pm"]


def test_otherwise_the_number_is_said_in_words() -> None:
    found = said("at 12 pm", {"at", "twelve", "pm"}, TWELVE)
    assert found[1] == Choice("twelve", 3, 5, False, "number")


def test_a_phrase_may_join_the_words_of_a_number_with_those_around_it() -> None:
    found = said("21 mm", {"twenty", "one mm"}, TWENTY_ONE)
    assert [choice.phrase for choice in found] == ["twenty", "one mm"]
    assert (found[1].start, found[1].end) == (0, 5)


def test_a_number_that_cannot_be_said_is_missing_in_words() -> None:
    found = said("21 mm", {"mm", "twenty"}, TWENTY_ONE)
    assert [(choice.phrase, choice.missing) for choice in found] == [("twenty", False), ("one", True), ("mm", False)]


def test_a_number_at_the_end_of_the_row_is_said() -> None:
    found = said("at 12", {"at", "twelve"}, TWELVE)
    assert [choice.phrase for choice in found] == ["at", "twelve"]


def test_digits_that_lead_nowhere_are_not_begun() -> None:
    insteads = [Instead(0, 4, ("b", "b", "b", "b"), "number")]
    found = said("a a a b", {"a"}, insteads)
    assert [(choice.phrase, choice.missing) for choice in found] == [("b", True)] * 4


def test_two_numbers_of_several_words_in_one_row_are_both_said() -> None:
    insteads = [Instead(1, 2, ("twenty", "one"), "first"), Instead(3, 4, ("thirty", "two", "and"), "second")]
    clips = {"at", "twenty", "one", "to", "thirty", "two", "and"}
    found = said("at 21 to 32", clips, insteads)
    expected = ["at", "twenty", "one", "to", "thirty", "two", "and"]
    assert [choice.phrase for choice in found] == expected
    assert [choice.why for choice in found] == ["", "first", "first", "", "second", "second", "second"]
    assert [(choice.start, choice.end) for choice in found] == [(0, 2)] + [(3, 5)] * 2 + [(6, 8)] + [(9, 11)] * 3


def test_each_of_two_numbers_is_missing_in_its_own_words() -> None:
    insteads = [Instead(0, 1, ("twenty", "one"), "first"), Instead(1, 2, ("thirty", "two"), "second")]
    found = said("21 32", {"twenty", "two"}, insteads)
    assert [(choice.phrase, choice.missing) for choice in found] == [
        ("twenty", False), ("one", True), ("thirty", True), ("two", False),
    ]  # fmt: skip


def test_as_it_is_written_goes_before_fewer_clips() -> None:
    found = said("at 12 pm", {"at", "12", "pm", "at twelve pm"}, TWELVE)
    assert [choice.phrase for choice in found] == ["at", "12", "pm"]


def test_fewer_missing_words_go_before_as_it_is_written() -> None:
    found = said("at 12 pm", {"12", "at twelve pm"}, TWELVE)
    assert [choice.phrase for choice in found] == ["at twelve pm"]


def test_of_two_numbers_the_one_that_can_be_is_as_it_is_written() -> None:
    insteads = [Instead(0, 1, ("one",), "first"), Instead(1, 2, ("two",), "second")]
    found = said("1 2", {"1", "one two", "one", "two"}, insteads)
    assert [choice.phrase for choice in found] == ["1", "two"]


def test_a_phrase_that_ends_in_a_number_in_words_is_another_way_to_say_it() -> None:
    # Both have no missing word and two clips; the number is as it is written in one of them only.
    found = said("at 12 pm", {"at 12", "pm", "at twelve"}, TWELVE)
    assert [choice.phrase for choice in found] == ["at 12", "pm"]
    assert [choice.why for choice in found] == ["", ""]


def test_what_is_missing_of_a_number_counts_as_another_way_to_say_it() -> None:
    # "b" is missing either way; nothing else may be said in other words than it is written.
    found = said("a b", {"a"}, [Instead(1, 2, ("b",), "number")])
    assert [(choice.phrase, choice.missing, choice.why) for choice in found] == [
        ("a", False, ""),
        ("b", True, "number"),
    ]


def test_as_it_is_written_goes_before_other_words_of_which_one_is_missing() -> None:
    # One word is missing either way, and the other way has fewer clips.
    found = said("12 pm now", {"12", "now", "b pm now"}, [Instead(0, 1, ("a", "b"), "number")])
    assert [(choice.phrase, choice.missing) for choice in found] == [("12", False), ("pm", True), ("now", False)]


@pytest.mark.parametrize("clip", ["at twelve pm", "at twelve", "twelve pm"])
def test_a_phrase_with_a_number_in_words_tells_why_wherever_the_number_is(clip: str) -> None:
    (choice,) = (choice for choice in said("at 12 pm", {clip}, TWELVE) if not choice.missing)
    assert choice == Choice(clip, 0 if clip.startswith("at") else 3, 8 if clip.endswith("pm") else 5, False, "number")


def test_words_as_they_are_written_have_no_reason() -> None:
    assert [choice.why for choice in said("hello shree", {"hello"})] == ["", ""]


def ways(row: list[str], insteads: list[Instead], clips: set[str]) -> list[tuple[int, int, int]]:
    """The cost of every way to say a row: (missing words, numbers in other words, clips)."""

    def rows(place: int) -> list[tuple[list[tuple[str, bool]], int]]:
        if place == len(row):
            return [([], 0)]
        inside = any(instead.first <= place < instead.last for instead in insteads)
        found = [([(row[place], not inside), *rest], count) for rest, count in rows(place + 1)]
        for instead in insteads:
            if instead.first == place:
                said_so = [(word, True) for word in instead.words]
                found += [([*said_so, *rest], count + 1) for rest, count in rows(instead.last)]
        return found

    def costs(left: list[tuple[str, bool]]) -> list[tuple[int, int]]:
        if not left:
            return [(0, 0)]
        found = [(missing + 1, clip) for missing, clip in costs(left[1:])] if left[0][1] else []
        for length in range(1, len(left) + 1):
            if " ".join(word for word, _ in left[:length]) in clips:
                found += [(missing, clip + 1) for missing, clip in costs(left[length:])]
        return found

    return [(missing, count, clip) for words, count in rows(0) for missing, clip in costs(words)]


@given(st.data())
def test_no_way_through_several_numbers_is_better_than_the_chosen_one(data: st.DataObject) -> None:
    row = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    clips = data.draw(st.sets(st.lists(st.sampled_from("abcx"), min_size=1, max_size=3).map(" ".join), max_size=8))
    insteads, place = list[Instead](), 0
    while place < len(row):
        last = data.draw(st.integers(place + 1, len(row)))
        if data.draw(st.booleans()):
            said_so = tuple(data.draw(st.lists(st.sampled_from("abx"), min_size=1, max_size=3)))
            insteads.append(Instead(place, last, said_so, f"number {place}"))
        place = last
    found = choose(tokens(" ".join(row)), insteads, clips.__contains__, 3)
    missing, clip = sum(choice.missing for choice in found), sum(not choice.missing for choice in found)
    best = min(ways(row, insteads, clips))
    assert (missing, clip) == (best[0], best[2])


def best_cost(row: list[str], clips: set[str]) -> tuple[int, int]:
    """(missing, clips) of the best way, by trying every way."""
    if not row:
        return 0, 0
    missing, count = best_cost(row[1:], clips)
    ways = [(missing + 1, count)]
    for length in range(1, len(row) + 1):
        if " ".join(row[:length]) in clips:
            missing, count = best_cost(row[length:], clips)
            ways.append((missing, count + 1))
    return min(ways)


ROWS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=7)
CLIPS = st.sets(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(" ".join), max_size=8)


@given(ROWS, CLIPS)
def test_no_way_is_better_than_the_chosen_one(row: list[str], clips: set[str]) -> None:
    found = said(" ".join(row), clips)
    cost = sum(choice.missing for choice in found), sum(not choice.missing for choice in found)
    assert cost == best_cost(row, clips)


@given(ROWS, CLIPS, st.frozensets(st.integers(1, 6)), st.integers(0, 4), st.sets(st.integers(0, 40)))
def test_a_row_without_numbers_is_chosen_as_if_it_could_have_some(
    row: list[str], clips: set[str], barriers: frozenset[int], longest: int, unfit: set[int]
) -> None:
    beginnings = {clip[:length] for clip in clips for length in range(len(clip))}

    def fits(said: str, start: int, end: int) -> bool:
        return said in clips and (start * end) % 41 not in unfit

    asked = (clips.__contains__, longest, beginnings.__contains__, barriers, fits)
    assert _unbranched(tokens(" ".join(row)), *asked) == _branched(tokens(" ".join(row)), [], *asked)


@given(ROWS, CLIPS)
def test_every_word_is_said_or_missing_once_and_in_order(row: list[str], clips: set[str]) -> None:
    found = said(" ".join(row), clips)
    assert " ".join(choice.phrase for choice in found) == " ".join(row)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(ROWS, CLIPS, st.data())
def test_with_numbers_in_words_every_word_of_the_row_is_still_stood_for(
    row: list[str], clips: set[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(row) - 1))
    last = data.draw(st.integers(first + 1, len(row)))
    instead = Instead(first, last, tuple(data.draw(st.lists(st.sampled_from("abcdxy"), min_size=1, max_size=4))), "n")
    words = tokens(" ".join(row))
    found = choose(words, [instead], clips.__contains__, 4)
    stood_for = {place for choice in found for place in range(choice.start, choice.end)}
    assert all(set(range(word.start, word.end)) <= stood_for for word in words)
