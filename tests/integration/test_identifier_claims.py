"""Once, and only once paid: claims and results on S3 (moto), with a clock that goes by hand."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from pydantic import ValidationError

from identifier import storage
from identifier.claim import Claimed, Done, Taken, claim
from identifier.errors import StorageFault
from identifier.keys import claim_key, result_key
from identifier.result import Image, PromptUsed, Result, find_result, save_result
from identifier.say import Say

REGION: Final = "ap-south-1"
BUCKET = "results-of-a-test"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
COW, VERSION, LEASE = "inbox/animal/गाय 1+2 50%.jpg", "v.1_x-2", 150.0


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        made = boto3.client("s3", REGION)
        made.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield made


@pytest.fixture
def s3(client: Any) -> Any:
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    return client


def claimed(s3: Any, owner: str, after_s: float = 0, key: str = COW, version: str = VERSION) -> Claimed | Done | Taken:
    now = START + timedelta(seconds=after_s)
    return claim(s3, BUCKET, key, version, owner=owner, now=now, lease_s=LEASE)


def result(**fields: Any) -> Result:
    made: dict[str, Any] = {
        "image": Image(bucket="images", key=COW, version_id=VERSION, sha256="0" * 64),
        "prompt": PromptUsed(id="animal", version=1, sha256="1" * 64),
        "outcome": "answered", "answer": {"animal": "cattle"}, "say": Say("गाय", "hindi", "mp3"),
        "model": "apac.amazon.nova-lite-v1:0", "input_tokens": 1500, "output_tokens": 60,
        "cost_usd": 0.0001, "at": START,
    }  # fmt: skip
    return Result(**made | fields)


def without(outcome: str, **fields: Any) -> Result:
    return result(outcome=outcome, answer=None, say=None, reason="busy", detail="too many requests", **fields)


# Claims


def test_the_first_to_claim_has_the_picture_and_others_wait(s3: Any) -> None:
    assert claimed(s3, "one") == Claimed()
    assert claimed(s3, "other", 1) == Taken(START + timedelta(seconds=LEASE))


def test_an_execution_that_tries_again_is_not_stopped_by_its_own_claim(s3: Any) -> None:
    claimed(s3, "one")
    assert claimed(s3, "one", 20) == Claimed()
    assert claimed(s3, "other", LEASE + 1) == Taken(START + timedelta(seconds=LEASE + 20))  # it was renewed


def test_a_claim_left_by_a_crash_expires(s3: Any) -> None:
    claimed(s3, "one")
    assert isinstance(claimed(s3, "other", LEASE - 1), Taken)
    assert claimed(s3, "other", LEASE) == Claimed()
    assert isinstance(claimed(s3, "one", LEASE + 1), Taken)


def test_a_result_ends_all_work_even_after_the_claim(s3: Any) -> None:
    claimed(s3, "one")
    save_result(s3, BUCKET, result())
    for after_s in (1, 10 * LEASE):
        assert claimed(s3, "other", after_s) == Done(result())
    assert claimed(s3, "one", 1) == Done(result())


def test_a_result_is_found_even_where_the_claim_was_swept_away(s3: Any) -> None:
    claimed(s3, "one")
    save_result(s3, BUCKET, result())
    s3.delete_object(Bucket=BUCKET, Key=claim_key(COW, VERSION))
    assert claimed(s3, "other", 1) == Done(result())


def test_a_failed_result_leaves_the_work_to_a_redrive(s3: Any) -> None:
    claimed(s3, "one")
    save_result(s3, BUCKET, without("failed"))
    assert claimed(s3, "one", 1) == Claimed()
    assert claimed(s3, "other", 2 * LEASE) == Claimed()


def test_another_version_and_another_picture_are_other_work(s3: Any) -> None:
    claimed(s3, "one")
    assert claimed(s3, "other", version="v2") == Claimed()
    assert claimed(s3, "other", key="inbox/animal/goat.jpg") == Claimed()
    assert claimed(s3, "other", key="inbox/crop-disease/गाय 1+2 50%.jpg") == Claimed()


def test_a_claim_that_cannot_be_read_is_taken_over(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=claim_key(COW, VERSION), Body=b"rubbish")
    assert claimed(s3, "one") == Claimed()
    assert isinstance(claimed(s3, "other"), Taken)


class Meanwhile:
    """S3, but behind the first request of this kind somebody else does something."""

    def __init__(self, s3: Any, request: str, act: Callable[[], object]) -> None:
        self.s3, self.request, self.act = s3, request, act

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            try:
                return getattr(self.s3, name)(**arguments)
            finally:
                if name == self.request:
                    self.request = ""
                    self.act()

        return call


def test_of_two_who_take_over_an_expired_claim_one_has_the_picture(s3: Any) -> None:
    claimed(s3, "crashed")
    first: list[object] = []
    slow = Meanwhile(s3, "get_object", lambda: first.append(claimed(s3, "other", LEASE)))
    assert isinstance(claimed(slow, "one", LEASE), Taken)
    assert first == [Claimed()]


def test_a_result_that_is_written_while_a_claim_is_looked_at_is_not_paid_for_again(s3: Any) -> None:
    claimed(s3, "slow")
    late = Meanwhile(s3, "put_object", lambda: save_result(s3, BUCKET, result()))
    assert claimed(late, "other", LEASE) == Done(result())


def test_a_claim_that_vanishes_while_it_is_looked_at_is_not_the_caller_s(s3: Any) -> None:
    claimed(s3, "one")
    swept = Meanwhile(s3, "put_object", lambda: s3.delete_object(Bucket=BUCKET, Key=claim_key(COW, VERSION)))
    assert isinstance(claimed(swept, "other"), Taken)
    assert claimed(s3, "other") == Claimed()


# Results


def test_a_result_is_stored_beside_the_name_of_its_picture_and_read_back_whole(s3: Any) -> None:
    assert save_result(s3, BUCKET, result()) == result()
    stored = s3.get_object(Bucket=BUCKET, Key="results/animal/गाय 1+2 50%25.jpg/v.1_x-2.json")
    assert stored["ContentType"] == "application/json"
    assert "गाय".encode() in stored["Body"].read()
    assert find_result(s3, BUCKET, COW, VERSION) == result()
    assert find_result(s3, BUCKET, COW, "v2") is None


FINAL = {"answered": result(), "rejected": without("rejected"), "another": result(answer={"animal": "goat"})}


@pytest.mark.parametrize("first", ["answered", "rejected"])
@pytest.mark.parametrize(
    "second", [result(answer={"animal": "goat"}), without("rejected", attempts=2), without("failed")]
)
def test_an_answer_or_a_rejection_stands(s3: Any, first: str, second: Result) -> None:
    save_result(s3, BUCKET, FINAL[first])
    assert save_result(s3, BUCKET, second) == FINAL[first]
    assert find_result(s3, BUCKET, COW, VERSION) == FINAL[first]


@pytest.mark.parametrize("second", [result(), without("rejected")])
def test_a_failure_makes_way_for_what_a_redrive_finds(s3: Any, second: Result) -> None:
    save_result(s3, BUCKET, without("failed"))
    assert save_result(s3, BUCKET, without("failed", attempts=9)).attempts == 1
    assert save_result(s3, BUCKET, second) == second
    assert find_result(s3, BUCKET, COW, VERSION) == second


def test_a_result_that_changes_while_it_is_replaced_is_tried_again(s3: Any) -> None:
    save_result(s3, BUCKET, without("failed"))
    late: Any = Meanwhile(s3, "get_object", lambda: save_result(s3, BUCKET, result()))
    with pytest.raises(StorageFault, match="written by somebody else"):
        save_result(late, BUCKET, without("rejected"))
    assert find_result(s3, BUCKET, COW, VERSION) == result()


def test_what_is_no_result_makes_way(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=result_key(COW, VERSION), Body=b"rubbish")
    assert claimed(s3, "one") == Claimed()
    assert save_result(s3, BUCKET, result()) == result()


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "answered", "answer": None},
        {"outcome": "answered", "reason": "busy"},
        {"outcome": "rejected"},
        {"outcome": "failed", "answer": None},
        {"outcome": "lost"},
        {"colour": "red"},
    ],
)
def test_a_result_that_contradicts_itself_is_not_made(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        result(**fields)


# S3's own troubles


class Failing:
    """An S3 client whose requests fail."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def put_object(self, **_: Any) -> Any:
        raise self.error

    get_object = put_object


