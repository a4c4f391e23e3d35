"""What may reach the embedded AWS at all: this machine's programs, and no web page.

Any page in the developer's browser can send requests to the loopback address. So each request is looked at before
MiniStack reads it:

- `Host` is an address of the emulator: another name means DNS rebinding
- `Origin` is one of those that were allowed by name: a page of any other may ask nothing, nor may a page without one
  (`null`)
- `Sec-Fetch-Site` says that no other site asks (W3C, "Fetch Metadata Request Headers")
- MiniStack's own paths (`/_ministack/reset`, `/_ministack/config`, `/health` …) do not exist, but for the answer of a
  custom resource, whose URL is secret; on AWS it is signed, for no type of content
- a call is signed in the header `Authorization`; a signature in the query is for links to objects in S3 alone (S3 API
  Reference, "Authenticating Requests: Using Query Parameters"); API Gateway's part itself refuses what is not signed
- a form for S3 is signed in its body, which is S3's to check (refusals.py; S3 API Reference, "POST Object")
- there are no web sockets

Nothing here imports MiniStack.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/_aws/execute-api/"
"""Where APIs are: on AWS their host names are of their own."""
OWN_SITE = ("same-origin", "none")
"""`none`: the user typed the address."""
BUCKET = re.compile(r"/[a-z0-9][a-z0-9.-]*-\d{12}/?")
ANSWER = re.compile(r"/_ministack/cfn-response/[0-9a-f-]{36}")
"""Of a custom resource to CloudFormation."""
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Refused:
    """Why a request is not passed on, with the HTTP status."""

    status: int
    reason: str


@dataclass(frozen=True)
class Gate:
    """The addresses of the emulator, as `Host` names them, and the origins of pages that may call it."""

    hosts: frozenset[str]
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, port: int, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> "Gate":
        """For an emulator at this port of the loopback address, and of further addresses of this machine."""
        names = ("127.0.0.1", "localhost", *hosts)
        return cls(frozenset(f"{name}:{port}" for name in names), frozenset(origins))

    def refusal(self, method: str, path: str, query: str, headers: list[tuple[bytes, bytes]]) -> Refused | None:
        """Why the request must not go on; None where it may. Names of headers are in lower case."""
        if foreign := self.foreign(headers):
            return foreign
        sent = _Headers(headers)
        origins = sent.all("origin")
        authorization = sent.only("authorization")
        if path.startswith(API):
            # MiniStack takes a header that it does not know for the root's; no header is nobody, whom the API refuses.
            known = not sent.all("authorization") or _signed(authorization, "")
            return None if known else Refused(403, "Authorization header requires a signature")
        if method == "PUT" and ANSWER.fullmatch(path) and not any(sent.all("content-type")):
            return None
        if path.startswith(("/_", "//", "/oauth2/")) or path in ("/health", "/login", "/logout"):
            return Refused(404, "there is nothing here")
        if method == "OPTIONS" and origins:
            return None  # a preflight is never signed
        if not _signed(authorization, query) and not (method == "POST" and not query and _is_form(path, sent)):
            return Refused(403, "Missing Authentication Token")
        return None

    def foreign(self, headers: Iterable[tuple[bytes, bytes]]) -> Refused | None:
        """Why a request is from a web page that may not ask, or for another host; None where it is neither."""
        sent = _Headers(headers)
        host = sent.only("host")
        if host is None or host.lower() not in self.hosts:
            return Refused(421, "the embedded AWS is not at this host")
        origins = sent.all("origin")
        if not self.origins.issuperset(origins):
            return Refused(403, "pages of this origin may not call the embedded AWS")
        if not origins and any(site not in OWN_SITE for site in sent.all("sec-fetch-site")):
            return Refused(403, "other sites may not call the embedded AWS")
        return None


class _Headers:
    """The values of headers, each as it was sent."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = [(name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in headers]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._headers if key == name]

    def only(self, name: str) -> str | None:
        """None where there is none, or more than one."""
        found = self.all(name)
        return found[0] if len(found) == 1 else None

    def named(self, *beginnings: str) -> list[str]:
        """The names that begin so."""
        return [key for key, _ in self._headers if key.startswith(beginnings)]


def _is_form(path: str, sent: _Headers) -> bool:
    """Whether a POST is a form for a bucket of the service: its name ends in the account's number.

    It is for no other API: MiniStack finds that by headers, the query and the path.
    """
    kind = sent.only("content-type") or ""
    return (
        bool(BUCKET.fullmatch(path))
        and kind.startswith("multipart/form-data;")
        and not sent.named("x-amz-", "authorization")
    )


def _signed(authorization: str | None, query: str) -> bool:
    """Whether there is a signature where AWS looks for one; MiniStack says whether it is right."""
    if authorization is not None:
        return authorization.startswith(f"{ALGORITHM} ")
    named = parse_qs(query)
    scope = named.get("X-Amz-Credential", [""])[0].split("/")
    return bool(named.get("X-Amz-Signature")) and scope[-2:] == ["s3", "aws4_request"]


def guarded(application: Application, gate: Gate) -> Application:
    """The ASGI application behind the gate."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            query = scope.get("query_string", b"").decode("latin-1")
            refused = gate.refusal(scope["method"], scope["path"], query, list(scope["headers"]))
            if refused:
                await _refuse(refused, send)
            else:
                await application(scope, receive, send)
        else:
            await application(scope, receive, send)

    return guard


async def _refuse(refused: Refused, send: Send) -> None:
    body = json.dumps({"message": refused.reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
