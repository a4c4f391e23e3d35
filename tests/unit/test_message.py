"""What people write: words, the pauses that punctuation means, and marks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher import limits
from stitcher.errors import InvalidRequest
from stitcher.text.message import Item, Named, Silence, Spelled, Stop, items
from stitcher.text.words import Word, tokens


def kinds(message: str) -> list[str]:
    """Words as they are, punctuation as its meaning, marks by name."""

    def told(item: Item) -> str:
        if isinstance(item, Word):
            return item.text
        return f"<{item.kind}>" if isinstance(item, Stop) else f"[{type(item).__name__}]"

    return [told(item) for item in items(message)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("hello, world", ["hello", "<comma>", "world"]),
        ("price: ten", ["price", "<colon>", "ten"]),
        ("It rains. Stay home!", ["it", "rains", "<stop>", "stay", "home", "<stop>"]),
        ("Rain? No", ["rain", "<question>", "no"]),
        ("one\ntwo", ["one", "<newline>", "two"]),
        ("one.\ntwo", ["one", "<newline>", "two"]),
        ("वर्षा होगी। घर पर रहें", ["वर्षा", "होगी", "<stop>", "घर", "पर", "रहें"]),
        ("ዝናብ።ነገ", ["ዝናብ", "<stop>", "ነገ"]),
        ("هل تمطر؟ نعم، غدا", ["هل", "تمطر", "<question>", "نعم", "<comma>", "غدا"]),
        ("東京。雨", ["東", "京", "<stop>", "雨"]),
        ('He said "rain." Then', ["he", "said", "rain", "<stop>", "then"]),
        ("wait... now", ["wait", "<stop>", "now"]),
    ],
)
def test_punctuation_means_a_pause_in_every_script(message: str, expected: list[str]) -> None:
    assert kinds(message) == expected


@pytest.mark.parametrize(
    "message", ["6:30", "e.g.x", "a.b", "co.uk/x", "1,000.50", "x_y", "well-known", "hello (world)"]
)
def test_punctuation_inside_of_words_and_numbers_is_no_pause(message: str) -> None:
    assert [item for item in items(message) if isinstance(item, Stop)] == []


def test_marks_are_followed() -> None:
    message = "hello [pause 800ms] [CLIP good_morning] [digits 98 45] [spell PXD] [Pause 1.5 s]"
    found = [item for item in items(message) if not isinstance(item, Word | Stop)]
    assert found == [
        Silence(800, 6, 19),
        Named("good_morning", 20, 39),
        Spelled("digits", "98 45", 40, 54),
        Spelled("spell", "PXD", 55, 66),
        Silence(1500, 67, 80),
    ]


def test_other_brackets_are_punctuation() -> None:
    assert kinds("hello [world] [pausing 5] [clip]") == ["hello", "world", "pausing", "5", "clip"]


@pytest.mark.parametrize("mark", ["[pause long]", "[pause 800]", "[pause -5ms]", "[pause 5001ms]", "[pause 6s]"])
def test_a_pause_that_cannot_be_followed_is_refused(mark: str) -> None:
    with pytest.raises(InvalidRequest, match="pause"):
        items(f"hello {mark} world")


def test_the_longest_pause_is_one_that_is_allowed() -> None:
    (item,) = items(f"[pause {limits.GAP_MS}ms]")
    assert item == Silence(limits.GAP_MS, 0, len(f"[pause {limits.GAP_MS}ms]"))


@given(st.text(alphabet=st.sampled_from("ab1 ,.:;?!।\n[]'\"-_क्ส้東😀")))
def test_words_stay_in_order_and_in_place_whatever_stands_between(message: str) -> None:
    found = [item for item in items(message) if isinstance(item, Word)]
    assert [(word.text, word.start, word.end) for word in found] == [
        (word.text, word.start, word.end) for word in tokens(message)
    ]


@given(st.text())
def test_any_text_is_read_or_refused(message: str) -> None:
    try:
        found: Any = items(message)
    except InvalidRequest:
        found = []
    assert isinstance(found, list)
