"""What the steps tell those who operate them: metrics, and logs that belong to one request."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from functions.cache_lookup import app as cache_lookup
from functions.fetch_clips import app as fetch_clips
from functions.plan import app as plan
from functions.publish import app as publish
from functions.stitch import app as stitch
from functions.voices import app as voices

from handlers.telemetry import logger
from tests.integration.steps import CONTEXT, INPUT, Buckets, asked, counted, event, looked_up, say_it


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """The lines that the steps have logged so far."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_message_that_is_made_is_counted_with_its_length_and_time(
    buckets: Buckets, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = say_it("hello shreeshail")
    found = counted(capsys)
    assert found["MessageMade"][0] == found["MessageSpliced"][0] == found["ClipReady"][0] == 1
    assert found["ClipsUnprepared"][0] == 2
    assert found["AudioSeconds"][0] == pytest.approx(answer["duration_ms"] / 1000)
    assert 0 < found["MadeTime"][0] < 60_000
    assert found.keys().isdisjoint({"MessageHit", "MessageRejected", "HitTime"})


def test_a_message_from_the_cache_is_counted_with_its_time(
    buckets: Buckets, capsys: pytest.CaptureFixture[str]
) -> None:
    say_it("hello shreeshail")
    counted(capsys)
    say_it("hello shreeshail")
    found = counted(capsys)
    assert found.keys() == {"MessageHit", "HitTime"}
    assert 0 < found["HitTime"][0] < 60_000


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"message": "hello elephant"}, "missing_words"),
        ({"message": "hello" * 500}, "message_too_long"),
        ({"message": 1}, "invalid_request"),
    ],
)
def test_a_refused_message_is_counted_by_its_reason(
    buckets: Buckets, capsys: pytest.CaptureFixture[str], request_: dict[str, Any], reason: str
) -> None:
    assert cache_lookup.lambda_handler(asked(**request_), CONTEXT)["outcome"] == "rejected"
    count, dimensions = counted(capsys)["MessageRejected"]
    assert (count, dimensions["reason"]) == (1, reason)
    assert dimensions.keys() == {"service", "reason"}


def test_the_reason_of_one_refusal_is_not_a_dimension_of_the_next_message(
    buckets: Buckets, capsys: pytest.CaptureFixture[str]
) -> None:
    say_it("hello shreeshail")
    looked_up("hello elephant")
    counted(capsys)
    say_it("hello shreeshail")
    assert counted(capsys)["MessageHit"][1].keys() == {"service"}


def test_clips_are_counted_as_prepared_or_refused(buckets: Buckets, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_clips.lambda_handler(event("fetch_clips"), CONTEXT)
    assert counted(capsys)["ClipReady"][0] == 1
    etag = buckets.put(INPUT, "noise.wav", b"no audio")
    bad = {"key": "noise.wav", "etag": etag, "size": 8, "phrase": "noise"}
    fetch_clips.lambda_handler(bad, CONTEXT)
    assert counted(capsys)["ClipUnusable"][0] == 1


def test_every_line_of_a_request_bears_its_id(buckets: Buckets, log: Callable[[], list[dict[str, Any]]]) -> None:
    found = looked_up("hello shreeshail")
    ours = {"request_id": "the-request"}
    clips = stitch.lambda_handler({"plan": found["plan"]} | ours, CONTEXT)["clips"]
    for clip in clips:
        fetch_clips.lambda_handler(clip | ours, CONTEXT)
    staged = stitch.lambda_handler({"plan": found["plan"]} | ours, CONTEXT)["staged"]
    publish.lambda_handler(
        asked() | {"plan": found["plan"], "output_key": found["output_key"], "staged": staged}, CONTEXT
    )
    lines = log()
    assert len(lines) == 5
    assert {line["correlation_id"] for line in lines} == {"the-request"}


@pytest.mark.parametrize("step", [plan, voices])
def test_api_gateways_own_id_is_in_the_log_and_in_the_answer(
    buckets: Buckets, log: Callable[[], list[dict[str, Any]]], step: Any
) -> None:
    asked_for = event(step.__name__.split(".")[1])
    answer = step.lambda_handler(asked_for, CONTEXT)
    assert asked_for["requestContext"]["extendedRequestId"] == "JTHd9H2HIAMEPfw="
    assert answer["headers"]["X-Request-Id"] == "JTHd9H2HIAMEPfw", "without what a name of an execution cannot have"
    assert {line["correlation_id"] for line in log()} == {"JTHd9H2HIAMEPfw"}


@pytest.mark.parametrize("step", [plan, voices])
def test_an_id_that_a_caller_chose_is_not_the_requests(
    buckets: Buckets, log: Callable[[], list[dict[str, Any]]], step: Any
) -> None:
    asked_for = event(step.__name__.split(".")[1])
    asked_for["requestContext"]["requestId"] = chosen = "00000000-1111-2222-3333-444444444444"
    answer = step.lambda_handler(asked_for, CONTEXT)
    assert chosen not in json.dumps([answer, *log()])


@pytest.mark.parametrize(("setting", "words"), [(True, ["elephant"]), (False, None)])
def test_words_without_a_clip_are_logged_only_where_the_environment_says_so(
    buckets: Buckets,
    log: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    setting: bool,
    words: list[str] | None,
) -> None:
    monkeypatch.setattr(cache_lookup, "settings", replace(cache_lookup.settings, log_words=setting))
    looked_up("hello elephant")
    (line,) = log()
    assert line.get("words") == words
    assert (line["problem"], line["missing"]) == ("missing_words", 1)
