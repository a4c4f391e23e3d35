"""What a web page in the developer's browser, or another program's guess, can do to the embedded AWS: nothing.

The page is the worst that can be: it knows the root's secret, and signs in the query, as forms can.
"""

import http.server
import json
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tools.client import fetch
from tools.local.root import NAME, read
from tools.local.stack import REGION, emulator, free_port

from tests.chromium import chromium

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class Aws:
    """An embedded AWS with nothing deployed, and its root."""

    def __init__(self, port: int, folder: Path, root: Credentials) -> None:
        self.port, self.folder, self.root = port, folder, root
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service: str, root: Credentials | None = None) -> Any:
        found = root or self.root
        session: Any = boto3.Session(found.access_key, found.secret_key, region_name=REGION)
        return session.client(service, endpoint_url=self.url)

    def roles(self) -> list[str]:
        return [role["RoleName"] for role in self.client("iam").list_roles()["Roles"]]

    def forged(self, name: str) -> str:
        """The address of a call that makes a role, signed by the root in the query for a POST without headers."""
        query = f"Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={{}}"
        request = AWSRequest("POST", f"{self.url}/?{query}", data=b"")
        SigV4QueryAuth(self.root, "iam", REGION).add_auth(request)
        return str(request.url)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    port, folder = free_port(), tmp_path_factory.mktemp("aws")
    with emulator(port, folder) as root:
        yield Aws(port, folder, root)


def test_the_root_is_who_has_the_file(aws: Aws) -> None:
    file = aws.folder / NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(aws.folder.stat().st_mode) == 0o700, "nor are buckets and keys another user's"
    found = read(aws.folder)
    assert (found.access_key, found.secret_key) == (aws.root.access_key, aws.root.secret_key)
    aws.client("iam", found).create_role(RoleName="control", AssumeRolePolicyDocument=TRUST)
    assert "control" in aws.roles()


@pytest.mark.parametrize("key", ["test", "000000000000", "", "the root's"])
@pytest.mark.parametrize("service", ["iam", "s3", "lambda", "sqs", "stepfunctions", "cloudformation"])
def test_nobody_guesses_the_root(aws: Aws, key: str, service: str) -> None:
    guessed = Credentials(aws.root.access_key if key == "the root's" else key or "x", "test")
    client = aws.client(service, guessed)
    call = {
        "iam": "list_roles", "s3": "list_buckets", "lambda": "list_functions", "sqs": "list_queues",
        "stepfunctions": "list_state_machines", "cloudformation": "list_stacks",
    }[service]  # fmt: skip
    with pytest.raises(ClientError) as refused:
        getattr(client, call)()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_every_start_has_a_root_of_its_own(aws: Aws, tmp_path: Path) -> None:
    with emulator(free_port(), tmp_path) as other:
        assert other.secret_key != aws.root.secret_key
        assert other.access_key != aws.root.access_key


def test_a_call_signed_in_the_query_makes_nothing(aws: Aws) -> None:
    assert fetch(aws.forged("by-query"), data=b"").status == 403
    assert "by-query" not in aws.roles()


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_ministack/health", "/health"])
def test_the_emulators_own_paths_are_shut(aws: Aws, path: str) -> None:
    assert fetch(aws.url + path, data=b"{}").status == 404
    assert fetch(aws.url + path).status == 404


def test_another_name_of_this_host_is_refused(aws: Aws) -> None:
    assert fetch(aws.url, headers={"Host": f"rebound.example:{aws.port}"}).status == 421


def listening(port: int) -> list[str]:
    """The local addresses, in the kernel's form, that the emulator's processes listen on."""
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"GATEWAY_PORT={port}\0" in (process / "environ").read_text():
                inodes |= {str(link.readlink()) for link in (process / "fd").iterdir()}
        except OSError:  # another user's, or gone
            continue
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path("/proc/net", name).read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux says who listens where in /proc")
def test_nothing_listens_but_the_loopback_address(aws: Aws) -> None:
    found = listening(aws.port)
    assert [address.partition(":")[0] for address in found] == ["0100007F"], found
    assert int(found[0].partition(":")[2], 16) == aws.port


