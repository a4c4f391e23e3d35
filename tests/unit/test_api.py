"""What a caller may send, what is said when it is wrong, and what the answer holds."""

from dataclasses import FrozenInstanceError, asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher import limits
from stitcher.api.asked import Asked
from stitcher.api.campaigns import CampaignRequest
from stitcher.api.form import checked
from stitcher.api.listing import Page
from stitcher.api.recording import UploadRequest
from stitcher.api.requests import Answer, StitchRequest, is_plain
from stitcher.clip import Clip
from stitcher.errors import InvalidRequest
from stitcher.planning.plan import Pause, Plan
from stitcher.storage import BucketRepo, Stored


def refusal_of(body: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        StitchRequest.of(body)
    return str(refused.value)


def test_a_message_is_all_that_is_needed() -> None:
    request = StitchRequest.of({"message": "hello, shreeshail"})
    assert (request.message, request.message_parts) == ("hello, shreeshail", None)
    assert (request.voice, request.format, request.gap_ms) == ("", "mp3", None)


@pytest.mark.parametrize("body", [{"message": "a\ud800"}, {"message_parts": ["\udfff"]}])
def test_half_a_character_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRequest, match="surrogate"):
        StitchRequest.of(body)


def test_a_list_of_clips_is_taken_instead() -> None:
    request = StitchRequest.of({"message_parts": ["hello.wav", "shreeshail.wav"], "voice": "hindi", "gap_ms": 0})
    assert request.message_parts == ["hello.wav", "shreeshail.wav"]
    assert (request.voice, request.gap_ms) == ("hindi", 0)


@pytest.mark.parametrize("gap_ms", [-500, -1, 5000])
def test_a_gap_from_a_crossfade_of_half_a_second_to_five_seconds_is_taken(gap_ms: int) -> None:
    assert StitchRequest.of({"message": "a", "gap_ms": gap_ms}).gap_ms == gap_ms


@pytest.mark.parametrize("body", [{}, {"message": "a", "message_parts": ["a"]}, {"message": None}, {"voice": "hindi"}])
def test_neither_or_both_of_message_and_parts_are_refused(body: dict[str, object]) -> None:
    assert refusal_of(body) == "give either message or message_parts"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"message": 5}, "message: it must be text"),
        ({"message": ["a"]}, "message: it must be text"),
        ({"message_parts": "hello.wav"}, "message_parts: it must be a list"),
        ({"message_parts": ["hello.wav", 1]}, "message_parts.1: it must be text"),
        ({"message": "a", "voice": None}, "voice: it must be text"),
        ({"message": "a", "format": 3}, "format: it must be text"),
        ({"message": "a", "gap_ms": "120"}, "gap_ms: it must be a whole number"),
        ({"message": "a", "gap_ms": 120.0}, "gap_ms: it must be a whole number"),
        ({"message": "a", "gap_ms": True}, "gap_ms: it must be a whole number"),
        ({"message": "a", "gap_ms": -501}, "gap_ms: it must be -500 or more"),
        ({"message": "a", "gap_ms": 5001}, "gap_ms: it must be 5000 or less"),
        ({"message": "a", "gap_ms": 10**30}, "gap_ms: it must be 5000 or less"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_should_be(body: dict[str, object], sentence: str) -> None:
    assert refusal_of(body) == sentence


@pytest.mark.parametrize("field", ["bucket", "output", "key", "Message", "s3_bucket"])
def test_the_caller_chooses_neither_bucket_nor_key(field: str) -> None:
    assert refusal_of({"message": "a", field: "x"}).startswith(f"there is no field '{field}'")


def test_every_fault_is_named_at_once() -> None:
    assert refusal_of({"message": 5, "gap_ms": -501, "bucket": "x"}).split("; ") == [
        "message: it must be text",
        "gap_ms: it must be -500 or more",
        "there is no field 'bucket'",
    ]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"mesage": "hello"}, "there is no field 'mesage'; did you mean 'message'?; give either message or"),
        ({"message": "a", "Format": "mp3"}, "there is no field 'Format'; did you mean 'format'?"),
        ({"message": 5, "format": "mp9"}, "message: it must be text; format 'mp9' is not one of mp3,"),
        ({"message": "a", "format": "mp9", "gap_ms": "x"}, "gap_ms: it must be a whole number; format 'mp9' is not"),
        ({"message": "a", "format": "mp9", "voice": "../x"}, "format 'mp9' is not"),
        ({"message": "a", "format": "mp9", "missing": "fallback:../x"}, "voice '../x' is not a voice's name"),
        ({"message": "a", "format": "mp9", "voice": "../x"}, "voice '../x' is not a voice's name"),
        ({"message": "a", "read_numbers": "yes"}, "read_numbers: it must be 'likely' or 'strict'"),
        ({"message": "a", "missing": "nothing"}, "missing: 'nothing' is not error, skip"),
    ],
)
def test_nothing_that_is_wrong_hides_the_rest(body: dict[str, object], sentence: str) -> None:
    assert sentence in refusal_of(body)


