"""The selector: what a change needs, over `git diff` of real repositories, and on this repository's own paths."""

import functools
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.delivery.select_checks import RULES, SUITES, Selection, changed_paths, main, select, sources
from tools.delivery.template import Part, parts

from tests.paths import ROOT
from tests.pipeline.conftest import Git, git_in

ZEROS = "0" * 40
GREET, PHONE = "GreetFunction", "PhoneFunction"


@pytest.fixture(scope="module", autouse=True)
def templates_are_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.delivery.select_checks.sources", functools.cache(sources))
        yield


def commit(git: Git, folder: Path, **files: str | None) -> None:
    """A commit that writes or (None) deletes files; `__` in a name is a slash, `_dot_` a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    git("add", "--all")
    git("commit", "--message=change")


def selected(repository: tuple[Path, Git], base: str = "HEAD~1") -> Selection:
    folder, _ = repository
    return select(changed_paths(base, "HEAD", folder), folder)


def names(selection: Selection) -> list[str]:
    return [part.name for part in selection.services]


def everything(selection: Selection) -> bool:
    return selection.lint and selection.suites == SUITES and names(selection) == [GREET, PHONE]


def test_a_functions_own_file_builds_that_function_in_its_language(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    commit(git, folder, functions__phone__app_dot_ts="export const handler = 1;\n")
    assert [(part.name, part.language) for part in selected(repository).services] == [(PHONE, "typescript")]
    commit(git, folder, functions__greet__app_dot_py="x = 1\n")
    assert [(part.name, part.language) for part in selected(repository).services] == [(GREET, "python")]


def test_a_function_in_typescript_starts_its_own_checks_and_no_python_ones(repository: tuple[Path, Git]) -> None:
    folder, _ = repository
    found = select(["functions/phone/app.ts"], folder)
    assert (names(found), found.suites) == ([PHONE], ("phone",))
    both = select(["functions/phone/app.ts", "functions/greet/app.py"], folder)
    assert both.suites == ("unit", "integration", "functional", "phone")
    assert select(["functions/phone/package-lock.json"], folder).suites == ("phone", "pipeline")


def test_a_shared_file_builds_every_function_that_links_to_it(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    commit(git, folder, src__shared__words_dot_py="HELLO = 'hi'\n")
    selection = selected(repository)
    assert names(selection) == [GREET]
    assert selection.suites == ("unit", "integration", "functional", "phone")


def test_a_rename_counts_for_where_it_was_and_for_where_it_is(repository: tuple[Path, Git]) -> None:
    _, git = repository
    git("mv", "functions/greet/app.py", "functions/phone/moved.py")
    git("commit", "--message=rename")
    assert names(selected(repository)) == [GREET, PHONE]


def test_a_rename_from_code_to_documentation_is_a_change_of_code(repository: tuple[Path, Git]) -> None:
    _, git = repository
    git("mv", "src/shared/words.py", "docs/words.md")
    git("commit", "--message=rename")
    assert names(selected(repository)) == [GREET]


def test_a_deleted_file_counts(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    commit(git, folder, src__shared__words_dot_py=None)
    assert names(selected(repository)) == [GREET]


def test_a_function_that_was_taken_out_needs_everything(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    commit(git, folder, functions__old__app_dot_py="x = 1\n")
    assert everything(selected(repository)), "put in, but in no template"
    commit(git, folder, functions__old__app_dot_py=None)
    assert everything(selected(repository))


def test_documentation_alone_needs_the_unit_tests(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    commit(git, folder, docs__how_dot_md="How it works now.\n", CHANGELOG_dot_md="- New words\n")
    assert selected(repository) == Selection(lint=False, suites=("unit",), services=())


def test_documentation_with_code_needs_what_the_code_needs(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    commit(git, folder, docs__how_dot_md="New.\n", functions__greet__app_dot_py="x = 1\n")
    assert names(selected(repository)) == [GREET]


@pytest.mark.parametrize("base", [ZEROS, "1" * 40, "no-such-branch", ""])
def test_where_the_base_is_not_known_everything_is_needed(repository: tuple[Path, Git], base: str) -> None:
    """A first push (zeros), a commit that a forced push threw away, and a repository without a release."""
    assert everything(selected(repository, base))


def test_a_history_without_a_common_commit_needs_everything(repository: tuple[Path, Git]) -> None:
    _, git = repository
    git("checkout", "--orphan", "other")
    git("commit", "--message=other")
    assert everything(selected(repository, "main"))


def test_without_a_base_everything_since_the_last_release_counts(repository: tuple[Path, Git]) -> None:
    """What an earlier push broke is not passed over because the last push was documentation only."""
    folder, git = repository
    git("tag", "release-0123456789ab")
    commit(git, folder, functions__greet__app_dot_py="broken\n")
    commit(git, folder, docs__how_dot_md="New.\n")
    assert names(selected(repository, "")) == [GREET]


def test_what_others_put_on_main_meanwhile_does_not_count(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    git("checkout", "-b", "mine")
    commit(git, folder, functions__greet__app_dot_py="x = 1\n")
    git("checkout", "main")
    commit(git, folder, functions__phone__app_dot_ts="export const handler = 2;\n")
    assert [part.name for part in select(changed_paths("main", "mine", folder), folder).services] == [GREET]


@pytest.mark.parametrize("path", ["template.yaml", "Makefile", "functions/constraints.txt", "new_thing.cfg", "x/y/z"])
def test_what_everything_rests_on_and_what_nobody_knows_needs_everything(
    repository: tuple[Path, Git], path: str
) -> None:
    folder, _ = repository
    assert everything(select([path], folder))


def test_file_names_may_hold_anything(repository: tuple[Path, Git]) -> None:
    folder, git = repository
    odd = 'docs/नमस्ते "quoted"\nnew line.md'
    (folder / odd).write_text("x")
    git("add", "--all")
    git("commit", "--message=odd")
    assert changed_paths("HEAD~1", "HEAD", folder) == [odd]


def test_the_checks_are_a_single_line_for_the_workflow(
    repository: tuple[Path, Git], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, git = repository
    commit(git, folder, functions__phone__app_dot_ts="export const handler = 1;\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert main("HEAD~1", "HEAD", folder) == 0
    (line,) = (tmp_path / "output").read_text().splitlines()
    name, _, checks = line.partition("=")
    assert name == "checks"
    assert json.loads(checks) == ["lint", "contract", "scan", "phone", "typescript", f"service-{PHONE}"]


def test_what_is_called_as_it_is_deployed_is_deployed_on_the_embedded_aws(repository: tuple[Path, Git]) -> None:
    folder, _ = repository
    python = ["lint", "contract", "scan", "unit", "integration", "functional", "phone", "rehearse", f"service-{GREET}"]
    assert select(["functions/greet/app.py"], folder).checks == python
    assert select(["docs/how.md"], folder).checks == ["unit"]
    assert select(["LICENSE"], folder).checks == []


KNOWN = ["docs/a.md", "README.md", "src/stitcher/plan.py", "functions/stitch/app.py", "layers/ffmpeg/Makefile"]
KNOWN += ["infra/roles.tf", "tests/unit/test_plan.py", "tests/pipeline/test_tag.py", "tools/bench/measure.py"]
PATHS = st.lists(st.sampled_from([*KNOWN, "unknown"]))


@given(PATHS, PATHS)
def test_more_changes_never_need_less(some: list[str], more: list[str]) -> None:
    fewer, all_of_them = select(some, ROOT), select(some + more, ROOT)
    assert fewer.lint <= all_of_them.lint
    assert set(fewer.suites) <= set(all_of_them.suites)
    assert set(fewer.services) <= set(all_of_them.services)
    assert select(reversed(some), ROOT) == fewer


# ── This repository ──


def test_domain_code_builds_every_function_that_links_to_it() -> None:
    linked = {part.name for part in parts(ROOT) for link in (ROOT / part.folder).iterdir() if link.name == "stitcher"}
    assert len(linked) >= 7
    assert set(names(select(["src/stitcher/plan.py"], ROOT))) == linked
    assert names(select(["src/identifier/claim.py"], ROOT)) == [
        "CheckAnswersFunction",
        "IdentifyImageFunction",
        "PicturesFunction",
    ]


def test_links_lie_where_they_are_looked_for() -> None:
    """At the top of a part's folder: looking through everything below it, packages of Node.js too, takes a second."""
    for line in git_in(ROOT)("ls-files", "--stage", "-z", "functions", "layers").split("\0"):
        mode, _, path = line.partition(" ")
        assert mode != "120000" or path.count("/") == 2, path


