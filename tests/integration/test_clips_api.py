"""The handler that uploads, shows, deletes and restores clips, and changes settings, over moto's S3."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from functions.clips import app as clips
from functions.prepare_clip import app as prepare_clip
from moto import mock_aws

from handlers.buckets import output, recordings
from stitcher import limits
from tests.integration.steps import CONTEXT, INPUT, OUTPUT, event
from tests.integration.test_catalogue_api import answered
from tests.paths import SAMPLES

HELLO = (SAMPLES / "hello.wav").read_bytes()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """A bucket that keeps versions, with one clip in three versions: two recordings and the mark of a deletion."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
        client = boto3.client("s3", region_name="ap-south-1")
        for name in (INPUT, OUTPUT):
            client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        client.put_bucket_versioning(Bucket=INPUT, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture(autouse=True)
def made_anew(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(prepare_clip, "tell", lambda _key: None)  # there is no queue
    for cached in (recordings, output):
        cached.cache_clear()
    yield
    for cached in (recordings, output):
        cached.cache_clear()


def called(verb: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    """The answer to a call of a path, whose parts are as a browser sends them."""
    _, voice, *rest = path.strip("/").split("/")
    resource = {0: "", 1: f"/voices/{{voice}}/{rest[0]}", 2: "/voices/{voice}/clips/{name}"}[len(rest)]
    sent = event("clip") | {
        "httpMethod": verb,
        "resource": resource,
        "pathParameters": {"voice": voice} | ({"name": rest[1]} if len(rest) == 2 else {}),
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
    }
    sent["requestContext"] = sent["requestContext"] | {"httpMethod": verb, "resourcePath": resource}
    return answered(clips.lambda_handler(sent, CONTEXT), status)


def test_a_form_takes_one_file_of_one_size_under_one_key() -> None:
    form = called("POST", "/voices/hindi/clips", {"name": "भारी बारिश.wav", "size": 1000})
    assert form["key"] == form["fields"]["key"] == "hindi/भारी बारिश.wav"
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert ["content-length-range", 1000, 1000] in policy["conditions"]
    assert {"key": form["key"]} in policy["conditions"]
    assert {"bucket": INPUT} in policy["conditions"]
    assert policy["expiration"][:16] == form["expires_at"][:16]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "name"),
        ("voice.toml", "does not end like a recording"),
        ("hello", "does not end like a recording"),
        ("hello.exe", "does not end like a recording"),
        ("../hello.wav", "no '/'"),
        ("other/hello.wav", "no '/'"),
        (".wav", "does not end like a recording"),
        ("...wav", "no words"),
        ("._hello.wav", "no words"),
        ("hel\nlo.wav", "cannot be printed"),
        ("hel\0lo.wav", "cannot be printed"),
        ("5%25.wav", "write 'percent'"),
        ("%2e%2e.wav", "write 'percent'"),
        ("\ud800.wav", "unicode"),
        ("क" * 341 + "a.wav", "1024 bytes"),
        (5, "name"),
        (None, "name"),
    ],
    ids=repr,
)
def test_a_name_that_is_no_clips_is_refused_with_the_reason(name: Any, said: str) -> None:
    assert said in called("POST", "/voices/-/clips", {"name": name, "size": 10}, 400)["detail"]


