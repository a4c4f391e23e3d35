"""CheckAnswers: known pictures are asked about, and what people said about the week's answers is counted."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.settings import read
from handlers.telemetry import logger, metrics, observed
from identifier import storage
from identifier.accuracy import corrections, looked_at
from identifier.canary import Canary, known_pictures
from identifier.keys import CORRECTIONS

PICTURES = Path(__file__).parent / "pictures"
"""The known pictures, in a folder for each prompt. samples/make_images.py makes them."""
DAYS = 7
"""Accuracy counts what was said in these last days."""
MARGIN_S = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """Where pictures and results lie; whether there is a canary; for how many seconds workers remember a prompt, and
    results are waited for."""

    images_bucket: str
    results_bucket: str
    canary: bool
    prompt_seconds: float
    result_seconds: float


settings = read(Settings)


@cache
def s3() -> Any:
    """The client of S3."""
    return boto3.client("s3", config=storage.PATIENCE)


@observed()
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{}`, once a day → all prompts; the event of a changed pointer of a prompt → this prompt's canary.

    Raises `StorageFault`; Lambda tries again.
    """
    if changed := event.get("detail", {}).get("name", ""):
        time.sleep(settings.prompt_seconds + MARGIN_S)  # until then, workers may use the version before
        return {"right": canary(only=changed.rpartition("/")[2])}
    count_accuracy()
    return {"right": canary() if settings.canary else {}}


def canary(only: str = "") -> dict[str, float]:
    """Check the known pictures, of one prompt or of all; returns the percentage of right answers by prompt."""
    asker = Canary(s3(), settings.images_bucket, settings.results_bucket, settings.result_seconds)
    found = {}
    for prompt_id, pictures in known_pictures(PICTURES).items():
        if only in ("", prompt_id) and (checked := asker.check(prompt_id, pictures)):
            found[prompt_id] = checked.percent
            metrics.add_metric("CanaryWrong", MetricUnit.Percent, 100 - checked.percent)
            # These pictures and answers are nobody's.
            tell = logger.warning if checked.wrong else logger.info
            tell("canary", prompt=prompt_id, right=checked.right, of=checked.of, wrong=list(checked.wrong))
    return found


def count_accuracy() -> None:
    """Of each prompt: what people said last week about the answers that were drawn by chance. Nothing: unknown."""
    since = datetime.now(UTC) - timedelta(days=DAYS)
    for prompt_id in storage.folders(s3(), settings.results_bucket, CORRECTIONS):
        drawn = looked_at(corrections(s3(), settings.results_bucket, prompt_id, since)).drawn
        if drawn.of:
            least, most = drawn.interval
            metrics.add_metric("AnswersReviewed", MetricUnit.Count, drawn.of)
            metrics.add_metric("RightPercent", MetricUnit.Percent, 100 * drawn.value)
            metrics.add_metric("RightAtLeast", MetricUnit.Percent, 100 * least)
            metrics.add_metric("WrongAtLeast", MetricUnit.Percent, 100 * (1 - most))
            logger.info("accuracy", prompt=prompt_id, right=drawn.right, of=drawn.of)
