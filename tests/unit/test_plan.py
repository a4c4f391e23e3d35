"""From a message and a voice's clips to the plan of what is said."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher import ENGINE, limits
from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, MessageTooLong, MissingWords
from stitcher.formats.profiles import PROFILES
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import Pause, Plan, plan_message, plan_parts
from stitcher.storage import Stored
from stitcher.text.words import words


def voice_that_says(*phrases: str) -> Catalogue:
    return Catalogue.of("", [Stored(f"{phrase}.wav", f"etag of {phrase}", 1) for phrase in phrases])


def said(plan: Plan) -> list[str]:
    return [clip.phrase for clip in plan.clips]


# Few letters, so that phrases overlap in every way.
PHRASES = st.sets(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(" ".join), max_size=12)
MESSAGES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12).map(" ".join)
SEGMENTS = st.lists(
    st.builds(
        Clip, key=st.text(max_size=8), etag=st.text("ab", min_size=1, max_size=3), size=st.just(1), phrase=st.text()
    )
    | st.builds(Pause, st.integers(-limits.CROSSFADE_MS, limits.GAP_MS))
)


def test_words_are_said_in_message_order() -> None:
    voice = voice_that_says("hello", "shreeshail")
    assert said(plan_message("shreeshail, hello", voice)) == ["shreeshail", "hello"]


def test_a_repeated_word_is_said_twice() -> None:
    assert said(plan_message("hello hello Shreeshail", voice_that_says("hello", "shreeshail"))) == [
        "hello",
        "hello",
        "shreeshail",
    ]


def test_a_clip_is_not_heard_inside_a_longer_word() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_message("hospital", voice_that_says("hos", "pital"))
    assert refused.value.missing == ["hospital"]


def test_file_names_are_text_and_never_patterns() -> None:
    voice = voice_that_says("h.llo", "say (it)", "a+")
    with pytest.raises(MissingWords) as refused:
        plan_message("hallo aa say", voice)
    assert refused.value.missing == ["hallo", "aa", "say"]
    assert said(plan_message("Say it: a+", voice)) == ["say it", "a +"]


def test_an_upper_case_file_name_is_found() -> None:
    assert said(plan_message("hello", voice_that_says("HELLO"))) == ["hello"]


def test_the_longest_phrase_is_taken() -> None:
    voice = voice_that_says("heavy", "rain", "heavy rain", "heavy rain is expected", "is expected")
    assert said(plan_message("heavy rain is expected", voice)) == ["heavy rain is expected"]


def test_the_longer_of_two_equally_good_first_phrases_is_taken() -> None:
    assert said(plan_message("a b c", voice_that_says("a", "a b", "b c", "c"))) == ["a b", "c"]


def test_a_shorter_first_phrase_is_taken_where_the_longest_would_leave_words_without_a_clip() -> None:
    assert said(plan_message("a b c d", voice_that_says("a", "a b", "b c d"))) == ["a", "b c d"]


def test_all_missing_words_are_named_in_order_and_once() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_message("zebra hello apple zebra", voice_that_says("hello"))
    assert refused.value.missing == ["zebra", "apple"]
    assert "'zebra', 'apple'" in str(refused.value)


def test_a_voice_without_clips_is_said_to_have_none() -> None:
    with pytest.raises(MissingWords, match="the default voice has no clips at all"):
        plan_message("hello", voice_that_says())


def missing_of(message: str, phrases: set[str]) -> list[str]:
    """The words that a message is refused for; none where it is said."""
    try:
        plan_message(message, voice_that_says(*phrases))
    except MissingWords as refused:
        return refused.missing
    return []


@given(MESSAGES, PHRASES)
def test_every_word_is_said_in_order_or_named_as_missing(message: str, phrases: set[str]) -> None:
    missing = missing_of(message, phrases)
    # Recording what was named is enough to say the message.
    plan = plan_message(message, voice_that_says(*phrases, *missing))
    assert " ".join(said(plan)).split() == words(message)


@given(MESSAGES, PHRASES)
def test_missing_words_are_named_once_each_in_message_order(message: str, phrases: set[str]) -> None:
    missing = missing_of(message, phrases)
    rest = iter(words(message))
    assert all(word in rest for word in missing)
    assert len(set(missing)) == len(missing)


@given(MESSAGES, PHRASES)
def test_no_way_to_say_the_message_is_better_than_the_plan(message: str, phrases: set[str]) -> None:
    """All ways are tried: fewest missing words first, then fewest clips."""
    to_say = words(message)

    @cache
    def best(start: int) -> tuple[int, int]:
        if start == len(to_say):
            return 0, 0
        ways = [(best(start + 1)[0] + 1, best(start + 1)[1])]
        for end in range(start + 1, len(to_say) + 1):
            if " ".join(to_say[start:end]) in phrases:
                ways.append((best(end)[0], best(end)[1] + 1))
        return min(ways)

    missing, clips = best(0)
    assert bool(missing) == bool(missing_of(message, phrases))
    if not missing:
        assert len(plan_message(message, voice_that_says(*phrases)).clips) == clips


@given(MESSAGES, st.lists(st.sampled_from(["a.wav", "A.mp3", "a b.wav", "b.wav", "c.ogg", "c d.wav", "d.wav"])))
def test_the_plan_does_not_depend_on_the_order_of_the_listing(message: str, keys: list[str]) -> None:
    listed = [Stored(key, f"etag of {key}", 1) for key in keys]

    def planned(listing: Iterable[Stored]) -> Plan | str:
        try:
            return plan_message(message, Catalogue.of("", listing))
        except MissingWords as refused:
            return str(refused)

    assert planned(listed) == planned(reversed(listed)) == planned(sorted(listed, key=lambda item: item.etag))


def test_pauses_stand_between_clips_only() -> None:
    plan = plan_message("a b a", voice_that_says("a", "b"), gap_ms=250)
    first, second = plan.clips[0], plan.clips[1]
    assert plan.segments == (first, Pause(250), second, Pause(250), first)
    assert plan.pauses == [250, 250]


def test_without_a_gap_there_are_no_pauses() -> None:
    plan = plan_message("a b", voice_that_says("a", "b"), gap_ms=0)
    assert plan.segments == tuple(plan.clips)
    assert plan.pauses == [0]


def test_a_crossfade_is_a_pause_of_less_than_0() -> None:
    plan = plan_message("a b", voice_that_says("a", "b"), gap_ms=-60)
    assert plan.segments == (plan.clips[0], Pause(-60), plan.clips[1])
    assert plan.pauses == [-60]


def test_pauses_in_a_row_add_up() -> None:
    clip = voice_that_says("a").by_phrase["a"]
    assert Plan((clip, Pause(100), Pause(20), clip, clip), "mp3").pauses == [120, 0]


def test_the_default_gap_is_120_ms() -> None:
    assert plan_message("a a", voice_that_says("a")).pauses == [120]


def test_parts_are_said_in_the_order_given() -> None:
    voice = voice_that_says("hello", "good morning")
    assert said(plan_parts(["good morning.wav", "hello", "hello.wav"], voice)) == ["good morning", "hello", "hello"]


def test_all_missing_parts_are_named_as_they_were_given() -> None:
    with pytest.raises(MissingWords) as refused:
        plan_parts(["Bye.wav", "hello.wav", "later"], voice_that_says("hello"))
    assert refused.value.missing == ["Bye.wav", "later"]


@pytest.mark.parametrize("message", ["", "  \n", "?!", "..."])
def test_a_message_without_words_is_refused(message: str) -> None:
    with pytest.raises(InvalidRequest, match="the message has no words"):
        plan_message(message, voice_that_says("a"))


def test_an_empty_list_of_parts_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="message_parts is empty"):
        plan_parts([], voice_that_says("a"))


def test_a_message_of_2000_characters_is_said_and_one_more_refused() -> None:
    voice = voice_that_says("a" * 99)
    message = ("a" * 99 + " ") * 20
    assert len(plan_message(message, voice).clips) == 20
    with pytest.raises(MessageTooLong, match="has 2001 characters; the limit is 2000"):
        plan_message(message + " ", voice)


@pytest.mark.parametrize(("gap_ms", "clips"), [(120, 250), (0, 500)])
def test_a_message_of_500_segments_is_said_and_one_more_clip_refused(gap_ms: int, clips: int) -> None:
    voice = voice_that_says("a")
    assert len(plan_message("a " * clips, voice, gap_ms=gap_ms).clips) == clips
    with pytest.raises(MessageTooLong, match="501 clips and pauses; the limit is 500"):
        plan_message("a " * (clips + 1), voice, gap_ms=gap_ms)


def test_more_parts_than_segments_are_refused_before_they_are_looked_up() -> None:
    """The answer to a request travels through Step Functions too: 100,000 missing parts would not fit."""
    with pytest.raises(MessageTooLong, match="100000 parts; the limit is 500"):
        plan_parts([f"no{number}.wav" for number in range(100_000)], voice_that_says("a"))


@pytest.mark.parametrize("letter", ["x", '"', "न", "🌧"])
@pytest.mark.parametrize(("parts", "letters"), [(1, 200_000), (500, 400), (500, 100), (500, 30)])
def test_the_refusal_of_missing_parts_fits_the_workflow(letter: str, parts: int, letters: int) -> None:
    """AWS Step Functions, "Quotas": 256 KiB of input or output for a task."""
    with pytest.raises((MessageTooLong, MissingWords)) as refused:
        plan_parts([f"{number}{letter * letters}" for number in range(parts)], voice_that_says("a"))
    assert len(json.dumps(refused.value.problem())) < 256 * 1024


def test_a_plan_that_would_not_fit_the_workflow_is_refused() -> None:
    long = "x" * 190
    with pytest.raises(MessageTooLong, match="the plan of the message is over 200 KiB: use shorter file names"):
        plan_parts([long] * 500, voice_that_says(long), gap_ms=0)


@pytest.mark.parametrize("gap_ms", [-limits.CROSSFADE_MS, -1, 0, limits.GAP_MS])
def test_a_gap_at_either_limit_is_taken(gap_ms: int) -> None:
    assert plan_message("a a", voice_that_says("a"), gap_ms=gap_ms).pauses == [gap_ms]


@pytest.mark.parametrize("gap_ms", [-limits.CROSSFADE_MS - 1, limits.GAP_MS + 1])
def test_a_gap_out_of_range_is_refused(gap_ms: int) -> None:
    with pytest.raises(InvalidRequest, match=rf"gap_ms {gap_ms} is not between -500 and 5000"):
        plan_message("a", voice_that_says("a"), gap_ms=gap_ms)


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidRequest, match=r"format 'mid' is not one of mp3, mp3-96, opus, wav, .*asterisk, "):
        plan_message("a", voice_that_says("a"), profile="mid")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_format_is_planned_and_cached_apart(profile: str) -> None:
    voice = voice_that_says("a")
    assert plan_message("a", voice, profile=profile).profile == profile
    keys = {plan_message("a", voice, profile=each).cache_key for each in PROFILES}
    assert len(keys) == len(PROFILES)


def test_the_cache_key_is_the_digest_of_the_canonical_document() -> None:
    """Worked out by hand; when it changes, every cached message is made anew."""
    clip = Clip("hello.wav", "abc", 5, "hello")
    document = f'{{"engine":{ENGINE},"profile":"mp3","segments":[["clip","abc"],["pause",120],["clip","abc"]]}}'
    assert Plan((clip, Pause(120), clip), "mp3").cache_key == hashlib.sha256(document.encode()).hexdigest()


def heard(segments: Sequence[Clip | Pause]) -> list[str | int]:
    return [segment.etag if isinstance(segment, Clip) else segment.ms for segment in segments]


@given(SEGMENTS, SEGMENTS, st.sampled_from(sorted(PROFILES)), st.sampled_from(sorted(PROFILES)))
def test_two_plans_share_a_cache_key_only_where_they_sound_the_same(
    one: list[Clip | Pause], other: list[Clip | Pause], profile: str, other_profile: str
) -> None:
    same = heard(one) == heard(other) and profile == other_profile
    assert (Plan(tuple(one), profile).cache_key == Plan(tuple(other), other_profile).cache_key) == same


@given(SEGMENTS)
def test_the_cache_key_depends_on_the_order_of_the_segments(segments: list[Clip | Pause]) -> None:
    same = heard(segments) == heard(segments[::-1])
    assert (Plan(tuple(segments), "mp3").cache_key == Plan(tuple(segments[::-1]), "mp3").cache_key) == same


def test_hello_shreeshail_is_cached_apart_from_shreeshail_hello() -> None:
    voice = voice_that_says("hello", "shreeshail")
    assert plan_message("hello Shreeshail", voice).cache_key != plan_message("Shreeshail hello", voice).cache_key


@pytest.mark.parametrize(("rerecorded", "changes"), [("hello", True), ("market", False)])
def test_a_new_recording_changes_exactly_the_messages_that_use_it(rerecorded: str, changes: bool) -> None:
    def key(etags: dict[str, str]) -> str:
        listing = [Stored(f"{name}.wav", etag, 1) for name, etag in etags.items()]
        return plan_message("hello Shreeshail", Catalogue.of("", listing)).cache_key

    etags = {"hello": "1", "shreeshail": "2", "market": "3"}
    assert (key(etags) != key(etags | {rerecorded: "new"})) == changes


def test_a_renamed_recording_is_found_in_the_cache() -> None:
    one, other = Clip("hello.wav", "abc", 1, "hello"), Clip("hallo.wav", "abc", 1, "hallo")
    assert Plan((one,), "mp3").cache_key == Plan((other,), "mp3").cache_key


@given(SEGMENTS, st.sampled_from(sorted(PROFILES)))
def test_a_plan_travels_through_the_workflow_unchanged(segments: list[Clip | Pause], profile: str) -> None:
    plan = Plan(tuple(segments), profile)
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    "document", [{}, {"profile": "mp3"}, {"segments": []}, {"segments": [{"key": "a.wav"}], "profile": "mp3"}]
)
def test_a_document_that_is_no_plan_is_a_fault(document: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        Plan.from_json(document)
