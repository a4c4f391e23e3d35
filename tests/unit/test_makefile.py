"""What is given to a target of the Makefile reaches its program as it is: no make, no shell reads it.

The targets and their variables are read from the Makefile. Programs are replaced by one that writes down what it gets.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
RULES = MAKEFILE[MAKEFILE.index("\nhelp:") :]
RECIPES: dict[str, str] = {
    name: after + recipe for name, after, recipe in re.findall(r"^([a-z-]+):(.*)\n((?:\t.*\n)*)", RULES, re.MULTILINE)
}
SET_HERE = set(re.findall(r"^(\w+) :=|^export (\w+) :=", MAKEFILE, re.MULTILINE))
DEFINED = re.findall(r"^define (\w+)", MAKEFILE, re.MULTILINE)
ENVIRONMENTS = re.findall(r"^READY\w* := (\.venv[\w-]*)/", MAKEFILE, re.MULTILINE)
NEEDED = set(" ".join(re.findall(r"^\$\(READY\w*\): (.*)$", MAKEFILE, re.MULTILINE)).split())
"""What the environments are made from."""
OWN = {name for pair in SET_HERE for name in pair if name} | {"MAKEFILE_LIST", *DEFINED}


def read_by(target: str) -> list[str]:
    """The variables that a target's recipe hands to a program."""
    return sorted(set(re.findall(r'"[^"$]*\$\$([A-Z][A-Z_]*)"', RECIPES[target])))


