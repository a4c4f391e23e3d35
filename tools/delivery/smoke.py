"""Try a deployed stage: each call of the API, a clip, a picture, an alarm and a rollback, with a line for each.

It removes its uploads at the end. It needs the rights of the account's administrator.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from identifier.errors import UnknownPrompt
from identifier.keys import result_key
from identifier.picture_id import record_key
from identifier.prompt_store import read_pointer
from stitcher.clips.prepared import prepared_key
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import clip_of
from stitcher.storage import Stored
from tools.client import Caller, Response, fetch, send_form
from tools.delivery import deploy
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError, Store

WAIT = 120.0
"""Seconds for what happens by an event: a cold start and a retry are in them."""
PROMPT = "animal"
NONE = "none"
"""For what has no id yet."""
CLIP, SETTINGS = "hello.wav", 'language = "en"\n'
OK, FAILED, NOT_HERE = "ok", "failed", "not on the embedded AWS"


class Failed(Exception):  # a step's outcome, not an error of this program
    """A step gave a wrong result; the message names it."""


class NotTried(Exception):  # likewise
    """A step cannot run here; the message names the missing part."""


class Smoke:
    """The steps, in order, against one stage."""

    def __init__(self, caller: Caller, stage: Stage, store: Store | None, root: Path, *, wait: float = WAIT) -> None:
        """`store` is the artifact bucket with a release that passed in the stage, for the rollback. `wait`: seconds."""
        self._caller, self._stage, self._store, self._root, self._wait = caller, stage, store, root, wait
        self._embedded = ".amazonaws.com" not in caller.url
        self._outputs = stage.outputs()
        if not self._outputs:
            raise DeliveryError(f"there is no stack {stage.stack} to try")
        self._voice = f"smoke-{secrets.token_hex(4)}"
        self._made: set[str] = set()
        """What was made of it in the output bucket: keys, and folders that carry the voice's name."""
        self._said: dict[str, Any] = {}
        self._records: set[str] = set()
        """Keys of the records of its pictures."""
        self._id = {"campaign": "0" * 20, "picture": NONE}
        """Ids that were given; until then, ids that nobody has."""

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Each step's name and function; the function returns its finding, or raises."""
        call, voice = self._caller, f"/voices/{self._voice}"
        clip, hello = f"{voice}/clips/{CLIP}", {"message": "hello, shreeshail", "voice": self._voice}
        unsigned = Caller(call.url, call.region, None)
        yield "a clip is put and prepared", self._prepared
        yield "POST /stitch", self._stitch
        yield "POST /stitch again comes from the cache", self._cached
        yield (
            "POST /stitch with an unknown word is refused",
            lambda: str(_answer(self._say("hello, nobody-recorded-this"), 422)["code"]),
        )
        yield "POST /stitch without a signature is refused", lambda: _keys(unsigned.post("/stitch", hello), 403)
        yield "POST /plans", lambda: _keys(call.post("/plans", hello))
        yield "GET /voices", self._voices
        yield "GET /voices/{voice}/clips", self._clips
        yield "POST /voices/{voice}/clips", self._upload
        yield "GET /voices/{voice}/clips/{name}", lambda: _keys(call.get(clip))
        yield "DELETE /voices/{voice}/clips/{name}", lambda: self._delete(clip)
        yield (
            "PUT /voices/{voice}/clips/{name}",
            lambda: _keys(call.put(clip, {"version": self._id.get("version", NONE)})),
        )
        yield "PUT /voices/{voice}/settings", lambda: _keys(call.put(f"{voice}/settings", {"toml": SETTINGS}))
        yield "GET /voices/{voice}/settings", self._settings
        yield "POST /campaigns", self._campaign
        yield "GET /campaigns", lambda: _keys(call.get("/campaigns"))
        yield "POST /campaigns/{id}/check", lambda: self._started("check")
        yield "POST /campaigns/{id}/run", lambda: self._started("run")
        yield "GET /campaigns/{id}", self._finished
        yield "POST /pictures", self._expect_picture
        yield "GET /pictures", lambda: _keys(call.get("/pictures", prompt=PROMPT))
        yield "GET /pictures/{id}", lambda: str(_answer(call.get(f"/pictures/{self._id['picture']}"), 200)["state"])
        yield "a recording that is no audio is reported", self._refused
        yield "a picture is identified", self._picture
        yield "an alarm fires and is told", self._alarm
        yield "a rollback, and forward again", self._rollback
        yield "nothing is left behind", self._clean

    def run(self) -> int:
        """Take all steps and print each outcome; returns 1 if one failed."""
        failed = 0
        for name, step in self.steps():
            try:
                outcome, detail = OK, step()
            except NotTried as reason:
                outcome, detail = (NOT_HERE if self._embedded else "not tried"), str(reason)
            except Failed as reason:
                outcome, detail, failed = FAILED, str(reason), failed + 1
            except Exception as error:  # any error: the other steps still run, and the uploads are removed
                outcome, detail, failed = FAILED, f"{type(error).__name__}: {error}", failed + 1
            print(f"{outcome}  {name}: {' '.join(detail.split())[:500]}", flush=True)
        return 1 if failed else 0

    # ── The API ──

    def _prepared(self) -> str:
        s3, started, wanted = self._stage.client("s3"), time.monotonic(), []
        for name in deploy.CLIPS:
            data = (self._root / "samples" / "clips" / name).read_bytes()
            key = f"{self._voice}/{name}"
            etag = s3.put_object(Bucket=self._outputs["InputBucketName"], Key=key, Body=data)["ETag"].strip('"')
            if clip := clip_of(Stored(key, etag, len(data))):
                wanted += [prepared_key(clip, form) for form in FORMS]
        self._made |= {f"{key.partition(self._voice)[0]}{self._voice}/" for key in wanted}
        self._until(lambda: all(self._there("OutputBucketName", key) for key in wanted), "the clips were not prepared")
        return f"{len(deploy.CLIPS)} clips in {time.monotonic() - started:.1f} s"

    def _say(self, message: str = "hello, shreeshail") -> Response:
        return self._caller.post("/stitch", {"message": message, "voice": self._voice})

    def _stitch(self) -> str:
        started = time.monotonic()
        self._said = _answer(self._say(), 200)
        self._made.add(self._said["output_file"])
        audio = fetch(self._said["public_url"])
        if audio.status != 200 or not audio.body:
            raise Failed(f"its public_url answers {audio.status} with {len(audio.body)} bytes")
        return f"{len(audio.body)} bytes of audio in {time.monotonic() - started:.1f} s"

    def _cached(self) -> str:
        answer = _answer(self._say(), 200)
        if not answer["cached"] or answer["output_file"] != self._said.get("output_file"):
            raise Failed(f"cached is {answer['cached']}, and the file {answer['output_file']}")
        return "the same file"

    def _voices(self) -> str:
        after: dict[str, str] = {}
        while True:
            answer = _answer(self._caller.get("/voices", limit=200, **after), 200)
            if any(self._voice == voice["voice"] for voice in answer["voices"]):
                return "the new voice is among them"
            if answer.get("next") is None:
                raise Failed(f"{self._voice} is not among them")
            after = {"after": answer["next"]}

    def _clips(self) -> str:
        answer = _answer(self._caller.get(f"/voices/{self._voice}/clips"), 200)
        if len(answer["clips"]) != len(deploy.CLIPS):
            raise Failed(f"{len(answer['clips'])} clips, and {len(deploy.CLIPS)} were put")
        return f"{len(answer['clips'])} clips"

    def _upload(self) -> str:
        data = (self._root / "samples" / "clips" / CLIP).read_bytes()
        form = _answer(self._caller.post(f"/voices/{self._voice}/clips", {"name": CLIP, "size": len(data)}), 200)
        return self._sent(form, CLIP, data)

    def _sent(self, form: dict[str, Any], name: str, data: bytes) -> str:
        """Upload by a form. Raises `Failed`."""
        sent = send_form(form["url"], form["fields"], name, data)
        if sent.status >= 300:
            raise Failed(f"its form answers {sent.status}: {sent.body[:200].decode(errors='replace')}")
        return f"{len(data)} bytes"

    def _delete(self, clip: str) -> str:
        self._id["version"] = _answer(self._caller.delete(clip), 200)["version"]
        return "deleted"

    def _settings(self) -> str:
        answer = _answer(self._caller.get(f"/voices/{self._voice}/settings"), 200)
        if answer["toml"] != SETTINGS:
            raise Failed(f"they are {answer['toml']!r}")
        return "as they were put"

    def _campaign(self) -> str:
        answer = _answer(self._caller.post("/campaigns", {"name": self._voice, "voice": self._voice}), 200)
        self._id["campaign"] = answer["id"]
        return self._sent(answer["upload"], "table.csv", b"message\nhello\nhello, shreeshail\n")

    def _started(self, what: str) -> str:
        """Start a check or a run of the campaign, when the one before it has ended."""
        found: list[Response] = []

        def taken() -> bool:
            found[:] = [self._caller.post(f"/campaigns/{self._id['campaign']}/{what}", {})]
            return found[0].status != 409

        self._until(taken, "another run does not end")
        return str(_answer(found[0], 200)["state"])

    def _finished(self) -> str:
        found: dict[str, Any] = {}

        def ended() -> bool:
            found.update(_answer(self._caller.get(f"/campaigns/{self._id['campaign']}"), 200))
            return found["state"] in ("finished", "failed", "refused")

        self._until(ended, "the campaign does not end")
        if (found["state"], found["made"]) != ("finished", 2):
            raise Failed(f"{found['state']}, {found['made']} of 2 rows: {found.get('detail')}")
        return "2 rows were made"

    def _expect_picture(self) -> str:
        asked = {"name": f"{self._voice}.jpg", "size": 9, "prompt": PROMPT}
        self._id["picture"] = _answer(self._caller.post("/pictures", asked), 201)["id"]
        self._records.add(record_key(self._id["picture"]))
        return "a form"

    # ── What events start ──

    def _refused(self) -> str:
        sqs, queue, key = self._stage.client("sqs"), self._outputs["RefusedClipsQueueUrl"], f"{self._voice}/broken.wav"
        self._stage.client("s3").put_object(Bucket=self._outputs["InputBucketName"], Key=key, Body=b"no audio at all")
        found: list[str] = []

        def received() -> bool:
            # The queue is people's: only our own message is taken out, and the others are seen again at once.
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=2)
            for message in answer.get("Messages", ()):
                if key in message["Body"]:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    found.append(message["Body"])
            return bool(found)

        self._until(received, f"nothing about {key} came to {queue}")
        return found[0][:160]

    def _picture(self) -> str:
        try:
            read_pointer(self._stage.client("ssm"), self._outputs["PromptPointers"], PROMPT)
        except UnknownPrompt:
            raise Failed(f"no prompt {PROMPT!r} is in force: publish the prompts first (docs/identify.md)") from None
        key = f"inbox/{PROMPT}/{self._voice}.jpg"
        data = (self._root / "samples" / "images" / "cow.jpg").read_bytes()
        put = self._stage.client("s3").put_object(Bucket=self._outputs["ImagesBucketName"], Key=key, Body=data)
        result, started = result_key(key, put["VersionId"]), time.monotonic()
        self._until(lambda: self._there("ResultsBucketName", result), f"there is no {result}")
        body = self._stage.client("s3").get_object(Bucket=self._outputs["ResultsBucketName"], Key=result)["Body"].read()
        answer = json.loads(body)
        self._records.add(record_key(answer["id"]))
        if answer["outcome"] != "answered":
            raise Failed(f"{answer['outcome']}: {answer.get('detail')}")
        if "say" in answer:
            spoken = f"{result.removesuffix('.json')}.spoken.json"
            self._until(lambda: self._there("ResultsBucketName", spoken), f"there is no {spoken}")
        return f"answered in {time.monotonic() - started:.1f} s"

    # ── Operations ──

    def _alarm(self) -> str:
        cloudwatch, alarm = self._stage.client("cloudwatch"), self._an_alarm()
        reason = "make smoke: a test, nothing is wrong"

        def actions() -> set[tuple[Any, str]]:
            history = cloudwatch.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action", MaxRecords=100)
            return {(each["Timestamp"], each["HistorySummary"]) for each in history["AlarmHistoryItems"]}

        before = actions()
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason=reason)
        try:
            self._until(lambda: actions() > before, f"{alarm} was set to ALARM and did nothing")
            told = [summary for _, summary in sorted(actions() - before)]
        finally:
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason=reason)
        if not any("Successfully" in summary for summary in told):
            raise Failed(f"{alarm}: {'; '.join(told)}")
        return f"{alarm}: {told[0]}"

    def _an_alarm(self) -> str:
        """An alarm of the stack that has a subscriber. Raises `NotTried` if there is none."""
        cloudformation, cloudwatch = self._stage.client("cloudformation"), self._stage.client("cloudwatch")
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self._stage.stack)
        names = [
            each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == "AWS::CloudWatch::Alarm"
        ]
        for start in range(0, len(names), 100):
            alarms = cloudwatch.describe_alarms(AlarmNames=names[start : start + 100])["MetricAlarms"]
            if telling := [each["AlarmName"] for each in alarms if each.get("AlarmActions")]:
                return str(min(telling))
        raise NotTried(f"{self._stage.name} has no alarm that tells anybody; stage and prod have")

    def _rollback(self) -> str:
        if self._store is None:
            raise NotTried("ARTIFACTS is not set: the bucket of the releases")
        history = self._store.history(self._stage.name)
        current = history.running
        if current is None or history.before() is None:
            raise NotTried(f"only one release has passed its checks in {self._stage.name}")
        back = deploy.rollback(self._store, self._stage, self._root)
        try:
            _answer(self._say(), 200)
        finally:
            deploy.promote(self._store, self._stage, current, self._root, back=True)
            self._store.keep(self._stage.name, history)
        _answer(self._say(), 200)
        return f"to {back}, and to {current} again"

    def _clean(self) -> str:
        """Remove every version of the uploads and of the files made from them; then check."""
        removed = 0
        for _ in range(2):  # a result may be written while the first look is taken
            left = list(self._left())
            removed += len(left)
            for bucket, key, version in left:
                self._stage.client("s3").delete_object(Bucket=bucket, Key=key, VersionId=version)
        if still := [f"s3://{bucket}/{key}" for bucket, key, _ in self._left()]:
            raise Failed(f"there are still {', '.join(still)}")
        return f"{removed} objects were removed"

    def _left(self) -> Iterator[tuple[str, str, str]]:
        """Bucket, key and version of everything that carries the voice's name, or was made for it."""
        s3 = self._stage.client("s3")
        campaign = f"campaigns/{self._id['campaign']}/"
        prefixes = {
            "InputBucketName": [f"{self._voice}/", f"campaigns/{self._voice}/", campaign],
            "ImagesBucketName": [f"inbox/{PROMPT}/{self._voice}"],
            "ResultsBucketName": [f"results/{PROMPT}/{self._voice}", *sorted(self._records)],
            "OutputBucketName": [*sorted(self._made), campaign, f"catalogues/{self._voice}"],
        }
        for output, of_bucket in prefixes.items():
            bucket = self._outputs[output]
            for prefix in of_bucket:
                for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
                    for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                        yield bucket, each["Key"], each["VersionId"]

    # ── Waiting ──

    def _there(self, output: str, key: str) -> bool:
        try:
            self._stage.client("s3").head_object(Bucket=self._outputs[output], Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
        return True

    def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + self._wait
        while not done():
            if time.monotonic() > deadline:
                raise Failed(f"{otherwise} within {self._wait:.0f} s")
            time.sleep(0.5)


def _answer(response: Response, expected: int) -> dict[str, Any]:
    """An answer's JSON. Raises `Failed` with the answer's text if it has another status."""
    if response.status != expected:
        raise Failed(f"{response.status} instead of {expected}: {response.body[:300].decode(errors='replace')}")
    try:
        found: dict[str, Any] = response.json()
    except ValueError:
        raise Failed(f"{response.status} with a body that is not JSON: {response.body[:300]!r}") from None
    return found


def _keys(response: Response, expected: int = 200) -> str:
    """The fields of an answer, for people. Raises as `_answer` does."""
    return ", ".join(_answer(response, expected))


def main(caller: Caller, stage: Stage, store: Store | None, root: Path) -> int:
    """Try a stage; returns 1 if a step failed."""
    return Smoke(caller, stage, store, root).run()
