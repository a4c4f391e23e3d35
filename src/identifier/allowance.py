"""How many times a day the models may be asked, however many functions ask at once.

The count of a day is one small object, written on the condition that it is still what was read. A function takes some
calls at a time, so that many functions do not wait for one object. What it does not use is lost with it: a day never
has more calls than allowed, and may have a few less.
"""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from identifier import storage
from identifier.errors import StorageFault, Unusable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CALLS = "calls/"
AT_ONCE, TRIES, WAIT_SECONDS = 10, 8, 0.1
"""Calls that a function takes at a time; tries to write the count, and how long it waits at most before the second."""


class Allowance:
    """The calls of a day (UTC).

    Parameters
    ----------
    bucket
        Where the counts lie, under `calls/`.
    per_day
        Calls of all functions together.
    told
        Gets the percentage that is taken, whenever it changes.
    """

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        per_day: int,
        told: Callable[[float], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._s3, self._bucket, self._per_day = s3, bucket, per_day
        self._told, self._now, self._wait = told, now, wait
        self._day, self._left = "", 0

    def take(self) -> None:
        """Take one call.

        Raises
        ------
        Unusable
            All of the day are taken.
        StorageFault
            The count could not be written.
        """
        day = f"{self._now():%Y-%m-%d}"
        if self._day != day or not self._left:
            self._day, self._left = day, self._taken(f"{CALLS}{day}.json")
        self._left -= 1

    def _taken(self, key: str) -> int:
        for attempt in range(TRIES):
            there = storage.read(self._s3, self._bucket, key)
            count = _count(there.data) if there else 0
            share = min(AT_ONCE, self._per_day - count)
            if share <= 0:
                self._told(100.0)
                raise Unusable("daily_limit", f"the models were asked {self._per_day} times today, which is the limit")
            data = json.dumps({"taken": count + share}).encode()
            if (
                storage.replace(self._s3, self._bucket, key, data, there.etag)
                if there
                else storage.put_new(self._s3, self._bucket, key, data)
            ):
                self._told(100.0 * (count + share) / self._per_day)
                return share
            self._wait(random.uniform(0, WAIT_SECONDS * 2**attempt))  # noqa: S311  # jitter
        raise StorageFault("the count of the day's calls was replaced each time it was written")


class Metered:
    """A client of Bedrock that takes a call of the day for each question; raises as `Allowance.take`."""

    def __init__(self, client: Any, allowance: Allowance) -> None:
        self._client, self._allowance = client, allowance

    def converse(self, **request: Any) -> Any:
        """As the client's."""
        self._allowance.take()
        return self._client.converse(**request)


def _count(data: bytes) -> int:
    try:
        return int(json.loads(data)["taken"])
    except (ValueError, LookupError, TypeError) as error:
        raise StorageFault("the count of the day's calls cannot be read: delete it") from error
