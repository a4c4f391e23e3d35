"""How a message is said: pauses, takes, aliases, marks, and what becomes of words without a clip."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, MissingWords
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import SILENCE_MS, Pause, Plan, plan_message
from stitcher.planning.settings import Pauses, VoiceSettings
from stitcher.storage import Stored
from stitcher.text.words import words

P = Pauses()


def voice(*names: str, folder: str = "", **settings: Any) -> Catalogue:
    prefix = f"{folder}/" if folder else ""
    stored = [Stored(f"{prefix}{name}.wav", f"etag-{name}", 1) for name in names]
    return Catalogue.of(folder, stored, VoiceSettings(**settings))


def heard(plan: Plan) -> list[str | int]:
    """File names and pauses."""
    return [segment.ms if isinstance(segment, Pause) else segment.key.removesuffix(".wav") for segment in plan.segments]


WEATHER = voice("rain", "hail", "today", "tomorrow", "yes_sir", "sir", "yes")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("rain today", ["rain", 120, "today"]),
        ("rain, today", ["rain", P.comma, "today"]),
        ("rain: today", ["rain", P.colon, "today"]),
        ("rain. today", ["rain", P.stop, "today"]),
        ("rain? today", ["rain", P.question, "today"]),
        ("rain\ntoday", ["rain", P.newline, "today"]),
        ("rain,\n\ntoday.", ["rain", P.newline, "today"]),
        (", rain", ["rain"]),
        ("rain [pause 30ms] today", ["rain", 30, "today"]),
        ("rain. [pause 30ms] today", ["rain", 30, "today"]),
        ("rain [pause 30ms] [pause 40ms] today", ["rain", 70, "today"]),
        ("rain [pause 0ms] today", ["rain", "today"]),
        ("yes, sir", ["yes_sir"]),
        ("yes. Sir", ["yes", P.stop, "sir"]),
    ],
)
def test_pauses_are_those_of_the_punctuation_and_of_marks(message: str, expected: list[str | int]) -> None:
    assert heard(plan_message(message, WEATHER)) == expected


def test_a_voice_sets_its_own_pauses_and_gap() -> None:
    slow = voice("rain", "today", gap_ms=200, pauses={"comma": 900})
    assert heard(plan_message("rain, today rain", slow)) == ["rain", 900, "today", 200, "rain"]


@pytest.mark.parametrize(
    ("gap_ms", "comma", "stop"),
    [
        *((5000, 5000, 5000), (1000, 1130, 1380), (180, 310, 560), (120, 250, 500)),
        *((60, 190, 440), (0, 130, 380), (-40, 90, 340), (-500, 0, 0)),
    ],
)
def test_a_gap_of_the_request_moves_the_pauses_at_punctuation_by_as_much(gap_ms: int, comma: int, stop: int) -> None:
    """The gap of a voice is 120 ms, its comma 250 ms; punctuation never overlaps, and 5 s is the longest pause."""
    plan = plan_message("rain, today rain. rain", WEATHER, gap_ms=gap_ms)
    pauses = [comma, gap_ms, stop]
    assert plan.pauses == pauses


def test_a_gap_moves_the_pauses_of_a_voice_that_has_its_own() -> None:
    slow = voice("rain", "today", gap_ms=300, pauses={"comma": 900})
    assert plan_message("rain, today rain", slow, gap_ms=250).pauses == [850, 250]
    hasty = voice("rain", "today", gap_ms=300, pauses={"comma": 100})
    assert plan_message("rain, today rain", hasty).pauses == [300, 300], "a comma is no shorter than a gap"


def test_a_clip_named_by_a_mark_is_said_whatever_the_words_mean() -> None:
    plan = plan_message("rain [clip yes_sir] hail", WEATHER)
    assert [clip.key for clip in plan.clips] == ["rain.wav", "yes_sir.wav", "hail.wav"]


def test_spelling_says_each_letter() -> None:
    letters = voice("p", "x", "px", "code")
    assert [clip.phrase for clip in plan_message("code [spell PXP]", letters).clips] == ["code", "p", "x", "p"]


TAKES = voice("rain", "rain@final", "rain@initial", "today", "today@medial", "only@final")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("rain rain rain", ["rain@initial", "rain", "rain@final"]),
        ("rain", ["rain@final"]),
        ("rain today. rain today", ["rain@initial", "today", "rain@initial", "today"]),
        ("today today today", ["today", "today@medial", "today"]),
        ("only rain", ["only@final", "rain@final"]),
    ],
)
def test_takes_are_chosen_by_their_place_in_the_sentence(message: str, expected: list[str]) -> None:
    assert [clip.key.removesuffix(".wav") for clip in plan_message(message, TAKES).clips] == expected


def test_an_alias_is_said_by_the_clip_that_there_is() -> None:
    polite = voice(
        "hello", "hello@final", "good_morning", aliases=["hello = hi = namaste", "top of the day = good morning"]
    )
    plan = plan_message("hi namaste top of the day hi", polite)
    assert [clip.key for clip in plan.clips] == ["hello.wav", "hello.wav", "good_morning.wav", "hello@final.wav"]
    assert plan.notes[0].why == "alias of 'hello'"


def test_a_clip_of_its_own_wins_over_an_alias() -> None:
    assert heard(plan_message("hi hello", voice("hello", "hi", aliases=["hello = hi"]))) == ["hi", 120, "hello"]


def test_missing_words_may_be_skipped_and_are_reported() -> None:
    plan = plan_message("rain foo today bar foo", WEATHER, policy="skip")
    assert heard(plan) == ["rain", 120, "today"]
    assert plan.missing == ("foo", "bar")


def test_missing_words_may_be_silences() -> None:
    plan = plan_message("rain foo bar today", WEATHER, policy="silence")
    assert heard(plan) == ["rain", 120 + 2 * SILENCE_MS, "today"]
    assert plan.missing == ("foo", "bar")


@pytest.mark.parametrize("message", ["rain, foo today", "rain foo, today", "rain, foo, today"])
def test_a_silence_comes_to_the_pause_of_its_place(message: str) -> None:
    assert heard(plan_message(message, WEATHER, policy="silence")) == ["rain", P.comma + SILENCE_MS, "today"]
    joined = plan_message(message, WEATHER, policy="silence", gap_ms=-500)
    assert heard(joined) == ["rain", SILENCE_MS, "today"]


def test_a_silence_at_the_beginning_or_the_end_adds_nothing() -> None:
    assert heard(plan_message("foo rain today bar", WEATHER, policy="silence")) == ["rain", 120, "today"]


def test_missing_words_may_be_said_by_another_voice() -> None:
    other = voice("foo_bar", "foo", "rain", folder="other")
    plan = plan_message("rain foo bar today", WEATHER, policy="fallback", fallback=other)
    assert [clip.key for clip in plan.clips] == ["rain.wav", "other/foo_bar.wav", "today.wav"]
    assert (plan.missing, plan.substituted) == ((), ("foo bar",))


def test_what_the_other_voice_does_not_say_either_is_missing() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_message("rain foo baz", WEATHER, policy="fallback", fallback=voice("foo", folder="other"))
    assert refused.value.missing == ["baz"]


@pytest.mark.parametrize("policy", ["skip", "silence"])
def test_a_message_of_which_nothing_can_be_said_is_refused(policy: Any) -> None:
    with pytest.raises(MissingWords):
        plan_message("foo bar", WEATHER, policy=policy)


def test_a_slip_gets_suggestions() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_message("shreshail tomorow", voice("shreeshail", "tomorrow", "today"))
    assert refused.value.suggestions == {"shreshail": ["shreeshail"], "tomorow": ["tomorrow"]}


def test_words_of_spaceless_scripts_are_found_and_missing_as_a_whole() -> None:
    thai = voice("สวัสดี", "ฝนตก")
    assert heard(plan_message("สวัสดีฝนตก", thai)) == ["สวัสดี", 120, "ฝนตก"]
    with pytest.raises(MissingWords) as refused:
        plan_message("สวัสดีครับ", thai)
    assert refused.value.missing == ["ครับ"]


def test_only_letters_of_spaceless_scripts_are_missing_together() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_message("50% @final ฝน50", WEATHER)
    assert refused.value.missing == ["50", "%", "@", "final", "ฝน"]


def test_a_message_of_marks_without_words_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        plan_message("[pause 800ms] .,!", WEATHER)


NAMES = ["rain", "hail", "today", "rain_today", "hail_rain", "নমস্কার", "ฝน", "雨"]
TEXTS = st.lists(st.sampled_from([*NAMES, "foo", "don't", "¿", ",", ".", "\n", "😀", "12"]), max_size=12).map(" ".join)


def said_and_missing(plan: Plan, message: str) -> list[str]:
    """The words that a plan's clips stand for, and those that it reports as missing."""
    return [word for note in plan.notes for word in words(message[note.start : note.end])]


