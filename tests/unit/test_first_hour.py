"""What a newcomer meets on this machine: progress, endings of files, stages that can be rehearsed."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools import progress
from tools.local import __main__ as local
from tools.local.rehearsal import parameters
from tools.local.stack import StackError

from stitcher.formats.profiles import PROFILES
from tests.paths import ROOT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_takes_long_is_said_before_and_after() -> None:
    lines = io.StringIO()
    with progress.told("packages", lines):
        assert lines.getvalue() == "packages …\n"
    assert re.fullmatch(r"packages …\n\rpackages: \d+ s   \n", lines.getvalue())


def test_on_a_terminal_the_seconds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK", 0.001)
    line = Terminal()
    with progress.told("packages", line):
        while "\rpackages … " not in line.getvalue():
            pass
    assert line.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("code", "shown"), [("print('fine')", ""), ("print('no space'); raise SystemExit(3)", "no space\n")]
)
def test_a_commands_output_is_shown_only_if_it_fails(code: str, shown: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "progress.py"), "a thing", "--", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (3 if shown else 0)
    assert done.stderr.startswith("a thing …\n")
    assert done.stderr.endswith(shown or " s   \n")
    assert done.stdout == ""


def test_a_command_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert progress.main(["a thing", "--", "/no/such/program", "x"]) == 127
    assert "/no/such/program: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("name", PROFILES)
def test_a_saved_message_has_the_ending_of_its_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "ROOT", tmp_path)
    file = local._saved({"audio_files": ["hindi/नमस्ते.wav", "a.b.ogg"]}, PROFILES[name].suffix, b"audio")
    assert file == tmp_path / "out" / f"नमस्ते__a.b{PROFILES[name].suffix}"
    assert file.read_bytes() == b"audio"


def test_a_long_messages_name_is_one_that_file_systems_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "ROOT", tmp_path)
    assert local._saved({"audio_files": ["नमस्ते.wav"] * 100}, ".mp3", b"").is_file()


def test_a_stage_is_rehearsed_with_its_own_parameters() -> None:
    given = parameters("prod")
    assert 'Stage="prod"' in given
    assert sum(each.startswith(("PythonRuntime=", "Architecture=")) for each in given) == 2, "this machine's"
    with pytest.raises(StackError, match=r"'production' is no stage of samconfig\.toml: local, dev, test, stage, prod"):
        parameters("production")


TYPES = """
import json, sys
sys.path.insert(0, sys.argv[1])
import emulator, not_simulated
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS
emulator._state_machine_aliases()
known = set(_RESOURCE_HANDLERS)
not_simulated.install()
print(json.dumps([sorted(known), sorted(set(_RESOURCE_HANDLERS) - known)]))
"""


def test_every_type_of_a_stage_is_simulated_or_listed_as_not() -> None:
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-c", TYPES, str(ROOT / "tools" / "local")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    simulated, taken = map(set, json.loads(done.stdout.splitlines()[-1]))
    used = set()
    for name in ("template.yaml", "infra/monitoring.yaml"):
        used |= set(re.findall(r"^    Type: (AWS::\S+)$", (ROOT / name).read_text(), re.MULTILINE))
    # What SAM makes of its own types (its specification, "Generated CloudFormation resources").
    used |= {"AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::Lambda::Alias"}
    used -= {one for one in used if one.startswith("AWS::Serverless::")}
    assert used <= simulated | taken
    assert taken <= used, "what MiniStack simulates by now need not be taken"