@pytest.mark.parametrize(
    ("asked", "sentences"),
    [
        (UploadRequest, ["size: it must be 1 or more", "name 'a/b.wav': a name has no '/'"]),
        (
            CampaignRequest,
            [
                "there is no field 'size'",
                "format 'mp9' is not",
                "voice '..' is not",
                "give template or column, not both",
            ],
        ),
    ],
)
def test_so_in_the_other_bodies(asked: type[Asked], sentences: list[str]) -> None:
    body = {"name": "a/b.wav", "size": -1, "format": "mp9", "voice": "..", "template": "a", "column": "b"}
    with pytest.raises(InvalidRequest) as refused:
        asked.of(body)
    assert [sentence for sentence in sentences if sentence not in str(refused.value)] == []


def test_a_parameter_is_called_one() -> None:
    with pytest.raises(InvalidRequest, match=r"there is no parameter 'Limit'; did you mean 'limit'\?"):
        Page.of({"Limit": "5"})


@pytest.mark.parametrize("body", [None, "hello", 5, ["hello"], [{"message": "hello"}]])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert refusal_of(body) == "the body: it must be a JSON object"


def test_a_refusal_repeats_neither_values_nor_links() -> None:
    refusal = refusal_of({"message": {"secret": "s3cr3t"}, "gap_ms": "s3cr3t"})
    assert "s3cr3t" not in refusal
    assert "http" not in refusal


def test_a_request_cannot_be_changed() -> None:
    request = StitchRequest.of({"message": "a"})
    with pytest.raises(FrozenInstanceError):
        request.message = "b"  # type: ignore[misc]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(["a\ud800", "", "x" * 301, "x" * 1_025])
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "message": TEXTS | st.just("x" * (limits.MESSAGE_CHARACTERS + 1)) | st.none() | st.integers(),
        "message_parts": st.lists(TEXTS, max_size=2) | st.tuples(TEXTS) | st.none() | st.just([1]),
        "voice": TEXTS | st.none(),
        "format": TEXTS | st.just("x" * 33) | st.booleans(),
        "gap_ms": st.sampled_from([-501, -500, 0, 120, 5_000, 5_001, 120.0, True, None, "120", 10**30]),
        "missing": st.sampled_from(
            ["error", "skip", "silence", "fallback:", "fallback:hindi", "fallback:a\nb", "skip\n"]
        )
        | TEXTS.map("fallback:".__add__)
        | st.none(),
        "read_numbers": st.sampled_from(["likely", "strict", "", None, 1, ["likely"]]),
        "bucket": st.just("x"),
    },
)


@given(BODIES | st.none() | st.lists(st.just("message")))
def test_a_body_that_is_taken_without_pydantic_is_one_that_pydantic_takes(body: Any) -> None:
    if is_plain(body):
        assert asdict(StitchRequest.of(body)) == checked(body)


@pytest.mark.parametrize(
    "body",
    [
        {"message": "hello, shreeshail"},
        {"message_parts": ["hello.wav", "नमस्ते"], "voice": "hindi", "format": "ulaw", "gap_ms": -500},
        {"message": "a", "missing": "fallback:hindi", "read_numbers": "strict"},
    ],
)
def test_what_callers_send_is_taken_without_pydantic(body: Any) -> None:
    assert is_plain(body)
    assert StitchRequest.of(body) == StitchRequest(**body)


@pytest.mark.parametrize("body", [{"message": "x" * 2_001}, {"message": "a", "message_parts": None, "gap_ms": None}])
def test_what_is_right_in_other_ways_is_taken_as_well(body: Any) -> None:
    assert not is_plain(body)
    assert StitchRequest.of(body) == StitchRequest(**body)


class Presigner(BucketRepo):
    """A bucket that is asked for URLs only."""

    def __init__(self) -> None:
        """Needs no client."""

    def presign(self, key: str, seconds: int, version: str = "") -> str:
        return f"https://bucket.example/{key}?expires={seconds}"


PLAN = Plan(
    (Clip("hindi/नमस्ते.wav", "a", 1, "नमस्ते"), Pause(120), Clip("hindi/किसान.mp3", "b", 1, "किसान")),
    "mp3",
)


def answer(*, cached: bool, why: str = "") -> Answer:
    made = {"duration-ms": "2140", "path": "rendered" if why else "spliced", "why": why}
    stored = Stored("cache/abc.mp3", "etag", 1000, made)
    return Answer.of(PLAN, stored, Presigner(), cached=cached, url_seconds=900)


def test_an_answer_names_the_clips_in_order_the_file_and_its_duration() -> None:
    made = answer(cached=False)
    assert made.success
    assert made.audio_files == ["hindi/नमस्ते.wav", "hindi/किसान.mp3"]
    assert (made.output_file, made.duration_ms) == ("cache/abc.mp3", 2140)
    assert made.public_url == "https://bucket.example/cache/abc.mp3?expires=900"


@pytest.mark.parametrize(("why", "path"), [("", "spliced"), ("m4a cannot be spliced", "rendered")])
def test_an_answer_says_how_the_audio_was_made_and_why_so(why: str, path: str) -> None:
    made = answer(cached=True, why=why)
    assert (made.path, made.why) == (path, why)


def test_an_answer_says_until_when_its_url_works() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    expires = datetime.strptime(answer(cached=False).expires_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before + timedelta(seconds=900) <= expires <= datetime.now(UTC) + timedelta(seconds=900)


def test_an_answer_says_whether_the_audio_was_made_or_found() -> None:
    assert (answer(cached=False).message, answer(cached=False).cached) == ("Stitched audio created", False)
    assert (answer(cached=True).message, answer(cached=True).cached) == ("Stitched audio retrieved from cache!", True)
