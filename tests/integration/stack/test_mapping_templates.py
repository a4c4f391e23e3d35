"""The API's response templates on answers of StartSyncExecution that the embedded workflow does not give by itself."""

import json
import subprocess
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse
from tools.local.stack import STUDIO

from tests.paths import ROOT

OPERATION = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"]["DefinitionBody"][
    "paths"
]
RESPONSES = OPERATION["/stitch"]["post"]["x-amazon-apigateway-integration"]["responses"]
# The front door's renderer, in the environment that has it: template and body in, status, headers and body out.
RENDER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from front_door import _Call, _Context, _Overrides
template, body = json.load(sys.stdin)
context = _Context(requestId="r", responseOverride=_Overrides(header=_Overrides()))
text = _Call({}, {"header": {}, "querystring": {}, "path": {}}, context, {})._render(template, body)
override = context["responseOverride"]
print(json.dumps([override.get("status"), override["header"], text]))
"""


def rendered(pattern: str, answer: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body that the caller gets for an answer of the service."""
    response = RESPONSES[pattern]
    template = response["responseTemplates"]["application/json"]["Fn::Sub"].replace("${StudioOrigin}", STUDIO)
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-c", RENDER, str(ROOT / "tools" / "local")],
        input=json.dumps([template, json.dumps(answer)]), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    status, headers, text = json.loads(done.stdout)
    return int(status or response["statusCode"]), headers, json.loads(text)


@pytest.mark.parametrize(("execution", "status"), [("FAILED", 500), ("TIMED_OUT", 504), ("ABORTED", 500), ("", 500)])
def test_an_execution_that_did_not_succeed_is_never_200(execution: str, status: int) -> None:
    answer = {"status": execution, "error": "Boom", "cause": 'Traceback … arn:aws:lambda:x "secret"'}
    found, headers, body = rendered("2\\d{2}", answer)
    assert found == body["status"] == status
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == STUDIO
    assert body["success"] is False
    assert "secret" not in json.dumps(body)
    assert "arn:" not in json.dumps(body)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("com.amazonaws.swf.service.v2.model#ThrottlingException", 429),
        ("com.amazon.coral.validate#ValidationException", 413),
        ("com.amazonaws.swf.service.v2.model#InvalidExecutionInput", 400),
        ("com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist", 500),
        ("com.amazon.coral.service#AccessDeniedException", 500),
    ],
)
def test_a_refusal_by_the_service_has_a_status_of_its_own(kind: str, status: int) -> None:
    found, headers, body = rendered("4\\d{2}", {"__type": kind, "message": "arn:aws:states:secret"})
    assert found == body["status"] == status
    assert headers["Content-Type"] == "application/problem+json"
    assert "arn:" not in json.dumps(body)


def test_a_fault_of_the_service_is_500() -> None:
    status, _, body = rendered("default", {"__type": "InternalServerException"})
    assert (status, body["success"]) == (500, False)


@pytest.mark.parametrize("text", ['"quotes" \\ and \n newline', "नमस्ते ${x} #set", "don't </script> 😀"])
def test_the_workflows_body_reaches_the_caller_unchanged(text: str) -> None:
    sent = {"detail": text}
    output = json.dumps({"status": 422, "body": json.dumps(sent, ensure_ascii=False)})
    status, _, body = rendered("2\\d{2}", {"status": "SUCCEEDED", "output": output})
    assert (status, body) == (422, sent)


def test_half_a_character_in_an_executions_input_is_no_fault() -> None:
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import emulator\n"
        "from ministack.services import stepfunctions as service\n"
        "emulator._half_a_character_is_answered()\n"
        r"""status, headers, body = service.json_response({"input": "\ud800 आज"}, content_type="application/json")"""
        "\nprint(status, headers, json.loads(body))"
    )
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-X", "utf8", "-c", code, str(ROOT / "tools" / "local")],
        capture_output=True, text=True, check=False, env={"PYTHONIOENCODING": "utf-8:backslashreplace"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "200 {'Content-Type': 'application/json'} {'input': '\\ud800 आज'}\n"
