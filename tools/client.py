"""A caller of the API: JSON over HTTP, signed with SigV4."""

import json
import re
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials

TIMEOUT = 60
"""Seconds; API Gateway itself gives up after 29."""


@dataclass(frozen=True)
class Response:
    """An answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed. Raises ValueError if it is not JSON."""
        return json.loads(self.body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials, or nobody (`credentials=None`), who calls one API."""

    url: str
    region: str
    credentials: Credentials | ReadOnlyCredentials | None = field(repr=False)

    def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None, *, sent: bytes | None = None
    ) -> Response:
        """POST a body (bytes as they are, anything else as JSON). Redirects are returned, not followed.

        `sent` is sent instead of the body that was signed: for tests of the signature.
        """
        return self._send("POST", path, body, headers, sent)

    def put(self, path: str, body: Any) -> Response:
        """PUT a body to a path (in plain characters)."""
        return self._send("PUT", quote(path), body)

    def delete(self, path: str) -> Response:
        """DELETE a path (in plain characters)."""
        return self._send("DELETE", quote(path), b"")

    def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str] | None = None, sent: bytes | None = None
    ) -> Response:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        request = AWSRequest(method, self.url.rstrip("/") + path, data=data)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.headers[name] = value
        if self.credentials:
            SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        data = data if sent is None else sent
        return fetch(str(request.url), data=data, headers=dict(request.headers.items()), method=method)

    def get(self, path: str, **query: str | int) -> Response:
        """GET a path (in plain characters) with a query."""
        return self.get_as_written(quote(path) + (f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""))

    def get_as_written(self, target: str) -> Response:
        """GET a path with a query, both already encoded."""
        url = self.url.rstrip("/") + target
        request = AWSRequest("GET", url)
        if self.credentials:
            SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        return fetch(url, headers=dict(request.headers.items()))


def send_form(url: str, fields: dict[str, str], name: str, data: bytes) -> Response:
    """Upload a file by a form that somebody signed (`POST /pictures`): the fields, then the file."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    plain = re.sub(r'["\\\r\n]', "_", name)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n\r\n'.encode()
    body = b"".join([*parts, head, data, f"\r\n--{boundary}--\r\n".encode()])
    return fetch(url, data=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


def ambient_caller(url: str) -> Caller:
    """A caller of the API at this address with the credentials that AWS's own tools would take.

    Raises LookupError if there are none.
    """
    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise LookupError("there are no AWS credentials to call the API with: set AWS_PROFILE, say")
    named = re.search(r"execute-api\.([a-z0-9-]+)\.", url)
    return Caller(url, named.group(1) if named else session.region_name, credentials.get_frozen_credentials())


def fetch(
    url: str, *, data: bytes | None = None, headers: dict[str, str] | None = None, method: str | None = None
) -> Response:
    """One HTTP request, by default a GET, or a POST of the data; every status is an answer, not an exception."""
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as reply:
            return Response(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())
