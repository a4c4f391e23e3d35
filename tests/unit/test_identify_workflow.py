"""Laws of the definition of the workflow for pictures."""

import json
from typing import Any

import pytest
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from statelint.linter import Linter

from identifier import errors
from tests.asl import evaluated
from tests.paths import ROOT
from tests.unit.test_identify_template import FUNCTION
from tests.unit.test_workflow import expressions

DEFINITION = json.loads((ROOT / "statemachine" / "identify.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = [(name, state) for name, state in STATES.items() if state["Type"] == "Task"]
LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
}
DIED = {"Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError", "States.Timeout"}
"""A function that ran out of memory or time."""
PASSING = (
    *(errors.Busy, errors.Throttled, errors.Held, errors.StorageFault, errors.EventFault),
    errors.PromptUnavailable,
)
EVENT = {
    "time": "2026-11-20T06:15:00Z",
    "detail": {
        "bucket": {"name": "images"},
        "object": {"key": "inbox/animal/गाय 1+1%20.jpg", "version-id": "v7", "size": 9},
    },
}


def context(retries: int = 0, redrives: int | None = None) -> dict[str, Any]:
    execution: dict[str, Any] = {"Input": EVENT, "Id": "arn:…:identify:one", "Name": "one"}
    if redrives is not None:
        execution["RedriveCount"] = redrives
    return {"context": {"Execution": execution, "State": {"RetryCount": retries}}}


def test_the_definition_is_sound() -> None:
    assert Linter.validate(DEFINITION) == []


@pytest.mark.parametrize(("name", "state"), list(STATES.items()))
def test_every_state_says_what_it_is_for(name: str, state: dict[str, Any]) -> None:
    assert len(state["Comment"]) > 10


@pytest.mark.parametrize("expression", sorted(set(expressions(DEFINITION))))
def test_every_expression_is_jsonata(expression: str) -> None:
    assert Jsonata(expression).errors is None


@pytest.mark.parametrize(("name", "state"), TASKS)
def test_a_task_has_a_timeout_and_its_retries_full_jitter_and_a_ceiling(name: str, state: dict[str, Any]) -> None:
    assert state["TimeoutSeconds"] <= 260
    for retry in state.get("Retry", []):
        assert retry["JitterStrategy"] == "FULL"
        waits_its_turn = "Throttled" in retry["ErrorEquals"]
        assert retry["MaxDelaySeconds"] <= (300 if waits_its_turn else 120)
        assert retry["MaxAttempts"] <= (500 if waits_its_turn else 40)


def test_pictures_beyond_the_quota_wait_for_most_of_a_day_within_the_history_of_an_execution() -> None:
    """An execution has at most 25,000 events (Step Functions guide, "Service quotas"); a try has four at most."""
    (retry,) = (retry for retry in STATES["IdentifyImage"]["Retry"] if "Throttled" in retry["ErrorEquals"])
    assert retry["MaxAttempts"] * retry["MaxDelaySeconds"] / 2 > 20 * 3600, "full jitter waits half of it on average"
    assert 4 * retry["MaxAttempts"] < 25_000


def test_only_what_may_pass_is_tried_again() -> None:
    retried = {error for retry in STATES["IdentifyImage"]["Retry"] for error in retry["ErrorEquals"]}
    passing = {kind.__name__ for kind in PASSING}
    assert retried == LAMBDA | DIED | passing
    (died,) = (retry for retry in STATES["IdentifyImage"]["Retry"] if set(retry["ErrorEquals"]) == DIED)
    assert died["MaxAttempts"] == 2


def longest(state: dict[str, Any]) -> int:
    """Seconds that a task may take with all of its retries, each at its longest wait."""
    retries = state.get("Retry", [])
    tries = 1 + sum(retry["MaxAttempts"] for retry in retries)
    waits = sum(retry["MaxAttempts"] * retry["MaxDelaySeconds"] for retry in retries)
    return int(tries * state["TimeoutSeconds"] + waits)


def test_the_workflow_gives_up_by_itself_before_its_time_is_over() -> None:
    assert sum(longest(state) for _, state in TASKS) < DEFINITION["TimeoutSeconds"]


def test_waiting_for_another_execution_lasts_longer_than_its_claim() -> None:
    (retry,) = (retry for retry in STATES["IdentifyImage"]["Retry"] if retry["ErrorEquals"] == ["Held"])
    delays = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"])
        for attempt in range(retry["MaxAttempts"])
    ]
    lease = int(FUNCTION["Environment"]["Variables"]["LEASE_SECONDS"])
    # Full jitter waits anything up to the delay: half of it on average. Three deviations below is still enough.
    deviation = sum(delay**2 / 12 for delay in delays) ** 0.5
    assert sum(delays) / 2 - 3 * deviation > lease


def test_a_picture_is_named_as_its_event_names_it() -> None:
    payload = evaluated(STATES["IdentifyImage"]["Arguments"]["Payload"], context(retries=2))
    assert payload == {
        "bucket": "images",
        "key": "inbox/animal/गाय 1+1%20.jpg",
        "version_id": "v7",
        "size": 9,
        "put_at": "2026-11-20T06:15:00Z",
        "attempt": 3,
        "execution": "arn:…:identify:one",
        "request_id": "one",
    }
    noted = evaluated(STATES["NoteFailure"]["Arguments"]["Payload"], context(), failure={"error": "Busy", "cause": ""})
    assert noted == payload | {"attempt": 1, "failure": {"error": "Busy", "cause": ""}}


