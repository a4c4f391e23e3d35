"""The steps of `ci` in a clean clone, as a runner runs them: `bash -eo pipefail`, with nothing but what is committed.

`make changes` runs for real. Of the checks that it selects it is only tested that `make` finds all that they need:
one of them is what runs this test.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tools.delivery.select_checks import select

from tests.paths import ROOT
from tests.pipeline.conftest import git_in
from tests.pipeline.runner import copy_tree
from tests.pipeline.workflows import job

CHECKS = select(None, ROOT).checks
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
    (line,) = (tmp_path / "output").read_text().splitlines()
    assert line == f"checks={json.dumps(CHECKS)}", "a first push: everything"


@pytest.mark.parametrize("check", [*(check for check in CHECKS if "service" not in check), CHECKS[-1], "tools"])
def test_make_finds_all_that_a_step_needs(clone: Path, check: str) -> None:
    """With no environment there: what it would install from, and what it would run, is committed."""
    done = step(clone, f"make {check} --dry-run --always-make")
    assert done.returncode == 0, done.stderr
    assert "-m venv .venv" in done.stdout


def test_every_command_of_ci_is_tried_here() -> None:
    commands = {run for name in job("ci.gate").needs for run in job(f"ci.{name}").runs}
    assert commands == {"make changes", 'make "$CHECK"'}


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
