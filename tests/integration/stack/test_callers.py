"""Callers of the embedded stack: what IAM lets listener, recorder and editor do, and how a page's browser gets in."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tools.client import Caller, Response, fetch
from tools.local.stack import REGION, Stack

from tests.callers import CALLERS, people_of
from tests.paths import SAMPLES
from tests.waiting import until

HELLO = (SAMPLES / "hello.wav").read_bytes()
CLIP = "/voices/callers/clips/hello.wav"
CALLS: dict[str, tuple[str, Any]] = {
    "hear": ("listener", lambda who: who.post("/stitch", {"message": "hello"})),
    "plan": ("listener", lambda who: who.post("/plans", {"message": "hello"})),
    "list voices": ("listener", lambda who: who.get("/voices")),
    "list clips": ("listener", lambda who: who.get("/voices/-/clips")),
    "look at a clip": ("listener", lambda who: who.get("/voices/-/clips/hello.wav")),
    "read settings": ("listener", lambda who: who.get("/voices/-/settings")),
    "record": ("recorder", lambda who: who.post("/voices/callers/clips", {"name": "hello.wav", "size": len(HELLO)})),
    "delete": ("editor", lambda who: who.delete(CLIP)),
    "restore": ("editor", lambda who: who.put(CLIP, {"version": "x"})),
    "list campaigns": ("editor", lambda who: who.get("/campaigns")),
    "begin a campaign": ("editor", lambda who: who.post("/campaigns", {"name": "callers"})),
    "list pictures": ("editor", lambda who: who.get("/pictures")),
    "send a picture": ("editor", lambda who: who.post("/pictures", {"name": "cow.jpg", "size": 1})),
    "look at a picture": ("editor", lambda who: who.get("/pictures/animal~x")),
    "change settings": ("editor", lambda who: who.put("/voices/callers/settings", {"toml": "gap_ms = 100"})),
}
"""By what is called: the kind of caller who may, and the call."""


@pytest.fixture(scope="module")
def people(embedded: Stack) -> Iterator[dict[str, Caller]]:
    with people_of(embedded) as made:
        yield made


@pytest.fixture
def editor(people: dict[str, Caller], stack: Stack) -> Caller:
    return people["editor"]


@pytest.mark.parametrize("call", CALLS)
def test_each_kind_of_caller_may_do_its_part_and_no_more(call: str, people: dict[str, Caller], stack: Stack) -> None:
    least, do = CALLS[call]
    for kind, caller in people.items():
        allowed = CALLERS.index(kind) >= CALLERS.index(least)
        assert (do(caller).status != 403) is allowed, kind


def test_nobody_records_unsigned(stack: Stack) -> None:
    assert Caller(stack.api_url, REGION, None).post("/voices/-/clips", {"name": "a.wav", "size": 1}).status == 403


def posted(form: dict[str, Any], data: bytes, headers: dict[str, str] | None = None, **changed: str) -> Response:
    """What S3 answers to the form, as a browser sends it."""
    boundary = uuid.uuid4().hex
    fields = {**form["fields"], **changed}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'.encode() + data)
    body = b"".join(parts) + f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
    return fetch(form["url"], data=body, headers=kind)


def test_a_recording_is_uploaded_prepared_deleted_and_comes_back(editor: Caller) -> None:
    voice = "/voices/uploaded"
    form = editor.post(f"{voice}/clips", {"name": "heavy rain.wav", "size": len(HELLO)}).json()
    assert posted(form, HELLO + b"x").status == 400, "more than was said"
    assert posted(form, HELLO[:-1]).status == 400, "less"
    assert posted(form, HELLO, key="uploaded/another.wav").status == 403, "another name"
    assert posted(form, HELLO, policy="").status in (400, 403), "no policy"
    assert (
        fetch(form["url"], data=b"--x\r\n\r\n--x--", headers={"Content-Type": "multipart/form-data; boundary=x"}).status
        >= 400
    )
    unsigned = {"url": form["url"], "fields": {"key": "uploaded/another.wav"}}
    assert posted(unsigned, HELLO).status == 403, "S3 takes no form of nobody's"
    assert posted(form, HELLO).status == 204

    def found() -> dict[str, Any]:
        answer: dict[str, Any] = editor.get(f"{voice}/clips/heavy rain.wav").json()
        return answer

    until(lambda: found()["clip"]["prepared"], "the clip, prepared")
    assert fetch(found()["url"]).body == HELLO
    assert editor.get(f"{voice}/clips").json()["clips"][0]["phrase"] == "heavy rain"
    gone = editor.delete(f"{voice}/clips/heavy rain.wav").json()
    assert editor.get(f"{voice}/clips").status == 404, "it was the voice's only clip"
    assert editor.put(f"{voice}/clips/heavy rain.wav", {"version": gone["version"]}).status == 200
    until(lambda: found()["clip"]["prepared"], "the clip, prepared again")
    assert editor.post("/plans", {"message": "heavy rain", "voice": "uploaded"}).json()["missing"] == []


def preflight(url: str, origin: str, method: str = "POST") -> Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return fetch(url, headers=asked, method="OPTIONS")


@pytest.mark.parametrize(
    "path", ["/stitch", "/plans", "/voices", "/voices/-/clips", CLIP, "/voices/-/settings", "/campaigns", "/pictures"]
)
def test_a_browser_asks_first_without_a_signature(stack: Stack, path: str) -> None:
    answer = preflight(stack.api_url + path, stack.studio)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == stack.studio
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_every_answer_names_the_origin(stack: Stack, people: dict[str, Caller]) -> None:
    nobody = Caller(stack.api_url, REGION, None)
    for answer in (
        people["listener"].post("/stitch", {"message": "hello"}),
        people["listener"].post("/stitch", {"message": "xqzwv"}),
        people["listener"].post("/stitch", b"{"),
        people["listener"].get("/voices"),
        nobody.get("/voices"),
        nobody.get("/nowhere"),
        people["listener"].get("/campaigns"),
    ):
        assert answer.headers["access-control-allow-origin"] == stack.studio, answer
        assert answer.headers["access-control-expose-headers"].startswith("X-Request-Id")
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert answer.json()["code"] == "forbidden"


def test_the_buckets_let_only_the_studio_read_and_upload(stack: Stack) -> None:
    link = stack.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": stack.outputs["InputBucketName"], "Key": "hello.wav"}
    )
    assert fetch(link, headers={"Origin": stack.studio}).headers["access-control-allow-origin"] == stack.studio
    bucket = f"{stack.endpoint}/{stack.outputs['InputBucketName']}"
    assert preflight(bucket, stack.studio).headers["access-control-allow-origin"] == stack.studio
    assert preflight(bucket, stack.studio, "DELETE").status == 403
    assert preflight(bucket, "https://elsewhere.example").status == 403
    images, results = (f"{stack.endpoint}/{stack.outputs[f'{name}BucketName']}" for name in ("Images", "Results"))
    for bucket, method, other in ((images, "POST", "GET"), (results, "GET", "POST")):
        assert preflight(bucket, stack.studio, method).headers["access-control-allow-origin"] == stack.studio
        assert preflight(bucket, stack.studio, other).status == 403
        assert preflight(bucket, "https://elsewhere.example", method).status == 403
