"""Runbooks run as they are written: commands, options, outputs and resources are there; blanks are explained."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from tests.paths import ROOT
from tests.template import TEMPLATE

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "infra" / "README.md", ROOT / "README.md"]
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```\n((?: *\n| *- `\{.*\n)*)", re.MULTILINE | re.DOTALL)
BLOCKS = [(page, code, after) for page in PAGES for _, code, after in BLOCK.findall(page.read_text())]
BLANK = re.compile(r"\{([a-z]+)\}")
AWS = re.compile(r"\baws (?!--)([a-z0-9]+) ((?:wait )?[a-z0-9-]+)")
HIGH_LEVEL = {"s3": {"cp", "mb", "sync", "ls", "rm"}}
"""Commands of the AWS CLI that are more than one call."""
SAME = {"s3api": "s3"}
"""Services that the AWS CLI names otherwise."""
FILLED_IN = {"owner", "repo"}
"""Blanks that `gh` fills in itself."""
CALLERS = {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "API_URL"}
"""What README.md says once of every call."""
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = {"stitcher", "stitcher-prompts", "sam", "python"}


def commands(code: str) -> str:
    """A block with its continued lines joined, without comments and documents that it writes."""
    shell = re.sub(r"<<'?(\w+)'?\n.*?^\1$", "", code, flags=re.MULTILINE | re.DOTALL)
    joined = re.sub(r"\\\n\s*", " ", shell)
    return "\n".join(re.sub(r"(^|\s)#\s.*$", "", line) for line in joined.splitlines())


@cache
def operations(service: str) -> dict[str, Any]:
    """The operations of a service as the AWS CLI names them, each with its options."""
    model = botocore.session.get_session().get_service_model(SAME.get(service, service))
    return {
        xform_name(name, "-"): {xform_name(member, "-") for member in shape.members} if shape else set()
        for name in model.operation_names
        for shape in [model.operation_model(name).input_shape]
    }


@pytest.mark.parametrize(("page", "code", "after"), BLOCKS, ids=lambda value: getattr(value, "name", ""))
def test_a_blank_is_written_so_and_explained(page: Path, code: str, after: str) -> None:
    assert not re.search(r"<[a-z][a-z ]*>", commands(code)), "a shell reads it as a file"
    columns = re.compile(r'--template "[^"]*"')  # of a table, which the command fills in itself
    blanks = set(BLANK.findall(columns.sub("", commands(code)))) - FILLED_IN
    told = set(BLANK.findall(" ".join(re.findall(r"^ *- (.*?):", after, re.MULTILINE))))
    assert blanks <= told


@pytest.mark.parametrize(("page", "code", "after"), BLOCKS, ids=lambda value: getattr(value, "name", ""))
def test_a_block_is_a_shells(page: Path, code: str, after: str) -> None:
    shell = shutil.which("bash") or "/bin/sh"
    done = subprocess.run([shell, "-n"], input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def named(text: str) -> list[tuple[str, str, str]]:
    """Service, operation and the rest of each AWS command of a text."""
    return [(found[1], found[2], text[found.end() :].partition("\n")[0]) for found in AWS.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_of_the_aws_cli_is_one(page: Path) -> None:
    inline = "\n".join(re.findall(r"`(aws [^`]*)`", " ".join(page.read_text().split())))
    text = "\n".join([*(commands(code) for where, code, _ in BLOCKS if where == page), inline])
    for service, operation, rest in named(text):
        if operation in HIGH_LEVEL.get(service, ()):
            continue
        if operation.startswith("wait "):
            waiters = botocore.session.get_session().get_waiter_model(service).waiter_names
            assert operation.removeprefix("wait ") in {xform_name(name, "-") for name in waiters}
            continue
        assert operation in operations(service), f"aws {service} {operation}"
        options = set(re.findall(r" --([a-z0-9-]+)", rest.partition("|")[0].partition(" do ")[0]))
        general = {"query", "output", "max-items", "region", "profile"}
        assert options - general <= operations(service)[operation], f"aws {service} {operation}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_outputs_and_resources_that_are_asked_for_are_the_templates(page: Path) -> None:
    text = page.read_text()
    outputs = {*re.findall(r"\$\(output (\w+)\)", text), *re.findall(r"OutputKey=='(\w+)'", text)}
    assert outputs <= TEMPLATE["Outputs"].keys()
    assert set(re.findall(r"\$\(resource ([A-Z]\w+)\)", text)) <= TEMPLATE["Resources"].keys()
    loops = re.findall(r"for name in ((?:\w+Function ?)+);", text)
    assert {name for loop in loops for name in loop.split()} <= TEMPLATE["Resources"].keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_block_runs_is_there(page: Path) -> None:
    for where, code, _ in BLOCKS:
        if where != page:
            continue
        text = commands(code)
        assert set(re.findall(r"^\s*make ([a-z-]+)", text, re.MULTILINE)) <= TARGETS
        assert set(re.findall(r"\.venv/bin/([\w-]+)", text)) <= COMMANDS
        uses = [name for name in ("output", "resource") if f"$({name} " in text and f"{name}()" not in text]
        whole = page.read_text()
        assert [name for name in uses if f"{name}() {{" not in whole] == [], "a runbook names its outputs"
        for variable in set(re.findall(r"\$\{?([A-Z_]{3,})\b", text)) - CALLERS:
            assert f"{variable}=" in whole or f"`{variable}`" in whole or page.name == "README.md", variable


STAND_INS = """
set -eu
output() { echo "the-output"; }
resource() { echo "arn:aws:states:ap-south-1:123456789012:stateMachine:campaign"; }
aws() {
  case "$1" in
    s3) [ "$2 $3 $4" = "cp s3://the-output/campaigns/4f0c/run.json -" ]; echo '{"name": "one", "made": "one"}' ;;
    *) echo "$@" ;;
  esac
}
"""


def test_the_redrive_of_a_campaign_names_its_last_execution() -> None:
    (code,) = (code for _, code, _ in BLOCKS if "redrive-execution" in code)
    shell = shutil.which("bash") or "/bin/sh"
    told = subprocess.run(
        [shell], input=STAND_INS + code.replace("{id}", "4f0c"), capture_output=True, text=True, check=True
    ).stdout
    arn = "arn:aws:states:ap-south-1:123456789012:execution:campaign:one"
    assert told == f"stepfunctions redrive-execution --execution-arn {arn}\n"


def test_the_runbooks_are_found() -> None:
    assert len(BLOCKS) > 20
    assert sum(bool(BLANK.search(code)) for _, code, _ in BLOCKS) >= 6
    assert "AWS CLI 2" in (ROOT / "README.md").read_text()
