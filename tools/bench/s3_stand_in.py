"""An S3 that answers from memory, in a process of its own, so that its time is not the functions'.

It knows what the functions ask for: objects with conditions, copies, and listings in pages of 1,000. moto would answer
the same, and takes minutes to list a voice of 50,000 clips.
"""

import hashlib
import multiprocessing
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 1_000
DAY = "2026-11-20T10:11:12.000Z"
Buckets = dict[str, dict[str, bytes]]
"""Content by bucket and key."""


def etag_of(data: bytes) -> str:
    """The ETag of an object, without quotes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@dataclass
class _Object:
    data: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{etag_of(self.data)}"'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, buckets: Buckets) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.buckets = {
            name: {key: _Object(data) for key, data in content.items()} for name, content in buckets.items()
        }
        self.sorted = {name: sorted(content) for name, content in self.buckets.items()}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes: the second would wait for the first one's acknowledgement
    server: _Server

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        bucket, key, query = self._place()
        if not key:
            self._answer(200, self._listing(bucket, query).encode(), {"Content-Type": "application/xml"})
            return
        found = self.server.buckets[bucket].get(key)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
        elif self.headers.get("If-None-Match") == found.etag:
            self._answer(304, b"", {"ETag": found.etag})
        elif self.headers.get("If-Match", found.etag) != found.etag:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code><Message>another version</Message></Error>")
        else:
            self._answer(
                200, found.data, {"ETag": found.etag, "Last-Modified": "Fri, 20 Nov 2026 10:11:12 GMT"} | found.headers
            )

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        bucket, key, _ = self._place()
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = self.server.buckets[bucket]
        if "If-None-Match" in self.headers and key in content:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code><Message>it is there</Message></Error>")
            return
        kept = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
        source = self.headers.get("x-amz-copy-source", "")
        if source:
            data = self.server.buckets[bucket][unquote(source).partition("/")[2]].data
        content[key] = _Object(data, kept)
        body = (
            f"<CopyObjectResult><LastModified>{DAY}</LastModified><ETag>{content[key].etag}</ETag></CopyObjectResult>"
        )
        self._answer(200, body.encode() if source else b"", {"ETag": content[key].etag})

    def _place(self) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        return bucket, key, {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _listing(self, bucket: str, query: dict[str, str]) -> str:
        """What was put at the start, one page; folders are left out, as no function of a message asks for them."""
        prefix, keys = query.get("prefix", ""), self.server.sorted[bucket]
        first = bisect_right(keys, query.get("continuation-token", query.get("start-after", prefix[:-1])))
        page = []
        for key in keys[first:]:
            if key.startswith(prefix) and "/" not in key[len(prefix) :]:
                page.append(key)
            if len(page) > PAGE or (key > prefix and not key.startswith(prefix)):
                break
        more, page = len(page) > PAGE, page[:PAGE]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{DAY}</LastModified><ETag>&quot;{etag}&quot;</ETag>"
            f"<Size>{len(self.server.buckets[bucket][key].data)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key in page
            for etag in [self.server.buckets[bucket][key].etag.strip('"')]
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"


def _serve(buckets: Buckets, told: Connection) -> None:
    server = _Server(buckets)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def serving(buckets: Buckets) -> Iterator[str]:
    """The address of an S3 with these objects."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(buckets, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()