def test_nothing_ends_in_a_fail_state_because_a_redrive_would_fail_there_again() -> None:
    assert not [name for name, state in STATES.items() if state["Type"] == "Fail"]
    (catch,) = STATES["IdentifyImage"]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "NoteFailure")
    assert STATES["NoteFailure"]["Next"] == "WasNoted"
    assert STATES["NoteFailure"]["Catch"][0]["Next"] == STATES["WasNoted"]["Default"] == "DeadLetter"
    assert STATES["DeadLetter"]["Next"] == "CountFailed"
    assert STATES["CountFailed"]["Next"] == STATES["CountFailed"]["Catch"][0]["Next"] == "GivenUp"
    (choice,) = STATES["GivenUp"]["Choices"]
    assert choice["Next"] == "IdentifyImage"
    assert "Default" not in STATES["GivenUp"]


@pytest.mark.parametrize("redrives", [None, 0, 1])
def test_an_execution_fails_after_the_last_try_and_says_so(redrives: int | None) -> None:
    condition = STATES["GivenUp"]["Choices"][0]["Condition"]
    with pytest.raises(JException, match="given up after the last try: Busy"):
        evaluated(condition, context(redrives=redrives), redrives=redrives or 0, failure={"error": "Busy"})


def test_a_redrive_tries_again() -> None:
    failure = {"Error": "Busy", "Cause": "…"}
    assigned = evaluated(STATES["IdentifyImage"]["Catch"][0]["Assign"], context(redrives=1) | {"errorOutput": failure})
    assert assigned == {"failure": {"error": "Busy", "cause": "…"}, "redrives": 1}
    assert evaluated(STATES["GivenUp"]["Choices"][0]["Condition"], context(redrives=2), **assigned) is True


@pytest.mark.parametrize(("outcome", "ends"), [("duplicate", True), ("canary", True), ("failed", False)])
def test_what_fails_is_put_aside_unless_another_execution_or_the_canary_answers_for_it(
    outcome: str, ends: bool
) -> None:
    assert evaluated(STATES["WasNoted"]["Choices"][0]["Condition"], {"input": {"outcome": outcome}}) is ends
    assert STATES["WasNoted"]["Choices"][0]["Next"] == "Identified"


def test_what_is_put_aside_names_the_execution_and_holds_the_event() -> None:
    message = evaluated(
        STATES["DeadLetter"]["Arguments"]["MessageBody"], context(), failure={"error": "Busy", "cause": "…"}
    )
    assert message == {"execution": "arn:…:identify:one", "error": "Busy", "cause": "…", "event": EVENT}


@pytest.mark.parametrize(("say", "said"), [({"message": "hello"}, True), (None, False)])
def test_only_what_is_to_be_said_is_said(say: dict[str, str] | None, said: bool) -> None:
    states = json.loads(json.dumps({"input": {"say": say, "result_key": "r.json"}}))
    assert evaluated(STATES["SayAloud"]["Choices"][0]["Condition"], states) is said


def after_saying(result: dict[str, Any]) -> dict[str, Any]:
    output: dict[str, Any] = evaluated(STATES["Say"]["Output"], {"result": result})
    return output


def test_audio_is_kept_beside_the_result_in_its_own_format() -> None:
    body = {"output_file": "cache/12ab.opus", "duration_ms": 900, "audio_files": ["hello.wav"]}
    answer = json.dumps({"status": 200, "body": json.dumps(body)})
    said = after_saying({"Status": "SUCCEEDED", "Output": answer})
    assert said == {"status": 200, "body": body}
    chosen = STATES["WasSaid"]["Choices"][0]
    assert evaluated(chosen["Condition"], {"input": said}) is True
    assigned = evaluated(chosen["Assign"], {"input": said}, result_key="results/a.json/b.json.png/v.json")
    assert assigned == {"audio": "results/a.json/b.json.png/v.opus"}
    noted = evaluated(STATES["KeepAudio"]["Output"], {"input": said}, **assigned)
    assert noted == {"outcome": "spoken", "duration_ms": 900, "clips": ["hello.wav"]} | assigned


@pytest.mark.parametrize(
    ("result", "outcome", "title"),
    [
        (
            {"Status": "SUCCEEDED", "Output": '{"status": 422, "body": "{\\"title\\": \\"no clip\\"}"}'},
            "refused",
            "no clip",
        ),
        ({"Status": "TIMED_OUT"}, "failed", "the stitch workflow ended as TIMED_OUT"),
    ],
)
def test_what_cannot_be_said_is_noted_with_the_reason(result: dict[str, Any], outcome: str, title: str) -> None:
    states = {"input": after_saying(result)}
    said, unsaid = STATES["WasSaid"]["Choices"]
    assert evaluated(said["Condition"], states) is False
    assert evaluated(unsaid["Condition"], states) is True
    assert evaluated(unsaid["Output"], states) == {"outcome": outcome, "problem": {"title": title}}
    assert unsaid["Next"] == "NoteSpeech"
