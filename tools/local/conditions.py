"""CloudFormation's conditions, as the template uses them.

MiniStack compares `Fn::FindInMap` and `Fn::Join` as they are written, so that a condition on them is always the same.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, stacks


def install() -> None:
    """Let conditions see the values of mappings and of joined lists."""
    evaluate = engine._evaluate_conditions

    def evaluate_values(template: dict[str, Any], parameters: Mapping[str, Any]) -> Any:
        said = values(template.get("Conditions", {}), template.get("Mappings", {}), parameters)
        return evaluate({**template, "Conditions": said}, parameters)

    for module in (engine, changesets, handlers, stacks):
        module._evaluate_conditions = evaluate_values


def values(node: Any, mappings: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """The same part of a template, with the values of `Fn::FindInMap` and `Fn::Join` in their places."""

    def read(inner: Any) -> Any:
        if isinstance(inner, list):
            return [read(each) for each in inner]
        if not isinstance(inner, dict):
            return inner
        if "Fn::FindInMap" in inner:
            return engine.find_in_map(inner["Fn::FindInMap"], mappings, lambda each: given(read(each)))
        if "Fn::Join" in inner:
            by, parts = inner["Fn::Join"]
            parts = given(parts)
            return by.join(parts.split(",") if isinstance(parts, str) else [str(given(read(part))) for part in parts])
        return {name: read(each) for name, each in inner.items()}

    def given(inner: Any) -> Any:
        is_parameter = isinstance(inner, dict) and inner.get("Ref") in parameters
        return parameters[inner["Ref"]]["Value"] if is_parameter else inner

    return read(node)
