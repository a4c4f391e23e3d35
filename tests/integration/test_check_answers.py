"""CheckAnswers: the canary goes the way of all pictures and leaves no trace there; accuracy is what people said."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from functions.check_answers import app
from functions.identify_image import app as identify_image

from handlers.telemetry import logger
from identifier.accuracy import Correction, is_drawn
from identifier.canary import Canary, Known
from identifier.keys import CORRECTIONS, document_key
from identifier.picture_id import new_id, parts
from identifier.publishing import publish
from identifier.reviewing import to_review
from identifier.share import Share
from tests.integration.steps import CONTEXT, counted, event
from tests.integration.test_pictures_api import POINTERS, Service, made, service  # noqa: F401 - fixtures
from tests.known import KNOWN, KnowingEyes
from tests.paths import ROOT

PROMPT_CHANGED = event("check_answers")
SERVICE = {"service": "test"}


@pytest.fixture
def here(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:  # noqa: F811 - the fixture
    """The service, whose workflow begins as soon as a known picture is put; nothing waits."""
    put = Canary._put

    def put_and_identify(self: Canary, prompt_id: str, known: Known) -> tuple[str, str]:
        key, version = put(self, prompt_id, known)
        service.identify(key, version, len(known.data))
        return key, version

    monkeypatch.setattr(Canary, "_put", put_and_identify)
    monkeypatch.setattr(app, "s3", lambda: service.s3)
    monkeypatch.setattr(app, "settings", replace(app.settings, canary=True))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    service.model.eyes = KnowingEyes("animal")  # type: ignore[assignment] # it looks as they do
    yield service
    service.model.eyes = None


def check(given: dict[str, Any]) -> dict[str, float]:
    right: dict[str, float] = app.lambda_handler(given, CONTEXT)["right"]
    return right


@pytest.mark.parametrize("prompt", KNOWN)
def test_no_two_known_pictures_of_a_prompt_have_the_same_answer(prompt: str) -> None:
    answers = [json.dumps(one.right, sort_keys=True) for one in KNOWN[prompt]]
    assert len(answers) == len(set(answers)) == 3


def test_right_answers_are_counted_and_leave_no_trace_among_those_of_users(
    here: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert check({}) == {"animal": 100.0}, "form is not published here"
    metrics = {name for line in capsys.readouterr().out.splitlines() for name in json.loads(line)}
    assert "CanaryWrong" in metrics
    assert "CostUsd" not in metrics, "eyes have no price"
    assert "InputTokens" in metrics, "what is paid is counted"
    assert not {name for name in metrics if name.startswith(("Image", "Answer", "TopAnswer"))}
    assert len(here.model.calls) == 3
    assert here.sent == [], "no event"
    assert here.page()[1]["pictures"] == [], "no record"
    assert list(to_review(here.s3, "results", "animal")) == []
    assert here.ended == {"outcome": "canary", "result_key": here.ended["result_key"], "say": None}
    assert here.ended["result_key"].startswith("results/%~/canary/")


def test_one_answer_to_everything_is_found(here: Service, capsys: pytest.CaptureFixture[str]) -> None:
    here.model.eyes = KnowingEyes("animal", always={"animal": "cat", "count": 1})  # type: ignore[assignment]
    assert check({}) == {"animal": pytest.approx(100 / 3)}
    here.model.fail("content_filtered", times=3)
    assert check({}) == {"animal": 0.0}


def test_what_is_wrong_is_logged(here: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    here.model.eyes = KnowingEyes("animal", always={"animal": "duck", "count": 858})  # type: ignore[assignment]
    told: list[Any] = []
    monkeypatch.setattr(logger, "warning", lambda *_, **fields: told.append(fields))
    check({})
    (line,) = told
    assert (line["prompt"], line["right"], line["of"]) == ("animal", 0, 3)
    assert 'two-cats.jpg: {"animal": "duck", "count": 858} and not {"animal": "cat", "count": 2}' in line["wrong"]


def test_a_changed_prompt_is_checked_after_workers_have_read_it_and_no_other(
    here: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    assert check(PROMPT_CHANGED) == {"animal": 100.0}
    assert app.settings.prompt_seconds + app.MARGIN_S in waited
    other = PROMPT_CHANGED | {"detail": PROMPT_CHANGED["detail"] | {"name": f"{POINTERS}crop-disease"}}
    assert check(other) == {}, "nobody knows pictures of it"


def test_a_version_on_trial_is_the_one_that_is_checked(here: Service) -> None:
    identify_image.identifier.cache_clear()
    before = boto3.client("ssm").get_parameter(Name=f"{POINTERS}animal")["Parameter"]["Value"]
    trial = (ROOT / "prompts" / "animal" / "2.json").read_bytes()
    publish(here.s3, boto3.client("ssm"), "prompts", POINTERS, trial, percent=1)
    try:
        check(PROMPT_CHANGED)
        assert here.read(here.ended["result_key"])["prompt"]["version"] == 2
    finally:
        boto3.client("ssm").put_parameter(Name=f"{POINTERS}animal", Value=before, Type="String", Overwrite=True)
        here.s3.delete_object(Bucket="prompts", Key=document_key("animal", 2))
        identify_image.identifier.cache_clear()


def test_a_picture_without_a_result_is_wrong(service: Service) -> None:  # noqa: F811 - the fixture
    moments = iter([0.0, 0.0, 5.0, 11.0, 11.0, 11.0])
    canary = Canary(service.s3, "images", "results", 10.0, lambda _: None, lambda: next(moments))
    found = canary.check("animal", KNOWN["animal"])
    assert found
    assert (found.right, found.of) == (0, 3)
    assert all("there is no result" in sentence for sentence in found.wrong)


def test_without_a_canary_only_accuracy_is_counted(here: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "settings", replace(app.settings, canary=False))
    assert check({}) == {}
    assert here.model.calls == []


def ids(drawn: bool, count: int) -> list[str]:
    """Ids of pictures that chance draws, or does not."""
    now = datetime.now(UTC)
    found: list[str] = []
    while len(found) < count:
        if is_drawn(one := new_id("animal", now)) == drawn:
            found.append(one)
    return found


def said(service: Service, picture_id: str, right: str) -> None:  # noqa: F811
    one = Correction(
        id=picture_id, right={"animal": right}, given={"animal": "cattle"}, prompt_version=1, at=datetime.now(UTC)
    )
    key = f"{CORRECTIONS}animal/{parts(picture_id)[1]}.json"
    service.s3.put_object(Bucket="results", Key=key, Body=one.model_dump_json().encode())


def test_accuracy_counts_what_was_drawn_by_chance_with_its_interval(
    here: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "settings", replace(app.settings, canary=False))
    capsys.readouterr()
    check({})
    assert capsys.readouterr().out == "", "nobody said anything: unknown, and not 0 or 100 %"
    for number, one in enumerate(ids(drawn=True, count=10)):
        said(here, one, "goat" if number == 0 else "Cattle")
    for one in ids(drawn=False, count=5):
        said(here, one, "goat")  # they were in doubt, so they say nothing about all the others
    check({})
    found = counted(capsys)
    assert found["AnswersReviewed"] == (10, SERVICE)
    assert found["RightPercent"] == (90, SERVICE)
    least, most = Share(9, 10).interval
    assert (found["RightAtLeast"], found["WrongAtLeast"]) == ((100 * least, SERVICE), (100 * (1 - most), SERVICE))
    monkeypatch.setattr(app, "datetime", Later)
    check({})
    assert capsys.readouterr().out == "", "what was said a week ago is over"


class Later(datetime):
    """Eight days from now."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + timedelta(days=8)


def test_about_one_answer_in_ten_is_drawn() -> None:
    drawn = sum(is_drawn(f"animal-{number:026}") for number in range(5_000))
    assert 450 < drawn < 550
