"""A release's tag: put once, and where the repository gives no answer, nothing is taken for granted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.pipeline.conftest import Git, git_in

NAME = "0123456789ab"


@pytest.fixture
def clone(tmp_path: Path) -> tuple[Path, Git]:
    """A clone with two commits, of a repository of its own."""
    origin, folder = tmp_path / "origin.git", tmp_path / "clone"
    git_in(tmp_path)("init", "--bare", "--initial-branch=main", str(origin))
    git_in(tmp_path)("clone", str(origin), str(folder))
    git = git_in(folder)
    for number in (1, 2):
        git("commit", "--allow-empty", f"--message={number}")
    git("push", "origin", "HEAD:main")
    return folder, git


def tag(folder: Path, name: str = NAME, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tools.delivery", "tag", f"--release={name}"]
    variables = os.environ | {"PYTHONPATH": str(ROOT), "GIT_TERMINAL_PROMPT": "0"} | environment
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def test_a_new_release_is_named(clone: tuple[Path, Git]) -> None:
    folder, git = clone
    assert tag(folder).returncode == 0
    assert git("ls-remote", "origin", f"refs/tags/release-{NAME}").split()[0] == git("rev-parse", "HEAD")


def test_the_same_content_of_a_later_commit_keeps_its_name(clone: tuple[Path, Git]) -> None:
    """And goes on: what a revert makes is deployed."""
    folder, git = clone
    git("push", "origin", f"HEAD~1:refs/tags/release-{NAME}")
    done = tag(folder)
    assert (done.returncode, "is there already" in done.stdout) == (0, True)
    assert git("ls-remote", "origin", f"refs/tags/release-{NAME}").split()[0] == git("rev-parse", "HEAD~1")


def test_what_is_no_releases_name_is_not_pushed(clone: tuple[Path, Git]) -> None:
    folder, git = clone
    for name in ("", "v1.2"):
        done = tag(folder, name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: RELEASE is ")
    assert git("ls-remote", "--tags", "origin") == ""


def test_where_the_repository_does_not_answer_no_tag_is_taken_for_absent(clone: tuple[Path, Git]) -> None:
    folder, git = clone
    git("remote", "set-url", "origin", str(folder.parent / "private.git"))
    done = tag(folder)
    assert done.returncode == 1
    assert f"error: whether there is a tag release-{NAME} cannot be told" in done.stderr


def test_a_private_repository_is_asked_with_the_credentials_of_gh(clone: tuple[Path, Git], tmp_path: Path) -> None:
    """The checkout keeps none."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" >> "$GIT_LOG"\ncase "$*" in *ls-remote*) exit 2;; esac\n')
    program.chmod(0o755)
    log = tmp_path / "calls"
    done = tag(clone[0], PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}", GIT_LOG=str(log))
    assert done.returncode == 0, done.stderr
    asked, pushed = log.read_text().splitlines()
    for call, word in ((asked, "ls-remote"), (pushed, "push")):
        assert f"credential.helper=!gh auth git-credential {word}" in call
