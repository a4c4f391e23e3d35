"""A fault recording: the service's metrics, minute by minute, while the embedded AWS is broken and mended.

    python -m tools.operations fault-recording     # some 25 minutes; writes tests/recordings/lost_right.json

After some good minutes Stitch's role loses its rights, as a wrong policy would do; later it gets them back. The
functions' metrics come from their logs. API Gateway's metrics are counted here, from the callers' answers.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.local.stack import Stack, running, say
from tools.operations.arithmetic import Recording
from tools.operations.objectives import Metric, api

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "recordings" / "lost_right.json"
GOOD, BROKEN, MENDED = 5, 4, 11
"""Minutes."""
CALLS = 16
"""A minute. Every fourth call has a new message."""


def write(file: Path = FILE) -> None:
    """Write a fault recording, with its date and the minutes of the fault."""
    recording = Recording(GOOD + BROKEN + MENDED)
    with running() as stack:
        stack.put_clips(ROOT / "samples" / "clips")
        time.sleep(20)  # until they are prepared
        began = time.time()
        for minute in range(recording.minutes):
            if minute == GOOD:
                with _without_rights(stack):
                    for broken in range(minute, minute + BROKEN):
                        _call(stack, recording, broken, began)
            elif not GOOD <= minute < GOOD + BROKEN:
                _call(stack, recording, minute, began)
        _read_logs(stack, recording, began)
    about: dict[str, Any] = {
        "recorded": datetime.now(UTC).isoformat(timespec="minutes"),
        "on": "the embedded AWS",
        "fault": "Stitch's role has no rights",
        "begin": GOOD,
        "end": GOOD + BROKEN,
    }
    file.parent.mkdir(exist_ok=True)
    data = about | recording.to_json()
    metrics = ",\n".join(map(json.dumps, data.pop("metrics")))
    file.write_text(f'{json.dumps(data)[:-1]}, "metrics": [\n{metrics}\n]}}\n')


def _call(stack: Stack, recording: Recording, minute: int, began: float) -> None:
    """The calls of one minute, evenly spaced. A slow machine leaves out calls that do not fit into the minute."""
    say(f"minute {minute + 1} of {recording.minutes}")
    for number in range(CALLS):
        time.sleep(max(0.0, began + 60 * minute + 60 * number / CALLS - time.time()))
        if time.time() > began + 60 * (minute + 1):
            return
        gap_ms = 1_000 + minute * CALLS + number if number % 4 == 3 else 120
        status = stack.caller.post("/stitch", {"message": "hello shreeshail", "gap_ms": gap_ms}).status
        recording.add(api("Count"), minute)
        recording.add(api("5XXError"), minute, int(status >= 500))


@contextmanager
def _without_rights(stack: Stack) -> Iterator[None]:
    functions = stack.client("lambda").list_functions()["Functions"]
    role = next(one["Role"] for one in functions if "-StitchFunction-" in one["FunctionName"]).rpartition("/")[2]
    iam = stack.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    kept = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    for name in names:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    yield
    for name, document in kept.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _read_logs(stack: Stack, recording: Recording, began: float) -> None:
    """Add the metrics that functions printed in CloudWatch's embedded metric format."""
    logs = stack.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for line in (one["message"] for page in pages for one in page["events"]):
            if line.startswith('{"_aws"'):
                _add_line(json.loads(line), recording, began)


def _add_line(line: dict[str, Any], recording: Recording, began: float) -> None:
    minute = int((line["_aws"]["Timestamp"] / 1_000 - began) // 60)
    if not 0 <= minute < recording.minutes:
        return
    for directive in line["_aws"]["CloudWatchMetrics"]:
        namespace = directive["Namespace"].replace("stitcher/local", "${Prefix}/${Stage}")
        for names in directive["Dimensions"]:
            dimensions = tuple((name, line[name]) for name in names)
            for metric in directive["Metrics"]:
                for value in line[metric["Name"]]:
                    recording.add(Metric(namespace, metric["Name"], dimensions), minute, value)
