"""Where each outcome of each state leads, in both workflows: the whole map, by the definitions' own JSONata."""

import json
from typing import Any

import pytest
from jsonata.jexception import JException

from stitcher.errors import InvalidRequest, MessageTooLong, StitchError, UnusableClip
from tests.asl import Json, chosen, evaluated, following
from tests.paths import ROOT
from tests.unit.test_workflow import states

MACHINES = {
    name: json.loads((ROOT / "statemachine" / f"{name}.asl.json").read_text()) for name in ("stitch", "identify")
}
EVENT = {
    "time": "2026-11-20T06:15:00Z",
    "detail": {"bucket": {"name": "images"}, "object": {"key": "inbox/a.jpg", "version-id": "v7", "size": 9}},
}
BEGUN = "2026-11-20T06:15:02.123Z"
EXECUTION: Json = {"Id": "arn:…:one", "Name": "one", "StartTime": BEGUN, "RedriveCount": 0}
CONTEXTS: dict[str, Json] = {
    "stitch": {"Execution": EXECUTION | {"Input": {"request": {"message": "hello"}, "accept": ""}}},
    "identify": {"Execution": EXECUTION | {"Input": EVENT}, "State": {"RetryCount": 0}},
}
FAULT, ANY = Exception("Boom"), object()
SPOKEN = {"result_key": "results/a.json", "say": {"message": "hello"}}

# Of each state: an outcome and the state that follows. None ends the execution: well, or for Boom with a failure.
ROUTES: dict[str, list[tuple[str, Any, str | None]]] = {
    "stitch": [
        ("CacheLookup", ANY, "KnownMessage"),
        ("CacheLookup", FAULT, "Failed"),
        ("KnownMessage", {"outcome": "hit", "answer": {}}, "Answer"),
        ("KnownMessage", {"outcome": "rejected", "problem": {}}, "Rejected"),
        ("KnownMessage", {"outcome": "miss"}, "Stitch"),
        ("KnownMessage", {"outcome": "?"}, "Failed"),
        ("KnownMessage", {}, "Failed"),
        ("Stitch", ANY, "AllPrepared"),
        ("Stitch", FAULT, "Failed"),
        ("AllPrepared", {"outcome": "stitched", "staged": {}}, "Publish"),
        ("AllPrepared", {"outcome": "unprepared", "clips": []}, "FetchClips"),
        ("AllPrepared", {"outcome": "rejected", "problem": {}}, "Rejected"),
        ("AllPrepared", {"outcome": "?"}, "Failed"),
        ("AllPrepared", {}, "Failed"),
        ("FetchClips", ANY, "ClipsReady"),
        ("FetchClips", FAULT, "Failed"),
        ("FetchClip", ANY, None),
        ("FetchClip", FAULT, None),  # the map catches it
        ("ClipsReady", [{"outcome": "ready"}], "Stitch"),
        ("ClipsReady", [{"outcome": "ready"}, {"outcome": "ready"}], "Stitch"),
        ("ClipsReady", [{"outcome": "changed"}], "CacheLookup"),
        ("ClipsReady", [{"outcome": "ready"}, {"outcome": "changed"}], "CacheLookup"),
        ("ClipsReady", [{"outcome": "unusable", "key": "a", "reason": "b"}], "CountUnusable"),
        ("ClipsReady", [{"outcome": "changed"}, {"outcome": "unusable", "key": "a", "reason": "b"}], "CountUnusable"),
        ("CountUnusable", ANY, "Rejected"),
        ("CountUnusable", FAULT, "Rejected"),
        ("Publish", ANY, "Answer"),
        ("Publish", FAULT, "Failed"),
        ("Answer", ANY, None),
        ("Rejected", ANY, None),
        ("Failed", ANY, None),
    ],
    "identify": [
        ("IdentifyImage", ANY, "SayAloud"),
        ("IdentifyImage", FAULT, "NoteFailure"),
        ("SayAloud", SPOKEN, "Say"),
        ("SayAloud", SPOKEN | {"say": None}, "Identified"),
        ("SayAloud", {"outcome": "rejected"}, "Identified"),
        ("Say", ANY, "WasSaid"),
        ("Say", FAULT, "NoteSpeech"),
        ("WasSaid", {"status": 200, "body": {"output_file": "cache/1.mp3"}}, "KeepAudio"),
        ("WasSaid", {"status": 422, "body": {}}, "NoteSpeech"),
        ("WasSaid", {"status": 303, "body": {}}, "NoteSpeech"),
        ("WasSaid", {"status": 500, "body": {}}, "NoteSpeech"),
        ("KeepAudio", ANY, "NoteSpeech"),
        ("KeepAudio", FAULT, "NoteSpeech"),
        ("NoteSpeech", ANY, "Identified"),
        ("NoteSpeech", FAULT, None),  # the execution fails, and a redrive notes it
        ("Identified", ANY, None),
        ("NoteFailure", ANY, "WasNoted"),
        ("WasNoted", {"outcome": "duplicate"}, "Identified"),
        ("WasNoted", {"outcome": "failed"}, "DeadLetter"),
        ("NoteFailure", FAULT, "DeadLetter"),
        ("DeadLetter", ANY, "CountFailed"),
        ("DeadLetter", FAULT, None),
        ("CountFailed", ANY, "GivenUp"),
        ("CountFailed", FAULT, "GivenUp"),
    ],
}


