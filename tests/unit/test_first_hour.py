"""What a newcomer meets on this machine: progress, endings of files, stages that can be rehearsed."""

import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tools import progress
from tools.local import __main__ as local
from tools.local import stack
from tools.local.rehearsal import parameters
from tools.local.stack import StackError

from stitcher.formats.profiles import PROFILES
from tests.paths import ROOT
from tests.template import TEMPLATE


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
    with pytest.raises(
        StackError, match=r"'production' is no stage of samconfig\.toml: local, dev, preview, test, stage, prod"
    ):
        parameters("production")


CONDITIONS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import conditions
from ministack.services.cloudformation import engine
conditions.install()
template, given = json.load(sys.stdin)
print(json.dumps([engine._evaluate_conditions(template, parameters) for parameters in given]))
"""


def test_the_embedded_aws_reads_conditions_as_cloudformation_does() -> None:
    """Those on a mapping and on a list, which MiniStack would take as false and as true: no firewall, no alarms."""
    quiet = {
        "Stage": "dev",
        "CallProviders": "",
        "CallerAccounts": "",
        "AtOnce": "false",
        "AlarmEmail": "who@example.org",
    }
    loud = quiet | {"Stage": "prod", "CallProviders": "twilio,plivo", "ReserveConcurrency": "true"}
    template = {name: TEMPLATE[name] for name in ("Conditions", "Mappings")}
    given = [{name: {"Value": value} for name, value in each.items()} for each in (quiet, loud)]
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-c", CONDITIONS, str(ROOT / "tools" / "local")],
        input=json.dumps([template, given]), capture_output=True, text=True, check=True,
    )  # fmt: skip
    dev, prod = json.loads(done.stdout.splitlines()[-1])
    names = ("Guarded", "Watched", "Mailed", "Gradual", "Reserved", "Phoned", "PhonedGuarded", "OtherAccounts", "OnAws")
    assert [dev[name] for name in names] == [False, False, False, False, False, False, False, False, True]
    assert [prod[name] for name in names] == [True, True, True, True, True, True, True, False, True]


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


def test_a_voice_that_stays_behind_its_recordings_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    class Bucket:
        def __init__(self, *_: object) -> None: ...

        def folders(self) -> list[str]:
            return ["hindi/", "a b/"]

    monkeypatch.setattr(stack, "BucketRepo", Bucket)
    monkeypatch.setattr(stack, "kept_voices", lambda _: [])
    monkeypatch.setattr(stack, "_is_kept", lambda _clips, _output, voice: voice == "" or len(asked) == 2)
    monkeypatch.setattr(stack, "rebuild", lambda _client, _stack, voices: asked.append(tuple(voices)))
    monkeypatch.setattr(stack, "AGAIN_SECONDS", -1)
    monkeypatch.setattr(stack.Stack, "client", lambda *_: None)
    here: Any = dict.fromkeys(("port", "root", "credentials", "model"))
    stack.Stack(**here, outputs={"InputBucketName": "in", "OutputBucketName": "out"}).wait_for_catalogues()
    assert asked == [("hindi",), ("hindi",)]


def test_the_next_start_waits_for_the_one_that_is_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(held, fcntl.LOCK_UN))
        with stack._locked(tmp_path):
            pass
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(stack, "WAIT_SECONDS", -1)
        with pytest.raises(StackError, match="is running already"), stack._locked(tmp_path):
            pass


def test_a_second_interrupt_does_not_leave_half_of_it_running() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stack._uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        stopped = True
    assert stopped
    assert signal.getsignal(signal.SIGINT) is before


STATE = """
import json, sys, threading, time
sys.path.insert(0, sys.argv[1])
import emulator
from ministack import app
from ministack.services import cloudwatch_logs, lambda_svc
app._state_map = {name: f"x.{name}" for name in ("lambda", "s3", "cloudwatch_logs", "stepfunctions")}
class Service:
    get_state = staticmethod(lambda: {})
app._loaded_modules.update({f"x.{name}": Service for name in app._state_map} | app._loaded_modules)
emulator.stepfunctions._executions["arn"] = {"status": "SUCCEEDED"}
emulator._RESOURCE_HANDLERS["AWS::Lambda::Function"]["delete"] = lambda *_: None
emulator._stops_soon()
first = sorted(app._build_persistence_save_dict())
emulator._RESOURCE_HANDLERS["AWS::Lambda::Function"]["delete"]("name", {})
kept = emulator.stepfunctions.get_state()["executions"]
emulator.sqs._queue_name_to_url["changes"] = "http://localhost:1/000000000000/changes"
emulator._queues_keep_their_addresses()
urls = [emulator.sqs._queue_url(name) for name in ("changes", "new")]
emulator._sessions_begin_in_turn()
looking, met = threading.Event(), []
def look() -> None:  # MiniStack looks through its sessions here, and fails if one is added meanwhile
    met.append(looking.is_set())
    looking.set()
    time.sleep(0.05)
    looking.clear()
emulator.sts._evict_expired_sessions = look
threads = [threading.Thread(target=emulator.sts.register_session, args=(f"key {n}", {})) for n in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(json.dumps([first, sorted(app._build_persistence_save_dict()), len(kept), urls, met]))
"""


def test_a_stop_saves_what_the_next_start_needs_and_nothing_that_calls_left() -> None:
    """So that it takes as long after thousands of calls as after one; and the next start finds the queues' messages."""
    done = subprocess.run(
        [str(ROOT / ".venv-local" / "bin" / "python"), "-c", STATE, str(ROOT / "tools" / "local")],
        capture_output=True, text=True, check=True, env={"PERSIST_STATE": "1", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    unchanged, changed, executions, queues, met = json.loads(done.stdout.splitlines()[-1])
    assert ("lambda" in unchanged, "lambda" in changed) == (False, True)
    assert "s3" in unchanged
    assert not {"cloudwatch_logs", "cloudwatch"} & {*unchanged, *changed}
    assert executions == 0
    assert queues[0] == "http://localhost:1/000000000000/changes"
    assert queues[1].endswith(":4566/000000000000/new")
    assert met == [False] * 4  # calls at the same time begin their sessions in turn


def test_a_stop_does_not_wait_until_unpacked_functions_are_removed(tmp_path: Path) -> None:
    scratch = tmp_path / "aws" / "tmp"
    (scratch / "function").mkdir(parents=True)
    stack._discard(scratch)
    assert not scratch.exists()
    while [path.name for path in tmp_path.iterdir()] != ["aws"]:  # what it was moved to goes, too
        time.sleep(0.01)
