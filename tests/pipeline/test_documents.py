"""What the documentation and the repository's settings name is there."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml

from tests.paths import ROOT
from tests.pipeline.conftest import git_in
from tests.pipeline.workflows import FOLDER, JOBS, WORKFLOWS, job

DELIVERY = (ROOT / "docs" / "delivery.md").read_text()
TARGETS = set(re.findall(r"^([a-z-]+)%?:", (ROOT / "Makefile").read_text(), re.MULTILINE))
TEXTS = {
    name: (ROOT / name).read_text()
    for name in ("docs/delivery.md", "docs/aws.md", "README.md", ".github/pull_request_template.md")
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_target_that_is_named_is_in_the_makefile(name: str) -> None:
    assert set(re.findall(r"(?:`|^ *)(?:[A-Z]+=\S+ )*make ([a-z-]+)\b", TEXTS[name], re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", TEXTS[name]):
        assert ((ROOT / name).parent / link).exists(), link


def test_the_command_that_empties_a_bucket_takes_every_version() -> None:
    query = re.search(r"--query '(\{Objects.*)'\)", TEXTS["docs/aws.md"])[1]  # type: ignore[index]
    version, marker = {"Key": "a", "VersionId": "1", "Size": 3}, {"Key": "b", "VersionId": "2", "IsLatest": True}
    for listed, expected in [
        ({"Versions": [version], "DeleteMarkers": [marker]}, [("a", "1"), ("b", "2")]),
        ({"Versions": [version]}, [("a", "1")]),
        ({"DeleteMarkers": [marker]}, [("b", "2")]),
        ({}, []),
    ]:
        found = jmespath.search(query, listed)
        assert [(each["Key"], each["VersionId"]) for each in found["Objects"]] == expected
        assert found["Quiet"] is True


def test_every_file_that_the_documentation_names_is_there() -> None:
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|txt|yaml|yml|json|md))`", DELIVERY))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert set(re.findall(r"`(\w+)\.yml`", DELIVERY)) == set(WORKFLOWS)


def test_the_repositorys_variables_that_are_used_are_those_that_are_set_up() -> None:
    used = {name for path in FOLDER.glob("*.yml") for name in re.findall(r"\bvars\.(\w+)", path.read_text())}
    assert used == set(re.findall(r"gh variable set (\w+)", DELIVERY))


def test_the_environment_of_pull_requests_is_set_up_with_reviewers_before_it_is_switched_on() -> None:
    part = DELIVERY[DELIVERY.index("Environments of pull requests on AWS are optional") :]
    asks, of_pulls, removal, on_main, on = (
        part.index(text)
        for text in (
            "reviewers",
            "environments/preview/deployment-branch-policies\" -f name='refs/pull/*/merge'",
            'environments/preview-removal"',
            'environments/preview-removal/deployment-branch-policies" -f name=main',
            "gh variable set PREVIEWS --body on",
        )
    )
    assert asks < of_pulls < removal < on_main < on


def test_every_environment_is_set_up_for_main_only() -> None:
    loops = re.findall(r"for name in ([\w -]+); do", DELIVERY)
    approvals = {f"approve-{stage}" for stage in ("dev", "test", "stage", "prod")}
    environments = {"dev", "test", "stage", "prod", "package", "drift"} | approvals
    assert set(" ".join(loops[:2]).split()) == set(loops[2].split()) == environments
    assert loops[1] == "approve-stage approve-prod", "those with reviewers"


ACTIONS = 15368
"""The number of the app that GitHub's workflows act as."""


