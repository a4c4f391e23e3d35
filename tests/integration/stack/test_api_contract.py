"""The API keeps its description (docs/openapi.yaml), whatever schemathesis sends: valid requests and broken ones."""

from typing import Any

import pytest
import schemathesis
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, Phase, settings
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from tools.client import Caller

from tests.paths import ROOT

load_all_checks()
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
CONFIG = SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}, "examples": {"enabled": False}}})
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
KEPT = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
EXAMPLES = 4
"""Of each operation: a call takes a tenth of a second."""


class Signed(AuthBase):
    """Signs a request as AWS asks for."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        assert self.caller.credentials
        signed = AWSRequest(request.method, request.url, data=request.body)
        SigV4Auth(self.caller.credentials, "execute-api", self.caller.region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_every_answer_is_one_that_is_described(case: schemathesis.Case[Any], caller: Caller) -> None:
    response = case.call(base_url=caller.url, auth=Signed(caller), allow_redirects=False, timeout=60)
    if response.status_code == 403 and b"execute-api:Invoke" in response.content:
        return  # of a path with odd characters, which the embedded IAM itself answers; AWS's gateway would
    assert response.headers.get("x-request-id"), response.content
    checks: Any = [CHECKS.get_one(name) for name in KEPT]
    case.validate_response(response, checks=checks)


@pytest.mark.parametrize(("field", "wrong"), [("message", 5), ("voice", "a b"), ("gap_ms", 6_000), ("format", "mid"),
                                              ("missing", "ignore"), ("read_numbers", "guess"), ("bucket", "mine"),
                                              ("message_parts", "hello"), ("gap_ms", 1e400)])  # fmt: skip
@pytest.mark.parametrize("path", ["/stitch", "/plans"])
def test_a_refusal_names_the_field_that_is_wrong(caller: Caller, path: str, field: str, wrong: Any) -> None:
    request = {"message": "hello"} if field != "message_parts" else {}
    response = caller.post(path, request | {field: wrong})
    assert response.status == 400, response.body
    problem = response.json()
    assert [problem[name] for name in ("status", "code", "success")] == [400, "invalid_request", False]
    assert field in problem["detail"] or wrong == 1e400


def test_the_letters_of_a_refusal_are_readable(caller: Caller) -> None:
    for path, body in [("/stitch", {"message": "hello क्षत्रिय"}), ("/voices/हिंदी/clips", None)]:
        response = caller.post(path, body) if body else caller.get(path)
        assert response.status in (404, 422)
        assert b"\\u0" not in response.body
        assert ("क्षत्रिय" if body else "हिंदी") in response.body.decode()


def test_a_pages_next_can_be_pasted(caller: Caller) -> None:
    voices = [entry["voice"] or "-" for entry in caller.get("/voices").json()["voices"]]
    for voice in voices[:2]:
        page = caller.get(f"/voices/{voice}/clips", limit=1).json()
        if page["next"] is None:
            continue
        pasted = caller.get_as_written(f"/voices/{voice}/clips?after={page['next']}&limit=1")
        assert pasted.status == 200, pasted.body
        assert pasted.json() == caller.get(f"/voices/{voice}/clips", limit=1, after=page["clips"][0]["key"]).json()
