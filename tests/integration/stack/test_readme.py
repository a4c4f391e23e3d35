"""The README's calls of the API, as they stand there, by a caller with temporary credentials and with curl."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from tools.local.stack import REGION, Stack

from stitcher.clips.decode import decode
from tests.paths import ROOT

if not shutil.which("curl"):
    pytest.skip("curl is not installed", allow_module_level=True)

COMMANDS = [
    block
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    if block.lstrip().startswith(("curl", "audio=$(curl"))
]


@pytest.fixture(params=["temporary", "lasting"])
def shell(request: pytest.FixtureRequest, stack: Stack) -> dict[str, str]:
    """A shell's variables: the address, and credentials of a caller who may call the API and nothing else."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables |= {"API_URL": stack.api_url}
    key, secret = stack.credentials.access_key, stack.credentials.secret_key
    if request.param == "lasting":
        return variables | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    session: Any = boto3.Session(key, secret, region_name=REGION)
    made = session.client("sts", endpoint_url=stack.endpoint).get_session_token()["Credentials"]
    return variables | {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
    }


def run(commands: str, variables: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["/bin/sh", "-euc", commands],
        env=variables, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_are_found() -> None:
    assert len(COMMANDS) == 2


def test_a_message_is_answered(shell: dict[str, str], tmp_path: Path) -> None:
    answer = json.loads(run(COMMANDS[0], shell, tmp_path))
    assert (answer["success"], answer["audio_files"]) == (True, ["hello.wav", "shreeshail.wav"])


def test_the_audio_is_fetched(shell: dict[str, str], tmp_path: Path) -> None:
    run(COMMANDS[1], shell, tmp_path)
    assert len(decode((tmp_path / "hello.mp3").read_bytes())) > 0
    answer = json.loads((tmp_path / "refusal.json").read_text())
    assert (answer["success"], answer["audio_files"]) == (True, ["hello.wav", "shreeshail.wav"])


def test_a_refusal_is_kept_and_names_no_audio(shell: dict[str, str], tmp_path: Path) -> None:
    asked = COMMANDS[1].partition("curl -sS --fail")[0].replace("shreeshail", "xqzwv") + 'printf %s "$audio"'
    assert run(asked, shell, tmp_path) == ""
    assert json.loads((tmp_path / "refusal.json").read_text())["missing"] == ["xqzwv"]


def test_a_redirect_that_is_followed_takes_the_token_to_the_audio_which_is_refused(
    shell: dict[str, str], tmp_path: Path
) -> None:
    if "AWS_SESSION_TOKEN" not in shell:
        pytest.skip("there is no token to take along")
    followed = COMMANDS[1].partition("audio=$(")[2].partition(" -o refusal.json")[0] + ' -L "$API_URL/stitch"'
    assert "<HeadersNotSigned>x-amz-security-token</HeadersNotSigned>" in run(followed, shell, tmp_path)
