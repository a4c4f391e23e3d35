"""Refusals: a sentence for people, and data for machines."""

import json

import pytest

from stitcher.errors import InvalidRequest, MessageTooLong, MissingWords, StitchError, UnusableClip

REFUSALS = [
    InvalidRequest("the message has no words"),
    MessageTooLong("the message has 2001 characters; the limit is 2000"),
    MissingWords(["गेहूं"], "hindi", {"किसान"}),
    UnusableClip(("hello.wav", "the file is empty")),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_every_refusal_is_a_problem_with_code_title_and_sentence(refusal: StitchError) -> None:
    problem = json.loads(json.dumps(refusal.problem()))
    assert (problem["code"], problem["title"], problem["detail"]) == (refusal.code, refusal.title, str(refusal))
    assert problem["detail"]


def test_every_kind_of_refusal_has_a_code_of_its_own() -> None:
    assert len({refusal.code for refusal in REFUSALS}) == len(REFUSALS)


def test_missing_words_are_listed_once_each_in_order() -> None:
    refusal = MissingWords(["zebra", "apple", "zebra"], "", {"hello"})
    assert refusal.problem()["missing"] == ["zebra", "apple"]
    assert str(refusal) == "no clip says 'zebra', 'apple': record a clip for each in the default voice"


def test_missing_words_name_the_voice() -> None:
    assert str(MissingWords(["a"], "hindi", {"hello"})).endswith("record a clip for it in voice 'hindi'")
    assert str(MissingWords(["a", "b"], "hindi", {"hello"})).endswith("record a clip for each in voice 'hindi'")
    assert str(MissingWords(["a"], "hindi", {})).endswith("voice 'hindi' has no clips at all")


def test_all_unusable_clips_are_named_with_their_reasons() -> None:
    refusal = UnusableClip(("a.wav", "the file is empty"), ("b.wav", "it is longer than 60 s"))
    assert str(refusal) == "a.wav: the file is empty; b.wav: it is longer than 60 s"
    assert refusal.problem()["unusable"] == [
        {"key": "a.wav", "reason": "the file is empty"},
        {"key": "b.wav", "reason": "it is longer than 60 s"},
    ]