def test_a_layer_is_built_with_the_functions_that_use_it() -> None:
    template: dict[str, Any] = {part.name: part for part in parts(ROOT)}
    users = [name for name, part in template.items() if "FfmpegLayer" in part.layers]
    assert {"StitchFunction", "FetchClipsFunction", "PrepareClipFunction"} <= set(users)
    assert names(select(["layers/ffmpeg/Makefile"], ROOT)) == sorted([*users, "FfmpegLayer"])


def test_every_part_of_the_template_is_of_a_language_that_is_looked_after() -> None:
    assert {part.language for part in parts(ROOT)} == {"python", "typescript", "makefile"}
    for part in parts(ROOT):
        folder = ROOT / part.folder
        assert (part.language == "typescript") == (folder / "package.json").exists(), "what `make typescript` looks for"
    assert Part("FfmpegLayer", "makefile", "layers/ffmpeg") in parts(ROOT)


def test_every_suite_is_a_target_and_a_folder_of_tests() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for suite in SUITES:
        assert re.search(rf"^{suite}:", makefile, re.MULTILINE)
        assert (ROOT / "tests" / suite).is_dir()


def test_a_file_that_a_test_reads_starts_that_tests_suite() -> None:
    words: dict[str, set[str]] = {suite: set() for suite in SUITES}
    for suite in SUITES:
        for file in set((ROOT / "tests" / suite).rglob("*.py")) - {Path(__file__)}:
            for quoted in re.findall(r'[^"\s]+(?=")', file.read_text().replace('" / "', "/")):
                parts_of = quoted.split("/")  # a folder of the test's own may stand before
                words[suite] |= {"/".join(parts_of[number:]) for number in range(len(parts_of))}
    for path in git_in(ROOT)("ls-files", "-z").split("\0"):
        if "." in path:  # else a word that may mean anything: LICENSE
            readers = {suite for suite, named in words.items() if path in named}
            assert readers <= set(select([path], ROOT).suites), f"{path} is read by tests that it does not start"


