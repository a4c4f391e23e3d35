"""The steps of `ci` in a clean clone, as a runner runs them: `bash -eo pipefail`, with nothing but what is committed.

`make changes` and `make gate` run for real. The rest is `make lint` and the suites, which are what runs this test, and
`make service`, which builds for the template's own Python: of those it is checked that `make` finds all that it needs.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT
from tests.pipeline.conftest import git_in
from tests.pipeline.runner import copy_tree
from tests.pipeline.workflows import job

# The environment that this run has, instead of one that `make` would install anew.
INSTALLED = f"BIN={ROOT}/.venv/bin --old-file=.venv/.ready"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a clean") / "clone"
    copy_tree(folder)
    git = git_in(folder)
    git("init", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--message=all of it")
    return folder


def step(folder: Path, command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "CI": "true"} | environment
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    return subprocess.run(bash, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def test_the_selection_is_made_from_a_clone(clone: Path, tmp_path: Path) -> None:
    (command,) = job("ci.changes").runs
    done = step(clone, f"{command} {INSTALLED}", BASE="", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.returncode == 0, done.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert set(outputs) == set(job("ci.changes").body["outputs"])
    assert len(json.loads(outputs["suites"])) == 5, "a first push: everything"


@pytest.mark.parametrize(("result", "code"), [("success", 0), ("failure", 2)])
def test_the_gate_opens_and_shuts_without_an_installation(clone: Path, result: str, code: int) -> None:
    (command,) = job("ci.gate").runs
    needs: dict[str, Any] = {name: {"result": result, "outputs": {}} for name in job("ci.gate").needs}
    assert step(clone, command, NEEDS=json.dumps(needs)).returncode == code


@pytest.mark.parametrize(
    "command",
    [
        "make lint",
        "make contract",
        "make scan",
        "make unit",
        "make integration",
        "make functional",
        "make pipeline",
        "make rehearse",
        "make service",
        "make tools",
    ],
)
def test_make_finds_all_that_a_step_needs(clone: Path, command: str) -> None:
    """With no environment there: what it would install from, and what it would run, is committed."""
    done = step(clone, f"{command} --dry-run --always-make", SERVICE="StitchFunction")
    assert done.returncode == 0, done.stderr
    assert "-m venv .venv" in done.stdout


def test_every_command_of_ci_is_tried_here() -> None:
    commands = {run for name in job("ci.gate").needs for run in job(f"ci.{name}").runs}
    tried = {"make lint", "make contract", "make scan", 'make "$SUITE"', "make rehearse", "make service"}
    assert commands == tried | {"make changes"}


def test_nothing_that_is_made_here_is_committed_or_would_be(clone: Path) -> None:
    git = git_in(clone)
    made = ("__pycache__/", "node_modules/", ".venv", ".aws-sam/", ".local/", "out/")
    assert [path for path in git("ls-files").splitlines() if any(f"/{part}" in f"/{path}" for part in made)] == []
    for name in (
        "tools/delivery/__pycache__/x.pyc",
        "functions/phone/node_modules/x",
        ".venv-delivery/x",
        ".aws-sam/x",
    ):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).touch()
    for name in (".venv", ".venv-local", ".venv-bench"):  # a link to an environment elsewhere, too
        (clone / name).symlink_to(ROOT / ".venv")
    assert git("status", "--porcelain", "--untracked-files=all") == ""
