"""What is let in to the embedded AWS."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.local.gate import Gate, guarded

STUDIO = "http://localhost:5173"
GATE = Gate.of(4566, origins=[STUDIO])
SIGNED = ("authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/ap-south-1/iam/aws4_request, Signature=0")
LINK = "X-Amz-Credential=AKIA%2F20260101%2Fap-south-1%2Fs3%2Faws4_request&X-Amz-Signature=0"
FORGED = LINK.replace("%2Fs3%2F", "%2Fiam%2F") + "&Action=CreateRole"
API = "/_aws/execute-api/a1b2c3/local/stitch"


def status(
    *headers: tuple[str, str], path: str = "/", query: str = "", method: str = "POST", host: str = "127.0.0.1:4566"
) -> int:
    """200 where it is let in."""
    sent = [*([("host", host)] if host else []), *headers]
    found = GATE.refusal(method, path, query, [(name.encode(), value.encode()) for name, value in sent])
    return found.status if found else 200


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566", "LOCALHOST:4566"])
def test_programs_of_this_machine_are_let_in(host: str) -> None:
    assert status(SIGNED, host=host) == 200
    assert status(path=API, host=host) == 200, "the API itself says who is nobody"
    assert status(path="/bucket/key", query=LINK, method="GET", host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "", "rebound.example:4566", "127.0.0.1", "localhost", "localhost:80", "127.0.0.1:4566.example", "[::1]:4566",
        "localhost.example:4566", "bucket.localhost:4566", "127.0.0.2:4566", "0.0.0.0:4566", "localhost:4566@example",
        "a1b2c3.execute-api.localhost:4566",
    ],
)  # fmt: skip
def test_another_host_is_not_here(host: str) -> None:
    assert status(SIGNED, host=host) == 421
    assert status(SIGNED, ("host", "127.0.0.1:4566"), host=host or "rebound.example") == 421, "twice"


def test_a_further_address_is_let_in_where_it_was_asked_for() -> None:
    gate = Gate.of(4566, ["172.17.0.1"])
    headers = [(b"host", b"172.17.0.1:4566"), (SIGNED[0].encode(), SIGNED[1].encode())]
    assert gate.refusal("POST", "/", "", headers) is None
    assert status(SIGNED, host="172.17.0.1:4566") == 421


@pytest.mark.parametrize(
    "origin",
    ["null", "", "https://evil.example", "http://localhost:4566", "http://localhost:5174", f"{STUDIO}.example",
     f"{STUDIO}/", "http://LOCALHOST:5173", f"{STUDIO} https://evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", API, "/bucket/key"])
def test_a_page_of_another_origin_may_ask_nothing(origin: str, path: str) -> None:
    assert status(SIGNED, ("origin", origin), path=path) == 403
    assert status(("origin", origin), path=path, method="OPTIONS") == 403
    assert status(SIGNED, ("origin", STUDIO), ("origin", origin), path=path) == 403, "twice"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "new-kind", ""])
def test_a_page_of_another_site_may_ask_nothing(site: str) -> None:
    assert status(SIGNED, ("sec-fetch-site", site)) == 403
    assert status(path="/bucket/key", query=LINK, method="GET") == 200
    assert status(("sec-fetch-site", site), path="/bucket/key", query=LINK, method="GET") == 403
    assert status(("sec-fetch-site", site), path=API) == 403


def test_the_studio_may_ask_from_another_site() -> None:
    assert status(("origin", STUDIO), ("sec-fetch-site", "same-site"), path=API) == 200
    assert status(("origin", STUDIO), path=API, method="OPTIONS") == 200


def test_what_the_user_types_is_let_in() -> None:
    assert status(("sec-fetch-site", "none"), path="/bucket/key", query=LINK, method="GET") == 200


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset", "/_ministack/config", "/_ministack/health", "/_localstack/health", "/health", "/_alb/x",
        "/_ministack/lambda-code/x", "/_aws/lambda-url/x/", "/oauth2/token", "/login", "/logout", "//_ministack/reset",
        "/_aws/sqs/messages", "/_user_request_/", "/_MINISTACK/reset",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_paths_of_the_emulator_itself_do_not_exist(path: str, method: str) -> None:
    assert status(SIGNED, path=path, method=method) == 404


def test_a_custom_resource_answers_as_aws_takes_it() -> None:
    """CloudFormation's URL is signed for a PUT without a type of content."""
    answer = "/_ministack/cfn-response/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
    assert status(path=answer, method="PUT") == status(("content-type", ""), path=answer, method="PUT") == 200
    assert status(("content-type", "application/json"), path=answer, method="PUT") == 404
    assert status(("origin", "https://evil.example"), path=answer, method="PUT") == 403
    assert status(path=answer, method="POST") == status(path=f"{answer}/x", method="PUT") == 404


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer x", "Basic dGVzdDp0ZXN0", "AWS AKIA:signature", "AWS4-ECDSA-P256-SHA256 x", "AWS4-HMAC-SHA256"],
)
def test_a_call_is_signed_in_its_header(authorization: str | None) -> None:
    headers = [] if authorization is None else [("authorization", authorization)]
    for query in ("", FORGED, "X-Amz-Signature=0", "AWSAccessKeyId=AKIA&Signature=0&Expires=9999999999"):
        assert status(*headers, query=query) == 403


