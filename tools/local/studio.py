"""The studio's page on the loopback address: its files, where the API is, and credentials for who has the token.

The page may load nothing from elsewhere, and call only the API and the buckets (Content-Security-Policy). A page of
another origin gets nothing: it does not know the token, and the address of this machine under another name is refused.
"""

import gzip
import hmac
import json
import mimetypes
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from stitcher.campaigns.starter import starter
from stitcher.errors import InvalidRequest
from tools.local.stack import REGION, ROOT, STUDIO, Stack, StackError

CREDENTIALS = "/credentials"
DIST = ROOT / "studio" / "dist"
LANGUAGES = ROOT / "src" / "stitcher" / "numbers" / "languages"
STARTER = re.compile(r"/starter/([a-z]{2,3}(?:-[a-z0-9]+)*)\.json")
PORT = int(STUDIO.rpartition(":")[2])


@dataclass(frozen=True)
class Site:
    """What is served."""

    folder: Path
    """The built page."""
    api_url: str
    region: str
    audio: str
    """Where presigned links lead, as a source of a Content-Security-Policy."""
    credentials: Callable[[], Mapping[str, str]]
    """The newest credentials, in the form of `studio/src/config.ts`."""

    @property
    def config(self) -> dict[str, str]:
        """`config.json`."""
        return {"apiUrl": self.api_url, "region": self.region, "credentials": CREDENTIALS}

    @property
    def policy(self) -> str:
        """The Content-Security-Policy of every answer."""
        api = "{0.scheme}://{0.netloc}".format(urlsplit(self.api_url))
        return (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
            f"connect-src 'self' {api} {self.audio}; media-src blob: {self.audio}; worker-src 'self'; "
            f"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


def embedded(stack: Stack) -> Site:
    """The studio for the embedded AWS, as the caller who may only call its API."""
    caller = stack.credentials.get_frozen_credentials()
    known = {"accessKeyId": str(caller.access_key), "secretAccessKey": str(caller.secret_key)}
    return Site(DIST, stack.api_url, REGION, stack.endpoint, lambda: known)


def deployed(url: str) -> Site:
    """The studio for a deployed API, with temporary credentials of `AWS_PROFILE`.

    An API on the loopback address is an emulator's: the profile's `region` and `endpoint_url` say where its AWS is.
    Raises `StackError`.
    """
    try:
        session = boto3.Session()
        found = session.get_credentials()
    except BotoCoreError as error:
        raise StackError(str(error)) from None
    if named := re.match(r"https://[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/", url):
        region, audio = named[1], f"https://*.s3.{named[1]}.amazonaws.com"
    elif urlsplit(url).hostname in ("localhost", "127.0.0.1") and session.region_name:
        region = session.region_name
        audio = str(session.client("s3").meta.endpoint_url)
    else:
        raise StackError(f"{url} is not the output ApiUrl of a stack")
    if found is None:
        raise StackError("there are no AWS credentials to call the API with: set AWS_PROFILE, say")
    return Site(DIST, url.rstrip("/"), region, audio, lambda: _temporary(session, region))


def _temporary(session: boto3.Session, region: str) -> Mapping[str, str]:
    """The profile's credentials; of keys that do not end, a session's that does. A long-lived secret stays here.

    Those that do not renew themselves are read anew, so that who signs in again need not start again.
    """
    found = session.get_credentials()
    if not isinstance(found, RefreshableCredentials):
        found = boto3.Session(profile_name=session.profile_name).get_credentials()
    known = found.get_frozen_credentials() if found else None
    if known is None or not known.token:
        made = session.client("sts", region_name=region).get_session_token(DurationSeconds=3600)["Credentials"]
        known = ReadOnlyCredentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    return {
        "accessKeyId": str(known.access_key),
        "secretAccessKey": str(known.secret_key),
        "sessionToken": str(known.token),
    }


@cache
def starter_list(language: str) -> bytes | None:
    """The first recordings of a voice in a language that says numbers, in the form of `studio/src/takes.ts`."""
    if not (LANGUAGES / f"{language}.toml").is_file():
        return None
    try:
        words = starter(language, 100, ("times", "dates")).to_record
    except InvalidRequest:  # a table without numbers
        return None
    found = [{"phrase": one.words, "messages": 0, "example": one.example[1:]} for one in words]
    return json.dumps(found, ensure_ascii=False).encode()


@contextmanager
def serving(site: Site, port: int) -> Iterator[str]:
    """Serve the site on 127.0.0.1 for as long as the context lasts; gives the address with the token.

    Raises
    ------
    OSError
        Where the port is in use.
    """
    token = secrets.token_urlsafe(24)
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(site, token)) as server:
        host = f"127.0.0.1:{server.server_port}"
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://{host}/#token={token}"
        finally:
            server.shutdown()
            thread.join()


def _handler(site: Site, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer one request."""
            server: ThreadingHTTPServer = self.server  # type: ignore[assignment]
            own = f"127.0.0.1:{server.server_port}"
            path = urlsplit(self.path).path
            if self.headers.get_all("Host") != [own]:  # another name of this machine: DNS rebinding
                self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "the studio is not at this host")
            elif self.headers.get("Origin") not in (None, f"http://{own}"):
                self._refuse(HTTPStatus.FORBIDDEN, "pages of this origin get nothing")
            elif path == CREDENTIALS:
                self._credentials()
            elif path == "/config.json":
                self._answer(json.dumps(site.config).encode(), "application/json")
            elif named := STARTER.fullmatch(path):
                self._starter(named[1])
            else:
                self._file(path)

        def _starter(self, language: str) -> None:
            if found := starter_list(language):
                self._answer(found, "application/json")
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no starter list of this language")

        def _credentials(self) -> None:
            known = self.headers.get("Authorization", "").encode(errors="replace")
            if not hmac.compare_digest(known, f"Bearer {token}".encode()):
                reason = "This page may not call the service: open the address that `make studio` printed."
                self._refuse(HTTPStatus.FORBIDDEN, reason)
                return
            try:
                given = site.credentials()
            except (BotoCoreError, ClientError):  # whose texts name paths and addresses
                reason = "The profile's credentials have ended or cannot be read: sign in again (aws sso login, say)."
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, reason)
                return
            self._answer(json.dumps(dict(given)).encode(), "application/json")

        def _file(self, path: str) -> None:
            file = (site.folder / (path.lstrip("/") or "index.html")).resolve()
            if not file.is_relative_to(site.folder.resolve()) or not file.is_file():
                self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
                return
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._answer(file.read_bytes(), f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)

        def _refuse(self, status: HTTPStatus, reason: str) -> None:
            self._answer(json.dumps({"message": reason}).encode(), "application/json", status)

        def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
            self.send_response(status)
            if "gzip" in self.headers.get("Accept-Encoding", "") and kind.startswith(("text/", "application/")):
                body = gzip.compress(body, mtime=0)
                self.send_header("Content-Encoding", "gzip")
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
                "Content-Security-Policy": site.policy,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """No log: what people do with the page is theirs."""

    return Handler


def main() -> int:
    """Write the starter lists of all languages into a folder, for a page that is served from elsewhere."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(LANGUAGES.glob("*.toml")):
        if found := starter_list(path.stem):
            (folder / path.stem).with_suffix(".json").write_bytes(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
