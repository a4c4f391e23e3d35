"""IdentifyImage: one picture, its prompt's question, a checked answer, written once."""

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers import private
from handlers.picture_counts import PictureCounts
from handlers.settings import read
from handlers.telemetry import logger, step
from identifier.allowance import Allowance, Metered
from identifier.announcing import announce
from identifier.asking import Models, asker
from identifier.identify import Identifier, Put
from identifier.model import bedrock
from identifier.prompt_store import PromptStore
from identifier.storage import PATIENCE


@dataclass(frozen=True, slots=True)
class Settings:
    """Where prompts and results lie, which models there are, and for how many seconds prompts, answers and claims are
    waited for."""

    results_bucket: str
    prompts_bucket: str
    prompt_pointers: str
    prompt_seconds: float
    model_seconds: float
    lease_seconds: float
    default_prompt: str
    model_small: str
    model_large: str
    event_source: str
    model_calls_per_day: int


class Denied(Exception):
    """AWS refused a call: a right or a bucket is missing."""


settings = read(Settings)
private.hide()
counts = PictureCounts()


@cache
def s3() -> Any:
    """The client of S3."""
    return boto3.client("s3", config=PATIENCE)


@cache
def model() -> Any:
    """The client of Bedrock, made when a picture first needs it. It asks a limited number of times a day."""
    allowance = Allowance(s3(), settings.results_bucket, settings.model_calls_per_day, counts.asked)
    return Metered(bedrock(read_seconds=settings.model_seconds), allowance)


@cache
def events() -> Any:
    """The client of EventBridge."""
    return boto3.client("events", config=PATIENCE)


@cache
def identifier() -> Identifier:
    """Made once for the life of the environment: it remembers prompts."""
    ssm: Any = boto3.client("ssm", config=PATIENCE)
    prompts = PromptStore(
        s3(), ssm, settings.prompts_bucket, settings.prompt_pointers, max_age_s=settings.prompt_seconds
    )
    return Identifier(
        s3=s3(),
        prompts=prompts,
        ask=asker(model, Models(settings.model_small, settings.model_large)),
        results_bucket=settings.results_bucket,
        lease_s=settings.lease_seconds,
        told=counts,
        default_prompt=settings.default_prompt,
        announce=lambda result: announce(events(), settings.event_source, result),
    )


@step
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"bucket", "key", "version_id", …}` → `{"outcome", "result_key", "say"}`; of a known picture: `canary`.

    Raises `Busy`, `Throttled`, `Held`, `StorageFault`, `EventFault` and `PromptUnavailable`, which the workflow tries
    again; others are faults.
    """
    put = Put.model_validate(event)
    if put.is_folder:
        counts.ignored()
        return {"outcome": "no picture", "result_key": None, "say": None}
    try:
        result, outcome = identifier().identify(put)
    except ClientError as error:
        # Lambda logs an exception's message, and this one may name the picture.
        raise Denied(f"{error.operation_name}: {error.response['Error']['Code']}") from None
    if put.is_canary:
        outcome = "canary"  # its own function judges and counts the result
    else:
        counts.ended(outcome, result, put, identifier().schema_of(result))
    # No names and no answers: they may be people's.
    logger.info(
        outcome, reason=result.reason, prompt=result.prompt.id, prompt_version=result.prompt.version,
        model=result.model, input_tokens=result.input_tokens, output_tokens=result.output_tokens,
        latency_ms=result.latency_ms, attempts=result.attempts,
    )  # fmt: skip
    logger.debug("result", result_key=result.key)
    return {"outcome": outcome, "result_key": result.key, "say": asdict(result.say) if result.say else None}
