"""Rebuild voices' catalogues from the recordings: what is done every night, now (docs/operations.md)."""

import json
from collections.abc import Callable, Sequence
from typing import Any

FUNCTION = "KeepCatalogueFunctionAliaslive"


def rebuild(client: Callable[[str], Any], stack: str, voices: Sequence[str]) -> int:
    """Ask for it; returns how many voices it concerns. The function rebuilds them by itself, in seconds.

    Parameters
    ----------
    client
        Gives a boto3 client by the service's name.
    stack
        The name of the service's stack.
    voices
        Their names; none is all of them.

    Raises
    ------
    ValueError
        There is no voice of a name. No catalogue is rebuilt.
    RuntimeError
        The function failed.
    """
    found = client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=FUNCTION)
    alias = found["StackResourceDetail"]["PhysicalResourceId"]
    done = client("lambda").invoke(FunctionName=alias, Payload=json.dumps({"voices": list(voices)}))
    answer = json.loads(done["Payload"].read())
    if "FunctionError" in done:
        raise RuntimeError(f"KeepCatalogue failed: {answer.get('errorType')}")
    if reason := answer.get("refused"):
        raise ValueError(reason)
    return int(answer["voices"])