@pytest.mark.parametrize(("machine", "route"), [(machine, route) for machine, some in ROUTES.items() for route in some])
def test_an_outcome_leads_to_its_state(machine: str, route: tuple[str, Any, str | None]) -> None:
    name, outcome, expected = route
    state = dict(states(MACHINES[machine]))[name]
    assert following(state, outcome, CONTEXTS[machine], result_key="results/a.json") == expected


def test_every_state_and_every_way_out_of_it_is_on_the_map() -> None:
    for machine, definition in MACHINES.items():
        for name, state in states(definition):
            routes = [route for route in ROUTES[machine] if route[0] == name]
            ways = {state.get("Next"), state.get("Default"), *(one["Next"] for one in state.get("Choices", []))}
            ways |= {one["Next"] for one in state.get("Catch", [])}
            if name != "GivenUp":  # it raises where it does not redrive: a test of its own
                assert routes, name
                assert ways - {None} <= {route[2] for route in routes}, name


@pytest.mark.parametrize(("redrives", "expected"), [(1, "IdentifyImage"), (2, "IdentifyImage"), (0, None)])
def test_only_a_redrive_leads_back_to_the_picture(redrives: int, expected: str | None) -> None:
    state = MACHINES["identify"]["States"]["GivenUp"]
    context = {"Execution": EXECUTION | {"RedriveCount": redrives}}
    variables: Json = {"redrives": 0, "failure": {"error": "Busy", "cause": ""}}
    if expected:
        assert following(state, {}, context, **variables) == expected
    else:
        with pytest.raises(JException, match="given up"):
            following(state, {}, context, **variables)


HANDED_ON = [
    ("KnownMessage", {"outcome": "hit", "answer": {"a": 1}}, {"a": 1}),
    ("KnownMessage", {"outcome": "rejected", "problem": {"code": "x"}}, {"code": "x"}),
    ("AllPrepared", {"outcome": "stitched", "staged": {"key": "work/1"}}, {"key": "work/1"}),
    (
        "ClipsReady",
        [
            {"outcome": "ready"},
            *({"outcome": "unusable", "problem": UnusableClip((one, "no audio")).problem()} for one in "ab"),
        ],
        UnusableClip(("a", "no audio"), ("b", "no audio")).problem(),
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), HANDED_ON)
def test_a_choice_hands_on_what_its_way_needs(name: str, given: Any, expected: Any) -> None:
    assert chosen(MACHINES["stitch"]["States"][name], given, CONTEXTS["stitch"])[1] == expected


SENT: dict[str, Json] = {
    "CacheLookup": {"request": {"message": "hello"}, "started": BEGUN, "changed": False, "request_id": "one"},
    "Stitch": {"plan": {"p": 1}, "request_id": "one"},
    "FetchClip": {"key": "a.wav", "request_id": "one"},
    "Publish": {
        "plan": {"p": 1},
        "output_key": "cache/1",
        "staged": {"key": "a.wav"},
        "started": BEGUN,
        "request_id": "one",
    },
}


