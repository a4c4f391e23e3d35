"""Laws of the workflow `campaign`."""

import json
from typing import Any

import pytest

from tests.asl import evaluated
from tests.paths import ROOT
from tests.template import TEMPLATE

DEFINITION = json.loads((ROOT / "statemachine" / "campaign.asl.json").read_text())
STATES = DEFINITION["States"]
CHILD = STATES["Say"]["ItemProcessor"]["States"]["SayChunk"]
FUNCTIONS = {"Split": STATES["Split"], "Say": CHILD, "Join": STATES["Join"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_step_is_waited_for_as_long_as_its_function_may_run(name: str) -> None:
    assert FUNCTIONS[name]["TimeoutSeconds"] == TEMPLATE["Resources"][f"{name}Function"]["Properties"]["Timeout"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_step_is_tried_again_with_full_jitter(name: str) -> None:
    retries = FUNCTIONS[name]["Retry"]
    assert {retry["JitterStrategy"] for retry in retries} == {"FULL"}
    again = {error for retry in retries for error in retry["ErrorEquals"]}
    assert {"StorageFault", "Lambda.TooManyRequestsException", "Lambda.ServiceException"} <= again


def test_a_worker_that_was_ended_is_tried_again_within_its_childs_five_minutes() -> None:
    (told,) = (retry for retry in CHILD["Retry"] if "Lambda.Unknown" in retry["ErrorEquals"])
    assert told["MaxAttempts"] >= 1
    assert 2 * CHILD["TimeoutSeconds"] < 300


def test_every_state_says_what_it_is_for() -> None:
    for name, state in {**STATES, "SayChunk": CHILD}.items():
        assert len(state["Comment"]) > 10, name


def test_children_and_the_map_give_nothing_back() -> None:
    assert CHILD["Output"] == STATES["Say"]["Output"] == "{% {} %}"
    assert evaluated(CHILD["Output"], {"result": {"Payload": {"made": 300}}}) == {}


def test_children_are_given_keys_and_counts_and_no_texts() -> None:
    assert STATES["Say"]["ItemSelector"].keys() == {"campaign", "run", "audio", "chunk", "request_id"}


def chosen(name: str, states: dict[str, Any], **variables: Any) -> str:
    for choice in STATES[name]["Choices"]:
        if evaluated(choice["Condition"], states, **variables):
            return str(choice["Next"])
    return str(STATES[name]["Default"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"outcome": "refused"}, "Tell"),
        ({"outcome": "nothing"}, "Finished"),
        ({"outcome": "split", "chunks": 3, "chunks_key": "k"}, "Say"),
        ({"outcome": "split", "chunks": 0}, "Join"),
    ],
)
def test_a_table_is_said_where_there_is_something_to_say(given: dict[str, Any], expected: str) -> None:
    assert chosen("AnythingToSay", {"input": given}) == expected


@pytest.mark.parametrize(
    ("later", "state", "refused", "expected"),
    [
        (True, "finished", 0, "Say"),
        (True, "finished", 1, "Tell"),
        (True, "failed", 0, "Tell"),
        (False, "finished", 0, "Tell"),
    ],
)
def test_what_was_checked_first_is_said_where_no_row_is_refused(
    later: bool, state: str, refused: int, expected: str
) -> None:
    given = {"input": {"state": state, "refused": refused}}
    assert chosen("CheckedFirst", given, audio_later=later) == expected


def test_failed_chunks_fail_the_execution_until_it_is_redriven() -> None:
    (choice,) = STATES["ChunksFailed"]["Choices"]
    assert "Default" not in STATES["ChunksFailed"]

    def condition(redrives: int, before: int) -> Any:
        context = {"Execution": {"RedriveCount": redrives}}
        return evaluated(choice["Condition"], {"input": {"failed_chunks": 2}, "context": context}, redrives=before)

    assert condition(1, 0) is True
    for redrives in (0, 1):
        with pytest.raises(Exception, match="2 chunks failed; redrive this execution"):
            condition(redrives, redrives)
    made = evaluated(choice["Output"], {}, campaign="c", run="r")
    assert made == {"chunks_key": "campaigns/c/runs/r/chunks.json"}


def test_the_event_of_the_end_names_no_person_and_no_text() -> None:
    (entry,) = STATES["Tell"]["Arguments"]["Entries"]
    assert (entry["Source"], entry["DetailType"]) == ("audio-stitcher", "campaign finished")
    assert entry["Detail"].keys() == {"campaign", "run", "audio", "bucket", "prefix", "result"}


def test_live_calls_keep_concurrency() -> None:
    assert STATES["Say"]["MaxConcurrency"] == "{% ${CampaignAtOnce} %}"
    share = TEMPLATE["Parameters"]["CampaignAtOnce"]
    assert share["Default"] <= 100, "a tenth of the default quota of an account"
    reserved = TEMPLATE["Resources"]["SayFunction"]["Properties"]["ReservedConcurrentExecutions"]["Fn::If"]
    assert reserved[:2] == ["Reserved", {"Ref": "CampaignAtOnce"}]
