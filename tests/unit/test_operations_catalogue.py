"""`make catalogue`: which voices are rebuilt, and what is said of one that is not there."""

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tools.delivery.stage import Stage
from tools.operations.__main__ import main

REFUSED = "there is no voice 'nope'; there are hindi"


class Service:
    """CloudFormation, and the function that rebuilds catalogues."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def describe_stack_resource(self, **_: str) -> Any:
        return {"StackResourceDetail": {"PhysicalResourceId": "arn:…:live"}}

    def invoke(self, *, FunctionName: str, Payload: str) -> Any:  # noqa: N803 - boto3's names
        voices = json.loads(Payload)["voices"]
        self.asked.append(voices)
        answer = {"voices": 0, "refused": REFUSED} if "nope" in voices else {"voices": len(voices) or 3}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def called(monkeypatch: pytest.MonkeyPatch, *voices: str) -> list[Any]:
    service = Service()
    stage = SimpleNamespace(client=lambda _: service, stack="audio-stitcher-dev", outputs=lambda: {"ApiUrl": "…"})
    monkeypatch.setattr(Stage, "of", lambda *_: stage)
    options = [f"--voice={voice}" for voice in voices]
    monkeypatch.setattr(sys, "argv", ["operations", "catalogue", "--stage=dev", *options])
    main()
    return service.asked


@pytest.mark.parametrize(
    ("given", "asked"), [((), []), (("",), []), (("-",), [""]), (("hindi",), ["hindi"]), (("-", "a b"), ["", "a b"])]
)
def test_without_a_voice_every_voice_is_rebuilt(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], asked: list[str]
) -> None:
    assert called(monkeypatch, *given) == [asked]


def test_a_voice_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "nope") == [["nope"]]
    printed = capsys.readouterr()
    assert REFUSED in printed.err
    assert "rebuilt" not in printed.out
