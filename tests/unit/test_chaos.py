"""Which faults are tried, and that a broken promise is seen. The trials themselves need the embedded AWS."""

import json
from typing import Any, cast

import pytest
from tools.chaos.lab import Lab
from tools.chaos.trials import PATHS, Case, Outcome, cases, not_clean, not_whole, table
from tools.client import Response

from stitcher.errors import FAULT, TOO_SLOW

COLD, WARM = PATHS[:2]
PROBLEM = FAULT
HEADERS = {"content-type": "application/problem+json", "x-request-id": "1"}


def call(by: str, operation: str, status: int = 200) -> dict[str, Any]:
    return {"by": by, "operation": operation, "pid": 1, "status": status}


def kinds(by: str, operation: str) -> set[str]:
    return {case.kind for case in cases([(COLD, [call(by, operation)])])}


def test_of_calls_that_are_alike_the_first_fails_on_the_first_path() -> None:
    recorded = [
        (COLD, [call("Stitch", "GetObject", 404), call("Stitch", "GetObject", 404), call("Stitch", "GetObject")]),
        (WARM, [call("Stitch", "GetObject"), call("Stitch", "PutObject")]),
    ]
    tried = {(case.path.name, case.operation, case.nth) for case in cases(recorded)}
    assert tried == {("cold", "GetObject", 1), ("cold", "GetObject", 3), ("warm", "PutObject", 1)}


def test_a_write_fails_after_it_is_done_too() -> None:
    assert kinds("Publish", "CopyObject") - kinds("CacheLookup", "HeadObject") == {"lost", "killed_after"}


def test_a_read_breaks_off() -> None:
    assert "truncated" in kinds("Stitch", "GetObject")


def test_a_function_of_no_workflow_has_no_step_to_be_late_for() -> None:
    assert kinds("Stitch", "GetObject") - kinds("Plan", "GetObject") == {"overrun"}


def test_lambda_fails_the_workflow_once_and_for_good() -> None:
    assert {(case.kind, case.times) for case in cases([(COLD, [call("workflow", "Publish")])])} == {
        ("throttled", 1),
        ("service_exception", 0),
    }


def answer(problem: Any = PROBLEM, status: int = 500, **headers: str) -> Response:
    body = problem if isinstance(problem, bytes) else json.dumps(problem).encode()
    return Response(status, HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_a_clean_problem_is_clean() -> None:
    assert not_clean(answer()) == []
    assert not_clean(answer(TOO_SLOW, 504)) == []


@pytest.mark.parametrize(
    "response",
    [
        answer(status=403),
        answer(status=502),
        answer({name: PROBLEM[name] for name in ("type", "title", "success")}),
        answer(content_type="application/json"),
        answer(x_request_id=""),
        answer(b"<html>"),
        answer(PROBLEM | {"cause": "Traceback …"}),
        answer(PROBLEM | {"success": True}),
        answer(PROBLEM | {"status": 504}),
        answer({"message": "Internal server error"}),
    ],
)
def test_any_other_answer_to_a_fault_is_not(response: Response) -> None:
    assert not_clean(response)


class Bucket:
    """What a lab sees of its output bucket."""

    key, audio, metadata = "cache/k.mp3", b"whole", {"duration-ms": "7"}
    forms = {("hello.wav", "mp3"): b"form"}  # noqa: RUF012 - never changed

    def __init__(self, cached: dict[str, Any], forms: dict[tuple[str, str], bytes]) -> None:
        self._cached, self._forms = cached, forms

    def cached(self) -> dict[str, Any]:
        return self._cached

    def read_forms(self, _voice: str) -> dict[tuple[str, str], bytes]:
        return self._forms


WHOLE, FORM = {"cache/k.mp3": (b"whole", {"duration-ms": "7"})}, {("hello.wav", "mp3"): b"form"}


@pytest.mark.parametrize(("cached", "forms"), [({}, {}), (WHOLE, FORM)])
def test_nothing_and_everything_are_whole(cached: dict[str, Any], forms: dict[tuple[str, str], bytes]) -> None:
    assert not_whole(cast("Lab", Bucket(cached, forms)), "voice") == []


@pytest.mark.parametrize(
    ("cached", "forms"),
    [
        ({"cache/k.mp3": (b"who", {"duration-ms": "7"})}, FORM),
        ({"cache/k.mp3": (b"whole", {})}, FORM),
        (WHOLE | {"cache/other.mp3": (b"whole", {"duration-ms": "7"})}, FORM),
        (WHOLE, {("hello.wav", "mp3"): b"for"}),
    ],
)
def test_anything_else_is_not(cached: dict[str, Any], forms: dict[tuple[str, str], bytes]) -> None:
    assert not_whole(cast("Lab", Bucket(cached, forms)), "voice")


def test_the_table_has_a_row_a_call_and_marks_what_is_broken() -> None:
    outcomes = [
        Outcome(Case(COLD, "Stitch", "GetObject", 3, "cut"), 200),
        Outcome(Case(COLD, "Stitch", "GetObject", 3, "killed"), 500, broken=["no X-Request-Id"]),
        Outcome(Case(WARM, "workflow", "Stitch", 1, "throttled"), 200),
    ]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(outcomes).splitlines()]
    columns = rows[0]
    first, second = rows[2:]
    assert first[columns.index("no connection")] == "200"
    assert first[columns.index("process killed")] == "500 **BROKEN**"
    assert (second[0], second[columns.index("error once")]) == ("warm: workflow Stitch", "200")
