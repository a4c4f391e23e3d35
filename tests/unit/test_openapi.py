"""The API's description says what the template deploys, what the models are, and what the functional tests know."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import yaml
from tools import openapi

from stitcher.errors import CampaignRuns, StitchError, UnknownCampaign, UnknownClip
from tests.paths import ROOT
from tests.template import TEMPLATE

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
DEPLOYED: dict[str, Any] = TEMPLATE["Resources"]["Api"]["Properties"]["DefinitionBody"]


def test_the_file_is_up_to_date() -> None:
    made = openapi.text()
    assert (ROOT / "docs" / "openapi.yaml").read_text() == made, "run `make openapi`"


def operations(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """By path and method; what browsers ask first is no call of anybody's."""
    return {
        (path, verb): called
        for path, item in document["paths"].items()
        for verb, called in item.items()
        if verb != "options"
    }


def test_paths_methods_and_parameters_are_the_templates() -> None:
    described, deployed = operations(DOCUMENT), operations(DEPLOYED)
    assert described.keys() == deployed.keys()
    for call, operation in deployed.items():
        assert described[call]["operationId"] == operation["operationId"]
        assert ("requestBody" in described[call]) is ("requestBody" in operation), call
        named = [
            {(entry["name"], entry["in"]) for entry in one.get("parameters", ())}
            for one in (described[call], operation)
        ]
        assert named[0] - {("Accept", "header")} == named[1], call


def test_the_template_leaves_the_fields_of_a_request_to_the_function() -> None:
    """API Gateway would refuse a wrong field without its name, so it lets every object through to the function."""
    assert DOCUMENT["components"]["schemas"]["StitchRequest"]["additionalProperties"] is False
    assert DEPLOYED["components"]["schemas"]["StitchRequest"] == {"type": "object"}


def inside(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from inside(child)


def test_every_reference_leads_somewhere_and_every_part_is_used() -> None:
    named = {node["$ref"] for node in inside(DOCUMENT) if "$ref" in node}
    parts = DOCUMENT["components"]
    there = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in parts[kind]}
    assert named == there


def test_every_field_of_a_request_is_described() -> None:
    for name, field in DOCUMENT["components"]["schemas"]["StitchRequest"]["properties"].items():
        assert len(field["description"]) > 10, name


def test_every_refusal_has_only_described_fields() -> None:
    fields = DOCUMENT["components"]["schemas"]["Problem"]["properties"].keys()
    for path in ("src/stitcher/errors.py",):
        added = re.findall(r"super\(\)\.problem\(\) \| \{(.*)\}", (ROOT / path).read_text())
        assert {name for line in added for name in re.findall(r'"(\w+)": ', line)} - {"key", "reason"} <= fields
    assert StitchError("no").problem().keys() <= fields


def known_statuses() -> Iterator[tuple[str, str, int]]:
    """(method, path, status) of every call in the functional tests whose path and outcome can be read off."""
    for path in (ROOT / "tests" / "functional").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="refused" | "made" as outcome),
                    args=[ast.Call(func=ast.Attribute(attr="post" | "get" as verb), args=[called, *_]), *rest],
                ):
                    status = int(ast.unparse(rest[0])) if rest else 200
                    if (outcome == "made" or rest) and isinstance(called, ast.Constant | ast.JoinedStr):
                        yield verb, ast.unparse(called).strip("f'\""), status


def test_every_status_that_the_functional_tests_know_is_described() -> None:
    known = set(known_statuses())
    assert len(known) > 15
    for verb, path, status in known:
        for described, item in DOCUMENT["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), path) and verb in item:
                assert str(status) in item[verb]["responses"], (verb, path, status)
                break
        else:
            assert status == 403, f"{verb} {path} is not there"


ELSEWHERE = (UnknownClip, UnknownCampaign, CampaignRuns)
"""Refusals of other paths than `/stitch`."""


def test_every_status_of_the_workflow_and_the_gateway_is_described() -> None:
    own = (
        kind
        for kind in StitchError.__subclasses__()
        if kind.__module__ == StitchError.__module__ and kind not in ELSEWHERE
    )
    rejected = {str(kind.status) for kind in own}
    template = re.findall(r'"status": (\d\d\d)', (ROOT / "template.yaml").read_text())
    assert {*rejected, *template, "200", "303"} <= DOCUMENT["paths"]["/stitch"]["post"]["responses"].keys()
