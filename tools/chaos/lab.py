"""The embedded stack for trials: the files before each trial, the allowed files after it, and the faults.

Each trial has a voice of its own, so that no function has its clips in memory. Every voice has the same two recordings,
so every trial makes the same message. The first trial has no fault and gives the right bytes.
"""

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

from stitcher.clip import Clip
from stitcher.clips.prepared import prepared_key
from stitcher.formats.profiles import FORMS, PROFILES
from tools.client import Response, fetch
from tools.local.stack import ROOT, STACK, Stack

CLIPS = ("hello.wav", "shreeshail.wav")
MESSAGE = "hello, shreeshail"
BAD = "bad.wav"
FILES = {name: (ROOT / "samples" / "clips" / name).read_bytes() for name in (*CLIPS, "voice.toml")} | {
    BAD: b"this is a text file"
}
FORMAT = next(iter(PROFILES))
EVENT_SECONDS = 300
"""How long a put clip may take to be prepared or reported on a busy machine: three tries, seconds on a quiet one."""


def form_key(voice: str, name: str, profile: str) -> str:
    """Where a prepared form of one of FILES lies."""
    etag = hashlib.md5(FILES[name], usedforsecurity=False).hexdigest()
    return prepared_key(Clip(f"{voice}/{name}", etag, len(FILES[name]), name), profile)


@dataclass
class Lab:
    """The embedded stack, its faults, and the message's right bytes (known after the first trial)."""

    stack: Stack
    audio: bytes = b""
    metadata: dict[str, str] = field(default_factory=dict)
    key: str = ""
    forms: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """The clips' prepared forms, by clip and form."""
    answers: dict[str, bytes] = field(default_factory=dict)
    """What else is answered, by path."""

    def __post_init__(self) -> None:
        self.s3, self.sqs = self.stack.client("s3"), self.stack.client("sqs")
        self.input, self.output = self.stack.outputs["InputBucketName"], self.stack.outputs["OutputBucketName"]

    # ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────

    def arm(self, fault: dict[str, Any] | None) -> None:
        """From now on the fault strikes (tools/local/faults.py); the list of calls starts again."""
        done = fetch(f"{self.stack.endpoint}/_faults", data=json.dumps(fault).encode())
        if done.status != 200:
            raise ValueError(done.body.decode())

    def report(self) -> dict[str, Any]:
        """What was called since, how often the fault struck, and how many calls are still going wrong."""
        found: dict[str, Any] = fetch(f"{self.stack.endpoint}/_faults").json()
        return found

    def events(self, *, on: bool) -> None:
        """Whether clips are prepared when they are put."""
        described = self.stack.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId="PrepareClipFunctionClipPut"
        )
        rule, events = described["StackResourceDetail"]["PhysicalResourceId"], self.stack.client("events")
        (events.enable_rule if on else events.disable_rule)(Name=rule)

    # ── What is there ─────────────────────────────────────────────────────────────────────────────────────────────

    def put_clip(self, voice: str, name: str) -> None:
        """One of FILES into the voice's folder."""
        self.s3.put_object(Bucket=self.input, Key=f"{voice}/{name}", Body=FILES[name])

    def put_prepared(self, voice: str) -> None:
        """The clips' prepared forms for the message's format, as they were the first time."""
        for (name, profile), data in self.forms.items():
            if profile == FORMAT:
                self.s3.put_object(Bucket=self.output, Key=form_key(voice, name, profile), Body=data)

    def put_cached(self) -> None:
        """The message, as it was made the first time."""
        self.s3.put_object(Bucket=self.output, Key=self.key, Body=self.audio, Metadata=self.metadata)

    def read_forms(self, voice: str) -> dict[tuple[str, str], bytes]:
        """The voice's prepared forms that are there, by clip and form."""
        known = {form_key(voice, name, profile): (name, profile) for name in CLIPS for profile in FORMS}
        return {known[key]: data for key, (data, _) in self._read(f"prepared/v3/{voice}/").items()}

    def cached(self) -> dict[str, tuple[bytes, dict[str, str]]]:
        """Everything under `cache/`: content and metadata by key."""
        return self._read("cache/")

    def _read(self, prefix: str) -> dict[str, tuple[bytes, dict[str, str]]]:
        found = {}
        for item in self.s3.list_objects_v2(Bucket=self.output, Prefix=prefix).get("Contents", ()):
            there = self.s3.get_object(Bucket=self.output, Key=item["Key"])
            found[item["Key"]] = there["Body"].read(), there["Metadata"]
        return found

    def forget(self, voice: str) -> None:
        """Delete a voice's clips and all files made from them."""
        self._empty(self.input, f"{voice}/")
        for prefix in ("cache/", "work/", f"prepared/v3/{voice}/"):
            self._empty(self.output, prefix)

    def _empty(self, bucket: str, prefix: str) -> None:
        while listed := self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents"):
            self.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": item["Key"]} for item in listed]})

    def reported(self, voice: str) -> bool:
        """Whether the queue of refused clips has messages about the voice; it deletes them."""
        url, found = self.stack.outputs["RefusedClipsQueueUrl"], False
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found = found or f"{voice}/" in message["Body"]
        return found

    # ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def stitch(self, voice: str) -> Response:
        """`POST /stitch`: the message, in the voice."""
        return self.stack.caller.post("/stitch", {"message": MESSAGE, "voice": voice})

    def plan(self, voice: str) -> Response:
        """`POST /plans`: the same."""
        return self.stack.caller.post("/plans", {"message": MESSAGE, "voice": voice})

    def voices(self, voice: str) -> Response:
        """`GET /voices`: the page with this voice."""
        return self.stack.caller.get("/voices", after=voice[:-1], limit=1)

    def clips(self, voice: str) -> Response:
        """`GET /voices/{voice}/clips`."""
        return self.stack.caller.get(f"/voices/{voice}/clips")

    def put_and_stitch(self, voice: str) -> Response:
        """Upload a clip, wait until its event is handled (prepared or reported), then ask for the message."""
        wanted = {(CLIPS[0], profile) for profile in FORMS}
        return self._after_event(voice, CLIPS[0], lambda: wanted <= self.read_forms(voice).keys())

    def refuse_and_stitch(self, voice: str) -> Response:
        """The same with a file that is no audio: it has to be reported."""
        return self._after_event(voice, BAD, lambda: False)

    def _after_event(self, voice: str, name: str, done: Any) -> Response:
        self.events(on=True)
        try:
            self.put_clip(voice, name)
            deadline = time.monotonic() + EVENT_SECONDS
            while not (done() or self.reported(voice)):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} was neither prepared nor reported within {EVENT_SECONDS} s")
                time.sleep(0.1)
        finally:
            self.events(on=False)
        return self.stitch(voice)
