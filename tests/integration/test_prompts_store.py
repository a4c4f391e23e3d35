"""Publishing prompts, and what a worker that is already warm makes of it."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from identifier import publishing
from identifier.errors import InvalidPrompt, PromptUnavailable, PublishingError, UnknownPrompt
from identifier.prompt import Prompt, digest
from identifier.prompt_store import PromptStore
from tests.paths import ROOT

REGION: Final = "ap-south-1"
BUCKET, POINTERS = "prompts-of-a-test", "/stitcher/test/prompts/"
ANIMAL = json.loads((ROOT / "prompts" / "animal" / "1.json").read_bytes())


@dataclass
class Aws:
    """The two services, and a clock that goes by hand."""

    s3: Any
    ssm: Any
    now: float = 0.0

    @property
    def place(self) -> tuple[Any, Any, str, str]:
        return self.s3, self.ssm, BUCKET, POINTERS

    def store(self) -> PromptStore:
        return PromptStore(*self.place, clock=lambda: self.now)

    def publish(self, version: int, text: str) -> Prompt:
        return publishing.publish(*self.place, document(version, text))

    def point(self, value: str) -> None:
        self.ssm.put_parameter(Name=f"{POINTERS}animal", Value=value, Type="String", Overwrite=True)


def document(version: int, text: str = "Which animal?", **fields: Any) -> bytes:
    return json.dumps(ANIMAL | {"version": version, "text": text} | fields).encode()


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Any, Any]]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        s3, ssm = boto3.client("s3"), boto3.client("ssm")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield s3, ssm


@pytest.fixture
def aws(services: tuple[Any, Any]) -> Aws:
    """An empty bucket and no pointers."""
    s3, ssm = services
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    for item in ssm.get_parameters_by_path(Path=POINTERS)["Parameters"]:
        ssm.delete_parameter(Name=item["Name"])
    return Aws(s3, ssm)


# A warm worker


def test_a_change_reaches_a_warm_worker_within_its_half_minute(aws: Aws) -> None:
    aws.publish(1, "first")
    store = aws.store()
    assert store.get("animal").prompt.text == "first"
    aws.publish(2, "second")
    aws.now = 29.9
    assert store.get("animal").prompt.text == "first"
    aws.now = 30
    loaded = store.get("animal")
    assert (loaded.prompt.text, loaded.prompt.version, loaded.stale_reason) == ("second", 2, None)
    assert loaded.sha256 == digest(document(2, "second"))


def test_a_rollback_reaches_it_too(aws: Aws) -> None:
    aws.publish(1, "first")
    aws.publish(2, "second")
    store = aws.store()
    store.get("animal")
    publishing.rollback(*aws.place, "animal")
    aws.now = 30
    assert store.get("animal").prompt.text == "first"


def test_a_prompt_that_has_not_changed_is_not_read_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    monkeypatch.setattr(aws.s3, "get_object", None)  # one more request would be a TypeError
    aws.now = 100
    assert store.get("animal").stale_reason is None


BROKEN_POINTERS = [
    "2",
    "{}",
    '{"version": 2}',
    '{"version": 2, "sha256": "abc"}',
    json.dumps({"version": 0, "sha256": "0" * 64}),
]


@pytest.mark.parametrize("value", [*BROKEN_POINTERS, json.dumps({"version": 7, "sha256": "0" * 64})])
def test_a_broken_pointer_keeps_the_last_good_prompt_and_says_why(aws: Aws, value: str) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    aws.point(value)
    aws.now = 30
    loaded = store.get("animal")
    assert loaded.prompt.text == "first"
    assert loaded.stale_reason
    assert "pointer" in loaded.stale_reason


def test_a_document_that_is_not_what_was_published_keeps_the_last_good_prompt(aws: Aws) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    aws.publish(2, "second")
    aws.s3.put_object(Bucket=BUCKET, Key="prompts/animal/2.json", Body=document(2, "changed behind the back"))
    aws.now = 30
    loaded = store.get("animal")
    assert loaded.prompt.text == "first"
    assert "is not what was published" in str(loaded.stale_reason)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"not json", "it is not JSON"),
        (document(2, answer_schema={"type": "object"}), "additionalProperties"),
        (document(3), "says that it is animal, version 3"),
        (document(2, id="crop"), "says that it is crop, version 2"),
    ],
)
def test_an_invalid_document_with_the_right_hash_keeps_the_last_good_prompt(aws: Aws, data: bytes, why: str) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    aws.s3.put_object(Bucket=BUCKET, Key="prompts/animal/2.json", Body=data)
    aws.point(json.dumps({"version": 2, "sha256": digest(data)}))
    aws.now = 30
    loaded = store.get("animal")
    assert loaded.prompt.text == "first"
    assert why in str(loaded.stale_reason)


def test_it_recovers_when_the_pointer_is_mended(aws: Aws) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    aws.point("{}")
    aws.now = 30
    assert store.get("animal").stale_reason
    aws.publish(2, "second")
    aws.now = 59
    assert store.get("animal").stale_reason  # it looks again after half a minute, not at every picture
    aws.now = 60
    assert (store.get("animal").prompt.text, store.get("animal").stale_reason) == ("second", None)


def refusal(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetParameter")


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://ssm"),
        refusal("ThrottlingException", 400),
        refusal("AccessDeniedException", 403),
    ],
)
def test_without_ssm_a_warm_worker_goes_on_and_a_cold_one_reports_a_fault(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")

    def down(**_: Any) -> Any:
        raise error

    monkeypatch.setattr(aws.ssm, "get_parameter", down)
    aws.now = 30
    assert store.get("animal").prompt.text == "first"
    with pytest.raises(PromptUnavailable, match="prompt animal cannot be loaded"):
        aws.store().get("animal")


def test_without_s3_a_warm_worker_goes_on(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    aws.publish(2, "second")

    def down(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://s3")

    monkeypatch.setattr(aws.s3, "get_object", down)
    aws.now = 30
    assert store.get("animal").stale_reason


def test_a_prompt_that_is_taken_away_is_unknown_even_to_a_warm_worker(aws: Aws) -> None:
    aws.publish(1, "first")
    store = aws.store()
    store.get("animal")
    aws.ssm.delete_parameter(Name=f"{POINTERS}animal")
    aws.now = 30
    with pytest.raises(UnknownPrompt, match="there is no prompt 'animal'"):
        store.get("animal")


@pytest.mark.parametrize("prompt_id", ["", "weeds", "Animal", "../animal", "animal/1", "गाय", "a" * 65])
def test_what_is_not_published_is_unknown(aws: Aws, prompt_id: str) -> None:
    aws.publish(1, "first")
    with pytest.raises(UnknownPrompt) as refusal:
        aws.store().get(prompt_id)
    assert refusal.value.reason == "unknown_prompt"


# Publishing


def test_a_version_never_changes(aws: Aws) -> None:
    aws.publish(1, "first")
    with pytest.raises(PublishingError, match="a version never changes: make this one version 2"):
        aws.publish(1, "first, a little better")
    assert aws.store().get("animal").prompt.text == "first"


def test_publishing_the_same_again_changes_nothing(aws: Aws) -> None:
    aws.publish(1, "first")
    aws.publish(1, "first")
    assert publishing.versions(aws.s3, BUCKET, "animal") == [1]


def test_an_older_version_is_not_published_behind_a_newer_one(aws: Aws) -> None:
    aws.publish(3, "third")
    with pytest.raises(PublishingError, match="animal has version 3: make this version 4, or roll back"):
        aws.publish(2, "second")
    assert publishing.versions(aws.s3, BUCKET, "animal") == [3]


def test_an_invalid_document_is_not_stored(aws: Aws) -> None:
    with pytest.raises(InvalidPrompt):
        publishing.publish(*aws.place, document(1, text=""))
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=BUCKET)


def test_a_rollback_goes_to_the_version_before_or_to_the_one_that_is_named(aws: Aws) -> None:
    for version, text in enumerate(("first", "second", "third"), 1):
        aws.publish(version, text)
    assert publishing.rollback(*aws.place, "animal").version == 2
    assert publishing.rollback(*aws.place, "animal").version == 1
    assert publishing.rollback(*aws.place, "animal", 3).version == 3
    assert aws.store().get("animal").prompt.text == "third"


@pytest.mark.parametrize(
    ("prompt_id", "version", "said"),
    [
        ("animal", None, "animal has no version before 1"),
        ("animal", 9, r"animal has no version 9; it has \[1\]"),
        ("weeds", None, "weeds is not published; name the version"),
    ],
)
def test_a_rollback_to_nothing_is_refused(aws: Aws, prompt_id: str, version: int | None, said: str) -> None:
    aws.publish(1, "first")
    with pytest.raises(PublishingError, match=said):
        publishing.rollback(*aws.place, prompt_id, version)
    assert aws.store().get("animal").prompt.version == 1


def test_the_list_tells_what_is_in_force_what_is_stored_and_what_is_wrong(aws: Aws) -> None:
    aws.publish(1, "first")
    aws.publish(2, "second")
    publishing.rollback(*aws.place, "animal")
    publishing.publish(*aws.place, document(1, id="crop"))
    aws.ssm.delete_parameter(Name=f"{POINTERS}crop")
    aws.ssm.put_parameter(Name=f"{POINTERS}form", Value="{}", Type="String")
    aws.s3.put_object(Bucket=BUCKET, Key="prompts/notes.txt", Body=b"")
    rows = list(publishing.published(*aws.place))
    assert [(row.prompt_id, row.version, row.stored) for row in rows] == [
        ("animal", 1, (1, 2)),
        ("crop", None, (1,)),
        ("form", None, ()),
    ]
    assert [bool(row.problem) for row in rows] == [False, True, True]
