"""The model's client against servers that fail: it asks once, and it gives up in time."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from identifier.errors import Busy, Refused, Throttled
from identifier.model import ask, bedrock
from identifier.picture import Picture
from identifier.prompt import read_prompt
from tests.paths import ROOT
from tests.waiting import LONGEST_S

PROMPT = read_prompt((ROOT / "prompts" / "animal" / "1.json").read_bytes())
COW = Picture("image", "jpeg", b"\xff\xd8\xff cow", 1024, 768, "0" * 64)


class Failing(BaseHTTPRequestHandler):
    """Answers with `status` and the name of an error as soon as it may, and counts."""

    asked = 0
    status, body = 503, b'{"message": "busy"}'
    may_answer = threading.Event()

    def do_POST(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.may_answer.wait(LONGEST_S):
            return
        self.send_response(self.status)
        self.send_header("x-amzn-ErrorType", "SomeException")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[type[Failing], str]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    handler: type[Failing] = type("Handler", (Failing,), {"may_answer": threading.Event()})
    handler.may_answer.set()
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield handler, f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, Throttled),
        (503, Busy),
        (500, Busy),
        (408, Busy),
        (424, Busy),
        (400, Refused),
        (403, Refused),
        (404, Refused),
    ],
)
def test_whatever_fails_is_asked_once(server: tuple[type[Failing], str], status: int, kind: type[Exception]) -> None:
    handler, url = server
    handler.status = status
    with pytest.raises(kind):
        ask(bedrock("ap-south-1", url), PROMPT, COW)
    assert handler.asked == 1


def test_an_answer_that_does_not_come_is_given_up_after_the_time_given(server: tuple[type[Failing], str]) -> None:
    handler, url = server
    handler.may_answer.clear()
    with pytest.raises(Busy, match="Read timeout"):  # while the server still waits
        ask(bedrock("ap-south-1", url, read_seconds=0.2), PROMPT, COW)
    handler.may_answer.set()
    assert handler.asked == 1


@pytest.mark.parametrize(
    "body", [b"<html>a proxy's page</html>", b"{}", b'{"stopReason": "end_turn", "output": {}}', b""]
)
def test_an_answer_that_is_not_the_model_s_may_pass(server: tuple[type[Failing], str], body: bytes) -> None:
    handler, url = server
    handler.status, handler.body = 200, body
    with pytest.raises(Busy):
        ask(bedrock("ap-south-1", url), PROMPT, COW)


def test_nobody_there_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(Busy, match="Could not connect"):
        ask(bedrock("ap-south-1", "http://127.0.0.1:1"), PROMPT, COW)
