"""What a hit costs for voices of any size: S3 requests, and processor time of CacheLookup's lookup.

    python -m tools.bench.voice_sizes

S3 is a small server in a process of its own, so that its processor time is not counted. It has one catalogue object,
one finished message, and the list of the voice, a thousand files a page.
"""

import contextlib
import importlib.util
import io
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stitcher.clips.facts import Shape
from stitcher.clips.kept import Entry, Kept
from stitcher.clips.prepared import Report
from stitcher.formats.profiles import FORMS
from stitcher.storage import Stored
from tools.bench.handlers import ROOT, environment
from tools.client import fetch

SIZES = (50, 2_000, 50_000)
HITS, ROUNDS = 40, 5
LISTED = {50: 20, 2_000: 3, 50_000: 1}
"""How often a voice is listed, to compare."""
MESSAGE = " ".join(f"word {number}" for number in range(10))
PAGE = 1_000


def stored(size: int) -> list[Stored]:
    """The files of a voice, in the order of their names."""
    names = (f"word {number}.wav" for number in range(size))
    return [Stored(name, f"{hash(name) & (1 << 128) - 1:032x}", 40_000 + len(name)) for name in sorted(names)]


def catalogue(size: int) -> bytes:
    """Its catalogue object."""
    entries = []
    for number, item in enumerate(stored(size)):
        entry = Entry.of(item)
        if entry is None:
            raise ValueError(item.key)
        report = Report(700 + number % 900, -20 - number % 97 / 10, 3.5, -60.0, -3.0, 0.0)
        shape = Shape(30_000 + number % 7_919, 0, 500, 29_000 + number % 7_919, 30_000 + number % 7_919, report)
        entries.append(entry.prepared([shape] * len(FORMS)))
    return Kept.of("", entries).to_bytes()


class _S3(BaseHTTPRequestHandler):
    """S3, as far as a hit needs it; `/size/N` chooses the voice, `/requests` gives and forgets what was asked."""

    protocol_version = "HTTP/1.1"
    size = 0
    objects: dict[int, bytes]
    asked: Counter[str]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path.startswith("/size/"):
            type(self).size = int(url.path.rpartition("/")[2])
            self.asked.clear()
            return self._answer(200, b"")
        if url.path == "/requests":
            data = json.dumps(self.asked).encode()
            self.asked.clear()
            return self._answer(200, data)
        if "list-type" in query:
            self.asked["ListObjectsV2"] += 1
            return self._answer(200, _page(self.size, query))
        self.asked["GetObject"] += 1
        etag = f'"{self.size}"'
        if self.headers.get("If-None-Match") == etag:
            return self._answer(304, b"", ETag=etag)
        return self._answer(200, self.objects[self.size], ETag=etag)

    def do_HEAD(self) -> None:
        self.asked["HeadObject"] += 1
        about = {"x-amz-meta-duration-ms": "5000", "x-amz-meta-path": "spliced"}
        self._answer(200, b"", ETag='"1"', **about)

    def _answer(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def _page(size: int, query: dict[str, list[str]]) -> bytes:
    first = int(query.get("continuation-token", ["0"])[0])
    items = "".join(
        f"<Contents><Key>{item.key}</Key><LastModified>2026-11-26T12:00:00.000Z</LastModified><ETag>&quot;{item.etag}"
        f"&quot;</ETag><Size>{item.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for item in stored(size)[first : first + PAGE]
    )
    more = first + PAGE < size
    token = f"<NextContinuationToken>{first + PAGE}</NextContinuationToken>" if more else ""
    head = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
    return f"<?xml version='1.0'?><ListBucketResult>{head}{items}</ListBucketResult>".encode()


def serve() -> None:
    """The server, until standard input ends; prints its port."""
    _S3.objects, _S3.asked = {size: catalogue(size) for size in SIZES}, Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _S3)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of the server in a process of its own."""
    command = [sys.executable, "-m", "tools.bench.voice_sizes", "serve"]
    hashed = os.environ | {"PYTHONHASHSEED": "0"}
    with subprocess.Popen(command, cwd=ROOT, env=hashed, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipes")
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait()


def measured() -> dict[str, Any]:
    """By size: requests of a hit, its processor milliseconds, those of the first one, and those by the list."""
    with server() as url:
        env = environment(AWS_ENDPOINT_URL=url, POWERTOOLS_TRACE_DISABLED="true")
        command = [sys.executable, "-m", "tools.bench.voice_sizes", "measure", url]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measure(url: str) -> dict[str, Any]:
    from stitcher.api.requests import StitchRequest

    spec = importlib.util.spec_from_file_location("app_of_cache_lookup", ROOT / "functions" / "cache_lookup" / "app.py")
    if spec is None or spec.loader is None:
        raise ImportError("cache_lookup")
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)

    def told(path: str) -> Any:
        return json.loads(fetch(f"{url}{path}").body or b"{}")

    def hit(*, changed: bool = False) -> float:
        begun = time.process_time()
        found = app.lookup(StitchRequest(message=MESSAGE), changed=changed)
        taken = time.process_time() - begun
        if found["outcome"] != "hit":
            raise RuntimeError(found)
        return 1_000 * taken

    told(f"/size/{SIZES[0]}")
    hit()  # the clients are made
    found: dict[str, Any] = {}
    for size in SIZES:
        told(f"/size/{size}")
        first = hit()
        told("/requests")
        hit()
        requests = told("/requests")
        warm = [statistics.median(hit() for _ in range(HITS)) for _ in range(ROUNDS)]
        told("/requests")
        listed = statistics.median(hit(changed=True) for _ in range(LISTED[size]))
        asked = told("/requests")
        found[str(size)] = {
            "requests": requests,
            "ms": statistics.median(warm),
            "rounds_ms": warm,
            "first_ms": first,
            "listed_ms": listed,
            "listed_requests": {name: count // LISTED[size] for name, count in asked.items()},
        }
    return found


def _main() -> None:
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:2] == ["measure"]:
        with contextlib.redirect_stdout(io.StringIO()):
            found = _measure(sys.argv[2])
        print(json.dumps(found))
    else:
        print(json.dumps(measured(), indent=2))


if __name__ == "__main__":
    _main()
