"""A stand-in for a vision model, which speaks Bedrock's `Converse` over HTTP as far as this service uses it.

It never claims what it does not know. Where the process of sight/ runs, that reads forms and names animals. To every
other question the stand-in answers that it cannot tell. It counts its calls, and can be told to fail in every way that
the real service can.

For tests it can invent answers instead: from a digest of the picture's bytes and the prompt's text, so that another
picture or another prompt has another answer.

Only this machine's programs may ask it, and no web page (gate.py).

With MODEL_SERVER=http://… in the environment it hands the question to a real vision server (chat_server.py).

    POST /model/{model id}/converse     an answer
    POST /faults {"kind": "429"}        the next call fails so; "times": 2: the next two (FAULTS, STOPS and OTHERS)
    GET  /calls                         the questions so far
"""

import base64
import contextlib
import hashlib
import json
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

from tools.local import chat_server
from tools.local.eyes import Eyes, open_eyes
from tools.local.gate import Gate
from tools.local.sight.answers import nothing_known

Json = dict[str, Any]

LABEL = "stand-in"
"""What every free text of an answer begins with."""

UNSEEN = f"{LABEL}: nothing looked at this picture (docs/identify.md, On a laptop)"

FAULTS = {
    "400": "ValidationException",
    "403": "AccessDeniedException",
    "404": "ResourceNotFoundException",
    "408": "ModelTimeoutException",
    "424": "ModelErrorException",
    "424-tool-use": "ModelErrorException",
    "429": "ThrottlingException",
    "429-not-ready": "ModelNotReadyException",
    "500": "InternalServerException",
    "503": "ServiceUnavailableException",
}
"""Kinds of fault that are an HTTP status, each with the name of Bedrock's error."""

MESSAGES = {
    "424-tool-use": "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use guide.",
}
"""What Bedrock says where it matters."""

STOPS = ("max_tokens", "guardrail_intervened", "content_filtered", "malformed_model_output", "malformed_tool_use")
"""Kinds that are an answer which is none: Converse's stop reasons."""

OTHERS = ("no_tool", "wrong_schema", "hang_up", "slow")
"""A text, not the tool; one field that nobody asked for; no answer at all; one that takes its time."""

SLOW_SECONDS = 1


@dataclass(frozen=True)
class Call:
    """One question: the picture's digest and the text."""

    model: str
    sha256: str
    bytes: int
    prompt: str


class StandIn:
    """The stand-in's memory: its calls, and the faults that are still to come.

    `server` is the vision server that is asked instead, if there is one, and `eyes` the process of sight/; `url` is
    where the stand-in answers. One that `invents` makes its answers up, and passes for the model that is asked.
    """

    def __init__(self, server: str = "", eyes: Eyes | None = None, *, invents: bool = False) -> None:
        self.server, self.eyes, self.invents, self.url = server, eyes, invents, ""
        self.calls: list[Call] = []
        self._faults: deque[str] = deque()

    def fail(self, kind: str, times: int = 1) -> None:
        """Let the next calls fail. Raises ValueError for a kind that it does not know."""
        if kind not in (*FAULTS, *STOPS, *OTHERS):
            raise ValueError(f"no such fault: {kind}")
        self._faults.extend([kind] * times)

    def forget(self) -> None:
        """Neither calls nor faults."""
        self.calls.clear()
        self._faults.clear()

    def converse(self, model: str, request: Json) -> tuple[int, str, Json]:
        """(HTTP status, name of the error or "", body). Raises ConnectionError if it is to hang up."""
        shown = shown_to(request)
        prompt = "".join(part.get("text", "") for part in request.get("system", ()))
        self.calls.append(Call(model, hashlib.sha256(shown).hexdigest(), len(shown), prompt))
        fault = self._faults.popleft() if self._faults else ""
        if fault == "hang_up":
            raise ConnectionError("told to hang up")
        if fault in FAULTS:
            message = MESSAGES.get(fault, f"{LABEL}: told to fail with {fault}")
            return int(fault[:3]), FAULTS[fault], {"message": message}
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        if self.server and not fault:
            return chat_server.converse(self.server, request)
        by, made = self._answer(request, shown, prompt)
        return 200, "", _answer(request, made, fault, by)

    def _answer(self, request: Json, shown: bytes, prompt: str) -> tuple[str, Any]:
        schema = request["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
        if self.invents:
            seed = hashlib.sha256(shown + prompt.encode()).digest()
            return "", made_up(schema, Random(seed))  # noqa: S311 - it shall be repeatable
        return (self.eyes and self.eyes.look(shown, schema)) or (LABEL, nothing_known(schema, UNSEEN))


def shown_to(request: Json) -> bytes:
    """The bytes of the picture or document in a request; none where there is none."""
    for message in request.get("messages", ()):
        for block in message["content"]:
            for kind in ("image", "document"):
                if kind in block:
                    return base64.b64decode(block[kind]["source"]["bytes"])
    return b""


def _answer(request: Json, made: Any, fault: str, by: str) -> Json:
    tool = request["toolConfig"]["tools"][0]["toolSpec"]
    stop = "tool_use"
    content: list[Json] = [{"toolUse": {"toolUseId": LABEL, "name": tool["name"], "input": made}}]
    if fault == "wrong_schema":
        content = [{"toolUse": {"toolUseId": LABEL, "name": tool["name"], "input": {"unasked": LABEL}}}]
    elif fault == "no_tool":
        stop, content = "end_turn", [{"text": f"{LABEL}: a text instead of the tool"}]
    elif fault in STOPS:
        stop, content = fault, [{"text": f"{LABEL}: told to stop with {fault}"}]
    output_tokens = len(json.dumps(content)) // 4
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": 1500, "outputTokens": output_tokens, "totalTokens": 1500 + output_tokens},
        "metrics": {"latencyMs": 1},
        **({"additionalModelResponseFields": {"answered_by": by}} if by else {}),
    }


