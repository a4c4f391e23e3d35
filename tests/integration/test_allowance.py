"""The models are asked so many times a day at most, however many functions ask."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from identifier import storage
from identifier.allowance import Allowance, Metered
from identifier.errors import StorageFault, Unusable

BUCKET = "results"
DAY = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def taken(allowance: Allowance, most: int = 100) -> int:
    """How many calls are given before one is refused."""
    for count in range(most):
        try:
            allowance.take()
        except Unusable:
            return count
    return most


def test_a_day_has_as_many_calls_as_allowed_and_the_next_day_has_them_again(s3: Any) -> None:
    told: list[float] = []
    today = [DAY]
    allowance = Allowance(s3, BUCKET, 25, told.append, lambda: today[0])
    assert taken(allowance) == 25
    assert told == [40.0, 80.0, 100.0, 100.0]
    assert taken(allowance) == 0
    today[0] = DAY.replace(day=27)
    assert taken(allowance) == 25


def test_functions_at_once_take_no_more_than_the_day_has(s3: Any) -> None:
    functions = [Allowance(s3, BUCKET, 33, lambda _: None, lambda: DAY, lambda _: None) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(taken, functions)) == 33


def test_a_writer_that_was_overtaken_counts_again(s3: Any) -> None:
    other = Allowance(s3, BUCKET, 25, lambda _: None, lambda: DAY)
    waited: list[float] = []

    class Overtaken:
        """Before the first two writings another function takes a share."""

        left = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def put_object(self, **request: Any) -> Any:
            if self.left:
                self.left -= 1
                for _ in range(10):
                    other.take()
            return s3.put_object(**request)

    one: Any = Overtaken()
    assert taken(Allowance(one, BUCKET, 25, lambda _: None, lambda: DAY, waited.append)) == 5
    assert len(waited) == 2


def test_where_the_count_cannot_be_kept_no_call_is_made(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Model:
        def converse(self, **request: Any) -> str:
            asked.append(request)
            return "an answer"

    def model(per_day: int) -> Metered:
        return Metered(Model(), Allowance(s3, BUCKET, per_day, lambda _: None, lambda: DAY, lambda _: None))

    assert model(1).converse(modelId="m") == "an answer"
    with pytest.raises(Unusable, match="asked 1 times today, which is the limit") as refused:
        model(1).converse(modelId="m")
    assert refused.value.reason == "daily_limit"
    s3.put_object(Bucket=BUCKET, Key="calls/2026-11-26.json", Body=b"rubbish")
    with pytest.raises(StorageFault, match="cannot be read"):
        model(5).converse(modelId="m")
    s3.delete_object(Bucket=BUCKET, Key="calls/2026-11-26.json")
    monkeypatch.setattr(storage, "put_new", lambda *_: False)
    with pytest.raises(StorageFault, match="replaced each time"):
        model(5).converse(modelId="m")
    assert asked == [{"modelId": "m"}]
