"""Distributed Map in the embedded AWS: what MiniStack's lacks, by the Step Functions guide.

- the reader's arguments, the selector and the limits are JSONata ("Map workflow state")
- the list of items is read, and children are started, under the role of the state machine ("IAM policies for using
  Distributed Map states")
- a child is an execution of its own: it has its own name and ARN, and none of the parent's variables ("Passing data
  between states with variables")
- once more children have failed than are tolerated, no more are started ("Failure thresholds")
- a redrive starts only those children again that have not succeeded, if the role may redrive ("Redriving Map Runs")
- children of type EXPRESS are not listed; DescribeMapRun counts them

What the workflows here do not use is refused, and not passed over (`ItemBatcher`, `ResultWriter`, other readers).
"""

import contextvars
import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from typing import Any

import boto3
import refusals
from authorization import assumed, role_may
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import get_region, new_uuid, now_iso
from ministack.services import stepfunctions

COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
NOT_REDRIVABLE = ("failuresNotRedrivable", "pendingRedrive")
EMBEDDED = {
    *("Type", "Comment", "QueryLanguage", "Label", "ItemReader", "ItemSelector", "ItemProcessor", "MaxConcurrency"),
    *("ToleratedFailurePercentage", "ToleratedFailureCount", "Assign", "Output", "Next", "End", "Retry", "Catch"),
}
"""Fields of a map state that are followed here."""
READER = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}}
PROCESSOR = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}


@dataclass
class _MapRun:
    """One map run: its items' inputs, and the outputs of the children that have succeeded."""

    arn: str
    inputs: list[Any]
    view: dict[str, Any]
    outputs: dict[int, Any] = field(default_factory=dict)


_last: dict[tuple[str, str], _MapRun] = {}
"""By execution and state: the last map run."""


def install(endpoint: str) -> None:
    """Put it in the place of MiniStack's; `endpoint` is where it answers AWS calls."""

    def run(state: Any, given: Any, _effective: Any, processor: Any, execution: Any, context: Any) -> Any:
        return _run(endpoint, state, given, processor, execution, context)

    stepfunctions._run_distributed_map = run


def _run(endpoint: str, state: Any, given: Any, processor: Any, execution: Any, context: Any) -> Any:
    machine = stepfunctions._state_machines[execution["stateMachineArn"]]
    name = context["State"]["Name"]
    _must_be_embedded(state, processor)
    before = _last.get((execution["executionArn"], name))
    if before and before.view["status"] == "FAILED":
        _must(machine, "states:RedriveExecution", before.arn.replace(":mapRun:", ":execution:"))
        found = before
        found.view |= {"redriveCount": found.view["redriveCount"] + 1, "redriveDate": now_iso(), "status": "RUNNING"}
    else:
        found = _new(endpoint, state, given, execution, context, machine)
        _last[execution["executionArn"], name] = found
    stepfunctions._map_runs[found.arn] = found.view
    _start_children(state, given, processor, execution, context, machine, found)
    results = [found.outputs.get(place) for place in range(len(found.inputs))]
    refusals.check(results, name)
    output = stepfunctions._apply_jsonata_output(state, given, context, result=results, default=results)
    stepfunctions._apply_state_assign(state, given, context, result=results)
    return output, stepfunctions._next_or_end(state)


def _must_be_embedded(state: Any, processor: Any) -> None:
    """Refuse what AWS would follow and this does not."""
    reader = {name: value for name, value in state.get("ItemReader", {}).items() if name != "Arguments"}
    others = sorted(state.keys() - EMBEDDED)
    others += ["ItemReader"] if reader != READER else []
    others += ["ProcessorConfig"] if processor["ProcessorConfig"] != PROCESSOR else []
    if others:
        raise stepfunctions._ExecutionError("States.Runtime", f"not embedded: {', '.join(others)} of a distributed map")


def _must(machine: dict[str, Any], action: str, resource: str) -> None:
    arn = machine["stateMachineArn"]
    if not role_may(machine["roleArn"], "states.amazonaws.com", arn, action, resource):
        message = f"{machine['roleArn']} is not authorized to perform: {action} on resource: {resource}"
        raise stepfunctions._ExecutionError("States.Runtime", message)


def _new(endpoint: str, state: Any, given: Any, execution: Any, context: Any, machine: Any) -> _MapRun:
    items = _read(endpoint, state["ItemReader"], given, context, machine)
    inputs = []
    for place, item in enumerate(items):
        around = {**context, "Map": {"Item": {"Index": place, "Value": item}}}
        selector = state.get("ItemSelector")
        inputs.append(stepfunctions._apply_jsonata_template(selector, given, around) if selector else item)
    own = machine["stateMachineArn"].removesuffix(":redriven")
    arn = f"{own.replace(':stateMachine:', ':mapRun:')}/{state.get('Label') or new_uuid()}:{new_uuid()}"
    view = {
        "mapRunArn": arn,
        "executionArn": execution["executionArn"],
        "status": "RUNNING",
        "startDate": now_iso(),
        "maxConcurrency": _number(state, "MaxConcurrency", given, context),
        "toleratedFailurePercentage": _number(state, "ToleratedFailurePercentage", given, context),
        "toleratedFailureCount": _number(state, "ToleratedFailureCount", given, context),
        "redriveCount": 0,
        "_stateMachineArn": own,
    }
    return _MapRun(arn, inputs, view)