def refusal(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    "error",
    [
        refusal("SlowDown", 503),
        refusal("InternalError", 500),
        EndpointConnectionError(endpoint_url=f"https://s3/{COW}"),
    ],
)
def test_what_may_pass_is_a_storage_fault(error: Exception) -> None:
    for attempt in (
        lambda: storage.put_new(Failing(error), BUCKET, COW, b""),  # type: ignore[arg-type]
        lambda: storage.read(Failing(error), BUCKET, COW),  # type: ignore[arg-type]
    ):
        with pytest.raises(StorageFault, match="S3, in inbox/: ") as fault:
            attempt()
        assert "गाय" not in str(fault.value)  # faults are logged, and names of pictures are people's
        assert fault.value.__suppress_context__


@pytest.mark.parametrize("code", [("AccessDenied", 403), ("NoSuchBucket", 404)])
def test_what_will_not_pass_stays_what_it_is(code: tuple[str, int]) -> None:
    with pytest.raises(ClientError, match=code[0]):
        storage.put_new(Failing(refusal(*code)), BUCKET, "key", b"")  # type: ignore[arg-type]
    with pytest.raises(ClientError, match=code[0]):
        storage.read(Failing(refusal(*code)), BUCKET, "key")  # type: ignore[arg-type]


def test_colliding_writers_are_told_that_they_were_not_first() -> None:
    colliding: Any = Failing(refusal("ConditionalRequestConflict", 409))
    assert storage.put_new(colliding, BUCKET, "key", b"") is False


def test_the_version_that_is_named_is_the_one_that_is_read(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=BUCKET, Key=COW, Body=b"cow")["VersionId"]
    second = s3.put_object(Bucket=BUCKET, Key=COW, Body=b"goat")["VersionId"]
    read = [storage.read(s3, BUCKET, COW, version) for version in (first, second, None)]
    assert [found.data for found in read if found] == [b"cow", b"goat", b"goat"]
    assert storage.read(s3, BUCKET, COW, "no-such-version") is None
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
