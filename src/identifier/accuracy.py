"""How often answers are right, by what people said about them.

People look first at answers in doubt, which are wrong more often than others. So one answer in ten is drawn by chance
for the review, whatever it is, and accuracy counts those only.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from identifier import expected, storage
from identifier.keys import CORRECTIONS
from identifier.share import Share

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ONE_IN = 10
"""One answer of this number is drawn."""


def is_drawn(picture_id: str) -> bool:
    """Whether this picture's answer is one of those that accuracy counts; by its id, so it is always the same."""
    return int.from_bytes(hashlib.sha256(picture_id.encode()).digest()[:8], "big") % ONE_IN == 0


class Correction(BaseModel):
    """What a person says about an answer: the right values of some fields."""

    model_config = ConfigDict(frozen=True)

    id: str
    right: dict[str, str]
    given: dict[str, Any]
    prompt_version: int
    at: AwareDatetime

    @property
    def was_right(self) -> bool:
        """Whether the answer had these values."""
        return expected.compared(self.right, self.given) == "match"


def corrections(
    s3: "S3Client", results: str, prompt_id: str, since: datetime | None = None
) -> Iterator[Correction]:  # fmt: skip
    """What was said about a prompt's pictures, in the order of the pictures; only what was said `since` then.

    Raises `StorageFault`.
    """
    prefix = f"{CORRECTIONS}{prompt_id}/"
    with storage.faults(prefix):
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=results, Prefix=prefix))
    for item in (item for page in pages for item in page.get("Contents", ())):
        if since is None or item["LastModified"] >= since:
            there = storage.read(s3, results, item["Key"])
            try:
                yield Correction.model_validate_json(there.data if there else b"")
            except ValidationError:
                continue


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: how many of the drawn answers were right, and how many others were looked at."""

    drawn: Share
    others: int


def looked_at(said: Iterable[Correction]) -> Looked:
    """Count what was said."""
    all_of_them = list(said)
    drawn = [one.was_right for one in all_of_them if is_drawn(one.id)]
    return Looked(Share(sum(drawn), len(drawn)), len(all_of_them) - len(drawn))


def weekly(said: Iterable[Correction]) -> dict[str, Looked]:
    """By the week in which it was said (ISO 8601, `2026-W47`)."""
    weeks: dict[str, list[Correction]] = {}
    for one in said:
        weeks.setdefault(f"{one.at:%G-W%V}", []).append(one)
    return {week: looked_at(some) for week, some in sorted(weeks.items())}