def rules(name: str, bypass: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    ruleset = json.loads((ROOT / ".github" / "rulesets" / f"{name}.json").read_text())
    assert (ruleset["enforcement"], ruleset["bypass_actors"]) == ("active", bypass or [])
    return {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}


def test_main_takes_only_what_passed_the_gate_and_a_review() -> None:
    main = rules("main")
    assert main["required_status_checks"]["required_status_checks"] == [{"context": job("ci.gate").body["name"]}]
    assert main["pull_request"]["required_approving_review_count"] >= 1
    assert {"deletion", "non_fast_forward", "merge_queue"} <= main.keys()
    assert "merge_group" in WORKFLOWS["ci"]["on"]
    longest = sum(int(job(f"ci.{name}").body["timeout-minutes"]) for name in ("changes", "checks", "gate"))
    assert main["merge_queue"]["check_response_timeout_minutes"] >= longest


def test_a_releases_tag_stays_where_it_is() -> None:
    assert rules("releases").keys() == {"update", "deletion"}
    include = json.loads((ROOT / ".github" / "rulesets" / "releases.json").read_text())["conditions"]["ref_name"]
    assert include["include"] == ["refs/tags/release-*"]


def test_only_the_pipeline_names_a_release() -> None:
    """And may do no more than that: who passes by the rule of names still moves and deletes none."""
    assert rules("release-names", [{"actor_id": ACTIONS, "actor_type": "Integration", "bypass_mode": "always"}]) == {
        "creation": {}
    }
    names = json.loads((ROOT / ".github" / "rulesets" / "release-names.json").read_text())["conditions"]["ref_name"]
    assert names["include"] == ["refs/tags/release-*"]
    for path in (ROOT / ".github" / "rulesets").glob("*.json"):
        assert f"rulesets/{path.name}" in DELIVERY, "nobody would set it up"


def test_what_decides_over_everything_has_owners_to_be() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    paths = [line.split()[0] for line in lines if not line.startswith("#")]
    assert [path for path in paths if not (ROOT / path.strip("/")).exists()] == []
    owned = tuple(f"{path.strip('/')}{'/' if path.endswith('/') else ''}" for path in paths)
    for file in run_with_credentials():
        assert file.startswith(owned), f"{file} runs with credentials, and nobody has to agree to a change of it"


def run_with_credentials() -> set[str]:
    """What the jobs with a token run: the workflows, the Makefile and what it installs, its tools and their tests."""
    makefile = (ROOT / "Makefile").read_text()
    runs = [run for each in JOBS if each.may("id-token") == "write" for run in each.runs if run.startswith("make ")]
    commands = ""
    for run in runs:
        if found := re.search(rf"^{run.removeprefix('make ')}:.*\n(?:\t.*\n)*", makefile, re.MULTILINE):
            commands += found[0]
    files = {"Makefile", "pyproject.toml", ".github/workflows/deploy.yml", "template.yaml", "samconfig.toml"}
    files |= {f"{module.replace('.', '/')}/x.py" for module in re.findall(r"-m (tools\.\w+)", commands)}
    suites = re.findall(r"pytest (tests/\w+)", commands)
    files |= {f"{suite}/x.py" for suite in suites} | {"tests/conftest.py"}
    return files | imported(
        *(ROOT / "tools" / "delivery").glob("*.py"),
        *(path for suite in suites for path in (ROOT / suite).glob("*.py")),
        ROOT / "tests" / "conftest.py",
    )


def imported(*started: Path) -> set[str]:
    """This project's modules that these import, and that those import in turn."""
    found: set[Path] = set()
    waiting = list(started)
    while waiting:
        if (path := waiting.pop()) in found:
            continue
        found.add(path)
        for module, names in re.findall(
            r"^ *(?:from|import) ([\w.]+)(?: import ([\w, ]+))?", path.read_text(), re.MULTILINE
        ):
            for name in (module, *(f"{module}.{each.strip()}" for each in names.split(","))):
                for folder in (ROOT, ROOT / "src"):
                    place = folder / name.replace(".", "/")
                    waiting += [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.exists()]
    return {str(path.relative_to(ROOT)) for path in found}


def test_dependabot_looks_wherever_versions_are_pinned() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    folders: dict[str, set[Path]] = {}
    for update in updates:
        for pattern in update.get("directories") or [update["directory"]]:
            found = {path for path in ROOT.glob(pattern.strip("/")) if path.is_dir()} if pattern != "/" else {ROOT}
            folders.setdefault(update["package-ecosystem"], set()).update(found)
        assert update["cooldown"]["default-days"] >= 7
    for file in ROOT.glob("functions/*/requirements.txt"):
        assert file.parent in folders["pip"]
    locks = ("tools/local/requirements.txt", "tools/delivery/requirements.txt", "functions/constraints.txt")
    for name in ("pyproject.toml", *locks):
        assert (ROOT / name).parent in folders["pip"], name
    for package in package_files():
        assert package.parent in folders["npm"], package
    assert {"github-actions", "terraform"} <= folders.keys()


def test_what_runs_before_a_commit_is_what_was_installed_here() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        program = shlex.split(hook["entry"])[0]
        assert (ROOT / program).exists(), program


def package_files() -> list[Path]:
    names = git_in(ROOT)("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return [ROOT / name for name in names if Path(name).name == "package.json"]


def test_npm_packages_are_pinned_and_hashed_and_run_no_scripts() -> None:
    """`npm ci` compares with the hashes. No lock file names a registry: the one that is set up is asked."""
    assert {ROOT, ROOT / "functions" / "phone"} <= {package.parent for package in package_files()}
    for package in package_files():
        told = json.loads(package.read_text())
        for name, version in (told.get("dependencies", {}) | told.get("devDependencies", {})).items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{package}: {name} {version}"
        assert set((package.parent / ".npmrc").read_text().split()) == {
            "omit-lockfile-registry-resolved=true",
            "ignore-scripts=true",
        }
        locked = json.loads((package.parent / "package-lock.json").read_text())["packages"]
        for name, entry in locked.items():
            bundled = entry.get("inBundle", False)
            assert name == "" or bundled or entry["integrity"].startswith("sha512-"), f"{package}: {name}"
            assert "resolved" not in entry, f"{package}: {name}"


def test_the_tools_pins_are_said_once() -> None:
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    assert not {pin.split("==")[0] for pin in pinned} & {"checkov", "zizmor"}