def test_a_tool_that_a_test_uses_starts_that_tests_suite() -> None:
    tools = {path.parent.name for path in (ROOT / "tools").glob("*/*.py")}
    assert {"delivery", "local"} <= tools
    for suite in SUITES:
        text = "".join(path.read_text() for path in (ROOT / "tests" / suite).rglob("*.py"))
        for tool in tools & {*re.findall(r"from tools\.(\w+)", text), *re.findall(r"from tools import (\w+)", text)}:
            assert suite in select([f"tools/{tool}/any.py"], ROOT).suites, f"tests of {suite} use {tool}"


def test_every_rule_is_for_files_that_there_are() -> None:
    """Or it says nothing, and its files need everything: a folder was moved, and the rule was not."""
    files = git_in(ROOT)("ls-files", "-z").split("\0")
    unused = [pattern for pattern, _ in RULES if not any(fnmatchcase(path, pattern) for path in files)]
    assert unused == []


def test_a_suite_uses_no_code_of_another_suite() -> None:
    """Else a change there would have to start it, too."""
    for suite in SUITES:
        for path in (ROOT / "tests" / suite).rglob("*.py"):
            others = set(re.findall(r"tests\.(\w+)\.", path.read_text())) & set(SUITES) - {suite}
            assert others == set(), path


def test_every_rule_is_of_suites_that_there_are() -> None:
    assert {suite for _, suites in RULES for suite in suites} <= set(SUITES)
