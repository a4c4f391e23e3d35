"""KeepCatalogue: voices' catalogue objects follow their recordings; forms of recordings that are gone are deleted."""

import json
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.session import get_session
from pydantic import BaseModel, ValidationError

from handlers.buckets import output, recordings
from handlers.settings import read
from handlers.telemetry import logger, metrics, observed
from stitcher.clips.keeper import Change, Keeper, voice_with
from stitcher.clips.kept import kept_voices
from stitcher.errors import NoSuchVoice
from stitcher.storage import PATIENCE, StorageFault


@dataclass(frozen=True, slots=True)
class Settings:
    """The queue of changes, which this function also writes to."""

    changes_queue_url: str


settings = read(Settings)


class Object(BaseModel):
    """What was put or deleted; nothing but its key is believed."""

    key: str


class Detail(BaseModel):
    """The part of the event that is S3's."""

    object: Object


class Message(BaseModel):
    """A message of the queue: an event of S3, or a voice to be rebuilt."""

    detail: Detail | None = None
    rebuild: str = ""


@cache
def queue() -> Any:
    """The client of the queue of changes."""
    return get_session().create_client("sqs", config=Config(**PATIENCE))


@cache
def keeper() -> Keeper:
    """Writes the objects."""
    return Keeper(recordings(), output())


@observed()
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Messages of the queue → those that failed; `{"voices": […]}` → how many are to be rebuilt, all if it is empty.

    Where one of the voices is not there, none is rebuilt: `{"voices": 0, "refused": "there is no voice …"}`.
    """
    if "Records" not in event:
        there = every_voice()
        voices = [unicodedata.normalize("NFC", voice) for voice in event.get("voices") or there]
        unknown = next((name for name in voices if name not in there), None)
        if unknown is not None:
            return {"voices": 0, "refused": str(NoSuchVoice(unknown, there))}
        return {"voices": ask_to_rebuild(voices)}
    changed: dict[str, set[str]] = defaultdict(set)
    whole: set[str] = set()
    told: dict[str, list[str]] = defaultdict(list)
    failed: list[str] = []
    for record in event["Records"]:
        try:
            message = Message.model_validate_json(record["body"])
        except ValidationError:
            logger.error("a message of another form", id=record["messageId"])
            failed.append(record["messageId"])
            continue
        voice = voice_with(message.detail.object.key if message.detail else f"{message.rebuild}/")
        if voice is None:  # a file too deep in the bucket, say
            continue
        told[voice].append(record["messageId"])
        if message.detail:
            changed[voice].add(message.detail.object.key)
        else:
            whole.add(voice)
    for voice, messages in told.items():
        try:
            change = keeper().rebuild(voice) if voice in whole else keeper().changed(voice, changed[voice])
        except StorageFault as fault:
            logger.warning("a catalogue was not written", reason=str(fault))
            failed += messages
        else:
            count(change)
            if change.unfinished:
                ask_to_rebuild([voice])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def count(change: Change) -> None:
    """Metrics of one catalogue."""
    metrics.add_metric("CatalogueKept", MetricUnit.Count, 1)
    metrics.add_metric("FormsForgotten", MetricUnit.Count, change.forgotten)
    metrics.add_metric("ClipsOfVoice", MetricUnit.Count, change.clips)
    logger.info("kept", clips=change.clips, forgotten=change.forgotten, unfinished=change.unfinished)


def every_voice() -> list[str]:
    """The default voice, every folder that is a voice's, and every voice that was one when it was last kept."""
    folders = {voice_with(folder) for folder in recordings().folders()}
    return sorted({"", *filter(None, folders), *kept_voices(output())})


def ask_to_rebuild(voices: list[str]) -> int:
    """Put each voice into the queue: one after the other would take longer than a function may."""
    for voice in voices:
        queue().send_message(QueueUrl=settings.changes_queue_url, MessageBody=json.dumps({"rebuild": voice}))
    return len(voices)
