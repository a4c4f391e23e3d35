"""The canary: known pictures with different answers go the way of all pictures, and their answers are compared.

A picture of the canary is put as `canary/<prompt>/<name>`, with its expected answer. Nobody but the canary sees what
becomes of it: it has no record, no event, and counts in no metric of pictures (`identifier.identify`).
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from identifier import storage
from identifier.expected import NAME, written
from identifier.keys import CANARY
from identifier.result import Result, find_result

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LABELS = "labels.json"
"""In a prompt's folder of known pictures: the expected answer of each, by the file's name."""
UNCHECKED = ("unknown_prompt", "daily_limit")
"""Reasons that say nothing about the model: the prompt is not published here, or the day's calls are taken."""
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Known:
    """A picture whose answer is known: the right values of some fields."""

    name: str
    data: bytes
    right: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """How many of a prompt's known pictures were answered right, and a sentence for each that was not."""

    prompt_id: str
    right: int
    of: int
    wrong: Sequence[str]

    @property
    def percent(self) -> float:
        """Of the pictures, those that were answered right."""
        return 100 * self.right / self.of


def known_pictures(folder: Path) -> dict[str, list[Known]]:
    """By prompt: the known pictures in `<folder>/<prompt>/`, with the expected answers of its `labels.json`."""
    return {
        labels.parent.name: [
            Known(name, (labels.parent / name).read_bytes(), right)
            for name, right in json.loads(labels.read_text()).items()
        ]
        for labels in sorted(folder.glob(f"*/{LABELS}"))
    }


@dataclass(frozen=True, slots=True)
class Canary:
    """Puts known pictures and waits for their results.

    Parameters
    ----------
    patience_s
        Seconds after which a picture without a result counts as wrong.
    """

    s3: "S3Client"
    images_bucket: str
    results_bucket: str
    patience_s: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def check(self, prompt_id: str, pictures: Sequence[Known]) -> Checked | None:
        """Put the pictures at once and compare their answers; None if the prompt cannot be checked now.

        Raises `StorageFault`.
        """
        put = [(known, *self._put(prompt_id, known)) for known in pictures]
        deadline = self.clock() + self.patience_s
        results = [(known, self._result(key, version, deadline)) for known, key, version in put]
        if any(result and result.reason in UNCHECKED for _, result in results):
            return None
        wrong = [sentence for known, result in results if (sentence := _what_is_wrong(known, result))]
        return Checked(prompt_id, len(results) - len(wrong), len(results), wrong)

    def _put(self, prompt_id: str, known: Known) -> tuple[str, str]:
        key = f"{CANARY}{prompt_id}/{known.name}"
        with storage.faults(key):
            done = self.s3.put_object(
                Bucket=self.images_bucket, Key=key, Body=known.data, Metadata={NAME: written(known.right)}
            )
        return key, done["VersionId"]

    def _result(self, key: str, version: str, deadline: float) -> Result | None:
        while (found := find_result(self.s3, self.results_bucket, key, version)) is None:
            if self.clock() > deadline:
                return None
            self.sleep(POLL_S)
        return found


def _what_is_wrong(known: Known, result: Result | None) -> str:
    if result is None:
        return f"{known.name}: there is no result"
    if result.answer is None:
        return f"{known.name}: {result.outcome}: {result.reason}: {result.detail}"
    if result.match != "match":
        given = {name: result.answer.get(name) for name in known.right}
        return f"{known.name}: {json.dumps(given)} and not {json.dumps(known.right)}"
    return ""
