"""The service's own client against the stand-in, and through it against a server with chat completions."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tools.client import fetch
from tools.local import model
from tools.local.model import StandIn, serving

from identifier.errors import Busy, Muddled, Refused, Rejected, Throttled
from identifier.model import Reply, ask, bedrock
from identifier.picture import Picture, prepare_picture
from identifier.prompt import Prompt, read_prompt
from tests.paths import ROOT
from tests.pictures import MODEL, SCHEMA, picture


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def shown() -> Picture:
    return prepare_picture(picture(1, 2, 3))


PROMPT = read_prompt(
    json.dumps({"id": "test", "version": 1, "model": MODEL, "text": "What is it?", "answer_schema": SCHEMA}).encode()
)


def asked(stand_in: StandIn, shown: Picture, prompt: Prompt = PROMPT, seconds: float = 10) -> Reply:
    return ask(bedrock("ap-south-1", stand_in.url, read_seconds=seconds), prompt, shown)


def test_the_stand_in_answers_the_services_own_client(stand_in: StandIn, shown: Picture) -> None:
    assert asked(stand_in, shown).answer == asked(stand_in, shown).answer
    calls = fetch(f"{stand_in.url}/calls").json()["calls"]
    assert [(call["model"], call["prompt"]) for call in calls] == [(MODEL, "What is it?")] * 2


@pytest.mark.parametrize(
    ("kind", "error"),
    [("429", Throttled), ("424-tool-use", Muddled)]
    + [(kind, Busy) for kind in ("429-not-ready", "503", "408", "424", "500", "hang_up")]
    + [(kind, Refused) for kind in ("400", "403", "404")]
    + [(kind, Rejected) for kind in (*model.STOPS, "no_tool", "wrong_schema")],
)
def test_every_fault_that_it_can_be_told_is_the_clients_error_for_it(
    stand_in: StandIn, shown: Picture, kind: str, error: type[Exception]
) -> None:
    assert fetch(f"{stand_in.url}/faults", data=json.dumps({"kind": kind}).encode()).status == 200
    with pytest.raises(error):
        asked(stand_in, shown)
    assert len(stand_in.calls) == 1, "the client itself does not try again"


def test_a_model_that_takes_too_long_is_busy(stand_in: StandIn, shown: Picture) -> None:
    stand_in.fail("slow")
    with pytest.raises(Busy):
        asked(stand_in, shown, seconds=0.3)


def test_an_unknown_fault_is_refused_with_those_that_there_are(stand_in: StandIn) -> None:
    response = fetch(f"{stand_in.url}/faults", data=b'{"kind": "418"}')
    assert response.status == 400
    assert "429" in response.json()["kinds"]


class VisionServer:
    """What a server with chat completions was asked, and what it shall answer."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.arguments = '{"number": 7}'
        self.finish = "tool_calls"

    def answer(self) -> dict[str, Any]:
        call = {"id": "1", "function": {"name": "record_answer", "arguments": self.arguments}}
        return {
            "choices": [{"finish_reason": self.finish, "message": {"content": None, "tool_calls": [call]}}],
            "usage": {"prompt_tokens": 321, "completion_tokens": 12},
        }


@pytest.fixture
def vision(monkeypatch: pytest.MonkeyPatch) -> Iterator[VisionServer]:
    server = VisionServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/v1/models"
            self.reply(200, {"data": [{"id": "llava"}]})

        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.reply(server.status, server.answer())

        def reply(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("MODEL_SERVER", f"http://127.0.0.1:{http.server_port}")
    yield server
    http.shutdown()
    http.server_close()


@pytest.fixture
def relay(vision: VisionServer, stand_in: StandIn) -> StandIn:
    """The stand-in, which hands questions to the vision server."""
    assert stand_in.server
    return stand_in


def test_a_vision_server_is_asked_with_the_picture_the_prompt_and_the_schema(
    relay: StandIn, vision: VisionServer, shown: Picture
) -> None:
    reply = asked(relay, shown)
    assert (reply.answer, reply.input_tokens, reply.output_tokens) == ({"number": 7}, 321, 12)
    (question,) = vision.asked
    assert question["model"] == "llava"
    system, user = question["messages"]
    assert system == {"role": "system", "content": "What is it?"}
    assert user["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert question["tools"][0]["function"]["parameters"]["properties"] == SCHEMA["properties"]
    assert question["tool_choice"]["function"]["name"] == question["tools"][0]["function"]["name"]


@pytest.mark.parametrize(
    ("status", "error"), [(429, Throttled), (500, Busy), (503, Busy), (400, Refused), (401, Refused)]
)
def test_what_a_vision_server_refuses_is_refused_as_bedrock_would(
    relay: StandIn, vision: VisionServer, shown: Picture, status: int, error: type[Exception]
) -> None:
    vision.status = status
    with pytest.raises(error):
        asked(relay, shown)


@pytest.mark.parametrize(
    ("arguments", "finish", "reason"),
    [('{"number": ', "length", "max_tokens"), ("{not JSON", "tool_calls", "malformed_tool_use"),
     ('{"number": "seven"}', "tool_calls", "schema"), ("{}", "content_filter", "content_filtered")],
)  # fmt: skip
def test_an_answer_of_a_vision_server_that_is_none_is_rejected(
    relay: StandIn, vision: VisionServer, shown: Picture, arguments: str, finish: str, reason: str
) -> None:
    vision.arguments, vision.finish = arguments, finish
    with pytest.raises(Rejected) as rejected:
        asked(relay, shown)
    assert rejected.value.reason == reason


def test_a_document_cannot_be_handed_to_a_vision_server(relay: StandIn, vision: VisionServer) -> None:
    form = prepare_picture((ROOT / "samples" / "images" / "form.pdf").read_bytes())
    with pytest.raises(Refused, match="no documents"):
        asked(relay, form)
    assert vision.asked == []


def test_a_vision_server_out_of_reach_is_busy(monkeypatch: pytest.MonkeyPatch, shown: Picture) -> None:
    monkeypatch.setenv("MODEL_SERVER", "http://127.0.0.1:9")
    with serving() as stand_in, pytest.raises(Busy):
        asked(stand_in, shown)
