"""What make hands to the programs: what is wrong is one sentence that names make's variable, and nothing is done."""

import importlib
import sys
from pathlib import Path

import pytest
from tools import given

DIGITS = ", in digits alone"
WRONG = [
    ("local serve --port=80000", f"PORT is '80000': it must be a whole number from 1 to 65535{DIGITS}"),
    ("local serve --port=abc", f"PORT is 'abc': it must be a whole number from 1 to 65535{DIGITS}"),
    ("local serve --port=-1", f"PORT is '-1': it must be a whole number from 1 to 65535{DIGITS}"),
    ("local events --port=0", f"PORT is '0': it must be a whole number from 1 to 65535{DIGITS}"),
    ("local serve --port=", "PORT is empty: give it a value"),
    ("local run --message=hello --audios=", "AUDIOS is empty: give it a value"),
    ("local identify --prompt=animal --image=.", "IMAGE is '.': there is no such file"),
    (
        "local call --message=hello --provider=twillio",
        "PROVIDER is 'twillio': did you mean twilio? it must be one of plivo, twilio",
    ),
    ("local call --message=hello --provider=", "PROVIDER is empty: give it a value"),
    ("operations cost --hits=-5", f"HITS is '-5': it must be a whole number of 0 or more{DIGITS}"),
    ("operations cost --hits=1,000", f"HITS is '1,000': it must be a whole number of 0 or more{DIGITS}"),
    ("operations cost --made=", "MADE is empty: give it a value"),
    ("operations cost --images=1e3", f"IMAGES is '1e3': it must be a whole number of 0 or more{DIGITS}"),
    ("operations cost --stage=prdo", "STAGE is 'prdo': did you mean prod? it must be one of dev, test, stage, prod"),
    ("operations load --seconds=-1", "SECONDS is '-1': it must be a number above 0"),
    ("operations load --seconds=nan", "SECONDS is 'nan': it must be a number above 0"),
    ("operations load --seconds=inf", "SECONDS is 'inf': it must be a number above 0"),
    ("operations load --at-once=0", f"AT_ONCE is '0': it must be a whole number from 1 to 64{DIGITS}"),
    ("operations redrive --stage=", "STAGE is empty: give it a value"),
    ("delivery probe --url=https://a.example --duration=0", "DURATION is '0': it must be a number above 0"),
    ("delivery probe --url=", "API_URL is empty: give it a value"),
    ("delivery prune --stage=dev --keep=0", f"KEEP is '0': it must be a whole number of 1 or more{DIGITS}"),
    ("mutants --sample=0", f"SAMPLE is '0': it must be a whole number of 1 or more{DIGITS}"),
    ("mutants --minutes=soon", "MINUTES is 'soon': it must be a number above 0"),
]


@pytest.mark.parametrize(("command", "said"), WRONG, ids=[command for command, _ in WRONG])
def test_what_is_wrong_is_said_with_makes_variable(
    command: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *options = command.split()
    program = importlib.import_module(f"tools.{name}.__main__")
    monkeypatch.setattr(sys, "argv", [name, *options])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    assert capsys.readouterr() == ("", f"error: {said}\n")


def test_a_path_with_spaces_and_signs_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my $5 clips").mkdir()
    monkeypatch.setenv("AUDIOS", str(tmp_path / "my $5 clips"))
    assert given.main(["AUDIOS"]) == 0