def made_up(schema: Json, chance: Random) -> Any:
    """Some value that the JSON Schema allows, made of the keywords that a prompt may use."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema["type"] if isinstance(schema["type"], str) else chance.choice(schema["type"])
    if kind == "object":
        return {name: made_up(field, chance) for name, field in schema["properties"].items()}
    if kind == "array":
        return _list(schema, chance)
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 0), schema.get("maximum", schema.get("minimum", 0) + 100)
        return chance.randint(math.ceil(low), math.floor(high)) if kind == "integer" else chance.uniform(low, high)
    if kind == "string":
        text = f"{LABEL} {chance.randbytes(4).hex()}".ljust(schema.get("minLength", 0), "x")
        return text[: schema.get("maxLength")]
    return chance.random() < 0.5 if kind == "boolean" else None


def _list(schema: Json, chance: Random) -> list[Any]:
    least = schema.get("minItems", 0)
    size = chance.randint(least, min(least + 3, schema["maxItems"]))
    items = [made_up(schema["items"], chance) for _ in range(size)]
    if schema.get("uniqueItems"):
        items = list({json.dumps(item): item for item in items}.values())
    return items if len(items) >= least else _list(schema, chance)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn
    gate: Gate

    def parse_request(self) -> bool:
        """The request's first lines; a web page's, and one for another host, is answered here."""
        if not super().parse_request():
            return False
        sent = [(name.encode(), value.encode(errors="replace")) for name, value in self.headers.items()]
        if refused := self.gate.foreign(sent):
            self.close_connection = True  # its body is not read
            self._reply(refused.status, {"message": refused.reason}, {"Connection": "close"})
            return False
        return True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/faults":
            try:
                self.stand_in.fail(body.get("kind", ""), body.get("times", 1))
            except ValueError as unknown:
                return self._reply(400, {"message": str(unknown), "kinds": [*FAULTS, *STOPS, *OTHERS]})
            return self._reply(200, {})
        try:
            status, error, answer = self.stand_in.converse(unquote(self.path.split("/")[2]), body)
        except ConnectionError:
            self.close_connection = True
            return None
        return self._reply(status, answer, {"x-amzn-ErrorType": error} if error else {})

    def do_GET(self) -> None:
        self._reply(200, {"calls": [asdict(call) for call in self.stand_in.calls]})

    def _reply(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Silent: it serves in the process that prints the results."""


@contextlib.contextmanager
def serving(log: Path | None = None) -> Iterator[StandIn]:
    """The stand-in on a free port of the loopback address, for as long as the context lasts.

    With `log`, for its messages, the process of sight/ runs too, if it is installed.
    """
    with contextlib.ExitStack() as exits:
        eyes = exits.enter_context(open_eyes(log)) if log else None
        yield from _serving(StandIn(os.environ.get("MODEL_SERVER", ""), eyes))


def _serving(stand_in: StandIn) -> Iterator[StandIn]:
    handler: type[_Handler] = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.gate = Gate.of(server.server_port)
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
