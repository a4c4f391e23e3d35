"""A change of docs/openapi.yaml that breaks callers is found; one that breaks nobody is not."""

import copy
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.delivery import contract
from tools.delivery.contract import breaks
from tools.delivery.store import DeliveryError

from tests.paths import ROOT
from tests.pipeline.conftest import git_in

Json = dict[str, Any]
OURS: Json = yaml.safe_load((ROOT / contract.DOCUMENT).read_text())


def document() -> Json:
    """A small API with a reference, an alternative, a list and an answer."""
    thing = {
        "type": "object",
        "required": ["word"],
        "additionalProperties": False,
        "properties": {
            "word": {"type": "string", "maxLength": 80, "minLength": 1},
            "format": {"type": "string", "enum": ["mp3", "wav"]},
            "gap": {"type": "integer", "minimum": 0, "maximum": 100},
            "parts": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
            "voice": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }
    answer = {
        "type": "object",
        "required": ["link", "cached"],
        "properties": {"link": {"type": "string"}, "cached": {"type": "boolean"}, "note": {"type": "string"}},
    }
    say = {
        "parameters": [{"name": "after", "in": "query", "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {
            "200": {
                "headers": {"X-Request-Id": {}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
            },
            "422": {"description": "cannot be said"},
        },
    }
    return {
        "paths": {"/say": {"post": say, "get": {"responses": {}}}, "/say/{one}": {"get": {"responses": {}}}},
        "components": {"schemas": {"Thing": thing, "Answer": answer}},
    }


def schema(new: Json, name: str = "Thing") -> Json:
    found: Json = new["components"]["schemas"][name]
    return found


def operation(new: Json) -> Json:
    found: Json = new["paths"]["/say"]["post"]
    return found


BREAKING: dict[str, tuple[Callable[[Json], Any], str]] = {
    "a path": (lambda new: new["paths"].pop("/say"), "/say is gone"),
    "a method": (lambda new: new["paths"]["/say"].pop("get"), "GET /say is gone"),
    "a field that is asked for": (lambda new: schema(new)["required"].append("format"), "format is asked for"),
    "a field that is refused": (lambda new: schema(new)["properties"].pop("gap"), "gap is no longer taken"),
    "a value": (lambda new: schema(new)["properties"]["format"]["enum"].remove("wav"), "wav is no longer taken"),
    "a length": (lambda new: schema(new)["properties"]["word"].update(maxLength=79), "maxLength fell to 79"),
    "a shortest length": (lambda new: schema(new)["properties"]["word"].update(minLength=2), "minLength rose to 2"),
    "a new length": (lambda new: schema(new)["properties"]["format"].update(maxLength=3), "maxLength fell to 3"),
    "a pattern": (lambda new: schema(new)["properties"]["word"].update(pattern="^a"), "the pattern changed"),
    "the only value": (
        lambda new: schema(new)["properties"]["format"].update(const="wav"),
        "mp3 is no longer taken",
    ),
    "an open end": (
        lambda new: schema(new)["properties"]["gap"].update(exclusiveMinimum=-1),
        "exclusiveMinimum rose to -1",
    ),
    "a zero that was below": (
        lambda new: new["paths"]["/say"]["post"]["parameters"][0]["schema"].update(minimum=0),
        "minimum rose to 0",
    ),
    "a format": (lambda new: schema(new)["properties"]["word"].update(format="date"), "the format changed"),
    "steps": (lambda new: schema(new)["properties"]["gap"].update(multipleOf=10), "the multipleOf changed"),
    "each once": (lambda new: schema(new)["properties"]["parts"].update(uniqueItems=True), "the uniqueItems changed"),
    "a range": (lambda new: schema(new)["properties"]["gap"].update(minimum=1), "minimum rose to 1"),
    "a list": (lambda new: schema(new)["properties"]["parts"].update(maxItems=4), "maxItems fell to 4"),
    "what is in a list": (
        lambda new: schema(new)["properties"]["parts"]["items"].update(type="integer"),
        "parts[]: the type",
    ),
    "an alternative": (lambda new: schema(new)["properties"]["voice"]["anyOf"].pop(), "an alternative is gone"),
    "all alternatives but one": (
        lambda new: schema(new)["properties"].update(voice={"type": "string"}),
        "an alternative is gone",
    ),
    "a parameter that is asked for": (
        lambda new: operation(new)["parameters"].append({"name": "a", "in": "query", "required": True, "schema": {}}),
        "asks for a in the query",
    ),
    "a body that is asked for": (lambda new: operation(new)["requestBody"].update(required=True), "asks for a body"),
    "a good answer": (lambda new: operation(new)["responses"].pop("200"), "no longer answers 200"),
    "a header": (lambda new: operation(new)["responses"]["200"].pop("headers"), "lacks the header X-Request-Id"),
    "the form of an answer": (
        lambda new: operation(new)["responses"]["200"].update(content={"text/plain": {}}),
        "is no longer application/json",
    ),
    "a field of an answer": (lambda new: schema(new, "Answer")["properties"].pop("note"), "note is gone"),
    "a field that was always there": (
        lambda new: schema(new, "Answer")["required"].remove("link"),
        "link is no longer always there",
    ),
    "a type where there was none": (
        lambda new: operation(new)["parameters"][0].update(schema={"type": "integer"}),
        "after: the type changed from string to integer",
    ),
    "an answer of any type": (
        lambda new: schema(new, "Answer")["properties"].update(link={}),
        "the type changed from string to anything",
    ),
    "a type of an answer": (
        lambda new: schema(new, "Answer")["properties"].update(link={"type": ["string", "null"]}),
        "the type changed from string to null or string",
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_callers_is_named(name: str) -> None:
    change, said = BREAKING[name]
    new = document()
    change(new)
    assert any(said in each for each in breaks(document(), new)), breaks(document(), new)


KIND: dict[str, Callable[[Json], Any]] = {
    "nothing": lambda new: None,
    "a new path": lambda new: new["paths"].update({"/more": {"get": {"responses": {}}}}),
    "a new field": lambda new: schema(new)["properties"].update(more={"type": "string"}),
    "a new value": lambda new: schema(new)["properties"]["format"]["enum"].append("ogg"),
    "another name of a part of the path": lambda new: new["paths"].update(
        {"/say/{other}": new["paths"].pop("/say/{one}")}
    ),
    "a length of at least nothing": lambda new: schema(new)["properties"]["format"].update(minLength=0),
    "a longer text": lambda new: schema(new)["properties"]["word"].update(maxLength=100),
    "any length": lambda new: schema(new)["properties"]["word"].pop("maxLength"),
    "a new field of an answer": lambda new: schema(new, "Answer")["properties"].update(more={"type": "string"}),
    "a field that is now always there": lambda new: schema(new, "Answer")["required"].append("note"),
    "a new refusal": lambda new: operation(new)["responses"].update({"429": {}}),
    "a refusal less": lambda new: operation(new)["responses"].pop("422"),
    "other words": lambda new: schema(new).update(description="A thing."),
    "a field that is no longer asked for": lambda new: schema(new)["required"].clear(),
}


@pytest.mark.parametrize("name", KIND)
def test_what_breaks_nobody_is_silent(name: str) -> None:
    new = document()
    KIND[name](new)
    assert breaks(document(), new) == []


def test_our_own_document_is_read_whole() -> None:
    assert breaks(OURS, copy.deepcopy(OURS)) == []
    narrower = copy.deepcopy(OURS)
    narrower["components"]["schemas"]["StitchRequest"]["properties"]["message"].update(
        maxLength=1, anyOf=[{"type": "null"}]
    )
    del narrower["paths"]["/plans"]
    found = breaks(OURS, narrower)
    assert "/plans is gone" in found
    assert any(each.startswith("POST /stitch body.message") for each in found)


def test_a_breaking_commit_fails_until_its_sentence_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git = git_in(tmp_path)
    git("init", "--initial-branch=main")
    (tmp_path / "docs").mkdir()
    exceptions = tmp_path / contract.EXCEPTIONS
    exceptions.parent.mkdir(parents=True)
    exceptions.write_text("")
    changed = document()
    del changed["paths"]["/say"]
    for content in (document(), changed):
        (tmp_path / contract.DOCUMENT).write_text(yaml.safe_dump(content))
        git("add", "--all")
        git("commit", "--message=change")
    assert contract.main("", "HEAD", tmp_path) == 0, "no release yet"
    with pytest.raises(DeliveryError, match="1 changes break callers"):
        contract.main("HEAD~1", "HEAD", tmp_path)
    assert "breaks callers: /say is gone" in capsys.readouterr().out
    tomorrow = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)
    exceptions.write_text(f'["/say is gone"]\nuntil = {tomorrow}\nreason = "nobody calls it"\n')
    assert contract.main("HEAD~1", "HEAD", tmp_path) == 0
