"""The one required check: it opens only where every job that the change needs has succeeded."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.delivery.gate import main, problems

from tests.paths import ROOT

OUTPUTS = {"lint": "true", "suites": '["unit"]', "services": "[]"}


def needs(**results: str) -> dict[str, Any]:
    """The workflow's context: results by job, with what `changes` selected."""
    jobs: dict[str, Any] = {
        name: {"result": result, "outputs": {}}
        for name, result in ({"lint": "success", "suites": "success", "services": "skipped"} | results).items()
    }
    jobs["changes"] = {"result": results.get("changes", "success"), "outputs": OUTPUTS}
    return jobs


def test_it_opens_where_all_that_was_needed_succeeded() -> None:
    assert problems(needs()) == []


def test_a_job_that_ran_without_need_does_no_harm() -> None:
    assert problems(needs(services="success")) == []


@pytest.mark.parametrize("result", ["failure", "cancelled"])
@pytest.mark.parametrize("job", ["lint", "suites", "services"])
def test_a_job_that_failed_or_was_cancelled_shuts_it(job: str, result: str) -> None:
    assert problems(needs(**{job: result})) == [f"{job}: {result}"]


def test_a_needed_job_that_was_skipped_shuts_it() -> None:
    assert problems(needs(suites="skipped")) == ["suites was skipped, but the change needs it"]


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_without_a_selection_nothing_is_rightly_skipped(result: str) -> None:
    everything_skipped = {"lint": "skipped", "suites": "skipped", "services": "skipped"}
    context = needs(changes=result, **everything_skipped)
    context["changes"]["outputs"] = {}
    assert len(problems(context)) == 4


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"lint": {"result": "success"}}'])
def test_a_context_that_is_none_shuts_it(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(text) == 1
    assert capsys.readouterr().out.strip()


RESULT = st.sampled_from(["success", "failure", "cancelled", "skipped", "neutral", ""])


@given(st.dictionaries(st.sampled_from(["changes", "lint", "suites", "services", "other"]), RESULT), st.booleans())
def test_it_never_opens_on_anything_but_success_and_right_skips(results: dict[str, str], selected: bool) -> None:
    outputs = OUTPUTS if selected else {"lint": "false", "suites": "[]", "services": "[]"}
    context: dict[str, Any] = {name: {"result": result, "outputs": {}} for name, result in results.items()}
    if "changes" in context:
        context["changes"]["outputs"] = outputs
    may_skip = {name for name, value in outputs.items() if value in ("false", "[]")}
    right = results.get("changes") == "success" and all(
        result == "success" or (result == "skipped" and name in may_skip) for name, result in results.items()
    )
    assert (problems(context) == []) is right


def test_it_runs_with_nothing_but_python() -> None:
    """A gate that needs an installation can fail for reasons of its own, or be slow."""
    environment = {"PATH": os.environ["PATH"], "NEEDS": json.dumps(needs())}
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})"]
    command[-1] += "; sys.argv[1:] = ['gate']; import runpy; runpy.run_module('tools.delivery', run_name='__main__')"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
