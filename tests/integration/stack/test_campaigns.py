"""Campaigns through the deployed workflow: both ways in, whatever fails, and a second run."""

import csv
import io
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from tools.client import fetch
from tools.local.campaign import upload, wait
from tools.local.stack import Stack

from stitcher import Voice
from stitcher.campaigns.places import id_of
from tests.paths import SAMPLES
from tests.waiting import until

TEMPLATE = "hello {name}: {weather} is expected {day}"
NAMES, WEATHERS, DAYS = ("shreeshail", "farmers", "market"), ("heavy rain", "light rain", "dry weather"), ("today",)
TABLE = "\n".join(
    [
        "phone;name;weather;day",
        *(f"+91{at};{';'.join(row)}" for at, row in enumerate([*itertools.product(NAMES, WEATHERS, DAYS)] * 2)),
        "+9199;zebra;heavy rain;today",
        "+9198;;heavy rain;today",
    ]
)
DISTINCT = len(NAMES) * len(WEATHERS) * len(DAYS)


@dataclass
class Campaigns:
    """The campaigns of the embedded stack, and what may go wrong in it."""

    stack: Stack

    @property
    def bucket(self) -> str:
        return self.stack.outputs["OutputBucketName"]

    def arm(self, by: str = "", operation: str = "", kind: str = "", nth: int = 1, times: int = 1) -> None:
        """From now on this goes wrong; nothing without arguments."""
        fault = {"by": by, "operation": operation, "kind": kind, "nth": nth, "times": times} if by else None
        assert fetch(f"{self.stack.endpoint}/_faults", data=json.dumps(fault).encode()).status == 200

    def create(self, **asked: Any) -> dict[str, Any]:
        response = self.stack.caller.post("/campaigns", {"name": uuid.uuid4().hex, "template": TEMPLATE, **asked})
        assert response.status == 200, response.body
        made: dict[str, Any] = response.json()
        return made

    def start(self, identity: str, verb: str = "run") -> dict[str, Any]:
        response = self.stack.caller.post(f"/campaigns/{identity}/{verb}", {})
        assert response.status == 200, response.body
        found: dict[str, Any] = response.json()
        return found

    def run(self, **asked: Any) -> dict[str, Any]:
        made = self.create(**asked)
        assert upload(made["upload"], TABLE.encode()) == 204
        assert self.start(made["id"])["state"] == "running"
        return wait(self.stack.caller, made["id"])

    def execution(self, identity: str) -> str:
        kept = self.stack.client("s3").get_object(Bucket=self.bucket, Key=f"campaigns/{identity}/run.json")
        machine = self.stack.outputs["CampaignStateMachineArn"].removesuffix(":live")
        return f"{machine.replace(':stateMachine:', ':execution:')}:{json.loads(kept['Body'].read())['name']}"

    def audio(self, identity: str) -> dict[str, Any]:
        """When each audio file was stored."""
        found = self.stack.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=f"campaigns/{identity}/audio/")
        return {item["Key"].rpartition("/")[2]: item["LastModified"] for item in found.get("Contents", ())}


@pytest.fixture
def campaigns(stack: Stack) -> Iterator[Campaigns]:
    found = Campaigns(stack)
    yield found
    found.arm()


def rows(found: dict[str, Any]) -> list[dict[str, str]]:
    text = fetch(found["manifest"]).body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def check_whole(campaigns: Campaigns, found: dict[str, Any]) -> None:
    """No row is lost, and no file is there twice."""
    assert (found["state"], found["percent"]) == ("finished", 100)
    assert (found["rows"], found["made"], found["refused"], found["failed"]) == (2 * DISTINCT + 2, 2 * DISTINCT, 2, 0)
    there = rows(found)
    assert [row["phone"] for row in there] == [line.partition(";")[0] for line in TABLE.splitlines()[1:]]
    made = Counter(row["file"] for row in there if row["status"] == "made")
    assert set(made.values()) == {2}
    assert {file.removeprefix("audio/") for file in made} == campaigns.audio(found["id"]).keys()


def test_a_table_becomes_audio_and_a_manifest_and_a_second_run_makes_nothing_twice(campaigns: Campaigns) -> None:
    made = campaigns.create()
    assert (made["state"], made["upload"]["max_bytes"]) == ("new", 1024**3)
    assert upload(made["upload"], b"") == 400, "an empty table"
    changed = {**made["upload"], "fields": {**made["upload"]["fields"], "key": "cache/x"}}
    assert upload(changed, TABLE.encode()) == 403, "another place"
    assert upload(made["upload"], TABLE.encode()) == 204

    campaigns.start(made["id"], "check")
    checked = wait(campaigns.stack.caller, made["id"])
    assert (checked["check"], checked["ready"], checked["refused"], checked["made"]) == (True, 2 * DISTINCT, 2, 0)
    assert fetch(checked["recording_script"]).body.decode("utf-8-sig").splitlines()[1].startswith("zebra.wav,zebra")
    assert campaigns.audio(made["id"]) == {}

    campaigns.start(made["id"])
    found = wait(campaigns.stack.caller, made["id"])
    check_whole(campaigns, found)
    first = rows(found)[0]
    said = Voice.open(SAMPLES).say(TEMPLATE.format_map(first))
    assert fetch(first["link"]).body == said.audio
    assert first["duration_ms"] == str(said.duration_ms)
    before = campaigns.audio(made["id"])

    campaigns.start(made["id"])
    check_whole(campaigns, wait(campaigns.stack.caller, made["id"]))
    assert campaigns.audio(made["id"]) == before
    listed = campaigns.stack.caller.get("/campaigns", limit=100).json()["campaigns"]
    assert made["id"] in {one["id"] for one in listed}


