"""One form of refusal: the template's answers are those that `stitcher.errors` defines."""

import json
import re
from typing import Any

import pytest

from stitcher import errors
from stitcher.api.answers import Problem
from tests.paths import ROOT
from tests.template import TEMPLATE

DEFINED = [value for value in vars(errors).values() if isinstance(value, dict) and value.get("success") is False]
SAID = "$context.error.messageString"
"""What API Gateway says, as a JSON text."""
TEMPLATES = re.findall(r'\{"[^{}]*"success": false\}', (ROOT / "template.yaml").read_text())
GATEWAY: dict[str, Any] = TEMPLATE["Resources"]["Api"]["Properties"]["GatewayResponses"]


def document(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.replace(SAID, json.dumps(SAID)))
    return found


@pytest.mark.parametrize("text", sorted(set(TEMPLATES)))
def test_every_document_in_the_template_is_one_that_is_defined(text: str) -> None:
    found = document(text)
    kinds = [errors.InvalidRequest(found["detail"]).problem(), errors.StitchError(found["detail"]).problem()]
    kinds[1]["status"] = 400  # of what API Gateway refuses for a reason that has no name here
    assert found in [*DEFINED, *(one | {"detail": SAID} for one in DEFINED), *kinds]


def test_the_documents_in_the_template_are_found() -> None:
    assert len(TEMPLATES) >= len(GATEWAY) + 6


@pytest.mark.parametrize("kind", GATEWAY)
def test_a_gateway_response_has_the_status_that_it_says(kind: str) -> None:
    response = GATEWAY[kind]
    assert document(response["ResponseTemplates"]["application/json"])["status"] == response["StatusCode"]
    assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"


@pytest.mark.parametrize("problem", DEFINED, ids=lambda problem: problem["code"])
def test_every_document_is_a_problem_to_callers(problem: dict[str, Any]) -> None:
    assert Problem.model_validate(problem).model_dump(exclude_none=True) == problem
    assert len(problem["detail"]) > 10


def test_a_code_has_one_status_and_one_title() -> None:
    kinds = [kind("x").problem() for kind in (errors.InvalidRequest, errors.MessageTooLong)]
    kinds += [errors.MissingWords(["a"], "", ()).problem(), errors.UnusableClip(("a", "b")).problem()]
    known: dict[str, tuple[int, str]] = {}
    for one in [*DEFINED, *kinds]:
        assert known.setdefault(one["code"], (one["status"], one["title"])) == (one["status"], one["title"])
