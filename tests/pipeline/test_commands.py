"""`python -m tools.delivery` as `make` calls it: provenance, the lock of versions, and what is said of mistakes."""

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tools.delivery import __main__ as program
from tools.delivery import contract, hashes, scan
from tools.delivery.release import verify
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError, Store
from tools.given import variable as given_by_make

from tests.paths import ROOT
from tests.pipeline.test_deploy import release


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `gh` on PATH that notes how it is called, and finds nothing wrong unless GH_EXIT says so."""
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" >> "$GH_LOG"\nexit "${GH_EXIT:-0}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GH_LOG", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_provenance_is_asked_for_this_repositorys_release_on_main(
    bucket: str, gh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo-org/audio-stitcher")
    made = release(Store(bucket), 1)
    verify(Store(bucket), made.name, tmp_path)
    words = gh.read_text().split()
    assert words[:2] == ["attestation", "verify"]
    assert Path(words[2]).read_bytes() == made.to_json()
    options = dict(zip(words[3::2], words[4::2], strict=False))
    assert options["--repo"] == "octo-org/audio-stitcher"
    assert options["--signer-workflow"] == "octo-org/audio-stitcher/.github/workflows/release.yml"
    assert options["--source-ref"] == "refs/heads/main"
    assert "--deny-self-hosted-runners" in words

    monkeypatch.setenv("GH_EXIT", "1")
    with pytest.raises(DeliveryError, match="it is not deployed"):
        verify(Store(bucket), made.name, tmp_path)


def test_without_a_repository_or_a_release_there_is_no_provenance(
    bucket: str, gh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    made = release(Store(bucket), 1)
    with pytest.raises(DeliveryError, match="GITHUB_REPOSITORY is not set"):
        verify(Store(bucket), made.name, tmp_path)
    with pytest.raises(DeliveryError, match="no release"):
        verify(Store(bucket), "f" * 12, tmp_path)
    assert not gh.exists()


def test_every_line_of_this_repositorys_lock_is_one_version() -> None:
    lines = (ROOT / "functions" / "constraints.txt").read_text().splitlines()
    names = [line.split("==")[0] for line in lines]
    assert {"urllib3", "setuptools", "wheel"} <= set(names)
    pin = re.compile(r"[a-z0-9-]+==[0-9][\w.]*( ; python_full_version .*)?")
    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert names == sorted(names)


def test_every_pinned_package_has_hashes_of_files_that_need_no_compiler() -> None:
    text = (ROOT / "functions" / "hashes.txt").read_text()
    entries = re.findall(
        r"^([a-z0-9-]+==\S+)(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE
    )
    assert len(entries) == text.count("==")
    hashed = {pin for pin, _ in entries}
    lines = (ROOT / "functions" / "constraints.txt").read_text().splitlines()
    pins = {line.split(" ;")[0] for line in lines if not line.startswith(("setuptools", "wheel"))}
    for path in (ROOT / "functions").glob("*/requirements.txt"):
        pins |= {re.sub(r"\[.*?\]|[; ].*", "", line) for line in path.read_text().splitlines()}
    assert pins == hashed


def test_the_one_package_that_has_no_wheel_is_here_with_its_hash() -> None:
    (wheel,) = (ROOT / "functions" / "wheels").glob("*.whl")
    assert (
        f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
        in (ROOT / "functions" / "hashes.txt").read_text()
    )


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    shutil.copytree(ROOT / "functions" / "wheels", tmp_path / "functions" / "wheels")
    (tmp_path / "functions" / "hashes.txt").write_text(f"docopt==0.6.2 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(DeliveryError, match="DO NOT MATCH THE HASHES"):
        hashes.download(tmp_path, "x86_64", "python3.13")


ACCEPTED = '["PYSEC-1"]\nuntil = 2026-12-31\nreason = "its command line is not called"\n'


def test_a_hole_is_accepted_until_a_day(tmp_path: Path) -> None:
    (tmp_path / "accepted.toml").write_text(ACCEPTED)
    assert scan.accepted(tmp_path, Path("accepted.toml"), date(2026, 12, 31)) == ["PYSEC-1"]
    with pytest.raises(DeliveryError, match="PYSEC-1 was accepted until 2026-12-31"):
        scan.accepted(tmp_path, Path("accepted.toml"), date(2027, 1, 1))


@pytest.mark.parametrize("entry", ["", 'reason = "x"', "until = 2026-12-31", 'until = "soon"\nreason = "x"'])
def test_what_is_accepted_needs_an_end_and_a_reason(entry: str, tmp_path: Path) -> None:
    (tmp_path / "accepted.toml").write_text(f'["PYSEC-1"]\n{entry}\n')
    with pytest.raises(DeliveryError, match="needs a date"):
        scan.accepted(tmp_path, Path("accepted.toml"), date(2026, 1, 1))


NPM_REPORT = {  # as npm 11 writes it
    "vulnerabilities": {
        "axios": {"name": "axios", "via": [{
            "name": "axios", "title": "a hole", "range": "<2",
            "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
        }]},
        "twilio": {"name": "twilio", "via": ["axios"]},
    }
}  # fmt: skip


def test_a_hole_in_an_npm_package_is_named_unless_it_is_accepted() -> None:
    (hole,) = scan.npm_holes(json.dumps(NPM_REPORT), [])
    assert hole == "axios <2: a hole (https://github.com/advisories/GHSA-aaaa-bbbb-cccc)"
    assert scan.npm_holes(json.dumps(NPM_REPORT), ["GHSA-aaaa-bbbb-cccc"]) == []
    assert scan.npm_holes('{"vulnerabilities": {}}', []) == []


@pytest.mark.parametrize("report", ["", "not JSON", '{"message": "405 Method Not Allowed", "statusCode": 405}'])
def test_a_scan_that_npm_could_not_make_is_no_scan(report: str) -> None:
    with pytest.raises(DeliveryError, match="npm audit could not ask"):
        scan.npm_holes(report, [])


@pytest.mark.parametrize("file", [scan.EXCEPTIONS, contract.EXCEPTIONS])
def test_the_exceptions_of_this_repository_are_read(file: Path) -> None:
    scan.accepted(ROOT, file, date(2026, 1, 1))


REQUIRED = [
    (name, option)
    for name, (options, _) in program.COMMANDS.items()
    for option in options.split()
    if program.OPTIONS[option].get("required")
]
STAGED = {name for name, option in REQUIRED if option == "--stage"}


@pytest.mark.parametrize(("name", "empty"), REQUIRED)
def test_a_value_that_is_not_given_to_make_is_asked_for(
    name: str, empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make` hands over a variable that is not set as an empty text."""
    given = [f"{option}={'' if option == empty else '0' * 12}" for other, option in REQUIRED if other == name]
    monkeypatch.setattr(sys, "argv", ["delivery", name, *given])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    assert capsys.readouterr().err == f"error: {given_by_make(empty[2:])} is empty: give it a value\n"