def test_a_table_that_is_put_starts_the_workflow_and_its_end_is_told(campaigns: Campaigns) -> None:
    events, sqs = campaigns.stack.client("events"), campaigns.stack.client("sqs")
    queue = sqs.create_queue(QueueName=f"told-{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["audio-stitcher"], "detail-type": ["campaign finished"]}
    events.put_rule(Name="told", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="told", Targets=[{"Id": "queue", "Arn": arn}])
    s3, bucket = campaigns.stack.client("s3"), campaigns.stack.outputs["InputBucketName"]
    try:
        s3.put_object(Bucket=bucket, Key="campaigns/-/morning.json", Body=json.dumps({"template": TEMPLATE}).encode())
        s3.put_object(Bucket=bucket, Key="campaigns/-/morning.csv", Body=TABLE.encode())
        message = until(
            lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"), "the event of the end"
        )[0]
    finally:
        events.remove_targets(Rule="told", Ids=["queue"])
        events.delete_rule(Name="told")
        for key in ("morning.csv", "morning.json"):
            s3.delete_object(Bucket=bucket, Key=f"campaigns/-/{key}")
    detail = json.loads(message["Body"])["detail"]
    assert detail["campaign"] == id_of("", "morning")
    assert detail["result"]["state"] == "finished"
    found = campaigns.stack.caller.get(f"/campaigns/{detail['campaign']}").json()
    assert found["name"] == "morning"
    check_whole(campaigns, found)


def test_of_calls_at_the_same_time_one_starts_a_campaign(campaigns: Campaigns) -> None:
    made = campaigns.create()
    assert upload(made["upload"], TABLE.encode()) == 204
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(campaigns.stack.caller.post, f"/campaigns/{made['id']}/run", {}) for _ in range(8)]
        statuses = Counter(call.result().status for call in calls)
    assert statuses.keys() <= {200, 409}
    check_whole(campaigns, wait(campaigns.stack.caller, made["id"]))
    # A call that came late may have found the first run at its end.
    states, machine = campaigns.stack.client("stepfunctions"), campaigns.execution(made["id"])
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=machine.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    )
    found = [
        states.describe_execution(executionArn=one["executionArn"]) for page in pages for one in page["executions"]
    ]
    of_it = sorted((one["startDate"], one["stopDate"]) for one in found if made["id"] in one["input"])
    assert len(of_it) == statuses[200]
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(of_it))


def test_whatever_is_put_below_campaigns_is_told_of(campaigns: Campaigns) -> None:
    s3, bucket = campaigns.stack.client("s3"), campaigns.stack.outputs["InputBucketName"]
    keys = {"campaigns/-/Mixed.Csv": id_of("", "Mixed"), "campaigns/lost.csv": id_of("", "campaigns/lost.csv")}
    try:
        for key in ("campaigns/-/alone.json", *keys):
            s3.put_object(Bucket=bucket, Key=key, Body=b"message\nhello\n")
        ends = [until(partial(ended, campaigns.stack, identity), "an end") for identity in keys.values()]
    finally:
        for key in ("campaigns/-/alone.json", *keys):
            s3.delete_object(Bucket=bucket, Key=key)
    assert [found["state"] for found in ends] == ["finished", "refused"]
    names = {one["name"] for one in campaigns.stack.caller.get("/campaigns", limit=100).json()["campaigns"]}
    assert "alone" not in names


def ended(stack: Stack, identity: str) -> dict[str, Any] | None:
    """The campaign, if there is one that does not run."""
    found: dict[str, Any] = stack.caller.get(f"/campaigns/{identity}").json()
    return found if found.get("state") in ("finished", "refused") else None


# Which call of which step is struck for ever, until the redrive.
PHASES = {
    "split": ("Split", "PutObject", 2),
    "say": ("Say", "PutObject", 5),
    "join": ("Join", "PutObject", 2),
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_worker_ends_the_campaign_and_a_redrive_ends_it_right(campaigns: Campaigns, phase: str) -> None:
    by, operation, nth = PHASES[phase]
    campaigns.arm(by, operation, "killed_after", nth, times=0)
    failed = campaigns.run()
    assert failed["state"] == "failed"
    assert "redrive" in failed["detail"]
    there = campaigns.audio(failed["id"])
    campaigns.arm()
    campaigns.stack.client("stepfunctions").redrive_execution(executionArn=campaigns.execution(failed["id"]))
    found = wait(campaigns.stack.caller, failed["id"])
    check_whole(campaigns, found)
    assert there.items() <= campaigns.audio(failed["id"]).items(), "what was made is not made again"


def test_a_campaign_that_stops_makes_all_or_nothing(campaigns: Campaigns) -> None:
    found = campaigns.run(on_refusal="stop")
    assert (found["state"], found["ready"], found["refused"], found["made"]) == ("finished", 2 * DISTINCT, 2, 0)
    assert campaigns.audio(found["id"]) == {}
    made = campaigns.create(on_refusal="stop")
    assert upload(made["upload"], "\n".join(TABLE.splitlines()[:-2]).encode()) == 204
    campaigns.start(made["id"])
    assert wait(campaigns.stack.caller, made["id"])["made"] == 2 * DISTINCT


def test_a_table_that_cannot_be_used_is_refused_with_a_sentence(campaigns: Campaigns) -> None:
    made = campaigns.create(template=None, column="text")
    campaigns.start(made["id"])
    assert "there is no table" in wait(campaigns.stack.caller, made["id"])["detail"]
    assert upload(made["upload"], TABLE.encode()) == 204
    campaigns.start(made["id"])
    found = wait(campaigns.stack.caller, made["id"])
    assert (found["state"], found["manifest"]) == ("refused", None)
    assert "the column 'text' is not in the table" in found["detail"]
