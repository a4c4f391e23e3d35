"""IdentifyImage: one picture, its prompt's question, a checked answer, written once."""

import hashlib
import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError
from pydantic import AwareDatetime, BaseModel, NonNegativeInt, PositiveInt

from identifier import storage
from identifier.claim import Done, Taken, claim
from identifier.errors import Held, Outcome, Rejected, Unusable
from identifier.keys import split_key
from identifier.model import ask, bedrock
from identifier.picture import check_size, prepare_picture
from identifier.prices import cost_usd
from identifier.prompt_store import Loaded, PromptStore
from identifier.result import Image, PromptUsed, Result, save_result
from identifier.sameness import Sameness
from identifier.say import Say, spoken

logger, tracer, metrics = Logger(), Tracer(patch_modules=["botocore"]), Metrics()
sameness = Sameness()

OUT_OF_FORM = {"schema", "no_answer", "malformed", "malformed_model_output", "malformed_tool_use"}
"""Reasons of an answer that is not in the form that the prompt asks for."""

DETAIL = 500
"""Characters of an error that a result keeps."""


class Denied(Exception):
    """AWS refused a call: a right or a bucket is missing."""


class Failure(BaseModel):
    """What ended the execution's last try."""

    error: str
    cause: str = ""


class Event(BaseModel):
    """The step's input: a version of an object in the inbox, when it was put, who works on it, and, where the workflow
    gave it up, why."""

    bucket: str
    key: str
    version_id: str
    size: NonNegativeInt
    put_at: AwareDatetime
    attempt: PositiveInt
    execution: str
    failure: Failure | None = None


@cache
def s3() -> Any:
    """The client of S3, made once for the life of the environment."""
    return boto3.client("s3", config=storage.PATIENCE)


@cache
def prompts() -> PromptStore:
    """The prompts, remembered for as long as they may be."""
    settings = os.environ
    return PromptStore(
        s3(),
        boto3.client("ssm", config=storage.PATIENCE),
        settings["PROMPTS_BUCKET"],
        settings["PROMPT_POINTERS"],
        max_age_s=float(settings["PROMPT_SECONDS"]),
    )


@cache
def model() -> Any:
    """The client of Bedrock."""
    return bedrock(read_seconds=float(os.environ["MODEL_SECONDS"]))


