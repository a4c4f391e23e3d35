"""The stand-in for a model: repeatable answers that keep to the schema, and every fault on demand."""

import base64
from http.client import HTTPConnection
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tools.local.model import FAULTS, LABEL, MESSAGES, OTHERS, STOPS, StandIn, made_up, serving
from tools.local.sight.answers import nothing_known

from identifier.prompt import read_prompt
from tests.examples import of_usual
from tests.paths import ROOT
from tests.waiting import LONGEST_S

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "count"],
    "additionalProperties": False,
    "properties": {"name": {"type": "string"}, "count": {"type": "integer", "minimum": 0, "maximum": 10**9}},
}


def question(picture: bytes = b"picture", text: str = "What is it?", kind: str = "image") -> dict[str, Any]:
    block = {kind: {"format": "jpeg", "source": {"bytes": base64.b64encode(picture).decode()}}}
    return {
        "system": [{"text": text}],
        "messages": [{"role": "user", "content": [block, {"text": "Look."}]}],
        "toolConfig": {"tools": [{"toolSpec": {"name": "record_answer", "inputSchema": {"json": SCHEMA}}}]},
    }


def answer(stand_in: StandIn, request: dict[str, Any]) -> Any:
    status, error, body = stand_in.converse("model", request)
    assert (status, error) == (200, "")
    return body["output"]["message"]["content"][0]["toolUse"]["input"]


@pytest.mark.parametrize("kind", ["image", "document"])
def test_an_invented_answer_depends_on_the_picture_and_on_the_prompt_and_on_nothing_else(kind: str) -> None:
    inventor = StandIn(invents=True)
    first = answer(inventor, question(kind=kind))
    assert answer(StandIn(invents=True), question(kind=kind)) == first
    assert answer(inventor, question(b"other", kind=kind)) != first
    assert answer(inventor, question(text="What else?", kind=kind)) != first


def test_where_nothing_looks_the_answer_claims_nothing_and_says_who_gives_it() -> None:
    for path in (ROOT / "prompts").glob("*/*.json"):
        schema = read_prompt(path.read_bytes()).answer_schema
        request = question()
        request["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] = schema
        _, _, body = StandIn().converse("model", request)
        given = body["output"]["message"]["content"][0]["toolUse"]["input"]
        Draft202012Validator(schema).validate(given)
        assert given["confidence"] == "low"
        assert "cannot_tell" in given.values()
        assert body["additionalModelResponseFields"] == {"answered_by": "stand-in"}


def test_a_text_that_is_too_short_for_the_note_stays_empty() -> None:
    schema = read_prompt((ROOT / "prompts" / "animal" / "2.json").read_bytes()).answer_schema
    said = nothing_known(schema, "stand-in: nothing looked at this picture, whatever it may be that it shows")
    assert (said["name"], said["notes"][:8]) == ("", "stand-in")


def test_an_answer_says_that_it_is_a_stand_ins() -> None:
    assert answer(StandIn(), question())["name"].startswith(LABEL)


def parts(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of the keywords that prompts may use."""
    low = st.integers(-50, 50)
    numbers = st.builds(
        lambda kind, least, more: {"type": kind, "minimum": least, "maximum": least + more},
        st.sampled_from(["integer", "number"]), low, st.integers(0, 50),
    )  # fmt: skip
    texts = st.builds(
        lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more},
        st.integers(0, 30), st.integers(0, 30),
    )  # fmt: skip
    plain = st.one_of(
        numbers,
        texts,
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1, None]}, {"const": "x"}]),
        st.just({"type": ["string", "null"], "maxLength": 5}),
    )
    if not depth:
        return plain
    inner = parts(depth - 1)
    lists = st.builds(
        lambda item, least, more, unique: {
            "type": "array", "items": item, "minItems": least, "maxItems": least + more, "uniqueItems": unique,
        },
        inner, st.integers(0, 1), st.integers(0, 5), st.booleans(),
    )  # fmt: skip
    objects = st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(
        lambda fields: {
            "type": "object",
            "properties": fields,
            "required": sorted(fields),
            "additionalProperties": False,
        }
    )
    return st.one_of(plain, lists, objects)


@given(parts())
def test_an_answer_that_claims_nothing_keeps_to_any_schema_without_repetitions(schema: dict[str, Any]) -> None:
    said = nothing_known(schema, "nothing looked at it")
    faults = list(Draft202012Validator(schema).iter_errors(said))
    assert all(fault.validator in ("uniqueItems", "minItems") for fault in faults), faults


@given(parts(), st.integers(0, 2**32))
def test_an_answer_keeps_to_any_schema_that_a_prompt_may_have(schema: dict[str, Any], seed: int) -> None:
    Draft202012Validator(schema).validate(made_up(schema, Random(seed)))  # noqa: S311


@of_usual(20)
@given(st.integers(0, 2**32))
def test_an_answer_keeps_to_the_schemas_of_the_shipped_prompts(seed: int) -> None:
    for path in (ROOT / "prompts").glob("*/*.json"):
        schema = read_prompt(path.read_bytes()).answer_schema
        Draft202012Validator(schema).validate(made_up(schema, Random(seed)))  # noqa: S311


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_bedrocks_error_once(fault: str) -> None:
    stand_in = StandIn()
    stand_in.fail(fault)
    status, error, body = stand_in.converse("model", question())
    assert (status, error) == (int(fault[:3]), FAULTS[fault])
    assert MESSAGES.get(fault, LABEL) in body["message"]
    answer(stand_in, question())


@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_is_an_answer_without_the_tool(stop: str) -> None:
    stand_in = StandIn()
    stand_in.fail(stop)
    _, _, body = stand_in.converse("model", question())
    assert body["stopReason"] == stop
    assert "toolUse" not in body["output"]["message"]["content"][0]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="no such fault: 418"):
        StandIn().fail("418")
    assert "418" not in (*FAULTS, *STOPS, *OTHERS)


def test_calls_are_counted_and_forgotten() -> None:
    stand_in = StandIn()
    stand_in.fail("429", times=2)
    for _ in range(3):
        stand_in.converse("model", question())
    assert [(call.model, call.bytes, call.prompt) for call in stand_in.calls] == [("model", 7, "What is it?")] * 3
    stand_in.forget()
    assert stand_in.calls == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "rebound.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/calls", "/faults"])
def test_no_web_page_asks_it(path: str, headers: dict[str, str], status: int) -> None:
    with serving() as stand_in:
        asked = HTTPConnection("127.0.0.1", int(stand_in.url.rpartition(":")[2]), timeout=LONGEST_S)
        body = b'{"kind": "429"}' if path == "/faults" else None
        asked.request("POST" if body else "GET", path, body, headers)
        assert asked.getresponse().status == status
        asked.close()
        assert list(stand_in._faults) == (["429"] if body and status == 200 else [])
