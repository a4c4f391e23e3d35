"""Remove what no rollback needs any more: old versions of functions, layers and workflows.

A deployment publishes new versions and removes none, since the ones before may still carry traffic. Each is counted in
the account's code storage (75 GB a region). It keeps, of every function and workflow: the newest ten, the versions in
the stack, the versions of aliases, and the versions that a kept workflow calls; and every layer of a kept function.

A rollback needs no removed version: it deploys from the artifact bucket and publishes again.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

KEEP = 10
"""How many of the newest versions of each function and workflow stay. A Standard execution can be redriven for 14 days,
on the version that it was started with."""
PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
"""Lambda takes 15 such calls a second from an account, and refuses more (Lambda quotas, "API requests")."""
GONE = {"ResourceNotFoundException", "StateMachineDoesNotExist", "ResourceNotFound"}
IN_USE = {"ResourceConflictException", "ConflictException"}
"""An alias points to it since it was looked at."""
LAMBDA, STATES, STACK = ("Marker", "NextMarker"), ("nextToken", "nextToken"), ("NextToken", "NextToken")
"""How each service numbers pages: the request's field and the answer's."""
VERSION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d+:function:([\w-]+):(\d+)")


@dataclass
class Plan:
    """What is kept and what goes, by ARN, oldest first."""

    kept: list[str] = field(default_factory=list)
    workflows: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)


def prune(stage: Stage, keep: int = KEEP, *, dry_run: bool = False) -> list[str]:
    """Remove the versions of a stage that nothing needs; returns a line for each that could not be removed.

    It can run again at any time. With `dry_run` it only lists the versions.

    Raises
    ------
    DeliveryError
        Where `keep` is less than 1, or where the stage is being changed: its traffic may be about to move.
    """
    if keep < 1:
        raise DeliveryError(f"KEEP is {keep}: at least 1 version stays")
    found = plan(stage, keep)
    lambda_, states = stage.client("lambda", PATIENT), stage.client("stepfunctions", PATIENT)
    problems: list[str] = []

    def remove(arn: str) -> bool:
        """Whether it is gone, or would be."""
        print(f"{'would remove' if dry_run else 'remove'} {arn}", flush=True)
        name, _, version = arn.rpartition(":")
        try:
            if dry_run:
                pass
            elif arn in found.workflows:
                states.delete_state_machine_version(stateMachineVersionArn=arn)
            elif arn in found.functions:
                lambda_.delete_function(FunctionName=name, Qualifier=version)
            else:
                lambda_.delete_layer_version(LayerName=name, VersionNumber=int(version))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in IN_USE:
                print(f"  it is in use by now, and stays: {error.response['Error']['Message']}", flush=True)
            elif code not in GONE:
                problems.append(f"{arn} was not removed: {error}")
            return code in GONE
        return True

    # Workflows before their functions, and functions before their layers: a kept version has all its parts.
    for arns in (found.workflows, found.functions, found.layers):
        gone = [remove(arn) for arn in arns]
        if not all(gone):
            print("what these use is left for the next time", flush=True)
            return problems
    removed = len(found.workflows) + len(found.functions) + len(found.layers)
    print(f"{stage.stack}: {len(found.kept)} versions stay, {removed} {'would go' if dry_run else 'go'}", flush=True)
    return problems


def plan(stage: Stage, keep: int = KEEP) -> Plan:
    """The versions of a stage to keep and to remove. Raises `DeliveryError` during a deployment of the stage."""
    resources = _resources(stage)
    lambda_, states = stage.client("lambda", PATIENT), stage.client("stepfunctions", PATIENT)
    made = Plan()
    called: set[str] = set()
    for machine in resources["AWS::StepFunctions::StateMachine"]:
        called |= _called(states.describe_state_machine(stateMachineArn=machine)["definition"])
        versions = _pages(states.list_state_machine_versions, "stateMachineVersions", STATES, stateMachineArn=machine)
        newest_first = sorted((each["stateMachineVersionArn"] for each in versions), key=_number, reverse=True)
        needed = {*newest_first[:keep], *resources["AWS::StepFunctions::StateMachineVersion"]}
        for alias in _pages(states.list_state_machine_aliases, "stateMachineAliases", STATES, stateMachineArn=machine):
            routes = states.describe_state_machine_alias(stateMachineAliasArn=alias["stateMachineAliasArn"])
            needed |= {route["stateMachineVersionArn"] for route in routes["routingConfiguration"]}
        for arn in reversed(newest_first):
            (made.kept if arn in needed else made.workflows).append(arn)
            if arn in needed:
                called |= _called(states.describe_state_machine(stateMachineArn=arn)["definition"])
    used: set[str] = set()
    seen: set[str] = set(resources["AWS::Lambda::LayerVersion"])
    for function in resources["AWS::Lambda::Function"]:
        listed = list(_pages(lambda_.list_versions_by_function, "Versions", LAMBDA, FunctionName=function))
        numbered = [each for each in listed if each["Version"] != "$LATEST"]
        newest_first = sorted((each["FunctionArn"] for each in numbered), key=_number, reverse=True)
        needed = {*newest_first[:keep], *resources["AWS::Lambda::Version"], *called}
        for alias in _pages(lambda_.list_aliases, "Aliases", LAMBDA, FunctionName=function):
            pointed = {alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})}
            needed |= {each["FunctionArn"] for each in numbered if each["Version"] in pointed}
        for arn in reversed(newest_first):
            (made.kept if arn in needed else made.functions).append(arn)
        for each in listed:
            layers = {layer["Arn"] for layer in each.get("Layers", ())}
            seen |= layers
            if each["Version"] == "$LATEST" or each["FunctionArn"] in needed:
                used |= layers
    for layer in sorted({arn.rpartition(":")[0] for arn in seen}):
        versions = _pages(lambda_.list_layer_versions, "LayerVersions", LAMBDA, LayerName=layer)
        needed = {*used, *resources["AWS::Lambda::LayerVersion"]}
        for arn in sorted((each["LayerVersionArn"] for each in versions), key=_number):
            (made.kept if arn in needed else made.layers).append(arn)
    return made


def main(stage: Stage, keep: int, *, dry_run: bool) -> int:
    """Prune a stage and print the size of the account's code; returns 1 if a version could not be removed."""
    problems = prune(stage, keep, dry_run=dry_run)
    settings = stage.client("lambda", PATIENT).get_account_settings()
    taken, limit = settings["AccountUsage"]["TotalCodeSize"], settings["AccountLimit"]["TotalCodeSize"]
    print(f"code storage of the account: {taken / 1e9:.2f} of {limit / 1e9:.0f} GB")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