@pytest.mark.parametrize("name", [name for name, option in REQUIRED if option == "--release"])
@pytest.mark.parametrize("release", ["v1.2", "0123456789AB", "0123456789a", "0123456789ab\n", "a/../0123456789"])
def test_only_a_releases_name_is_asked_for_or_pushed(
    name: str, release: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["delivery", name, f"--release={release}", "--stage=dev"][: 3 + (name in STAGED)])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    said = f"error: RELEASE is {release!r}: a release's name has 12 digits of 0-9 and a-f\n"
    assert capsys.readouterr().err == said


def test_what_is_not_given_to_make_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("tools.delivery.notice.main", lambda _stage, what: told.append(what))
    monkeypatch.setattr(sys, "argv", ["delivery", "notice", "--stage=dev", "--what="])
    monkeypatch.chdir(ROOT)
    assert program.main() == 0
    assert told == ["a job"]


@pytest.mark.parametrize("name", ["adopt", "drift", "prune", "smoke"])
def test_a_command_of_a_stack_calls_its_own_tool(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, str]] = []

    def noted(tool: str) -> Callable[..., int]:
        def main(*arguments: Any, **_: Any) -> int:
            called.append((tool, next(each.name for each in arguments if isinstance(each, Stage))))
            return 7

        return main

    for each in ("adopt", "drift", "prune", "smoke"):
        monkeypatch.setattr(importlib.import_module(f"tools.delivery.{each}"), "main", noted(each))
    monkeypatch.setattr("tools.client.ambient_caller", lambda url: url)
    url = ["--url", "https://api.example.org/test"] if name == "smoke" else []
    monkeypatch.setattr(sys, "argv", ["delivery", name, "--stage", "test", *url])
    monkeypatch.chdir(ROOT)
    assert program.main() == 7
    assert called == [(name, "test")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "--release", "0" * 12, "--stage", "prod"], "ARTIFACTS is not set"),
        (["rollback", "--stage", "prod"], "ARTIFACTS is not set"),
        (["drift", "--stage", "staging"], "'staging' is no stage"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], said: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ARTIFACTS"}
    command = [sys.executable, "-m", "tools.delivery", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_build_without_the_templates_interpreter_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First of all, and not after packages were fetched; an interpreter of pyenv that is not chosen does not run."""
    broken = tmp_path / "bin" / "python3.13"
    for text in ("", "#!/bin/sh\necho pyenv: python3.13: command not found >&2; exit 127\n"):
        if text:
            broken.parent.mkdir()
            broken.write_text(text)
            broken.chmod(0o755)
        monkeypatch.setenv("PATH", str(broken.parent))
        with pytest.raises(DeliveryError, match=r"there is no python3\.13 that runs on PATH: install it"):
            hashes.needs_interpreter(ROOT)
    broken.write_text("#!/bin/sh\nexit 0\n")
    hashes.needs_interpreter(ROOT)
