"""Faults on demand in the embedded AWS, for tests and `make chaos`: calls of a function or of a workflow go wrong.

    POST /_faults  {"by": "Stitch", "operation": "GetObject", "nth": 2, "times": 1, "kind": "cut"}, or null for none
    GET /_faults   {"calls": [the calls since, in order], "struck": how many failed, "held": how many still do}

`by` is a function, `workflow` (the functions it runs are calls, too) or `api` (its call is StartSyncExecution). The
calls that fail are the nth of that operation since the POST, and `times - 1` more; 0 for all that come.
"""

import asyncio
import contextlib
import contextvars
import json
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from typing import Any

from hypercorn.protocol.events import StreamClosed
from ministack import app as gateway
from ministack.core import lambda_runtime
from ministack.services import stepfunctions, sts

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATH = "/_faults"
ERRORS = {"slow_down": (503, "SlowDown"), "internal_error": (500, "InternalError")}
LAMBDA_ERRORS = {"throttled": "Lambda.TooManyRequestsException", "service_exception": "Lambda.ServiceException"}
KINDS = (*ERRORS, "cut", "lost", "truncated", "stalled", "overrun", "killed", "killed_after", *LAMBDA_ERRORS)
"""An error instead of an answer; no connection; done, but no answer; half an answer; no answer until the caller gives
up, and then it is done; done after the step's time is over; the function's process killed before or after it is done;
Lambda's errors, of the workflow's calls."""

STALLED_SECONDS = 15.0
"""The longest that a call is held for a caller who does not give up."""
OVERRUN_SECONDS, LOOK_SECONDS = 0.5, 0.02
"""How long a call is held for `overrun`, while its step's time ends: at once, where on AWS it would be 10 or 20 s."""
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Fault:
    """Which calls go wrong, and how."""

    by: str
    operation: str
    kind: str
    nth: int = 1
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind: {self.kind}")


@dataclass
class Call:
    """A call: its caller, operation, process and HTTP status (0 without an answer)."""

    by: str
    operation: str
    pid: int = 0
    status: int = 0


class Ledger:
    """What was called, and the fault that is armed. Called by the server's thread and by the workflow's."""

    def __init__(self) -> None:
        self._lock, self.held, self.overrun = threading.Lock(), 0, ""
        self.arm(None)

    def arm(self, fault: Fault | None) -> None:
        """Empty the list of calls; from now on the fault strikes, if there is one."""
        with self._lock:
            self.fault, self.calls, self.struck, self.overrun = fault, list[Call](), 0, ""
            self._seen = Counter[tuple[str, str]]()

    def note(self, call: Call) -> str:
        """The kind of fault that this call suffers, or an empty text."""
        with self._lock:
            self.calls.append(call)
            self._seen[call.by, call.operation] += 1
            fault = self.fault
            if fault is None or (call.by, call.operation) != (fault.by, fault.operation):
                return ""
            beyond = self._seen[call.by, call.operation] - fault.nth
            if beyond < 0 or (fault.times and beyond >= fault.times):
                return ""
            self.struck += 1
            if fault.kind == "overrun":
                self.overrun = fault.by
            return fault.kind

    @contextlib.contextmanager
    def holding(self) -> Any:
        """While a call fails: its late effects come after its caller has gone on."""
        with self._lock:
            self.held += 1
        try:
            yield
        finally:
            with self._lock:
                self.held -= 1

    def may_overrun(self, function: str) -> bool:
        """Whether the function's time may end before it is over."""
        fault = self.fault
        return fault is not None and fault.kind == "overrun" and fault.by == function

    def report(self) -> dict[str, Any]:
        """As GET answers."""
        with self._lock:
            return {"calls": [asdict(call) for call in self.calls], "struck": self.struck, "held": self.held}


ledger = Ledger()


def install() -> None:
    """Put the layer between the functions and MiniStack."""
    _processes_say_who_they_are()
    _steps()
    gateway.app = layer(gateway.app)


def _processes_say_who_they_are() -> None:
    """botocore names an application in its User-Agent if it is told one: here, the function's process.

    Its pauses before it tries again are short, as the workflow's are (workflow.py).
    """
    lambda_runtime._PYTHON_WORKER_SCRIPT = (
        "import os, time\n"
        "os.environ['AWS_SDK_UA_APP_ID'] = f'pid-{os.getpid()}'\n"
        "_sleep = time.sleep\n"
        f"time.sleep = lambda seconds: _sleep(min(seconds, {PAUSE_SECONDS}))\n" + lambda_runtime._PYTHON_WORKER_SCRIPT
    )


