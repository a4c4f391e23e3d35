"""`POST /plans` as callers see it: the same tests against the embedded stack and against a deployed one."""

from typing import Any

import pytest
from tools.client import Caller

from stitcher import limits
from tests.functional.test_stitch_api import MESSAGE, NONSENSE, made, refused


def clips(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The segments that are clips."""
    return [segment for segment in answer["segments"] if "clip" in segment]


def test_a_plan_says_what_would_be_said(caller: Caller) -> None:
    answer = made(caller.post("/plans", {"message": MESSAGE}))
    assert [segment["text"] for segment in clips(answer)] == ["hello", "shreeshail"]
    assert [MESSAGE[segment["start"] : segment["end"]] for segment in clips(answer)] == ["hello", "shreeshail"]
    assert (answer["missing"], answer["path"], answer["why"], answer["format"]) == ([], "spliced", "", "mp3")


@pytest.mark.parametrize("profile", ["mp3", "opus", "wav", "asterisk", "amr"])
@pytest.mark.parametrize("gap_ms", [-80, 0, 400])
def test_a_plan_says_what_the_message_then_is(caller: Caller, profile: str, gap_ms: int) -> None:
    request = {"message": MESSAGE, "format": profile, "gap_ms": gap_ms}
    answer, message = made(caller.post("/plans", request)), made(caller.post("/stitch", request))
    assert [segment["clip"] for segment in clips(answer)] == message["audio_files"]
    assert (answer["path"], answer["why"]) == (message["path"], message["why"])
    assert abs(answer["duration_ms"] - message["duration_ms"]) <= 1


def test_every_word_without_a_clip_is_listed_and_nothing_is_refused(caller: Caller) -> None:
    answer = made(caller.post("/plans", {"message": f"hello {NONSENSE} shreshail"}))
    assert answer["missing"] == [NONSENSE, "shreshail"]
    assert answer["suggestions"] == {"shreshail": ["shreeshail"]}
    assert [segment["text"] for segment in clips(answer)] == ["hello"]


def test_a_message_that_nobody_recorded_is_planned_as_nothing(caller: Caller) -> None:
    answer = made(caller.post("/plans", {"message": NONSENSE}))
    assert (answer["segments"], answer["missing"]) == ([], [NONSENSE])


def test_text_arrives_as_it_was_sent(caller: Caller) -> None:
    missing = ["don't", '"', "क्षत्रिय", "$"]
    answer = made(caller.post("/plans", {"message": f'don\'t "{NONSENSE}" \\ क्षत्रिय 👩🏽‍🌾 $ x'}))
    assert [word for word in missing if word not in answer["missing"]] == ['"']
    assert answer["decoration"] == ["👩🏽‍🌾"]


def test_2001_characters_are_too_long(caller: Caller) -> None:
    refused(caller.post("/plans", {"message": MESSAGE.ljust(limits.MESSAGE_CHARACTERS + 1)}), 413)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        {},
        {"message": ""},
        {"message": 5},
        {"message": "hello", "message_parts": ["hello"]},
        {"message": "hello", "bucket": "mine"},
        {"message": "hello", "format": "exe"},
        {"message": "hello", "gap_ms": 5001},
        {"message": "hello", "voice": "../hindi"},
    ],
    ids=repr,
)
def test_a_malformed_request_is_refused_with_a_reason(caller: Caller, body: Any) -> None:
    problem = refused(caller.post("/plans", body), 400)
    assert problem["type"] == "urn:audio-stitcher:invalid_request"
    assert len(problem["detail"]) > 10


def test_words_that_the_fallback_voice_lacks_too_are_refused(caller: Caller) -> None:
    request = {"message": f"hello {NONSENSE}", "missing": "fallback:nobody"}
    assert refused(caller.post("/plans", request), 422)["missing"] == [NONSENSE]


def test_another_media_type_is_not_supported(caller: Caller) -> None:
    refused(caller.post("/plans", b"message=hello", {"Content-Type": "application/x-www-form-urlencoded"}), 415)


def test_nobody_is_let_in_unsigned(nobody: Caller) -> None:
    refused(nobody.post("/plans", {"message": MESSAGE}), 403)


def test_nobody_is_let_in_with_a_wrong_signature(impostor: Caller) -> None:
    refused(impostor.post("/plans", {"message": MESSAGE}), 403)
