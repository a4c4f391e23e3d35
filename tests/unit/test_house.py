"""Laws of the house: imports go down, docs name what there is, every page is found from the index."""

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

FLOORS = (
    ("errors", "near", "limits", "clip", "storage", "numbers"),
    ("text", "formats", "fields"),
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
HARD_TO_READ = (
    r"so many\b",
    r"\bwhoever\b",
    r"\bof a place\b",
    r"\bwhich one (?:is|that)\b",
    r"\bnone of it\b",
    r"\bnothing of (?:them|it)\b",
    r"what is not there back",
    r"takes? (?:it|itself) back",
    r"worked off",
    r"sees by `RedriveCount`",
    r"(?:is|are) no model\b",
    r"nobody recorded",
    r"would sound different",
    r"`rendered` by ffmpeg, and then",
    r"Lists come in pages",
    r"A page of voices may be shorter",
    r"and three for pictures",
    r"cost more than that",
    r"Once there is a team",
    r"between other words the voice's",
)
"""Phrases that readers whose English is a third language did not understand, each with its kind."""
TEXTS = [
    *PAGES,
    ROOT / "CHANGELOG.md",
    ROOT / "samples" / "README.md",
    ROOT / "Makefile",
    ROOT / "template.yaml",
    *(ROOT / "statemachine").glob("*.json"),
    *(path for tree in ("src", "tools", "functions") for path in (ROOT / tree).rglob("*.py")),
]
MADE_LATER = ("node_modules", "tools/mutants/results")


@pytest.mark.parametrize("phrase", HARD_TO_READ)
def test_a_phrase_that_is_hard_to_read_stays_away(phrase: str) -> None:
    pattern = re.compile(phrase.replace(" ", r"[\s#]+"), re.IGNORECASE)
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in TEXTS
        if "node_modules" not in path.parts and (match := pattern.search(path.read_text()))
    }
    assert found == {}


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


def test_the_table_of_behaviours_names_only_files_that_exist() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().split("## Where to find what")[1].split("\n## ")[0]
    for row in re.findall(r"^\| .*\|$", table, re.MULTILINE)[2:]:
        named = re.findall(r"`([\w/.]*?)([\w.]+\.(?:py|yaml|json))`", row)
        folders = [ROOT / folder for folder, _ in named if folder] or re.findall(r"`([\w/]+/)`", row)
        for folder, name in named:
            places = [ROOT / folder] if folder else [ROOT, *(ROOT / one for one in folders)]
            assert any((place / name).exists() for place in places), f"{name} in: {row}"


def test_every_page_is_found_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    missing = {page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index} - {"README.md"}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_targets_of_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+?)-?%?:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert (
        set(re.findall(r"\bmake ([a-z][a-z-]*[a-z])(?![\w.])", re.sub(r"[^`]*(`[^`]*`|$)", r"\1\n", page.read_text())))
        <= targets
    )