GIVEN = [(target, name) for target in RECIPES for name in read_by(target) if name not in {"PYTHON"}]
VALUES = {
    "written": "--help the price of $5, $HOME, $$, ${HOME} and ₹20 पुणे मंडी; it's \"5\" \\ 'x' \\n % \\",
    "commands": "$(shell touch canary) `touch canary` $(touch canary) ; touch canary & (c) | tee canary > canary # d",
    "lines": "one\n\ntwo\n$(error three)\n\ttouch canary\n#",
    "empty": "",
}
RECORDER = """#!/bin/sh
{ printf '%s\\0' "$@"; printf '\\1'; env -0; printf '\\2'; } >> "$RECORDED"
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Makefile, whose environments hold nothing but recorders."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "Makefile", folder)
    for source in NEEDED | {
        "functions/constraints.txt",
        "samconfig.toml",
        "infra/x",
        ".aws-sam/x",
        "studio/node_modules/.ready",
    }:
        (folder / source).parent.mkdir(parents=True, exist_ok=True)
        (folder / source).touch()
    in_environments = [f"{one}/bin/{name}" for one in ENVIRONMENTS for name in ("python", "sam")]
    for program in (*in_environments, "bin/terraform", "bin/python3", "bin/npm"):
        path = folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RECORDER)
        path.chmod(0o755)
    for one in ENVIRONMENTS:
        (folder / one / ".ready").touch()
    return folder


def made(checkout: Path, target: str, *arguments: str, **given: str) -> list[tuple[list[str], dict[str, str]]]:
    """The programs that a target called, each with its arguments and environment."""
    recorded = checkout / "recorded"
    recorded.write_text("")
    environment = {
        "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": "/home/of/somebody",
        "RECORDED": str(recorded), **given,
    }  # fmt: skip
    done = subprocess.run(
        ["make", target, *arguments],  # noqa: S607
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (checkout / "canary").exists(), "a value was read as a command"
    calls = [call.split("\1") for call in recorded.read_text().split("\2")[:-1]]
    return [
        (told.split("\0")[:-1], dict(one.split("=", 1) for one in variables.split("\0")[:-1]))
        for told, variables in calls
    ]


def assert_as_given(calls: list[tuple[list[str], dict[str, str]]], name: str, value: str) -> None:
    arguments = [argument for given, _ in calls for argument in given]
    environments = [environment for _, environment in calls]
    assert calls
    assert all(environment.get(name, "") == value for environment in environments)
    assert any(argument == value or argument.endswith(f"={value}") for argument in arguments) or any(
        value in environment.values() for environment in environments
    )


@pytest.mark.parametrize("target", sorted({target for target, _ in GIVEN}))
def test_a_value_of_the_command_line_is_not_changed(checkout: Path, target: str) -> None:
    names = [name for name in read_by(target) if name != "PYTHON"]
    for value in VALUES.values():
        calls = made(checkout, target, *(f"{name}={value}" for name in names))
        for name in names:
            assert_as_given(calls, name, value)


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind != "empty"])
def test_a_value_of_the_environment_is_not_changed(checkout: Path, kind: str) -> None:
    for target in ("run", "erase", "deploy"):
        names = read_by(target)
        calls = made(checkout, target, **dict.fromkeys(names, VALUES[kind]))
        for name in names:
            assert_as_given(calls, name, VALUES[kind])


def test_all_of_a_target_is_given_to_its_program(checkout: Path) -> None:
    calls = made(checkout, "run", "MESSAGE=-5 degrees", "VOICE=a voice", "FORMAT=$5", "AUDIOS=my clips/#1")
    assert calls[-1][0] == [
        "-m", "tools.local", "run", "--message=-5 degrees", "--voice=a voice", "--format=$5", "--audios=my clips/#1"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "variable"),
    [
        *((target, "AUDIOS") for target in ("run", "identify", "campaign", "call", "serve", "studio")),
        ("identify", "IMAGE"),
        ("campaign", "MESSAGES"),
    ],
)
def test_a_path_is_looked_at_before_anything_is_installed(target: str, variable: str, tmp_path: Path) -> None:
    """No path would be the current folder. This checkout has no environment, and nothing to make one from."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for part in ("tools/given.py", "samples/campaign.csv", "samples/images/cat.jpg"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, tmp_path / part)
    (tmp_path / "samples" / "clips").mkdir()
    for source in NEEDED:
        (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source).touch()
    for value, said in (("", "is empty: give it a value"), ("/nosuch", "is '/nosuch': there is no such ")):
        command = ["make", target, f"{variable}={value}", f"PYTHON={sys.executable}"]
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        done = subprocess.run(command, cwd=tmp_path, env=outside, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith(f"error: {variable} {said}")
        assert len(done.stderr.splitlines()) == 2, "and make's own"
    assert not list(tmp_path.glob(".venv*"))


def test_an_interpreter_may_lie_in_a_folder_with_spaces(checkout: Path) -> None:
    interpreter = checkout / "bin" / "my python$5"
    shutil.copy(checkout / "bin" / "python3", interpreter)
    assert made(checkout, "tag", f"PYTHON={interpreter}")


def test_the_targets_with_values_are_found() -> None:
    found = {target for target, _ in GIVEN}
    assert {"run", "identify", "serve", "events", "deploy", "erase", "cost", "load", "prune"} <= found
    assert set(RECIPES) == set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("target", RECIPES)
def test_no_recipe_lets_make_read_a_value(target: str) -> None:
    """A new target, too: it names a value by "$$NAME", and asks for one by $(if $(value NAME),…)."""
    without = re.sub(r"\$\(if \$\(value \w+\),", "", RECIPES[target])
    assert set(re.findall(r"\$\((?:value )?(\w+)\)", without)) <= OWN
    assert re.findall(r'(?<!")(?<![\w/=-])\$\$(?!FOUNDATION)([A-Z_]+)(?!")\b', re.sub(r'"[^"]*"', "", without)) == []


def test_every_value_that_recipes_read_has_been_exported() -> None:
    exported = set(" ".join(re.findall(r"^export ([A-Z_ ]+)$", MAKEFILE, re.MULTILINE)).split())
    defaults = set(re.findall(r"^(\w+) \?=", MAKEFILE, re.MULTILINE))
    assert exported == defaults


WAITING = """#!/bin/sh
trap 'echo stopped > stopped; exit 0' TERM
echo started > started
while :; do sleep 0.05; done
"""


@pytest.mark.parametrize("target", ["run", "serve", "studio"])
def test_what_stops_make_stops_its_program(checkout: Path, target: str) -> None:
    """A service manager sends SIGTERM to make alone, which hands it to the process that it started, and to no other."""
    program, started, stopped = checkout / ".venv/bin/python", checkout / "started", checkout / "stopped"
    program.write_text(WAITING)
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    try:
        with subprocess.Popen(
            ["make", target],  # noqa: S607
            cwd=checkout,
            env={"PATH": path, "RECORDED": str(checkout / "recorded")},
            stderr=subprocess.DEVNULL,
        ) as make:
            while not started.exists():
                assert make.poll() is None
                time.sleep(0.01)
            make.terminate()
        assert stopped.exists()
    finally:
        program.write_text(RECORDER)
        for note in (started, stopped):
            note.unlink(missing_ok=True)
