"""Answers that a person should look at, and what the person says."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from identifier import expected, storage
from identifier.accuracy import Correction, corrections, is_drawn
from identifier.errors import PublishingError
from identifier.evaluating import LABELS
from identifier.keys import CORRECTIONS, PICTURES
from identifier.picture_id import id_of_record, parts, record_key
from identifier.prompt import Prompt
from identifier.result import Record, Result, find_newest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class ToReview:
    """An answer to look at, and why."""

    picture_id: str
    why: str
    result: Result


def to_review(s3: "S3Client", results: str, prompt_id: str) -> Iterator[ToReview]:
    """Answers that nobody looked at and that are in doubt or drawn by chance; oldest first.

    In doubt are answers with low confidence, open fields, or against the expected answer.
    """
    done = {item.id for item in corrections(s3, results, prompt_id)}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=results, Prefix=f"{PICTURES}{prompt_id}/"):
        for item in page.get("Contents", ()):
            picture_id = id_of_record(item["Key"])
            result = None if picture_id in done else find_picture(s3, results, picture_id)
            if result and (why := _why(result)):
                yield ToReview(picture_id, why, result)


def find_picture(s3: "S3Client", results: str, picture_id: str) -> Result | None:
    """The newest result of the picture with this id."""
    there = storage.read(s3, results, record_key(picture_id))
    return find_newest(s3, results, Record.model_validate_json(there.data)) if there else None


def _why(result: Result) -> str:
    if result.answer is None:
        return ""
    open_fields = [name for name, value in result.answer.items() if value in expected.UNSURE]
    reasons = [
        f"the expected answer is {result.expected}" if result.match in ("mismatch", "unsure") else "",
        f"open: {', '.join(open_fields)}" if open_fields else "",
        "low confidence" if result.confidence == "low" else "",
        "drawn by chance" if result.id and is_drawn(result.id) else "",
    ]
    return "; ".join(filter(None, reasons))


def correct(
    s3: "S3Client", results: str, picture_id: str, prompt: Prompt, right: Mapping[str, str]
) -> Correction:  # fmt: skip
    """Keep what is right about a picture. Raises `PublishingError` for a picture or a value that there is not."""
    try:
        result = find_picture(s3, results, picture_id)
    except ValueError:
        result = None
    if result is None or result.answer is None or result.prompt.version is None:
        raise PublishingError(f"there is no answer to a picture {picture_id}")
    for name, value in right.items():
        part = prompt.answer_schema["properties"].get(name)
        try:
            if part is None:
                raise ValueError(f"the answer has no field {name}")  # noqa: TRY301 - one refusal for both
            expected.check_value(name, value, part)
        except ValueError as error:
            raise PublishingError(str(error)) from None
    said = Correction(
        id=picture_id,
        right=dict(right),
        given=result.answer,
        prompt_version=result.prompt.version,
        at=datetime.now(UTC),
    )
    prompt_id, stamp = parts(picture_id)
    s3.put_object(
        Bucket=results, Key=f"{CORRECTIONS}{prompt_id}/{stamp}.json", Body=said.model_dump_json().encode(),
        ContentType=storage.JSON,
    )  # fmt: skip
    return said


def save_labelled(s3: "S3Client", result: Result, right: Mapping[str, str], folder: Path) -> Path:
    """Put the picture and its right values into a folder that `evaluate` takes; returns the file."""
    image = result.image
    data = storage.read(s3, image.bucket, image.key, image.version_id)
    if data is None:
        raise PublishingError("the picture is deleted")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.id}{Path(image.key).suffix}"
    file.write_bytes(data.data)
    table = folder / LABELS
    rows: list[dict[str, str]] = []
    if table.exists():
        with table.open(encoding="utf-8-sig", newline="") as old:
            rows = [row for row in csv.DictReader(old) if row.get("file") != file.name]
    rows.append({"file": file.name, **right})
    names = list(dict.fromkeys(name for row in rows for name in row))
    with table.open("w", encoding="utf-8", newline="") as new:
        writer = csv.DictWriter(new, names)
        writer.writeheader()
        writer.writerows(rows)
    return file