def _resources(stage: Stage) -> dict[str, list[str]]:
    """Physical ids of the stack's resources, by type."""
    if (status := stage.status()) is None:
        raise DeliveryError(f"there is no stack {stage.stack}")
    if not status.endswith("_COMPLETE"):
        raise DeliveryError(f"{stage.stack} is {status}: nothing is removed before it is settled")
    listing = stage.client("cloudformation", PATIENT).list_stack_resources
    ids: dict[str, list[str]] = defaultdict(list)
    for each in _pages(listing, "StackResourceSummaries", STACK, StackName=stage.stack):
        if each.get("PhysicalResourceId"):
            ids[each["ResourceType"]].append(each["PhysicalResourceId"])
    return ids


def _pages(call: Callable[..., Any], field: str, token: tuple[str, str], **request: Any) -> Iterator[dict[str, Any]]:
    """Every item of a listing. `token` is how the next page is asked for, and how an answer names it."""
    asked, answered = token
    while True:
        page = call(**request)
        yield from page[field]
        if not page.get(answered):
            return
        request[asked] = page[answered]


def _called(definition: str) -> set[str]:
    """The versions of functions that a workflow's definition names."""
    return {match.group() for match in VERSION.finditer(definition)}


def _number(arn: str) -> int:
    return int(arn.rpartition(":")[2])