PAGE = """<!doctype html><title>evil</title><body><script>
const targets = TARGETS;
(async () => {
  const done = [];
  for (const [url, options] of targets) {
    try {
      const answer = await fetch(url, options);
      done.push(answer.type + " " + answer.status);
    } catch (error) { done.push("blocked"); }
  }
  const form = document.createElement("form");
  form.method = "POST"; form.action = FORM; form.target = "frame";
  const frame = document.createElement("iframe");
  frame.name = "frame";
  frame.onload = () => { document.body.dataset.done = JSON.stringify(done); };
  document.body.append(frame, form);
  form.submit();
})();
</script>"""


class Elsewhere:
    """A page of another origin; it notes what is sent to it."""

    def __init__(self) -> None:
        self.page = b""
        self.sent: list[str] = []
        where = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(where.page)

            def do_POST(self) -> None:
                where.sent.append(self.path)
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    found = Elsewhere()
    thread = threading.Thread(target=found.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield found
    found.http.shutdown()
    found.http.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> str:
    return chromium()


def seen(browser: str, url: str, folder: Path) -> str:
    """The page's document, a while after the browser opened it. `evil.example` is this machine."""
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            f"--user-data-dir={folder}", "--host-resolver-rules=MAP evil.example 127.0.0.1",
            "--virtual-time-budget=20000", "--dump-dom", url,
        ],
        capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.example"])
def test_a_page_of_another_origin_does_nothing(
    aws: Aws, elsewhere: Elsewhere, browser: str, host: str, tmp_path: Path
) -> None:
    s3, name = aws.client("s3"), host.replace(".", "-")
    bucket = f"kept-{name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="secret", Body=b"kept")
    link = {"Bucket": bucket, "Key": "secret"}
    # Another page may know a link by chance; it is not to use it from here, either.
    get, put = (s3.generate_presigned_url(f"{verb}_object", Params=link) for verb in ("get", "put"))
    simple = {"method": "POST", "mode": "no-cors", "credentials": "include"}
    targets = [
        [f"http://{host}:{elsewhere.port}/control", {"method": "POST"}],
        [aws.forged(f"simple-{name}"), simple],
        [aws.forged(f"cors-{name}"), {"method": "POST"}],
        [f"{aws.url}/_ministack/reset", simple],
        [f"{aws.url}/_ministack/config", {**simple, "body": "{}"}],
        [get, {}],
        [put, {"method": "PUT", "body": "gone"}],
        [f"http://localhost:{aws.port}/", {"method": "POST", "headers": {"Authorization": "AWS4-HMAC-SHA256 x"}}],
    ]
    page = PAGE.replace("TARGETS", json.dumps(targets)).replace("FORM", json.dumps(aws.forged(f"form-{name}")))
    elsewhere.page = page.encode()
    document = seen(browser, f"http://{host}:{elsewhere.port}/", tmp_path)
    assert elsewhere.sent == ["/control"], "pages do send such requests"
    assert "data-done" in document, document
    answered = json.loads(document.partition('data-done="')[2].partition('"')[0].replace("&quot;", '"'))
    assert answered[0] == "basic 200"
    assert set(answered[1:]) <= {"blocked", "opaque 0"}, "it reads nothing"
    assert not [role for role in aws.roles() if role.endswith(name)]
    assert s3.get_object(Bucket=bucket, Key="secret")["Body"].read() == b"kept"


def test_a_name_that_leads_here_meanwhile_leads_nowhere(aws: Aws, browser: str, tmp_path: Path) -> None:
    """DNS rebinding: the page's own host is this machine, so that the browser asks as of its own origin."""
    assert "not at this host" in seen(browser, f"http://evil.example:{aws.port}/_ministack/health", tmp_path)