def _steps() -> None:
    call, invoke_with_timeout = stepfunctions._call_lambda, stepfunctions._invoke_resource_with_timeout

    def call_or_fail(function: str, event: Any) -> Any:
        kind = ledger.note(Call("workflow", _function(function), status=200))
        if kind in LAMBDA_ERRORS:
            raise stepfunctions._ExecutionError(LAMBDA_ERRORS[kind], "told to fail")
        return call(function, event)

    def invoke_in_its_time(resource: str, given: Any, seconds: float) -> Any:
        function = _function(given.get("FunctionName", "")) if isinstance(given, dict) else ""
        if not ledger.may_overrun(function):
            return invoke_with_timeout(resource, given, seconds)
        pool = ThreadPoolExecutor(1)
        running = pool.submit(contextvars.copy_context().run, stepfunctions._invoke_resource, resource, given)
        pool.shutdown(wait=False)
        while not running.done():
            if ledger.overrun == function:
                raise stepfunctions._ExecutionError("States.Timeout", "told to end")
            wait([running], LOOK_SECONDS)
        return running.result()

    stepfunctions._call_lambda = call_or_fail
    stepfunctions._invoke_resource_with_timeout = invoke_in_its_time


def _function(name: str) -> str:
    """`Stitch` of an ARN or a name like audio-stitcher-local-StitchFunction-7D33089E925E4."""
    found = re.search(r"-(\w+)Function-\w+", name)
    return found[1] if found else ""


def layer(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> Any:
    """The ASGI application with faults."""

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await _control(scope, receive, send)
            return
        call = _call(scope) if scope["type"] == "http" else None
        kind = ledger.note(call) if call else ""
        if call is None:
            await app(scope, receive, send)
            return
        if not kind:
            await app(scope, receive, _noting_status(send, call))
            return
        with ledger.holding():
            await _fail(kind, call, app, scope, receive, send)

    return faulty


async def _control(scope: Scope, receive: Receive, send: Send) -> None:
    status, answer = 200, b""
    if scope["method"] == "POST":
        try:
            told = json.loads(await _body(receive))
            ledger.arm(None if told is None else Fault(**told))
        except (TypeError, ValueError) as error:
            status, answer = 400, str(error).encode()
    else:
        answer = json.dumps(ledger.report()).encode()
    await _answer(send, status, answer, "application/json")


def _call(scope: Scope) -> Call | None:
    """The function and operation of a call; None for people, and for unsigned calls."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    key = re.search(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    arn: str = sts._sessions.get(key[1], {}).get("Arn", "") if key else ""
    name = arn.rpartition("/")[2]
    by = {"apigateway": "api", "states": "workflow"}.get(name.partition(".")[0]) or _function(name)
    if not key or not by:
        return None
    process = re.search(r"\bapp/pid-(\d+)", headers.get("user-agent", ""))
    pid = int(process[1]) if process else 0
    if key[2] != "s3":
        return Call(by, headers.get("x-amz-target", "").rpartition(".")[2] or scope["method"], pid=pid)
    query = scope["query_string"].decode("latin-1")
    method: str = scope["method"]
    operation = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}.get(method, method)
    if "list-type" in query:
        operation = "ListObjectsV2"
    elif "x-amz-copy-source" in headers:
        operation = "CopyObject"
    return Call(by, operation, pid)


async def _fail(kind: str, call: Call, app: Any, scope: Scope, receive: Receive, send: Send) -> None:
    body = await _body(receive)

    async def replayed() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def unheard(_message: Message) -> None:
        return None

    if kind in ERRORS:
        await _refuse(send, *ERRORS[kind], call, head=scope["method"] == "HEAD")
        return
    if kind == "overrun":
        await asyncio.sleep(OVERRUN_SECONDS)
        await app(scope, replayed, send)
        return
    if kind == "truncated":
        await app(scope, replayed, _half(send))
        return
    if kind == "stalled":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_disconnected(receive), STALLED_SECONDS)
    if kind == "killed":
        _end(call)
    if kind in ("lost", "stalled", "killed_after"):
        await app(scope, replayed, unheard)
    if kind == "killed_after":
        _end(call)
    await _cut(send)


def _end(call: Call) -> None:
    if not call.pid:  # process 0 is this one, and all that it has started
        raise ValueError(f"{call.by} does not say which process it is")
    os.kill(call.pid, signal.SIGKILL)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, code: str, call: Call, *, head: bool) -> None:
    if call.operation in ("StartSyncExecution", "SendMessage"):  # services that speak JSON
        name = {"SlowDown": "ThrottlingException", "InternalError": "InternalServerException"}[code]
        body = json.dumps({"__type": name, "message": "told to fail"}).encode()
        await _answer(send, 400 if status == 503 else status, body, "application/x-amz-json-1.0")
        return
    body = f"<Error><Code>{code}</Code><Message>told to fail</Message></Error>".encode()
    await _answer(send, status, b"" if head else body, "application/xml")


async def _answer(send: Send, status: int, body: bytes, media_type: str) -> None:
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _noting_status(send: Send, call: Call) -> Send:
    async def noted(message: Message) -> None:
        call.status = message.get("status", call.status)
        await send(message)

    return noted


def _half(send: Send) -> Send:
    """Answers begin as they should and break off in their middle; Hypercorn then closes the connection."""

    async def half(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": message["body"][: len(message["body"]) // 2], "more_body": True}
        await send(message)

    return half


async def _cut(send: Send) -> None:
    """Close the connection without an answer. ASGI has no word for that, Hypercorn's stream has."""
    stream = send.__self__  # type: ignore[attr-defined]
    if not stream.closed:
        await stream.send(StreamClosed(stream_id=stream.stream_id))
