"""The handlers that API Gateway calls itself, on their sample events and off the happy path, over moto's S3."""

import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import boto3
import pytest
from functions.plan import app as plan
from functions.voices import app as voices
from moto import mock_aws

from handlers.buckets import output, recordings
from handlers.catalogues import catalogues, shapes
from handlers.telemetry import logger
from stitcher.api.requests import StitchRequest
from stitcher.clips.facts import METADATA, Shape
from stitcher.clips.prepared import PreparedClip, prepared_key
from stitcher.clips.ready import make_ready
from stitcher.clips.store import PreparedStore
from stitcher.errors import FAULT
from stitcher.formats.profiles import FORMS
from stitcher.joining.stitch import stitch
from stitcher.planning.catalogue import clip_of, read_catalogue
from stitcher.storage import BucketRepo, StorageFault, Stored
from tests.integration.steps import CONTEXT, INPUT, OUTPUT, event
from tests.paths import SAMPLES

READY = ("hello.wav", "shreeshail.wav", "heavy_rain.mp3")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """The sample clips of both voices in the input bucket; those of `READY` are prepared."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "ap-south-1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        client = boto3.client("s3", region_name="ap-south-1")
        for bucket in (INPUT, OUTPUT):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        for path in [*SAMPLES.glob("*.*"), *SAMPLES.glob("hindi/*.*")]:
            client.put_object(Bucket=INPUT, Key=str(path.relative_to(SAMPLES)), Body=path.read_bytes())
        for stored in BucketRepo(INPUT).list():
            if stored.key in READY and (clip := clip_of(stored)):
                make_ready(clip, BucketRepo(INPUT), BucketRepo(OUTPUT))
        yield client


@pytest.fixture(autouse=True)
def made_anew(s3: Any) -> Iterator[None]:
    """Functions that remember nothing of the test before."""
    for cached in (recordings, output, catalogues, shapes):
        cached.cache_clear()
    yield
    for cached in (recordings, output, catalogues, shapes):
        cached.cache_clear()


@pytest.fixture
def put(s3: Any) -> Iterator[Any]:
    """Puts a file into the input bucket, for the length of a test."""
    keys: list[str] = []

    def put_file(key: str, data: bytes = b"x") -> None:
        s3.put_object(Bucket=INPUT, Key=key, Body=data)
        keys.append(key)

    yield put_file
    for key in keys:
        s3.delete_object(Bucket=INPUT, Key=key)


def answered(response: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """The body of a proxy answer that has the status and says what it is."""
    body: dict[str, Any] = json.loads(response["body"])
    assert response["statusCode"] == status, body
    kind = "application/json" if status == 200 else "application/problem+json"
    assert response["headers"] == {
        "Content-Type": kind,
        "X-Request-Id": "JTHd9H2HIAMEPfw",
        "Access-Control-Allow-Origin": "http://127.0.0.1:4600",
        "Access-Control-Expose-Headers": "X-Request-Id",
    }
    assert body["success"] is (status == 200)
    return body


def planned(body: Any, status: int = 200, **more: Any) -> dict[str, Any]:
    """The answer to `POST /plans`."""
    text = body if isinstance(body, str) else json.dumps(body)
    return answered(plan.lambda_handler(event("plan") | {"body": text} | more, CONTEXT), status)


def listed(status: int = 200, **query: Any) -> dict[str, Any]:
    """The answer to `GET /voices`."""
    return answered(voices.lambda_handler(event("voices") | {"queryStringParameters": query}, CONTEXT), status)


def clips(voice: str, status: int = 200, **query: Any) -> dict[str, Any]:
    """The answer to `GET /voices/{voice}/clips`."""
    request = event("voice_clips") | {"pathParameters": {"voice": voice}, "queryStringParameters": query or None}
    return answered(voices.lambda_handler(request, CONTEXT), status)


def test_the_sample_event_is_planned() -> None:
    answer = answered(plan.lambda_handler(event("plan"), CONTEXT))
    hello, pause, shreeshail = answer["segments"]
    assert (hello["clip"], hello["phrase"], hello["text"]) == ("hello.wav", "hello", "hello")
    assert pause == {"pause_ms": 250}
    assert (shreeshail["start"], shreeshail["end"]) == (7, 17)
    assert min(hello["duration_ms"], shreeshail["duration_ms"]) > 100
    assert (answer["missing"], answer["substituted"], answer["suggestions"]) == ([], [], {})
    assert (answer["path"], answer["why"], answer["format"]) == ("spliced", "", "mp3")


EVERY_KIND = ["mp3", "opus", "wav", "wav-16k", "ulaw", "alaw-raw", "m4a", "amr", "gsm"]
GAPS = [("mp3", -80), ("wav", -80), ("mp3", 0), ("wav", 5), ("opus", 300)]


@pytest.mark.parametrize(("profile", "gap_ms"), [*((profile, 40) for profile in EVERY_KIND), *GAPS])
def test_the_plan_says_what_stitching_then_does(profile: str, gap_ms: int) -> None:
    request = {"message": "hello shreeshail heavy rain hello", "format": profile, "gap_ms": gap_ms}
    answer = planned(request)
    made = stitch(
        StitchRequest.of(request).plan(partial(read_catalogue, BucketRepo(INPUT))),
        PreparedStore(BucketRepo(OUTPUT)).load,
    )
    assert (answer["path"], answer["why"]) == (made.path, made.why)
    assert abs(answer["duration_ms"] - made.duration_ms) <= 1


def test_what_is_not_prepared_has_no_duration_yet() -> None:
    answer = planned({"message": "hello tomato"})
    assert answer["segments"][0]["duration_ms"] > 0
    assert answer["segments"][2]["duration_ms"] is None
    assert (answer["duration_ms"], answer["path"]) == (None, "spliced")
    assert planned({"message": "hello tomato", "gap_ms": -50})["why"] == "clip 2 begins with a crossfade"


def test_words_without_a_clip_are_listed_and_the_rest_is_planned() -> None:
    answer = planned({"message": "hello elefant shreshail elefant"})
    assert [segment["clip"] for segment in answer["segments"]] == ["hello.wav"]
    assert answer["missing"] == ["elefant", "shreshail"]
    assert answer["suggestions"] == {"shreshail": ["shreeshail"]}
    assert answer["duration_ms"] > 0


@pytest.mark.parametrize("policy", ["error", "skip", "silence"])
def test_a_message_that_no_clip_says_has_no_segments(policy: str) -> None:
    answer = planned({"message": "elefant zebra", "missing": policy})
    assert (answer["segments"], answer["missing"]) == ([], ["elefant", "zebra"])
    assert (answer["duration_ms"], answer["path"], answer["why"]) == (None, None, "")


def test_a_recording_that_is_not_said_is_named(put: Any) -> None:
    for key in ("odd/Hello.wav", "odd/hello.wav", "odd/tomorrow.ra", "odd/old/rain.wav", "odd/notes.txt", "odd/z.wav"):
        put(key)
    page = clips("odd")
    assert {entry["key"]: entry["instead"] for entry in page["clips"]} == {
        "odd/Hello.wav": None, "odd/hello.wav": "odd/Hello.wav", "odd/z.wav": None
    }  # fmt: skip
    assert [entry["key"] for entry in page["ignored"]] == ["odd/tomorrow.ra", "odd/old/rain.wav"]
    assert page["ignored"][1]["reason"] == "it lies too deep: a voice is one folder of clips"
    first, second, third = clips("odd", limit="1"), clips("odd", limit="1", after="odd/Hello.wav"), None
    third = clips("odd", limit="1", after=second["next"])
    assert [len(page["ignored"]) for page in (first, second, third)] == [0, 0, 2], "each once"
    assert second["clips"][0]["instead"] == "odd/Hello.wav", "it is on another page"


@pytest.mark.parametrize("key", ["a%2Fb.wav", "100%.wav", "50%25.wav", "a+b &c.wav", "आज.wav", "~.wav"])
def test_a_pages_next_is_read_as_it_was_pasted(put: Any, key: str) -> None:
    put(f"odd/{key}")
    put("odd/😀.wav")
    page = clips("odd", limit="1")
    assert page["next"].isascii()
    assert quote(page["next"], safe="%") == page["next"]
    following = clips("odd", after=unquote(page["next"]))  # API Gateway decodes what is pasted once
    assert [entry["key"] for entry in following["clips"]] == ["odd/😀.wav"]
    if quote(unquote(key), safe="") != key:
        assert clips("odd", after=page["next"]) == following, "a client's library has encoded it once more"


@pytest.mark.parametrize("request_", [{"voice": "hindy"}, {"missing": "fallback:hindy"}])
def test_a_voice_that_there_is_not_is_unknown(request_: dict[str, str]) -> None:
    problem = planned({"message": "hello"} | request_, 404)
    assert problem["code"] == "no_such_voice"
    assert problem["detail"] == "there is no voice 'hindy'; did you mean 'hindi'?"
    assert clips("hindy", 404)["detail"] == problem["detail"]


def test_an_empty_voice_lacks_everything(put: Any) -> None:
    put("nobody/voice.toml", b"")
    assert planned({"message": "hello", "voice": "nobody"})["missing"] == ["hello"]
    assert clips("nobody")["clips"] == []


def test_the_default_voice_is_a_fallback_by_its_sign() -> None:
    answer = planned({"message": "नमस्ते hello", "voice": "hindi", "missing": "fallback:-"})
    assert answer["substituted"] == ["hello"]


def test_the_fallback_voice_is_named() -> None:
    answer = planned({"message": "hello नमस्ते", "missing": "fallback:hindi"})
    assert answer["substituted"] == ["नमस्ते"]
    assert answer["segments"][-1]["clip"] == "hindi/नमस्ते.wav"
    assert answer["segments"][-1]["why"] == "said by voice 'hindi'"


def test_words_that_the_fallback_lacks_too_are_refused_as_they_would_be() -> None:
    problem = planned({"message": "hello elefant", "missing": "fallback:hindi"}, 422)
    assert (problem["type"], problem["missing"]) == ("urn:audio-stitcher:missing_words", ["elefant"])


def test_a_list_of_clips_has_no_spans() -> None:
    answer = planned({"message_parts": ["hello.wav", "elefant.wav", "shreeshail"]})
    assert [segment["clip"] for segment in answer["segments"][::2]] == ["hello.wav", "shreeshail.wav"]
    assert answer["segments"][0]["text"] is answer["segments"][0]["start"] is None
    assert answer["missing"] == ["elefant.wav"]
    assert planned({"message_parts": ["elefant.wav"]})["segments"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 400),
        ("", 400),
        ("{", 400),
        ("[" * 100_000, 400),
        ('"hello"', 400),
        ({}, 400),
        ({"message": "hello", "format": "exe"}, 400),
        ({"message": "elefant", "format": "exe"}, 400),
        ({"message": "hello", "voice": "a/b"}, 400),
        ({"message": " ,.!"}, 400),
        ({"message_parts": []}, 400),
        ({"message": "a" * 2001}, 413),
        ({"message": "hello " * 251}, 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_plan_is_refused_as_the_message_would_be(body: Any, status: int) -> None:
    problem = planned(body, status)
    assert problem["type"] == f"urn:audio-stitcher:{problem['code']}"
    assert problem["status"] == status
    assert len(problem["detail"]) > 10


def test_settings_that_cannot_be_read_are_named(put: Any) -> None:
    put("broken/hello.wav")
    put("broken/voice.toml", b"language = ")
    assert planned({"message": "hello", "voice": "broken"}, 422)["unusable"][0]["key"] == "broken/voice.toml"
    entry = next(entry for entry in listed()["voices"] if entry["voice"] == "broken")
    assert entry["language"] is None
    assert "not TOML" in entry["warnings"][0]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded; charset=utf-8"])
def test_another_media_type_is_not_supported(kind: str) -> None:
    assert planned({"message": "hello"}, 415, headers={"CONTENT-type": kind})["title"] == "Unsupported Media Type"


@pytest.mark.parametrize("headers", [None, {}, {"content-TYPE": "Application/JSON; charset=utf-8"}])
def test_json_is_taken_however_it_is_named(headers: Any) -> None:
    assert planned({"message": "hello"}, headers=headers)["segments"]


def test_half_of_a_surrogate_pair_is_no_fault() -> None:
    assert plan.lambda_handler(event("plan") | {"body": r'{"message": "\ud800x"}'}, CONTEXT)["statusCode"] < 500
    planned('{"message": "hello", "voice": "\\udc00"}', 400)


@pytest.mark.parametrize("handler", [plan, voices])
@pytest.mark.parametrize("fault", [StorageFault("secret"), RuntimeError("secret"), KeyError("secret")])
def test_a_fault_is_a_clean_500(handler: Any, fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> Any:
        raise fault

    monkeypatch.setattr(BucketRepo, "list", fail)
    sample = event("plan" if handler is plan else "voice_clips")
    assert answered(handler.lambda_handler(sample, CONTEXT), 500) == FAULT


def test_no_text_of_a_message_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    planned({"message": "hello mister elefant"})
    planned({"message": "hello elefant", "missing": "fallback:hindi"}, 422)
    assert "answered" in log.getvalue()
    assert not any(word in log.getvalue() for word in ("hello", "elefant"))


def test_the_voices_are_the_folders_that_hold_a_clip(put: Any) -> None:
    put("notes/readme.txt")
    put("a b/hello.wav")  # cannot be asked for
    put("kiswahili/habari.wav")
    put("kiswahili/old/habari.wav")
    answer = answered(voices.lambda_handler(event("voices"), CONTEXT))
    assert answer["voices"] == [
        {"voice": "", "language": "en", "warnings": []},
        {"voice": "hindi", "language": "hi", "warnings": []},
        {"voice": "kiswahili", "language": None, "warnings": []},
    ]
    assert answer["next"] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_the_pages_of_voices_together_are_all_voices(limit: int, put: Any) -> None:
    for number in range(4):
        put(f"voice{number}/hello.wav")
        put(f"voice-{number}/hello.wav")
    found: list[str] = []
    query: dict[str, Any] = {"limit": str(limit)}
    while True:
        page = listed(**query)
        assert len(page["voices"]) <= limit
        found += [entry["voice"] for entry in page["voices"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert found == ["", "hindi", *(f"voice-{n}" for n in range(4)), *(f"voice{n}" for n in range(4))]


def test_a_clip_says_what_preparing_found(s3: Any) -> None:
    entries = {entry["key"]: entry for entry in clips("-", limit="200")["clips"]}
    report = PreparedClip.from_bytes(
        BucketRepo(OUTPUT).read(f"prepared/v3/-/mp3/{s3.head_object(Bucket=INPUT, Key='hello.wav')['ETag'][1:-1]}.clip")
    ).report
    size = (SAMPLES / "hello.wav").stat().st_size
    assert entries["hello.wav"] == {
        "phrase": "hello",
        "key": "hello.wav",
        "size": size,
        "take": "",
        "duration_ms": report.duration_ms,
        "loudness_lufs": report.loudness_lufs,
        "warnings": list(report.warnings),
        "prepared": True,
        "refused": None,
        "instead": None,
    }
    tomato = entries["tomato.wav"]
    assert tomato["prepared"] is False
    assert tomato["duration_ms"] is tomato["loudness_lufs"] is tomato["warnings"] is None
    assert "voice.toml" not in entries


def test_the_sample_event_lists_the_first_clips_of_a_voice() -> None:
    page = answered(voices.lambda_handler(event("voice_clips"), CONTEXT))
    assert len(page["clips"]) == 5
    assert page["next"] == quote(page["clips"][-1]["key"], safe="")
    assert all(entry["key"].startswith("hindi/") for entry in page["clips"])


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_the_pages_of_clips_together_are_all_clips(limit: int) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"limit": str(limit)}
    while True:
        page = clips("hindi", **query)
        found += [entry["key"] for entry in page["clips"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert found == sorted(f"hindi/{path.name}" for path in (SAMPLES / "hindi").glob("*.*") if path.suffix != ".toml")


def test_a_take_and_a_phrase_come_from_the_file_name(put: Any) -> None:
    put("kiswahili/Habari_yako@Final.wav")
    put("kiswahili/50%.wav")
    first, second = clips("kiswahili")["clips"]
    assert first["phrase"] == "50 %"
    assert (second["phrase"], second["take"]) == ("habari yako", "final")
    assert [entry["key"] for entry in clips("kiswahili", after="kiswahili/50%.wav")["clips"]] == [second["key"]]


def test_a_voices_name_may_come_encoded(put: Any) -> None:
    put("हिन्दी/नमस्ते.wav")
    assert clips("हिन्दी")["clips"] == clips("%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80")["clips"] != []


@pytest.mark.parametrize(
    ("voice", "query"),
    [
        ("hindi", {"limit": "0"}),
        ("hindi", {"limit": "201"}),
        ("hindi", {"limit": "many"}),
        ("hindi", {"page": "2"}),
        ("hindi", {"after": "hello.wav"}),
        ("-", {"after": "hindi/आज.ogg"}),
        ("-", {"after": "x" * 1025}),
        ("a/b", {}),
        ("..", {}),
        ("%2e%2e", {}),
    ],
)
def test_a_page_that_cannot_be_is_refused(voice: str, query: dict[str, str]) -> None:
    problem = clips(voice, 400, **query)
    assert problem["type"] == "urn:audio-stitcher:invalid_request"
    assert len(problem["detail"]) > 10


@pytest.mark.parametrize("query", [{"limit": "0"}, {"after": "../x"}, {"voice": "hindi"}])
def test_a_page_of_voices_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    listed(400, **query)


def test_metadata_is_ascii_and_what_it_was_made_from(s3: Any) -> None:
    stored = next(item for item in BucketRepo(INPUT).list() if item.key == "hello.wav")
    clip = clip_of(stored)
    assert clip
    for profile in FORMS:
        key = prepared_key(clip, profile)
        metadata = s3.head_object(Bucket=OUTPUT, Key=key)["Metadata"]
        assert metadata[METADATA].isascii()
        assert len(metadata[METADATA]) < 1024
        assert Shape.from_metadata(metadata) == Shape.of(PreparedClip.from_bytes(BucketRepo(OUTPUT).read(key)))


@pytest.mark.parametrize(
    "metadata", [{}, {METADATA: ""}, {METADATA: "[]"}, {METADATA: "{}"}, {METADATA: '{"report": 1}'}]
)
def test_metadata_of_another_kind_is_none(metadata: dict[str, str]) -> None:
    assert Shape.from_metadata(metadata) is None


def test_what_an_older_version_prepared_is_read_and_what_is_damaged_is_not_prepared(s3: Any) -> None:
    (key,) = (item["Key"] for item in s3.list_objects_v2(Bucket=OUTPUT, Prefix="prepared/v3/-/mp3/")["Contents"][:1])
    before = s3.get_object(Bucket=OUTPUT, Key=key)
    data, metadata = before["Body"].read(), before["Metadata"]
    prepared = [entry["prepared"] for entry in clips("-", limit="200")["clips"]]
    try:
        s3.put_object(Bucket=OUTPUT, Key=key, Body=data)
        shapes.cache_clear()
        assert [entry["prepared"] for entry in clips("-", limit="200")["clips"]] == prepared
        s3.put_object(Bucket=OUTPUT, Key=key, Body=data[:-1])
        shapes.cache_clear()
        assert sum(entry["prepared"] for entry in clips("-", limit="200")["clips"]) == sum(prepared) - 1
    finally:
        s3.put_object(Bucket=OUTPUT, Key=key, Body=data, Metadata=metadata)


def test_what_is_known_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    stat = BucketRepo.stat

    def counted(self: BucketRepo, key: str) -> Stored | None:
        asked.append(key)
        return stat(self, key)

    monkeypatch.setattr(BucketRepo, "stat", counted)
    for _ in range(3):
        planned({"message": "hello hello shreeshail"})
    assert len(asked) == 2