@pytest.mark.parametrize("name", SENT)
def test_a_step_gets_what_it_works_on_and_when_the_message_was_asked_for(name: str) -> None:
    """`started` is the execution's start and not the state's: the time of a message is measured from it."""
    state = dict(states(MACHINES["stitch"]))[name]
    given = {"input": {"key": "a.wav"}, "context": CONTEXTS["stitch"]}
    found = evaluated(state["Arguments"]["Payload"], given, found={"plan": {"p": 1}, "output_key": "cache/1"})
    assert found == SENT[name]


# Of each task: the errors of each retry and how often, after how long, how much longer each time, how long at most.
TWICE, THRICE = (2, 1, 2.0, 4), (3, 1, 2.0, 8)
RETRIES: dict[str, dict[str, list[tuple[int, int, float, int]]]] = {
    "stitch": {
        **{name: [TWICE] for name in ("CacheLookup", "Stitch", "FetchClip", "Publish")},
        "CountUnusable": [],
    },
    "identify": {
        "IdentifyImage": [(500, 5, 2.0, 300), (10, 4, 2.0, 120), (40, 5, 1.5, 30), (2, 5, 2.0, 60), (6, 2, 2.0, 60)],
        **{name: [THRICE] for name in ("Say", "KeepAudio", "NoteSpeech")},
        "NoteFailure": [(6, 2, 2.0, 60)],
        "DeadLetter": [(5, 1, 2.0, 30)],
        "CountFailed": [],
    },
}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_task_is_tried_as_often_as_is_meant(machine: str) -> None:
    fields = ("MaxAttempts", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds")
    found = {
        name: [tuple(retry[field] for field in fields) for retry in state.get("Retry", [])]
        for name, state in states(MACHINES[machine])
        if state["Type"] == "Task"
    }
    assert found == RETRIES[machine]


TIMES = {
    "stitch": {"CacheLookup": 10, "Stitch": 20, "FetchClip": 20, "CountUnusable": 2, "Publish": 10},
    "identify": {
        "IdentifyImage": 260,
        "Say": 40,
        "KeepAudio": 20,
        "NoteSpeech": 20,
        "NoteFailure": 260,
        "DeadLetter": 20,
        "CountFailed": 5,
    },
}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_task_has_its_time(machine: str) -> None:
    tasks = {name: state for name, state in states(MACHINES[machine]) if state["Type"] == "Task"}
    assert {name: state["TimeoutSeconds"] for name, state in tasks.items()} == TIMES[machine]
    assert {name: MACHINES[name]["TimeoutSeconds"] for name in MACHINES} == {"stitch": 28, "identify": 604_800}


@pytest.mark.parametrize("refusal", [InvalidRequest("no"), MessageTooLong("no"), UnusableClip(("a", "b"))])
def test_a_refusal_is_answered_with_the_status_of_its_kind(refusal: StitchError) -> None:
    given = {"input": refusal.problem(), "context": CONTEXTS["stitch"]}
    answer = evaluated(MACHINES["stitch"]["States"]["Rejected"]["Output"], given)
    assert (answer["status"], json.loads(answer["body"])) == (refusal.status, refusal.problem())


def test_an_answer_is_its_body_as_text_and_where_the_audio_is() -> None:
    given = {"input": {"success": True, "public_url": "https://s3/x"}, "context": CONTEXTS["stitch"]}
    answer = evaluated(MACHINES["stitch"]["States"]["Answer"]["Output"], given)
    assert answer == {"status": 200, "location": "https://s3/x", "body": '{"success":true,"public_url":"https://s3/x"}'}


@pytest.mark.parametrize(
    ("machine", "name", "metric", "dimensions"),
    [
        ("stitch", "CountUnusable", "MessageRejected", {"service": "workflow", "reason": "unusable_clips"}),
        ("identify", "CountFailed", "ImageFailed", {"service": "workflow"}),
    ],
)
def test_a_workflow_counts_what_no_function_sees(machine: str, name: str, metric: str, dimensions: Json) -> None:
    arguments = MACHINES[machine]["States"][name]["Arguments"]
    assert arguments["Namespace"] == "${MetricsNamespace}"
    (datum,) = arguments["MetricData"]
    assert (datum["MetricName"], datum["Value"], datum["Unit"]) == (metric, 1, "Count")
    assert {one["Name"]: one["Value"] for one in datum["Dimensions"]} == dimensions