@given(TEXTS)
def test_every_word_is_in_the_plan_once_and_in_order_or_missing(message: str) -> None:
    catalogue = voice(*NAMES)
    try:
        plan = plan_message(message, catalogue, policy="skip")
    except (InvalidRequest, MissingWords):
        return
    lacking = set(words(" ".join(plan.missing)))
    assert said_and_missing(plan, message) == [word for word in words(message) if word not in lacking]
    assert all(note.start < note.end for note in plan.notes)
    assert all(one.end <= other.start for one, other in pairwise(plan.notes))


@given(TEXTS, st.permutations(NAMES))
def test_the_plan_does_not_depend_on_the_order_of_the_catalogue(message: str, names: Iterable[str]) -> None:
    def outcome(catalogue: Catalogue) -> Any:
        try:
            return plan_message(message, catalogue, policy="silence")
        except (InvalidRequest, MissingWords) as refusal:
            return refusal.problem()

    first, second = outcome(voice(*NAMES)), outcome(voice(*names))
    assert (first == second) or (first["missing"] == second["missing"])


@given(TEXTS)
def test_a_plan_survives_its_way_through_the_workflow(message: str) -> None:
    try:
        plan = plan_message(message, voice(*NAMES), policy="skip")
    except (InvalidRequest, MissingWords):
        return
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.cache_key == plan.cache_key
    assert all(isinstance(clip, Clip) for clip in again.clips)
