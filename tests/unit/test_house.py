"""Laws of the house: imports go down, docs name what there is, every page is found from the index."""

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

FLOORS = (
    ("errors", "limits", "clip", "storage", "numbers"),
    ("text", "formats"),
    ("planning",),
    ("clips",),
    ("joining", "campaigns"),
    ("api",),
    ("voice",),
    ("cli",),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
STITCHER = ROOT / "src" / "stitcher"
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "infra" / "README.md",
]
TREES = (
    "src",
    "tools",
    "tests",
    "functions",
    "statemachine",
    "infra",
    "docs",
    "samples",
    "layers",
    "events",
    "prompts",
)
NAMED = re.compile(rf"`((?:{'|'.join(TREES)})/[\w./-]*)`")
MADE_LATER = ("tools/delivery/node_modules", "tools/mutants/results")


def imports(path: Path) -> set[str]:
    return set(re.findall(r"^\s*(?:from|import) stitcher\.(\w+)", path.read_text(), re.MULTILINE))


def test_every_part_of_the_stitcher_has_a_floor() -> None:
    parts = {path.stem for path in STITCHER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts - {"__init__"} == FLOOR.keys()


@pytest.mark.parametrize("part", FLOOR)
def test_imports_go_down(part: str) -> None:
    files = [STITCHER / f"{part}.py"] if (STITCHER / f"{part}.py").exists() else sorted((STITCHER / part).rglob("*.py"))
    wrong = {path.name: imports(path) for path in files}
    assert {
        name: up for name, found in wrong.items() if (up := {one for one in found if FLOOR[one] > FLOOR[part]})
    } == {}


@pytest.mark.parametrize("package", ["identifier", "handlers"])
def test_the_stitcher_does_not_know_who_calls_it(package: str) -> None:
    calling = re.compile(rf"^\s*(?:from|import) {package}\b|aws_lambda_powertools", re.MULTILINE)
    assert [path.name for path in STITCHER.rglob("*.py") if calling.search(path.read_text())] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_what_there_is(page: Path) -> None:
    text = page.read_text()
    named = {one for one in NAMED.findall(text) if not one.startswith(MADE_LATER)}
    assert {one for one in named if not (ROOT / one).exists()} == set()
    links = {one.split("#")[0] for one in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in one}
    assert {one for one in links if one and not (page.parent / one).exists()} == set()


def test_every_page_is_found_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    missing = {page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index} - {"README.md"}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_targets_of_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert (
        set(re.findall(r"\bmake ([a-z][a-z-]+)(?![\w.])", re.sub(r"[^`]*(`[^`]*`|$)", r"\1\n", page.read_text())))
        <= targets
    )
