"""What a writer may have meant: near misses in any script, for words, rows of words, voices and languages."""

import pytest

from stitcher.errors import MissingWords, NoSuchVoice
from stitcher.near import LONGEST, around, near
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import plan_message
from stitcher.storage import Stored


@pytest.mark.parametrize(
    ("text", "known", "meant"),
    [
        ("hindy", ["hindi", "marathi"], ["hindi"]),
        ("HINDI", ["hindi"], ["hindi"]),
        ("indi", ["hindi"], ["hindi"]),
        ("नमसते", ["नमस्ते", "आज"], ["नमस्ते"]),
        ("ሰላምታ", ["ሰላም", "ዝናብ"], ["ሰላም"]),
        ("வணக்கம", ["வணக்கம்"], ["வணக்கம்"]),
        ("مرحبًا", ["مرحبا"], ["مرحبا"]),
        ("cafe\u0301", ["café"], ["café"]),
        ("goodmorning", ["good morning"], ["good morning"]),
        ("xyzzy", ["hindi"], []),
        ("", ["hindi", ""], []),
        ("a" * (LONGEST + 1), ["a" * LONGEST], []),
    ],
)
def test_a_near_miss_is_found(text: str, known: list[str], meant: list[str]) -> None:
    assert near(text, known) == meant


def test_at_most_three_are_named_the_nearest_first() -> None:
    assert near("rain", ["rains", "rain", "train", "brain", "rainy"])[0] == "rain"
    assert len(near("rain", ["rains", "train", "brain", "rainy"])) == 3


def test_rows_around_a_word_hold_it() -> None:
    assert around(["a", "b", "c"], 1, 2) == ["a b", "b c"]
    assert around(["a", "b", "c"], 2, 9) == ["b c", "a b c"]
    assert around(["a"], 0, 9) == []


def catalogue(*names: str) -> Catalogue:
    return Catalogue.of("", [Stored(name, name, 1) for name in names])


@pytest.mark.parametrize(
    ("message", "word", "meant"),
    [
        ("good mornin farmers", "mornin", ["good morning"]),
        ("god morning", "god", ["good morning"]),
        ("heavy rayn is coming", "rayn", ["heavy rain"]),
        ("भाारी बारिश", "भाारी", ["भारी बारिश"]),
    ],
)
def test_a_word_that_is_a_misspelt_part_of_a_phrase_suggests_the_phrase(
    message: str, word: str, meant: list[str]
) -> None:
    voice = catalogue("good_morning.wav", "farmers.wav", "heavy_rain.wav", "is_coming.wav", "भारी_बारिश.wav")
    with pytest.raises(MissingWords) as refused:
        plan_message(message, voice)
    assert refused.value.suggestions[word] == meant


def test_a_word_beside_a_missing_one_is_not_what_was_meant() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_message("note 5 rain", catalogue("note.wav", "rain.wav", "tomorrow.wav", "good_morning.wav"))
    assert refused.value.suggestions == {}
    with pytest.raises(MissingWords) as refused:
        plan_message("to morrow", catalogue("to.wav", "tomorrow.wav", "good_morning.wav"))
    assert refused.value.suggestions == {"morrow": ["tomorrow"]}


def test_a_recording_that_is_not_read_is_named_where_its_word_is_missing() -> None:
    voice = catalogue("hello.wav", "tomorrow.ra", "heavy_rain.alaw", "notes.ra", "today.txt")
    with pytest.raises(MissingWords, match=r"tomorrow\.ra is not read: RealAudio is not read: convert it") as refused:
        plan_message("hello tomorrow heavy", voice)
    assert [entry["key"] for entry in refused.value.problem()["ignored"]] == ["heavy_rain.alaw", "tomorrow.ra"]
    assert "notes.ra" not in str(refused.value)


def test_a_voice_that_there_is_not_is_refused_with_the_one_that_was_meant() -> None:
    assert str(NoSuchVoice("hindy", ["", "hindi"])) == "there is no voice 'hindy'; did you mean 'hindi'?"
    assert str(NoSuchVoice("zulu", ["", "hindi"])) == "there is no voice 'zulu'; there are hindi"
    assert str(NoSuchVoice("zulu", [""])) == "there is no voice 'zulu'; there are no others"
