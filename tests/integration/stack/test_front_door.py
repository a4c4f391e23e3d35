"""What API Gateway makes of an API's definition that contradicts itself: a 500, and its reason in the log alone."""

import json
import subprocess
from typing import Any

import pytest

from tests.paths import ROOT

# In the environment that has the front door: an integration, the declared statuses and the service's answer in, what
# the caller gets out.
RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from front_door import _Call, _Context, _Overrides, ConfigurationError
integration, declared, status, answer = json.load(sys.stdin)
context = _Context(requestId="r", responseOverride=_Overrides(header=_Overrides()))
call = _Call(integration, {"header": {}, "querystring": {}, "path": {}}, context, declared)
call._start = lambda *_: (status, json.dumps(answer))
try:
    code, headers, body = call.run(b"{}", "", "")
    print(json.dumps([code, body.decode()]))
except ConfigurationError as error:
    print(json.dumps(["configuration error", str(error)]))
"""


def outcome(responses: dict[str, Any], declared: list[str], status: int = 200, answer: Any = None) -> tuple[Any, str]:
    """The status and body, or `configuration error` and why."""
    integration = {"requestTemplates": {"application/json": "{}"}, "responses": responses}
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-c", RUN, str(ROOT / "tools" / "local")],
        input=json.dumps([integration, {code: {} for code in declared}, status, answer or {}]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    code, body = json.loads(done.stdout)
    return code, body


def response(status: str, template: str) -> dict[str, Any]:
    return {"statusCode": status, "responseTemplates": {"application/json": template}}


def test_an_answer_is_mapped_to_a_declared_status() -> None:
    assert outcome({"200": response("200", "fine")}, ["200"]) == (200, "fine")


def test_a_status_that_the_method_does_not_declare_fails() -> None:
    found = outcome({"4\\d{2}": response("500", "sorry"), "default": response("200", "")}, ["200"], status=400)
    assert found == ("configuration error", "Output mapping refers to an invalid method response: 500")
    assert outcome({"4\\d{2}": response("500", "sorry")}, ["200", "500"], status=400) == (500, "sorry")


def test_an_answer_without_a_mapping_fails() -> None:
    why = "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: 502"
    assert outcome({"2\\d{2}": response("200", "")}, ["200"], status=502) == ("configuration error", why)


@pytest.mark.parametrize("name", ["status", "header.X-Id"])
def test_nothing_is_overridden_twice(name: str) -> None:
    once, again = (f"#set($context.responseOverride.{name} = {value})" for value in (201, 202))
    assert outcome({"default": response("200", once)}, ["200"])[0] in (200, 201)
    assert outcome({"default": response("200", f"{once}{again}")}, ["200"])[0] == "configuration error"


def test_the_paths_that_are_overridden_are_not_each_others() -> None:
    both = "#set($context.responseOverride.status = 201)#set($context.responseOverride.header.Location = 'x')"
    assert outcome({"default": response("200", both)}, ["200"])[0] == 201