def _number(state: Any, name: str, given: Any, context: Any) -> float:
    value = state.get(name, 0)
    if isinstance(value, str):
        value = stepfunctions._jsonata_state_field(state, name, "number", given, context)
    return float(value)


def _read(endpoint: str, reader: Any, given: Any, context: Any, machine: Any) -> list[Any]:
    """The items of a JSON file in S3, read under the role."""
    named = stepfunctions._apply_jsonata_template(reader["Arguments"], given, context)
    session: Any = boto3.Session(**assumed(machine["roleArn"], "states.amazonaws.com", machine["stateMachineArn"]))
    config = Config(read_timeout=60, retries={"total_max_attempts": 1})
    client = session.client("s3", endpoint_url=endpoint, region_name=get_region(), config=config)
    try:
        items = json.loads(client.get_object(**named)["Body"].read())
    except (ClientError, ValueError) as error:
        raise stepfunctions._ExecutionError("States.ItemReaderFailed", str(error)) from None
    if not isinstance(items, list):
        raise stepfunctions._ExecutionError("States.ItemReaderFailed", "the file has no array at its top")
    return items


def _start_children(
    state: Any, given: Any, processor: Any, execution: Any, context: Any, machine: Any, found: _MapRun
) -> None:
    """Run the children that have not succeeded. Raises when too many fail."""
    own = machine["stateMachineArn"].removesuffix(":redriven")
    waiting = [place for place in range(len(found.inputs)) if place not in found.outputs]
    lock, stop, failed, running = threading.Lock(), threading.Event(), [0], [0]

    def count() -> None:
        total, succeeded = len(found.inputs), len(found.outputs)
        pending = total - succeeded - failed[0] - running[0]
        now = dict.fromkeys((*COUNTS, *NOT_REDRIVABLE), 0)
        now |= {"total": total, "succeeded": succeeded, "failed": failed[0], "running": running[0]}
        now |= {"aborted" if stop.is_set() else "pending": pending}
        found.view |= {"itemCounts": now, "executionCounts": dict(now)}

    def exceeded() -> bool:
        share, most = found.view["toleratedFailurePercentage"], found.view["toleratedFailureCount"]
        limits = [failed[0] > most] if "ToleratedFailureCount" in state else []
        if "ToleratedFailurePercentage" in state:
            limits.append(failed[0] * 100 > share * len(found.inputs))
        return failed[0] > 0 and (any(limits) or not limits)

    def child(place: int) -> None:
        if stop.is_set():
            return
        with lock:
            running[0] += 1
            count()
        name = new_uuid()
        arn = f"{found.arn.replace(':mapRun:', ':execution:').rpartition(':')[0]}:{name}"
        entered = {"Id": arn, "Name": name, "Input": found.inputs[place], "StartTime": now_iso(), "RedriveCount": 0}
        entered["RoleArn"] = machine["roleArn"]
        around = {**context, "Execution": entered, "variables": {}, "State": {}}
        around.pop("Map", None)
        started = {"executionArn": arn, "stateMachineArn": execution["stateMachineArn"], "events": [], "name": name}
        started |= {"status": "RUNNING", "testCase": "", "mockAttempts": {}, "input": json.dumps(found.inputs[place])}
        try:
            _must(machine, "states:StartExecution", own)
            output = stepfunctions._run_sub_machine(
                processor["States"], processor["StartAt"], copy.deepcopy(found.inputs[place]), started, around
            )
        except Exception:  # a child's failure is counted, whatever it is
            with lock:
                failed[0] += 1
        else:
            with lock:
                found.outputs[place] = output
        with lock:
            running[0] -= 1
            if exceeded():
                stop.set()
            count()

    count()
    at_once = int(found.view["maxConcurrency"]) or len(waiting) or 1
    with ThreadPoolExecutor(min(at_once, 64)) as pool:
        wait_for([pool.submit(contextvars.copy_context().run, child, place) for place in waiting])
    found.view |= {"status": "FAILED" if stop.is_set() else "SUCCEEDED", "stopDate": now_iso()}
    if stop.is_set():
        message = "The specified tolerated failure threshold was exceeded"
        raise stepfunctions._ExecutionError("States.ExceedToleratedFailureThreshold", message)
