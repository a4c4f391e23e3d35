"""actionlint, zizmor and checkov find nothing; and would, if there were something."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

ACTIONLINT = ROOT / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
BIN = ROOT / ".venv-delivery" / "bin"
needs_node = pytest.mark.skipif(
    not (shutil.which("node") and ACTIONLINT.exists()), reason="Node.js is not installed: no actionlint"
)
UNSAFE = """\
name: unsafe
on: pull_request_target
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.pull_request.title }}"
"""


def run(*command: str | Path, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


@needs_node
def test_actionlint_finds_mistakes_and_there_are_none(tmp_path: Path) -> None:
    """In one run, because starting it is most of its time."""
    folder = tmp_path / ".github" / "workflows"
    shutil.copytree(ROOT / ".github" / "workflows", folder)
    for path in folder.iterdir():  # this actionlint does not know `queue` yet
        path.write_text(re.sub(r"^ *queue: max.*\n", "", path.read_text(), flags=re.MULTILINE))
    (folder / "bad.yml").write_text(UNSAFE.replace("runs-on", "runs_on"))
    done = run("node", ACTIONLINT, ".github/workflows/*.yml", folder=tmp_path)
    assert done.returncode != 0
    found = re.findall(r"([\w-]+\.yml):\d+:\d+ ", done.stdout)
    assert set(found) == {"bad.yml"}, done.stdout
    assert f"Checking {len(list(folder.iterdir()))} " in done.stdout


def test_zizmor_finds_nothing_unsafe() -> None:
    done = run(BIN / "zizmor", "--offline", "--persona=auditor", "--quiet", ".github")
    assert done.returncode == 0, done.stdout


def test_checkov_finds_nothing_in_the_template_but_what_is_explained() -> None:
    done = run(BIN / "checkov", "--config-file", "tools/delivery/checkov.yaml")
    assert done.returncode == 0, done.stdout
    assert "Passed checks: 0" not in done.stdout


def test_checkov_finds_nothing_in_the_workflows_and_the_foundation() -> None:
    options = ["--framework", "github_actions", "terraform", "--skip-download", "--compact", "--quiet"]
    done = run(BIN / "checkov", "--directory", ".", *options)
    assert done.returncode == 0, done.stdout
    assert "Passed checks" in done.stdout


def test_zizmor_would_find_what_is_unsafe(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(UNSAFE)
    done = run(BIN / "zizmor", "--offline", "--persona=auditor", "--no-progress", tmp_path / "bad.yml")
    assert done.returncode != 0
    for rule in ("template-injection", "dangerous-triggers", "unpinned-uses"):
        assert rule in done.stdout


def test_every_exception_gives_its_reason() -> None:
    lines = (ROOT / "tools" / "delivery" / "checkov.yaml").read_text().splitlines()
    checks = [number for number, line in enumerate(lines) if line.startswith("  - CKV")]
    assert checks
    for number in checks:
        above = lines[number - 1]
        assert above.startswith(("  #", "  - CKV")), lines[number]
    rules = [line for line in (ROOT / ".github" / "zizmor.yml").read_text().splitlines() if line[:4] == "    "]
    assert all("# " in line for line in rules if line.strip().startswith(("disable:", "ignore:")))
    assert any("ignore:" in line for line in rules)
