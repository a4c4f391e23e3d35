"""The functions of /pictures and of the workflow together, over moto: from the request to the answer and the event."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from functions.identify_image import app as identify_image
from functions.pictures import app as pictures
from moto import mock_aws
from tools.local.model import StandIn, serving

from identifier.errors import EventFault
from identifier.keys import claim_key, latest_key, result_key
from identifier.picture_id import id_of, new_id, parts, time_of, upload_key
from identifier.publishing import publish
from tests.integration.steps import CONTEXT, event
from tests.paths import ROOT

POINTERS = "/stitcher/dev/prompts/"
COW = (ROOT / "samples" / "images" / "cow.jpg").read_bytes()


@dataclass
class Service:
    """Both functions over one S3, and a model that gives one answer."""

    s3: Any
    model: StandIn
    sent: list[dict[str, Any]]

    def call(self, resource: str, method: str = "GET", body: Any = None, **fields: Any) -> tuple[int, Any]:
        given = event("pictures") | {"resource": resource, "httpMethod": method, "body": json.dumps(body)} | fields
        answer = pictures.lambda_handler(given, CONTEXT)
        return answer["statusCode"], json.loads(answer["body"])

    def post(self, body: Any) -> tuple[int, Any]:
        return self.call("/pictures", "POST", body)

    def find(self, picture_id: str) -> tuple[int, Any]:
        return self.call("/pictures/{id}", pathParameters={"id": picture_id})

    def page(self, **query: str) -> tuple[int, Any]:
        return self.call("/pictures", queryStringParameters=query or None)

    def put(self, key: str, data: bytes = COW, execution: str = "arn:aws:states:e:one", **metadata: str) -> Any:
        """Put a picture and work on it; returns its result."""
        version = self.s3.put_object(Bucket="images", Key=key, Body=data, Metadata=metadata)["VersionId"]
        return self.identify(key, version, len(data), execution)

    def identify(self, key: str, version: str, size: int, execution: str = "arn:aws:states:e:one", **more: Any) -> Any:
        given = event("identify_image") | {"bucket": "images", "key": key, "version_id": version, "size": size}
        put_at = datetime.now(UTC).isoformat()
        self.ended = identify_image.lambda_handler(
            given | {"execution": execution, "put_at": put_at} | more, CONTEXT
        )  # fmt: skip
        return self.read(result_key(key, version))

    def read(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket="results", Key=key)["Body"].read())


@pytest.fixture(scope="module")
def made() -> Iterator[Service]:
    """The service, once for all tests: its clients take long to make."""
    clients: list[Any] = [identify_image.s3, identify_image.identifier, identify_image.model, identify_image.events]
    clients.append(pictures.s3)
    with pytest.MonkeyPatch.context() as patched, mock_aws(), serving() as model:
        patched.setenv("AWS_DEFAULT_REGION", "ap-south-1")
        patched.setenv("AWS_ACCESS_KEY_ID", "test")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patched.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", model.url)
        for client in clients:
            client.cache_clear()
        s3 = boto3.client("s3")
        for bucket in ("images", "results", "prompts"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        s3.put_bucket_versioning(Bucket="images", VersioningConfiguration={"Status": "Enabled"})
        for name in ("animal", "crop-disease"):
            document = (ROOT / "prompts" / name / "1.json").read_bytes()
            publish(s3, boto3.client("ssm"), "prompts", POINTERS, document)
        yield Service(s3, model, [])
    for client in clients:
        client.cache_clear()


@pytest.fixture
def service(made: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service without pictures, results and faults."""
    for bucket in ("images", "results"):
        listed = made.s3.list_object_versions(Bucket=bucket)
        doomed = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed.get("Versions", ())]
        if doomed:
            made.s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})
    made.model.forget()
    made.sent.clear()
    put_events = identify_image.events().put_events

    def noted(Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's name
        made.sent.extend(Entries)
        return put_events(Entries=Entries)

    monkeypatch.setattr(identify_image.events(), "put_events", noted)
    return made


def test_a_picture_is_announced_uploaded_identified_and_found(service: Service) -> None:
    status, given = service.post({"name": "cow 7.jpg", "size": len(COW), "prompt": "Animal"})
    assert (status, given["state"]) == (201, "waiting")
    assert service.find(given["id"])[1]["state"] == "waiting"
    form = given["upload"]
    assert form["fields"]["key"] == f"inbox/animal/{given['id'].removeprefix('animal-')}.jpg"
    version = service.s3.put_object(Bucket="images", Key=form["fields"]["key"], Body=COW)["VersionId"]
    assert service.find(given["id"])[1]["state"] == "working"
    result = service.identify(form["fields"]["key"], version, len(COW))
    assert result["id"] == given["id"]
    status, found = service.find(given["id"])
    assert (status, found["state"], found["prompt"], found["name"]) == (200, "answered", "animal", "cow 7.jpg")
    assert (found["answer"]["animal"], found["confidence"]) == ("cannot_tell", "low")
    assert (found["model"], found["cost_usd"]) == ("stand-in", None)
    assert found["unsaid"] == "the prompt says nothing aloud"


def test_a_form_takes_exactly_the_size_that_was_said(service: Service) -> None:
    form = service.post({"name": "cow.jpg", "size": 9})[1]["upload"]
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert ["content-length-range", 9, 9] in policy["conditions"]
    assert form["fields"]["key"].startswith("inbox/animal/"), "the default prompt"


STAMP = "01kafkqc00g18c6qhxwjb6pkf7"
"""Of a key as the API makes it."""

BAD = [
    ({}, "name is missing; size is missing"),
    ({"name": "a", "size": 0}, "size"),
    ({"name": "a", "size": 10**9}, "size"),
    ({"name": "a", "size": "9"}, "size"),
    ({"name": "../a", "size": 9}, "slashes"),
    ({"name": "a\n", "size": 9}, "control"),
    ({"name": "", "size": 9}, "name"),
    ({"name": "..", "size": 9}, "no file's name"),
    ({"name": "a" * 500, "size": 9}, "name"),
    ({"name": "a", "size": 9, "more": 1}, "more"),
    ({"name": "a", "size": 9, "expected": {}}, "expected"),
    ([1], "must be a JSON object"),
]


@pytest.mark.parametrize(("body", "said"), BAD)
def test_a_request_of_another_form_is_refused_with_the_reason(service: Service, body: Any, said: str) -> None:
    status, problem = service.post(body)
    assert (status, problem["code"]) == (400, "invalid_request")
    assert said in problem["detail"]


def test_an_unknown_prompt_is_refused_with_those_there_are(service: Service) -> None:
    status, problem = service.post({"name": "a", "size": 9, "prompt": "animals"})
    assert (status, problem["code"]) == (422, "unknown_prompt")
    assert "animal, crop-disease" in problem["detail"]


UNKNOWN = ["", "x", "animal-", "animal-01", "../x", "animal-01m8cm3n94z2zwq0790rsbz6at"]


@pytest.mark.parametrize("picture_id", UNKNOWN)
def test_an_unknown_picture_is_not_found(service: Service, picture_id: str) -> None:
    status, problem = service.find(picture_id)
    assert (status, problem["code"]) == (404, "unknown_picture")


def test_pictures_are_listed_by_prompt_oldest_first_page_by_page(service: Service) -> None:
    for number in range(3):
        service.put(f"inbox/animal/{number}.jpg")
    service.put("inbox/crop-disease/leaf.jpg")
    first = service.page(prompt="animal", limit="2")[1]
    assert [entry["name"] for entry in first["pictures"]] == ["0.jpg", "1.jpg"]
    rest = service.page(prompt="animal", after=first["next"])[1]
    assert ([entry["name"] for entry in rest["pictures"]], rest["next"]) == (["2.jpg"], None)
    assert len(service.page()[1]["pictures"]) == 4
    assert service.page(prompt="nobody")[1] == {"success": True, "pictures": [], "next": None}


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": "0"}, {"limit": "many"}, {"more": "1"}, {"prompt": "a/b"}])
def test_a_page_that_cannot_be_is_refused(service: Service, query: dict[str, str]) -> None:
    assert service.page(**query)[0] == 400


@pytest.mark.parametrize(
    ("key", "prompt"),
    [
        ("inbox/animal/a.jpg", "animal"),
        ("Inbox/Animal/a.jpg", "animal"),
        ("INBOX/CROP-DISEASE/Pune/a.jpg", "crop-disease"),
        ("crop-disease/a.jpg", "crop-disease"),
        ("a.jpg", "animal"),
        ("inbox/a.jpg", "animal"),
        ("photos/2026/a.jpg", "animal"),
        ("/a.jpg", "animal"),
        (f"inbox/Animal/{STAMP}.jpg", "animal"),
        (f"inbox/animal/{'7' + 25 * 'z'}.jpg", "animal"),
    ],
)
def test_any_drop_gets_an_answer(service: Service, key: str, prompt: str) -> None:
    result = service.put(key)
    assert (result["outcome"], result["prompt"]["id"]) == ("answered", prompt)
    assert service.find(result["id"])[1]["state"] == "answered"
    assert service.page()[1]["pictures"][0]["state"] == "answered", "no key breaks the list"


@pytest.mark.parametrize("prompt", ["a b", "गाय", "_", "a" * 70, "-a", "canary"])
def test_a_folder_of_the_inbox_that_looks_as_if_the_api_had_made_it_is_refused_as_any_other(
    service: Service, prompt: str
) -> None:
    for key in (f"inbox/{prompt}/{STAMP}.jpg", f"inbox/{prompt}/{STAMP}/a.jpg"):
        assert service.put(key)["reason"] == "unknown_prompt"
        assert service.page()[0] == 200


def test_a_folder_that_names_an_unknown_prompt_is_refused_with_the_known_ones(service: Service) -> None:
    result = service.put("inbox/animals/a.jpg")
    assert (result["outcome"], result["reason"]) == ("rejected", "unknown_prompt")
    assert "there are: animal, crop-disease" in result["detail"]
    assert service.page(prompt="animals")[1]["pictures"][0]["state"] == "rejected"


def test_a_result_is_announced_with_prompt_answer_and_confidence(service: Service) -> None:
    result = service.put("inbox/animal/a.jpg")
    (entry,) = service.sent
    assert (entry["Source"], entry["DetailType"]) == ("stitcher.test", "picture identified")
    detail = json.loads(entry["Detail"])
    assert (detail["id"], detail["prompt"], detail["outcome"]) == (result["id"], "animal", "answered")
    assert (detail["answer"], detail["confidence"]) == (result["answer"], "low")


def test_an_event_that_is_not_taken_is_sent_again_without_asking_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_events = identify_image.events().put_events
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    monkeypatch.setattr(identify_image.events(), "put_events", lambda **_: refused)
    with pytest.raises(EventFault, match="ThrottlingException"):
        service.put("inbox/animal/a.jpg")
    monkeypatch.setattr(identify_image.events(), "put_events", put_events)
    version = service.s3.head_object(Bucket="images", Key="inbox/animal/a.jpg")["VersionId"]
    service.identify("inbox/animal/a.jpg", version, len(COW))
    assert service.ended["outcome"] == "answered", "its own result is no duplicate"
    assert len(service.sent) == 1
    assert len(service.model.calls) == 1


def test_the_newest_versions_result_is_the_latest_even_if_it_is_done_first(service: Service) -> None:
    key, now = "inbox/animal/a.jpg", datetime.now(UTC)
    old, new = (service.s3.put_object(Bucket="images", Key=key, Body=COW)["VersionId"] for _ in range(2))
    service.identify(key, new, len(COW), put_at=now.isoformat())
    service.identify(key, old, len(COW), put_at=(now - timedelta(minutes=1)).isoformat())
    assert service.read(latest_key(key))["image"]["version_id"] == new


@pytest.mark.parametrize(
    ("expected", "match"),
    [("cattle", "unsure"), ("cannot_tell", "match"), ('{"confidence": "low", "animal": "Cannot_Tell"}', "match")],
)
def test_an_expected_answer_is_compared(service: Service, expected: str, match: str) -> None:
    result = service.put("inbox/animal/a.jpg", expected=expected)
    assert result["match"] == match
    assert json.loads(service.sent[0]["Detail"])["match"] == match


@pytest.mark.parametrize("expected", ["cow", '{"species": "cattle"}', '{"animal": "cow"}', "{}", "[1]"])
def test_an_expected_answer_that_cannot_be_is_refused_before_a_model_is_paid(service: Service, expected: str) -> None:
    result = service.put("inbox/animal/a.jpg", expected=expected)
    assert (result["outcome"], result["reason"]) == ("rejected", "bad_label")
    assert service.model.calls == []


FAILURE: Any = {"failure": {"error": "Busy", "cause": ""}}


def test_a_duplicate_does_not_report_a_failure_while_the_other_execution_works(service: Service) -> None:
    key = "inbox/animal/a.jpg"
    version = service.s3.put_object(Bucket="images", Key=key, Body=COW)["VersionId"]
    claim = {
        "image": key, "version_id": version, "owner": "another",
        "expires_at": (datetime.now(UTC) + timedelta(minutes=1)).isoformat(),
    }  # fmt: skip
    service.s3.put_object(Bucket="results", Key=claim_key(key, version), Body=json.dumps(claim).encode())
    with pytest.raises(service.s3.exceptions.NoSuchKey):
        service.identify(key, version, 9, **FAILURE)
    assert service.ended["outcome"] == "duplicate"
    assert service.sent == []


def test_a_failure_is_a_result_with_the_same_id_as_the_later_answer(service: Service) -> None:
    version = service.s3.put_object(Bucket="images", Key="cow.jpg", Body=COW)["VersionId"]
    put_at: Any = {"put_at": datetime.now(UTC).isoformat()}
    failed = service.identify("cow.jpg", version, len(COW), **FAILURE, **put_at)
    assert service.find(failed["id"])[1]["state"] == "failed"
    answered = service.identify("cow.jpg", version, len(COW), **put_at)
    assert (answered["id"], answered["outcome"]) == (failed["id"], "answered")
    assert len(service.page(prompt="animal")[1]["pictures"]) == 1


def test_a_lost_answer_to_the_results_write_is_no_duplicate(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK writes again, and S3 finds the condition broken by the first write."""
    s3 = identify_image.s3()
    put_object = s3.put_object

    def put_twice(**arguments: Any) -> Any:
        if arguments["Key"].startswith("results/"):
            put_object(**arguments)
        return put_object(**arguments)

    monkeypatch.setattr(s3, "put_object", put_twice)
    service.put("inbox/animal/a.jpg")
    assert service.ended["outcome"] == "answered"


@pytest.mark.parametrize(
    ("faults", "outcome", "asked"),
    [
        (["424-tool-use"], "answered", 2),
        (["424-tool-use"] * 2, "answered", 3),
        (["424-tool-use"] * 3, "malformed_tool_use", 3),
        (["malformed_tool_use"], "answered", 2),
        (["wrong_schema"], "answered", 2),
        (["no_tool"], "answered", 2),
        (["wrong_schema"] * 2, "schema", 2),
        (["424-tool-use", "wrong_schema"], "answered", 3),
        (["max_tokens"], "max_tokens", 1),
    ],
)
def test_a_model_that_loses_its_way_is_asked_another_way_and_a_wrong_form_is_corrected_once(
    service: Service, faults: list[str], outcome: str, asked: int
) -> None:
    for fault in faults:
        service.model.fail(fault)
    result = service.put("inbox/animal/a.jpg")
    assert outcome == (result["outcome"] if result["outcome"] == "answered" else result["reason"])
    assert result["asks"] == len(service.model.calls) == asked
    if faults == ["424-tool-use"] * 2:
        small, _, large = (call.model for call in service.model.calls)
        assert (small, large) == ("apac.amazon.nova-lite-v1:0", "apac.amazon.nova-pro-v1:0")


def test_ids_sort_by_time_and_say_it() -> None:
    now = datetime(2026, 11, 20, 6, 15, 0, 123_000, UTC)
    first, later = new_id("crop-disease", now), new_id("crop-disease", now + timedelta(milliseconds=1))
    assert first < later
    assert time_of(first) == now
    assert parts(first)[0] == "crop-disease"
    assert id_of("cow.jpg", "v", "", now) == id_of("cow.jpg", "v", "", now)
    assert id_of("cow.jpg", "v", "", now).startswith("_-")
    stamp = first.removeprefix("crop-disease-")
    for name in ("Ramesh.JPG", "ramesh", "ramesh.patil", ".ramesh", "a.heic"):
        key = upload_key(first, name)
        assert key.startswith(f"inbox/crop-disease/{stamp}")
        assert "ramesh" not in key.lower()
        assert id_of(key, "v", "animal", now) == first
    assert id_of(f"inbox/crop-disease/{stamp}/cow.jpg", "v", "animal", now) == first, "as older versions put it"
