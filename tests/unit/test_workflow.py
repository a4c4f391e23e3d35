"""Laws of the workflow's definition."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonata.jsonata import Jsonata
from statelint.linter import Linter

from stitcher.errors import MissingWords, StitchError, UnusableClip
from tests.asl import evaluated
from tests.paths import ROOT

DEFINITION = json.loads((ROOT / "statemachine" / "stitch.asl.json").read_text())
TRANSIENT = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "StorageFault",  # stitcher.storage's, for S3
}


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state, those inside of maps too."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


COUNTING = "CountUnusable"
"""Tells the metrics only; nothing waits for its result."""


def tasks() -> list[tuple[str, dict[str, Any]]]:
    """Those that call functions."""
    return [(name, state) for name, state in states(DEFINITION) if state["Type"] == "Task" and name != COUNTING]


@pytest.mark.parametrize(("name", "state"), list(states(DEFINITION)))
def test_every_state_says_what_it_is_for(name: str, state: dict[str, Any]) -> None:
    assert len(state["Comment"]) > 10


@pytest.mark.parametrize(("name", "state"), tasks())
def test_a_task_is_retried_on_transient_faults_only_with_full_jitter(name: str, state: dict[str, Any]) -> None:
    (retry,) = state["Retry"]
    assert set(retry["ErrorEquals"]) == TRANSIENT
    assert retry["JitterStrategy"] == "FULL"
    assert retry["MaxDelaySeconds"] <= 4


@pytest.mark.parametrize(("name", "state"), tasks())
def test_a_task_ends_before_the_workflow_does_and_the_workflow_before_the_api(name: str, state: dict[str, Any]) -> None:
    assert state["TimeoutSeconds"] < DEFINITION["TimeoutSeconds"] < 29


def test_every_fault_is_caught() -> None:
    for name, state in DEFINITION["States"].items():
        if state["Type"] in ("Task", "Map") and name != COUNTING:
            assert state["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}], name


def test_a_refusal_is_answered_whether_or_not_it_could_be_counted() -> None:
    state = DEFINITION["States"][COUNTING]
    (caught,) = state["Catch"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert state["Next"] == caught["Next"] == "Rejected"
    assert state["Output"] == caught["Output"] == "{% $states.input %}"
    assert state["TimeoutSeconds"] <= 2


@pytest.mark.parametrize(("name", "state"), tasks())
def test_every_function_is_told_whose_request_it_works_for(name: str, state: dict[str, Any]) -> None:
    payload = state["Arguments"]["Payload"]
    (told,) = [text for text in expressions(payload) if "$states.context.Execution.Name" in text]
    assert told == "$states.context.Execution.Name" or "'request_id': $states.context.Execution.Name" in told
    if isinstance(payload, dict):
        assert payload["request_id"] == "{% $states.context.Execution.Name %}"


def test_a_refusal_is_passed_on_as_its_step_wrote_it() -> None:
    problem = MissingWords(["गेहूं"], "hindi", {"किसान"}).problem()
    made = evaluated(DEFINITION["States"]["Rejected"]["Output"], {"input": problem})
    assert (made["status"], json.loads(made["body"])) == (422, problem)


@pytest.mark.parametrize("count", [1, 2])
def test_unusable_clips_are_refused_together_as_one_step_would(count: int) -> None:
    bad = [(f"{number}.wav", f"reason {number}") for number in range(count)]
    outcomes = [{"outcome": "ready"}, *({"outcome": "unusable", "problem": UnusableClip(one).problem()} for one in bad)]
    choice = DEFINITION["States"]["ClipsReady"]["Choices"][0]
    assert evaluated(choice["Condition"], {"input": outcomes}) is True
    assert evaluated(choice["Output"], {"input": outcomes}) == UnusableClip(*bad).problem()


def test_the_workflow_knows_no_status_of_a_refusal() -> None:
    text = json.dumps(DEFINITION)
    for kind in StitchError.__subclasses__():
        assert str(kind.status) not in text
        assert kind.title not in text


BROKEN = [
    {"StartAt": "Nowhere"},
    {"States": DEFINITION["States"] | {"Publish": DEFINITION["States"]["Publish"] | {"Next": "Nowhere"}}},
    {"States": DEFINITION["States"] | {"Unreached": {"Type": "Succeed", "Comment": "Nobody comes here."}}},
]


@pytest.mark.parametrize("change", BROKEN, ids=["start", "next", "unreached"])
def test_the_linter_that_make_lint_runs_sees_a_broken_definition(change: dict[str, Any]) -> None:
    assert Linter.validate(DEFINITION) == []
    assert Linter.validate(DEFINITION | change) != []


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression inside of a state."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from expressions(item)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value.removeprefix("{%").removesuffix("%}").strip()


@pytest.mark.parametrize("expression", sorted(set(expressions(DEFINITION))))
def test_every_expression_is_jsonata(expression: str) -> None:
    assert Jsonata(expression).errors is None


@pytest.mark.parametrize(
    ("accept", "status"),
    [("", 200), ("*/*", 200), ("application/json", 200), ("audio/mpeg", 303), ("audio/*, */*;q=0.1", 303)],
)
def test_only_who_asks_for_audio_is_redirected(accept: str, status: int) -> None:
    expression = next(expressions(DEFINITION["States"]["Answer"]["Output"]["status"]))
    bindings = Jsonata("1").create_frame()
    bindings.bind("states", {"context": {"Execution": {"Input": {"accept": accept}}}})
    assert Jsonata(expression).evaluate(None, bindings) == status