@given(
    headers=st.lists(st.tuples(st.sampled_from([b"host", b"origin", b"sec-fetch-site"]), st.binary())),
    path=st.text(),
    query=st.text(),
)
def test_any_request_is_let_in_or_refused(headers: list[tuple[bytes, bytes]], path: str, query: str) -> None:
    found = GATE.refusal("POST", path, query, headers)
    assert found is None or found.status in (403, 404, 421)


def sent(scope: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """What the guard answers, and whether the application behind it was called."""
    out: list[dict[str, Any]] = []
    reached: list[str] = []

    async def application(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    async def receive() -> dict[str, Any]:
        return {}

    async def run() -> None:
        await guarded(application, GATE)(scope, receive, send)

    asyncio.run(run())
    return out, bool(reached)


def test_what_is_refused_never_reaches_the_emulator() -> None:
    http = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [(b"host", b"x")]}
    out, reached = sent(http)
    assert (out[0]["status"], reached) == (421, False)
    assert sent({**http, "headers": [(b"host", b"localhost:4566"), tuple(s.encode() for s in SIGNED)]}) == ([], True)
    assert sent({"type": "lifespan"}) == ([], True)


def test_there_are_no_web_sockets() -> None:
    out, reached = sent({"type": "websocket", "path": API, "headers": [(b"host", b"localhost:4566")]})
    assert (out[0]["type"], reached) == ("websocket.close", False)


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic dGVzdDp0ZXN0", "AWS AKIA:signature"])
def test_the_api_takes_no_header_that_is_no_signature(authorization: str) -> None:
    assert status(("authorization", authorization), path=API) == 403
    assert status(SIGNED, SIGNED, path=API) == 403, "nor two of them"
    assert status(SIGNED, path=API) == 200


FORM = ("content-type", "multipart/form-data; boundary=x")
BUCKET = "/stitcher-audios-local-000000000000"


@pytest.mark.parametrize("origin", [(), (("origin", STUDIO),)])
def test_a_form_for_a_bucket_is_s3s_to_check(origin: tuple[tuple[str, str], ...]) -> None:
    assert status(FORM, *origin, path=BUCKET) == status(FORM, *origin, path=f"{BUCKET}/") == 200


@pytest.mark.parametrize(
    ("headers", "path", "query", "method"),
    [
        ([FORM], "/", "", "POST"),
        ([FORM], f"{BUCKET}/key", "", "POST"),
        ([FORM], "/knowledgebases", "", "POST"),
        ([FORM], BUCKET, "Action=CreateRole", "POST"),
        ([FORM], BUCKET, "delete", "POST"),
        ([FORM], BUCKET, "", "PUT"),
        ([FORM, ("x-amz-target", "DynamoDB_20120810.ListTables")], BUCKET, "", "POST"),
        ([FORM, ("authorization", "Basic x")], BUCKET, "", "POST"),
        ([FORM, FORM], BUCKET, "", "POST"),
        ([("content-type", "application/x-www-form-urlencoded")], BUCKET, "", "POST"),
        ([], BUCKET, "", "POST"),
        ([FORM, ("origin", "https://evil.example")], BUCKET, "", "POST"),
    ],
    ids=str,
)
def test_a_form_is_for_nothing_else(headers: list[tuple[str, str]], path: str, query: str, method: str) -> None:
    assert status(*headers, path=path, query=query, method=method) == 403
