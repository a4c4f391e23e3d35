"""Pictures in the embedded AWS: the shipped prompts published, a picture put or sent, and what became of it."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from identifier.errors import IdentifyError
from identifier.keys import document_key, result_key
from identifier.prompt import read_prompt
from identifier.publishing import publish, versions
from tools.client import send_form
from tools.local.stack import ROOT, Stack, StackError, say

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
    """Put the newest version of every prompt of the folder into force. Raises `StackError` for a document with errors.

    Files that are no versions are left alone, and so is a newer version that was published here. A version that was
    published here with another content is replaced: on this machine, the folder is right.
    """
    s3, ssm = stack.client("s3"), stack.client("ssm")
    bucket, pointers = stack.outputs["PromptsBucketName"], stack.outputs["PromptPointers"]
    for newest in newest_versions(folder):
        try:
            prompt = read_prompt(data := newest.read_bytes())
            if any(version > prompt.version for version in versions(s3, bucket, prompt.id)):
                say(f"{prompt.id}: a newer version than {newest.name} was published here, and stays in force")
                continue
            s3.put_object(Bucket=bucket, Key=document_key(prompt.id, prompt.version), Body=data)
            publish(s3, ssm, bucket, pointers, data)
        except IdentifyError as error:
            raise StackError(f"{newest}: {error}") from None


def newest_versions(folder: Path) -> Iterator[Path]:
    """The newest version of each prompt; other files, such as drafts and what a file manager leaves, do not count."""
    for prompt in sorted(path for path in folder.iterdir() if path.is_dir()):
        documents = [path for path in prompt.glob("*.json") if re.fullmatch(r"[1-9]\d{0,6}", path.stem)]
        if documents:
            yield max(documents, key=lambda document: int(document.stem))


def says_aloud(prompt_id: str, folder: Path = PROMPTS) -> bool:
    """Whether the prompt may have words for its answers. A prompt that is not in the folder may."""
    newest = next((path for path in newest_versions(folder) if path.parent.name == prompt_id), None)
    return newest is None or read_prompt(newest.read_bytes()).say is not None


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
