"""Pictures in the embedded AWS: the shipped prompts published, a picture put or sent, and what became of it."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from identifier.errors import IdentifyError
from identifier.keys import result_key
from identifier.publishing import publish
from tools.client import send_form
from tools.local.stack import ROOT, Stack, StackError

PROMPTS = ROOT / "prompts"
WAIT_SECONDS = 300


@dataclass(frozen=True)
class Put:
    """A version of a picture in the inbox."""

    key: str
    version_id: str

    @property
    def result_key(self) -> str:
        """Where its result will be."""
        return result_key(self.key, self.version_id)


def put_prompts(stack: Stack, folder: Path = PROMPTS) -> None:
    """Put the newest version of every prompt of the folder into force. Raises `StackError`."""
    s3, ssm = stack.client("s3"), stack.client("ssm")
    for prompt in sorted(folder.iterdir()):
        newest = max(prompt.glob("*.json"), key=lambda document: int(document.stem))
        try:
            publish(s3, ssm, stack.outputs["PromptsBucketName"], stack.outputs["PromptPointers"], newest.read_bytes())
        except IdentifyError as error:
            raise StackError(f"{newest}: {error}") from None


def put_picture(stack: Stack, key: str, data: bytes) -> Put:
    """Put a picture into the inbox."""
    done = stack.client("s3").put_object(Bucket=stack.outputs["ImagesBucketName"], Key=key, Body=data)
    return Put(key, done["VersionId"])


def result_of(stack: Stack, put: Put) -> dict[str, Any]:
    """The picture's result, as soon as there is one. Raises `StackError` after five minutes."""
    found: dict[str, Any] = json.loads(wait_for(stack, put.result_key))
    return found


def speech_of(stack: Stack, put: Put) -> dict[str, Any]:
    """Whether the answer was said, and where the audio is or why there is none. Raises `StackError`."""
    found: dict[str, Any] = json.loads(wait_for(stack, put.result_key.removesuffix(".json") + ".spoken.json"))
    return found


def send_picture(stack: Stack, prompt: str, file: Path) -> dict[str, Any]:
    """Send a picture as callers of the API do, and wait for its outcome; returns the answer of `GET /pictures/{id}`.

    Raises `StackError` if it is refused, or has no outcome after five minutes.
    """
    data = file.read_bytes()
    asked = stack.caller.post("/pictures", {"name": file.name, "size": len(data), "prompt": prompt})
    if asked.status != 201:
        raise StackError(asked.json().get("detail", asked.body.decode(errors="replace")))
    given = asked.json()
    sent = send_form(given["upload"]["url"], given["upload"]["fields"], file.name, data)
    if sent.status not in (200, 201, 204):
        raise StackError(f"the upload was refused with status {sent.status}: {sent.body.decode(errors='replace')}")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found: dict[str, Any] = stack.caller.get(f"/pictures/{given['id']}").json()
        spoken = found.get("say") is None or found["audio_url"] or found["unsaid"]
        if found.get("state") not in ("waiting", "working") and spoken:
            return found
        time.sleep(0.1)
    raise StackError(f"there is no outcome after {WAIT_SECONDS} s; see emulator.log")


def wait_for(stack: Stack, key: str) -> bytes:
    """An object of the results bucket, as soon as it is there. Raises `StackError` after five minutes."""
    s3, deadline = stack.client("s3"), time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            data: bytes = s3.get_object(Bucket=stack.outputs["ResultsBucketName"], Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
        else:
            return data
        time.sleep(0.05)
    raise StackError(f"there is no {key} after {WAIT_SECONDS} s; see emulator.log")