@pytest.mark.parametrize("size", [0, -1, limits.CLIP_BYTES + 1, "10", 1.5, None])
def test_a_size_that_no_clip_has_is_refused(size: Any) -> None:
    assert "size" in called("POST", "/voices/-/clips", {"name": "a.wav", "size": size}, 400)["detail"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", {"name": "a.wav", "size": 1, "key": "x"}])
def test_a_body_of_another_form_is_refused(body: Any) -> None:
    called("POST", "/voices/-/clips", body, 400)
    called("PUT", "/voices/-/clips/hello.wav", body, 400)
    called("PUT", "/voices/-/settings", body, 400)


@pytest.mark.parametrize("voice", ["a b", "..", "%2e%2e", "a%2fb"])
def test_a_voice_that_cannot_be_is_refused(voice: str) -> None:
    called("POST", f"/voices/{voice}/clips", {"name": "a.wav", "size": 1}, 400)
    called("GET", f"/voices/{voice}/settings", status=400)
    called("DELETE", f"/voices/{voice}/clips/a.wav", status=400)


def test_a_clip_is_shown_deleted_and_restored_and_no_version_is_lost(bucket: Any) -> None:
    old = bucket.put_object(Bucket=INPUT, Key="ab/hello there.wav", Body=HELLO)["VersionId"]
    new = bucket.put_object(Bucket=INPUT, Key="ab/hello there.wav", Body=HELLO + b"\0\0")["VersionId"]
    bucket.put_object(Bucket=INPUT, Key="ab/hello there.wav.wav", Body=b"another clip")
    there = called("GET", "/voices/ab/clips/hello%20there.wav")
    assert (there["clip"]["phrase"], there["clip"]["prepared"], there["clip"]["refused"]) == (
        "hello there",
        False,
        None,
    )
    assert [(one["version"], one["current"], one["deleted"]) for one in there["versions"]] == [
        (new, True, False),
        (old, False, False),
    ]
    assert f"versionId={new}" in there["url"]

    gone = called("DELETE", "/voices/ab/clips/hello%20there.wav")
    assert (gone["key"], gone["version"]) == ("ab/hello there.wav", new)
    there = called("GET", "/voices/ab/clips/hello%20there.wav")
    assert (there["clip"], there["url"]) == (None, None)
    assert [one["deleted"] for one in there["versions"]] == [True, False, False]
    called("DELETE", "/voices/ab/clips/hello%20there.wav", status=404)

    called("PUT", "/voices/ab/clips/hello%20there.wav", {"version": old})
    assert bucket.get_object(Bucket=INPUT, Key="ab/hello there.wav")["Body"].read() == HELLO
    versions = called("GET", "/voices/ab/clips/hello%20there.wav")["versions"]
    assert len(versions) == 4
    assert versions[0]["current"]
    assert versions[0]["version"] not in (old, new)


@pytest.mark.parametrize("name", ["nobody.wav", "voice.toml", "hello", "%00.wav", "a%2fb.wav"])
def test_a_clip_that_is_not_there_is_unknown(name: str) -> None:
    called("GET", f"/voices/-/clips/{name}", status=404)
    called("DELETE", f"/voices/-/clips/{name}", status=404)
    problem = called("PUT", f"/voices/-/clips/{name}", {"version": "x"}, 404)
    assert problem["type"] == "urn:audio-stitcher:unknown_clip"


def test_a_clip_that_is_not_there_has_near_misses(bucket: Any) -> None:
    bucket.put_object(Bucket=INPUT, Key="near/hello.wav", Body=HELLO)
    for method in ("GET", "DELETE"):
        detail = called(method, "/voices/near/clips/helo.wav", status=404)["detail"]
        assert detail == "voice 'near' has no clip 'helo.wav'; did you mean 'hello.wav'?"


def test_settings_say_what_the_voice_lacks(bucket: Any) -> None:
    bucket.put_object(Bucket=INPUT, Key="hindi/hello.wav", Body=HELLO)
    assert called("GET", "/voices/hindi/settings")["warnings"] == []
    assert called("GET", "/voices/-/settings")["warnings"] == []
    warnings = called("GET", "/voices/hindy/settings")["warnings"]
    assert warnings == ["there is no voice 'hindy'; did you mean 'hindi'?"]
    answer = called("PUT", "/voices/hindi/settings", {"toml": 'language = "xx"'})
    assert answer["warnings"][0].startswith("there are no numbers of the language 'xx'")
    assert called("GET", "/voices/hindi/settings")["warnings"] == answer["warnings"]


def test_a_version_that_is_not_there_is_unknown(bucket: Any) -> None:
    bucket.put_object(Bucket=INPUT, Key="known.wav", Body=HELLO)
    assert "no version" in called("PUT", "/voices/-/clips/known.wav", {"version": "x" * 32}, 404)["detail"]


def test_a_recording_that_cannot_be_used_says_why(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = bucket.put_object(Bucket=INPUT, Key="silly.wav", Body=b"no sound at all")["ETag"].strip('"')
    monkeypatch.setattr(prepare_clip, "report", lambda *_: None)
    put = {"detail": {"object": {"key": "silly.wav", "etag": etag, "size": 15}}, "id": "x"}
    assert prepare_clip.lambda_handler(put, CONTEXT) == {"outcome": "unusable"}
    clip = called("GET", "/voices/-/clips/silly.wav")["clip"]
    assert clip["prepared"] is False
    assert len(clip["refused"]) > 10


def test_settings_are_read_and_written(bucket: Any) -> None:
    assert called("GET", "/voices/new/settings")["toml"] == ""
    written = called("PUT", "/voices/new/settings", {"toml": 'language = "hi"\n[pauses]\ncomma = 100\n'})
    assert (written["language"], written["pauses"]["comma"], written["pauses"]["stop"]) == ("hi", 100, 500)
    assert called("GET", "/voices/new/settings") == written


def test_settings_that_cannot_be_read_are_refused_and_the_old_ones_stay(bucket: Any) -> None:
    called("PUT", "/voices/old/settings", {"toml": "gap_ms = 90"})
    for toml, said in (("gap_ms = ", "TOML"), ("gap_ms = 99999", "gap_ms"), ("colour = 1", "colour")):
        problem = called("PUT", "/voices/old/settings", {"toml": toml}, 422)
        assert said in problem["unusable"][0]["reason"]
    assert called("GET", "/voices/old/settings")["gap_ms"] == 90


def test_settings_that_somebody_broke_are_shown_with_what_is_wrong(bucket: Any) -> None:
    bucket.put_object(Bucket=INPUT, Key="broken/voice.toml", Body=b"gap_ms = \xff")
    found = called("GET", "/voices/broken/settings")
    assert found["fault"]
    assert found["gap_ms"] == limits.DEFAULT_GAP_MS