@logger.inject_lambda_context(correlation_id_path="request_id")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"bucket", "key", "version_id", …}` → `{"outcome", "result_key", "say"}`.

    Raises `Busy`, `Held`, `StorageFault` and `PromptUnavailable`, which the workflow tries again; others are faults.
    """
    put = Event.model_validate(event)
    if put.key.endswith("/") and put.size == 0:  # what the console makes for a new folder
        return {"outcome": "no picture", "result_key": None, "say": None}
    try:
        result, outcome = _failed(put, put.failure) if put.failure else _identify(put)
    except ClientError as error:
        # Lambda logs an exception's message, and this one may name the picture.
        raise Denied(f"{error.operation_name}: {error.response['Error']['Code']}") from None
    _count(outcome, result, put)
    # No names and no answers: they may be people's.
    logger.info(
        outcome, reason=result.reason, prompt=result.prompt.id, prompt_version=result.prompt.version,
        model=result.model, input_tokens=result.input_tokens, output_tokens=result.output_tokens,
        latency_ms=result.latency_ms, attempts=result.attempts,
    )  # fmt: skip
    logger.debug("result", result_key=result.key)
    return {"outcome": outcome, "result_key": result.key, "say": asdict(result.say) if result.say else None}


def _identify(put: Event) -> tuple[Result, str]:
    """The result that stands, and "answered", "rejected" or "duplicate"."""
    prompt_id, _ = split_key(put.key)
    about: dict[str, Any] = {
        "image": Image(bucket=put.bucket, key=put.key, version_id=put.version_id),
        "prompt": PromptUsed(id=prompt_id),
        "attempts": put.attempt,
    }
    try:
        check_size(put.size)
        loaded = _prompt(prompt_id)
        about["prompt"] = PromptUsed(id=prompt_id, version=loaded.prompt.version, sha256=loaded.sha256)
        match claim(
            s3(), os.environ["RESULTS_BUCKET"], put.key, put.version_id,
            owner=put.execution, now=datetime.now(UTC), lease_s=float(os.environ["LEASE_SECONDS"]),
        ):  # fmt: skip
            case Done(result):
                return result, "duplicate"
            case Taken(until):
                raise Held(f"another execution is at work on it until {until:%H:%M:%S}")
        data = _read(put)
        about["image"] = about["image"].model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
        picture = prepare_picture(data, loaded.prompt.longest_edge)
        about["model"] = loaded.prompt.model
        reply = ask(model(), loaded.prompt, picture)
    except Outcome as refusal:
        used = refusal if isinstance(refusal, Rejected) else Rejected("", "")
        result = _result(about, used, outcome="rejected", reason=refusal.reason, detail=refusal.detail)
    else:
        words = spoken(loaded.prompt, reply.answer)
        said = {"say": words} if isinstance(words, Say) else {"unsaid": words.reason}
        result = _result(about, reply, outcome="answered", answer=reply.answer, **said)
    # It is paid: it is written before anything else is done with it.
    stands = save_result(s3(), os.environ["RESULTS_BUCKET"], result)
    return stands, stands.outcome if stands is result else "duplicate"


def _count(outcome: str, result: Result, put: Event) -> None:
    """To the metrics; what was given up is counted by the workflow."""
    if outcome == "failed":
        return
    if outcome != "rejected":
        metrics.add_metric(f"Image{outcome.title()}", MetricUnit.Count, 1)
    elif result.reason:  # a dimension of its own metric only
        with single_metric("ImageRejected", MetricUnit.Count, 1) as rejected:
            rejected.add_dimension("service", os.environ["POWERTOOLS_SERVICE_NAME"])
            rejected.add_dimension("reason", result.reason)
    if outcome != "duplicate":
        since_put = (datetime.now(UTC) - put.put_at).total_seconds()
        metrics.add_metric("AnswerTime", MetricUnit.Milliseconds, round(1000 * since_put))
    if result.answer is not None and outcome == "answered":
        share = sameness.add(result.prompt.id, result.answer)
        if share is not None:
            metrics.add_metric("TopAnswerShare", MetricUnit.Percent, share)


def _count_paid(result: Result) -> None:
    """What the model took, whether or not its answer could be used."""
    metrics.add_metric("InputTokens", MetricUnit.Count, result.input_tokens)
    metrics.add_metric("OutputTokens", MetricUnit.Count, result.output_tokens)
    metrics.add_metric("ModelTime", MetricUnit.Milliseconds, result.latency_ms)
    if result.cost_usd is not None:
        metrics.add_metric("CostUsd", "None", result.cost_usd)
    if result.answer is not None or result.reason in OUT_OF_FORM:
        metrics.add_metric("SchemaFirstTry", MetricUnit.Count, int(result.answer is not None))


def _prompt(prompt_id: str) -> Loaded:
    loaded = prompts().get(prompt_id)
    if loaded.stale_reason:
        metrics.add_metric("PromptFallback", MetricUnit.Count, 1)
        logger.warning("the last good prompt is used", prompt=prompt_id, reason=loaded.stale_reason)
    return loaded


def _read(put: Event) -> bytes:
    """The very version that the event names, whatever lies under its key by now."""
    found = storage.read(s3(), put.bucket, put.key, put.version_id)
    if found is None:
        raise Unusable("deleted", "this version of the picture was deleted before it was read")
    return found.data


def _result(about: dict[str, Any], used: Any, **outcome: Any) -> Result:
    counts = {name: getattr(used, name) for name in ("input_tokens", "output_tokens", "latency_ms")}
    cost = cost_usd(about["model"], used.input_tokens, used.output_tokens) if "model" in about else None
    result = Result(**about, **counts, cost_usd=cost, **outcome, at=datetime.now(UTC))
    if result.model:
        _count_paid(result)
    return result


def _failed(put: Event, failure: Failure) -> tuple[Result, str]:
    """Note that a picture was given up; an answer that is there already stands."""
    try:
        detail = json.loads(failure.cause)["errorMessage"]
    except (ValueError, LookupError, TypeError):
        detail = failure.cause
    result = Result(
        image=Image(bucket=put.bucket, key=put.key, version_id=put.version_id),
        prompt=PromptUsed(id=split_key(put.key)[0]),
        outcome="failed",
        reason=failure.error,
        detail=str(detail)[:DETAIL] or "no reason was given",
        attempts=put.attempt,
        at=datetime.now(UTC),
    )
    stands = save_result(s3(), os.environ["RESULTS_BUCKET"], result)
    return stands, "failed" if stands is result else "duplicate"
