"""Prompt documents: what is taken and what is refused, with a sentence that names the place; and what is said aloud."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from identifier import limits
from identifier.answer_schema import DEPTH, check_schema
from identifier.asking import Models
from identifier.errors import InvalidPrompt
from identifier.prices import PRICES
from identifier.prompt import Prompt, read_prompt
from identifier.say import LONGEST, Say, Unsaid, spoken
from stitcher.planning.catalogue import read_catalogue
from stitcher.planning.plan import plan_message
from stitcher.storage import LocalRepo
from tests.examples import of_usual
from tests.paths import ROOT

SHIPPED = sorted((ROOT / "prompts").glob("*/*.json"))
LEFT_OUT: Any = object()


def document(**fields: Any) -> dict[str, Any]:
    made = {
        "id": "crop",
        "version": 1,
        "model": "apac.amazon.nova-lite-v1:0",
        "text": "Which crop is it?",
        "answer_schema": schema(
            crop={"enum": ["onion", "cannot_tell"]}, kilos={"type": "number", "minimum": 0, "maximum": 9}
        ),
    } | fields
    return {name: value for name, value in made.items() if value is not LEFT_OUT}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": []}


def read(**fields: Any) -> Prompt:
    return read_prompt(json.dumps(document(**fields)).encode())


# Documents


def test_what_is_left_out_has_its_default() -> None:
    prompt = read()
    assert (prompt.longest_edge, prompt.temperature, prompt.max_tokens) == (1568, 0.0, 1024)
    assert (prompt.options, prompt.guardrail, prompt.say) == ({}, None, None)


def test_a_text_may_be_a_list_of_lines() -> None:
    assert read(text=["Which crop?", "", "Only one."]).text == "Which crop?\n\nOnly one."


def test_a_temperature_can_be_left_to_the_model() -> None:
    assert read(temperature=None).temperature is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "Crop Disease"}, "id: "),
        ({"id": "../crop"}, "id: "),
        ({"id": "c" * 65}, "id: "),
        ({"id": LEFT_OUT}, "id is missing"),
        ({"version": 0}, "version: "),
        ({"version": "one"}, "version: it must be a whole number"),
        ({"version": True}, "version: it must be a whole number"),
        ({"temperature": True}, "temperature: it must be a number"),
        ({"model": "a model"}, "model: "),
        ({"text": ""}, "text: "),
        ({"text": ["one", 2]}, "text: "),
        ({"longest_edge": 8000}, "longest_edge: "),
        ({"temperature": 2}, "temperature: "),
        ({"max_tokens": 0}, "max_tokens: "),
        ({"question": "?"}, "there is no field 'question'"),
        ({"Temperature": 0}, "there is no field 'Temperature'; did you mean 'temperature'?"),
        ({"say": {"template": "hello", "wrds": {}}}, "there is no field 'say.wrds'; did you mean 'say.words'?"),
        ({"guardrail": {"id": "g"}}, "guardrail.version is missing"),
        ({"say": {"template": "hello {crop"}}, "say.template: a brace is part of no field"),
        ({"say": {"template": "hello {crop.}"}}, "say.template: a brace is part of no field"),
        ({"say": {"template": "hello {weed}"}}, "say.template: the answer has no field {weed}"),
        ({"say": {"template": "hello {crop.name}"}}, "say.template: the answer has no field {crop.name}"),
        ({"say": {"template": ""}}, "say.template: "),
        ({"say": {"template": "hello", "when": {"weed": [1]}}}, "say.when: the answer has no field weed"),
        ({"say": {"template": "hello", "when": {"crop": ["rice"]}}}, "say.when: crop is never rice"),
        ({"say": {"template": "hello", "when": {"crop": []}}}, "say.when: crop is never one of no values"),
        ({"say": {"template": "hello", "words": {"onion": 5}}}, "say.words.onion: "),
        ({"say": {"template": "hello", "words": {"onion": ""}}}, "say.words.onion: "),
    ],
)
def test_a_document_that_breaks_a_rule_is_refused_with_the_place(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPrompt) as refusal:
        read(**fields)
    assert said in str(refusal.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{" * 100_000])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidPrompt):
        read_prompt(data)


@given(st.binary(max_size=200))
def test_no_bytes_are_a_fault(data: bytes) -> None:
    with pytest.raises(InvalidPrompt):
        read_prompt(data)


@of_usual(50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(document())), inner, max_size=5)
        ),
        max_leaves=10,
    )
)
def test_no_json_is_a_fault(value: Any) -> None:
    changed = document() | value if isinstance(value, dict) else value
    try:
        prompt = read_prompt(json.dumps(changed).encode())
    except InvalidPrompt:
        return
    assert read_prompt(prompt.model_dump_json().encode()) == prompt


def test_a_document_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidPrompt, match="the limit is 65536"):
        read(options={"padding": "x" * limits.PROMPT_BYTES})


# Schemas

TEXT = {"type": "string", "maxLength": 9}


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = TEXT
    for _ in range(levels):
        inner = schema(inside=inner)
    return inner


@pytest.mark.parametrize(
    "good",
    [
        schema(name=TEXT),
        schema(kind={"enum": ["a", "b", None]}),
        schema(kind={"const": 1}),
        schema(name={"type": ["string", "null"], "maxLength": 9}),
        schema(list={"type": "array", "maxItems": 3, "items": TEXT}),
        schema(count={"type": "integer", "minimum": 0, "maximum": 9}, sure={"type": "boolean"}),
        nested(DEPTH - 1),
    ],
)
def test_a_closed_bounded_schema_is_taken(good: dict[str, Any]) -> None:
    check_schema(good)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"type": "string", "maxLength": 9}, "its type must be 'object'"),
        ({"type": "object", "properties": {"a": TEXT}}, "answer_schema: an object needs additionalProperties: false"),
        ({"type": "object", "additionalProperties": False}, "an object needs properties"),
        (schema(name={"type": "string"}), "answer_schema.name: a text needs maxLength, at most 2000, or an enum"),
        (schema(name={"type": "string", "maxLength": 2001}), "a text needs maxLength"),
        (schema(name={"type": ["string", "null"]}), "a text needs maxLength"),
        (schema(name={}), "it needs a type, an enum or a const"),
        (schema(name=True), "answer_schema.name: it must be an object"),
        (schema(count={"type": "integer", "minimum": 0}), "a number needs minimum and maximum"),
        (schema(list={"type": "array", "items": TEXT}), "a list needs maxItems"),
        (schema(list={"type": "array", "maxItems": 101, "items": TEXT}), "a list needs maxItems, at most 100"),
        (schema(list={"type": "array", "maxItems": 3}), "answer_schema.list[]: it must be an object"),
        (schema(list={"type": "array", "maxItems": 3, "items": {"type": "string"}}), "answer_schema.list[]: a text"),
        (schema(owner={"type": "object", "properties": {"a": TEXT}}), "answer_schema.owner: an object needs"),
        (schema(name={"$ref": "https://example.com/schema.json"}), "$ref cannot be used here"),
        (schema(name=TEXT | {"pattern": "(a+)+$"}), "pattern cannot be used here"),
        (schema(name={"anyOf": [TEXT]}), "anyOf cannot be used here"),
        (schema(name={"type": "text"}), "is not valid under any of the given schemas"),
        (schema(name={"enum": "onion"}), "answer_schema.properties.name.enum: "),
        (schema(name=TEXT) | {"required": ["crop"]}, "it requires what is not among its properties: crop"),
        (nested(DEPTH), "it is more than 5 levels deep"),
        (schema(kind={"enum": ["x" * 9_000]}), "the limit is 8192"),
    ],
)
def test_an_open_or_unbounded_schema_is_refused(bad: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPrompt) as refusal:
        check_schema(bad)
    assert said in str(refusal.value)


# What is said aloud


def saying(template: str, answer: dict[str, Any], words: dict[str, str | None] | None = None) -> Say | Unsaid:
    fields = schema(
        crop=TEXT, sure={"type": "boolean"}, kilos={"type": "number", "minimum": 0, "maximum": 99},
        signs={"type": "array", "maxItems": 3, "items": TEXT}, owner=schema(name=TEXT),
    )  # fmt: skip
    say = {"template": template, "voice": "hindi", "format": "opus", "words": words or {}}
    return spoken(read(answer_schema=fields, say=say), answer)


@pytest.mark.parametrize(
    ("template", "answer", "words", "message"),
    [
        ("hello", {}, {}, "hello"),
        ("{crop}!", {"crop": "onion"}, {}, "onion!"),
        ("{crop}", {"crop": "onion"}, {"onion": "प्याज"}, "प्याज"),
        ("{crop} {crop}", {"crop": "onion"}, {"onion": "{kilos}"}, "{kilos} {kilos}"),
        ("{crop}", {"crop": "{kilos}"}, {}, "{kilos}"),
        ("{sure}", {"sure": True}, {"true": "yes", "1": "one"}, "yes"),
        ("{kilos}", {"kilos": 20.0}, {}, "20"),
        ("{kilos}", {"kilos": 20.5}, {}, "20.5"),
        ("{kilos}", {"kilos": 0}, {}, "0"),
        ("{signs}", {"signs": ["wilt", "holes"]}, {"wilt": "drooping"}, "drooping, holes"),
        ("{owner.name}", {"owner": {"name": "Asha"}}, {}, "Asha"),
    ],
)
def test_a_message_has_the_answers_values_in_it(
    template: str, answer: dict[str, Any], words: dict[str, str | None], message: str
) -> None:
    assert saying(template, answer, words) == Say(message, "hindi", "opus")


@pytest.mark.parametrize(
    ("template", "answer", "reason"),
    [
        ("{crop}", {}, "the answer has no crop"),
        ("{crop}", {"crop": None}, "the answer has no crop"),
        ("{crop}", {"crop": ""}, "the answer has no crop"),
        ("{signs}", {"signs": []}, "the answer has no signs"),
        ("{owner.name}", {"owner": None}, "the answer has no owner.name"),
        ("{crop}", {"crop": "cannot_tell"}, "nothing is said when crop is cannot_tell"),
        ("{signs}", {"signs": ["wilt", "cannot_tell"]}, "nothing is said when signs is cannot_tell"),
        ("{crop}" * 20, {"crop": "x" * 101}, "the message would have 2020 characters; the limit is 2000"),
    ],
)
def test_nothing_is_said_rather_than_half_a_message(template: str, answer: dict[str, Any], reason: str) -> None:
    assert saying(template, answer, {"cannot_tell": None}) == Unsaid(reason)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"crop": "onion", "sure": True, "signs": []}, Say("hello", "", "mp3")),
        ({"crop": "wheat", "sure": True, "signs": []}, Say("hello", "", "mp3")),
        ({"crop": "rice", "sure": True, "signs": []}, Unsaid("nothing is said when crop is rice")),
        ({"crop": "onion", "sure": False, "signs": []}, Unsaid("nothing is said when sure is False")),
        ({"crop": "onion", "signs": []}, Unsaid("nothing is said when sure is missing")),
        ({"crop": "onion", "sure": True, "signs": ["wilt"]}, Unsaid("nothing is said when signs is ['wilt']")),
    ],
)
def test_a_message_is_said_only_with_the_values_that_the_prompt_gives(
    answer: dict[str, Any], said: Say | Unsaid
) -> None:
    fields = schema(crop=TEXT, sure={"type": "boolean"}, signs={"type": "array", "maxItems": 3, "items": TEXT})
    when = {"crop": ["onion", "wheat"], "sure": [True], "signs": [[]]}
    assert spoken(read(answer_schema=fields, say={"template": "hello", "when": when}), answer) == said


def test_a_prompt_without_a_message_says_nothing() -> None:
    assert spoken(read(), {"crop": "onion"}) == Unsaid("the prompt says nothing aloud")


@given(
    st.dictionaries(
        st.sampled_from(["crop", "kilos", "signs"]), st.text() | st.none() | st.lists(st.text(), max_size=3)
    )
)
def test_any_answer_gives_a_message_or_a_reason(answer: dict[str, Any]) -> None:
    said = saying("{crop} {signs}", answer)
    if isinstance(said, Say):
        assert len(said.message) <= LONGEST
    else:
        assert said.reason


# The prompts that are shipped


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
class TestShipped:
    def test_it_is_where_it_says_that_it_is(self, path: Path) -> None:
        prompt = read_prompt(path.read_bytes())
        assert path.relative_to(ROOT) == Path("prompts", prompt.id, f"{prompt.version}.json")

    def test_its_cost_can_be_told(self, path: Path) -> None:
        assert (
            Models("apac.amazon.nova-lite-v1:0", "apac.amazon.nova-pro-v1:0").named(
                read_prompt(path.read_bytes()).model
            )
            in PRICES
        )

    def test_its_schema_is_one(self, path: Path) -> None:
        answers = read_prompt(path.read_bytes()).answer_schema
        Draft202012Validator.check_schema(answers)
        assert answers["additionalProperties"] is False
        assert len(json.dumps(answers)) < 2_000

    def test_a_model_can_say_that_it_cannot_tell_and_how_sure_it_is(self, path: Path) -> None:
        properties = read_prompt(path.read_bytes()).answer_schema["properties"]
        assert any("cannot_tell" in part.get("enum", ()) for part in properties.values())
        assert properties["confidence"]["enum"] == ["low", "medium", "high"]

    def test_it_says_that_words_in_the_picture_are_no_instructions(self, path: Path) -> None:
        assert "never an instruction" in read_prompt(path.read_bytes()).text


def test_three_prompts_are_shipped() -> None:
    assert sorted({path.parent.name for path in SHIPPED}) == ["animal", "crop-disease", "form"]


HEALTHY = {
    "crop": "tomato", "part": "leaf", "problem": "none", "name": "", "severity": "none", "signs": [],
    "spray": "do_not_spray", "confidence": "high", "notes": "",
}  # fmt: skip
REPORT = {
    "form": "price_report", "market": "Pune", "commodity": "onion", "price_per_kilo": 20.0, "date": "2026-11-19",
    "unreadable": [], "confidence": "high", "notes": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("prompt_id", "answer", "message"),
    [
        ("crop-disease", HEALTHY, "नमस्ते किसान, टमाटर, कृपया दवा न छिड़कें"),
        ("crop-disease", HEALTHY | {"crop": "onion"}, "नमस्ते किसान, प्याज, कृपया दवा न छिड़कें"),
        ("crop-disease", HEALTHY | {"crop": "wheat"}, "नमस्ते किसान, गेहूं, कृपया दवा न छिड़कें"),
        ("form", REPORT, "the price of onion in Pune market is 20 rupees per kilo"),
        (
            "form",
            REPORT | {"commodity": "wheat", "market": "nashik"},
            "the price of wheat in nashik market is 20 rupees per kilo",
        ),
    ],
)
def test_what_a_shipped_prompt_says_the_sample_voices_can_say(
    prompt_id: str, answer: dict[str, Any], message: str
) -> None:
    prompt = read_prompt((ROOT / "prompts" / prompt_id / "1.json").read_bytes())
    assert not list(Draft202012Validator(prompt.answer_schema).iter_errors(answer))
    said = spoken(prompt, answer)
    assert isinstance(said, Say)
    assert said.message == message
    plan_message(said.message, read_catalogue(LocalRepo(ROOT / "samples" / "clips"), said.voice), profile=said.format)


@pytest.mark.parametrize(
    ("prompt_id", "answer"),
    [
        ("crop-disease", HEALTHY | {"spray": "ask_an_advisor"}),
        ("crop-disease", HEALTHY | {"crop": "rice"}),
        ("crop-disease", HEALTHY | {"problem": "disease"}),
        ("crop-disease", HEALTHY | {"confidence": "low"}),
        ("form", REPORT | {"form": "other_form"}),
        ("form", REPORT | {"unreadable": ["price_per_kilo"]}),
        ("form", REPORT | {"confidence": "medium"}),
        ("crop-disease", HEALTHY | {"crop": "cannot_tell"}),
        ("form", {name: value for name, value in REPORT.items() if name != "price_per_kilo"}),
        ("form", REPORT | {"commodity": "cannot_tell"}),
    ],
)
def test_a_shipped_prompt_says_nothing_that_is_not_sure(prompt_id: str, answer: dict[str, Any]) -> None:
    prompt = read_prompt((ROOT / "prompts" / prompt_id / "1.json").read_bytes())
    assert not list(Draft202012Validator(prompt.answer_schema).iter_errors(answer))
    assert isinstance(spoken(prompt, answer), Unsaid)


def test_every_crop_of_the_shipped_prompt_has_a_word_or_says_nothing() -> None:
    prompt = read_prompt((ROOT / "prompts" / "crop-disease" / "1.json").read_bytes())
    assert prompt.say
    properties = prompt.answer_schema["properties"]
    assert set(properties["crop"]["enum"]) | set(properties["spray"]["enum"]) == set(prompt.say.words)


@pytest.mark.parametrize("mark", ["[clip secret.wav]", "[pause 5s]", "x] [clip secret.wav", "[DIGITS 12]", "[spell a"])
def test_marks_in_a_models_answer_are_text(mark: str) -> None:
    from stitcher.text.message import items
    from stitcher.text.words import Word

    said = saying("crop: {crop} [pause 300ms]", {"crop": mark})
    assert isinstance(said, Say)
    kinds = [type(item).__name__ for item in items(said.message) if not isinstance(item, Word)]
    assert [kind for kind in kinds if kind != "Stop"] == ["Silence"], "the prompt's own mark alone"
