"""What somebody changed by hand: CloudFormation's drift detection, as one report."""

import json
import time
from typing import Any

from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

TRIES, PAUSE = 120, 5.0
"""How often and how long apart, in seconds, to ask whether detection is complete: ten minutes."""


def drift(stage: Stage, pause: float = PAUSE) -> list[str]:
    """A line for each resource of a stage's stacks that differs from its template; empty if none does.

    The monitoring is a stack inside the service's, whose detection does not look into it.

    Raises
    ------
    DeliveryError
        Where detection fails or takes too long.
    """
    client = stage.client("cloudformation")
    return [
        line for stack in [stage.stack, *_inner_stacks(client, stage.stack)] for line in _drift(client, stack, pause)
    ]


def _inner_stacks(client: Any, stack: str) -> list[str]:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::CloudFormation::Stack"]


def _drift(client: Any, stack: str, pause: float) -> list[str]:
    detection = client.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    for _ in range(TRIES):
        status = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if status["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        time.sleep(pause)
    else:
        raise DeliveryError(f"drift of {stack} is still being detected after {TRIES * PAUSE:.0f} s")
    if status["DetectionStatus"] == "DETECTION_FAILED":
        raise DeliveryError(f"drift of {stack} was not detected: {status.get('DetectionStatusReason', '?')}")
    if status["StackDriftStatus"] == "IN_SYNC":
        return []
    lines: list[str] = []
    request = {"StackName": stack, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    while True:
        page = client.describe_stack_resource_drifts(**request)
        for resource in page["StackResourceDrifts"]:
            lines += _differences(resource)
        if not page.get("NextToken"):
            return lines
        request["NextToken"] = page["NextToken"]


def _differences(resource: dict[str, Any]) -> list[str]:
    name = f"{resource['LogicalResourceId']} ({resource['ResourceType']})"
    if resource["StackResourceDriftStatus"] == "DELETED":
        return [f"{name} was deleted"]
    return [
        f"{name} {change['PropertyPath']}: {json.dumps(change['ExpectedValue'])} is {json.dumps(change['ActualValue'])}"
        for change in resource.get("PropertyDifferences", ())
    ]


def main(stage: Stage) -> int:
    """Print the differences; returns 1 if there is one."""
    lines = drift(stage)
    print("\n".join(lines) if lines else f"{stage.stack} is as its template says")
    return 1 if lines else 0
