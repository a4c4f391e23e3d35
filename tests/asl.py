"""Amazon States Language in tests: what a state makes of an outcome, by its own JSONata."""

import json
from typing import Any

from jsonata.jsonata import Jsonata

Json = dict[str, Any]


def evaluated(value: Any, states: Json, **variables: Any) -> Any:
    """A field of a state as Step Functions evaluates it; `states` is `$states`, the others are variables."""
    if isinstance(value, dict):
        return {name: evaluated(item, states, **variables) for name, item in value.items()}
    if isinstance(value, list):
        return [evaluated(item, states, **variables) for item in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = Jsonata(value.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("parse", json.loads)  # Step Functions adds it
    bindings = expression.create_frame()
    for name, bound in {"states": states, **variables}.items():
        bindings.bind(name, bound)
    return expression.evaluate(None, bindings)


def chosen(state: Json, given: Any, context: Json, **variables: Any) -> tuple[str | None, Any]:
    """Where a Choice goes with this input, and what it hands on; None where no choice matches, which is an error."""
    states = {"input": given, "context": context}
    for choice in state["Choices"]:
        if evaluated(choice["Condition"], states, **variables) is True:
            return choice["Next"], evaluated(choice.get("Output", "{% $states.input %}"), states, **variables)
    return state.get("Default"), given


def caught(state: Json, error: str) -> str | None:
    """Where a Task or a Map goes with an error that no retry mended; None where the execution fails."""
    for catch in state.get("Catch", []):
        if {error, "States.ALL"} & set(catch["ErrorEquals"]):
            following: str = catch["Next"]
            return following
    return None


def following(state: Json, given: Any, context: Json, **variables: Any) -> str | None:
    """The next state for an outcome: a Choice's input, or `Exception` with an error's name; None where it ends."""
    if isinstance(given, Exception):
        return caught(state, str(given))
    if state["Type"] == "Choice":
        return chosen(state, given, context, **variables)[0]
    return state.get("Next")
