"""What AWS refuses, and what is not there, is one line of every command: no traceback, nothing on standard output."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, UnauthorizedSSOTokenError
from tools.failures import in_words

COMMANDS = [
    "operations catalogue --stage=dev",
    "operations erase --stage=dev --clips=hello.wav",
    "operations redrive --stage=dev",
    "operations load --url=https://a.example",
    "delivery adopt --stage=dev",
    "delivery drift --stage=dev",
    "delivery notice --stage=dev",
    "delivery note-passed --stage=dev --release=0123456789ab",
    "delivery preview-remove --number=1",
    "delivery preview-sweep",
    "delivery probe --url=https://a.example",
    "delivery promote --stage=dev --release=0123456789ab",
    "delivery prune --stage=dev",
    "delivery releases --stage=dev",
    "delivery rollback --stage=dev",
    "delivery smoke --stage=dev --url=https://a.example",
    "delivery verify --release=0123456789ab",
]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody without credentials, in a new process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("ARTIFACTS", "a-bucket")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    name, *options = command.split()
    monkeypatch.setattr(sys, "argv", [name, *options])
    code: int = importlib.import_module(f"tools.{name}.__main__").main()
    return code


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("command", COMMANDS)
def test_without_credentials_every_command_says_so(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, monkeypatch) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: there are no AWS credentials")
    assert printed.err.count("\n") == 1


@pytest.mark.usefixtures("nobody")
def test_a_profile_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    for command in ("operations redrive --stage=dev", "delivery smoke --stage=dev --url=https://a.example"):
        assert run(command, monkeypatch) == 1
        assert "the AWS credentials cannot be read: The config profile (nosuch)" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["catalogue", "erase", "redrive"])
def test_a_stage_that_there_is_not_is_named(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"operations {command} --stage=nosuch", monkeypatch) == 1
    assert capsys.readouterr().err.startswith("error: 'nosuch' is no stage of samconfig.toml: choose one of ")


@pytest.mark.parametrize("command", ["catalogue", "erase", "redrive"])
def test_a_stage_to_which_nothing_is_deployed_is_named(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty: Any = SimpleNamespace(outputs=dict, stack="audio-stitcher-dev", region="ap-south-1")
    monkeypatch.setattr("tools.delivery.stage.Stage.of", lambda *_: empty)
    assert run(f"operations {command} --stage=dev", monkeypatch) == 1
    said = "error: nothing is deployed to dev: there is no stack audio-stitcher-dev in ap-south-1\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectTimeoutError(endpoint_url="https://a.example"), "AWS is not reached: "),
        (UnauthorizedSSOTokenError(), "the AWS credentials cannot be read: "),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetObject"),
            "AWS refuses these credentials: ",
        ),
    ],
)
def test_what_people_can_mend_is_one_line(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise error

    assert in_words(command) == 1
    assert capsys.readouterr().err.startswith(f"error: {said}")


@pytest.mark.parametrize(
    "error",
    [
        ParamValidationError(report="ours"),
        ClientError({"Error": {"Code": "ValidationException"}}, "Scan"),
        KeyError("ours"),
        NotImplementedError("ours"),
    ],
)
def test_a_fault_of_the_program_keeps_its_traceback(error: Exception) -> None:
    def command() -> int:
        raise error

    with pytest.raises(type(error)):
        in_words(command)
