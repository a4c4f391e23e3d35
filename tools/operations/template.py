"""Writes the alarms of the error budgets and the dashboards into `template.yaml`, between two marks."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tools.operations.alarms import burn_alarms, signals_objective
from tools.operations.dashboards import dashboards
from tools.operations.objectives import OBJECTIVES

Json = dict[str, Any]

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
BEGIN = "  # ── Error budgets and dashboards "
END = "\n  # ── end of what tools/operations/ makes"
WIDTH = 280
"""Characters: an alarm's metric on one line, so that alarms can be told from each other at a glance."""
WORDS = re.compile(r"(?!\d+e\d+$)\w[\w./()*-]*(::[\w:]+)?")
"""What YAML of every version reads as text without quotes, but for words like `true`. Prose is always quoted: a comma
in it would end it, and what follows would be a key without a value, which CloudFormation refuses."""
MADE = "  # Made by `make operations` of tools/operations/objectives.py and dashboards.py; a change here is lost."


def groups() -> dict[str, Json]:
    """By what each group is: resources by logical id, as CloudFormation's JSON."""
    by_objective = {
        f"{one.title}: {one.goal} %": burn_alarms(one) | {f"{one.name}Objective": signals_objective(one)}
        for one in OBJECTIVES
    }
    return by_objective | {"Dashboards": dashboards()}


def written(text: str) -> str:
    """The text of the template with the section made anew; raises `ValueError` where the marks are not in it."""
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise ValueError("template.yaml has no section for what tools/operations/ makes")
    head = text[: text.index("\n", begin)]
    made = [f"  # {title}\n{block(resources, 2)}\n" for title, resources in groups().items()]
    return "\n".join([head, MADE, "", *made]) + text[end:]


def block(value: Any, indent: int) -> str:
    """YAML of a value, on one line wherever that fits."""
    lead = " " * indent
    if isinstance(value, dict):
        return "\n".join(_entry(f"{lead}{key}:", one, indent) for key, one in value.items())
    return "\n".join(_item(one, indent) for one in value)


def _entry(key: str, value: Any, indent: int) -> str:
    if isinstance(value, dict) and "\n" in (text := value.get("Fn::Sub", "")):
        return f"{key} !Sub |-\n" + "\n".join(" " * (indent + 2) + line for line in text.splitlines())
    line = f"{key} {flow(value)}"
    nested = isinstance(value, (dict, list)) and not _is_function(value)
    # A resource and its properties stand below each other; a property's value on one line where it fits.
    if nested and (indent < 6 or len(line) > WIDTH):
        return f"{key}\n{block(value, indent + 2)}"
    return line


def _item(value: Any, indent: int) -> str:
    line = f"{' ' * indent}- {flow(value)}"
    if len(line) <= WIDTH or not isinstance(value, dict) or _is_function(value):
        return line
    inner = block(value, indent + 2)
    return f"{' ' * indent}- {inner.lstrip()}"


def flow(value: Any) -> str:
    """YAML of a value on one line, with the short forms of CloudFormation's functions."""
    match value:
        case {"Ref": name}:
            return f"!Ref {name}"
        case {"Fn::Sub": str(text)}:
            return f"!Sub '{text}'" if '"' in text else f'!Sub "{text}"'
        case dict():
            return "{ " + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + " }"
        case list():
            return f"[{', '.join(map(flow, value))}]"
        case str() if WORDS.fullmatch(value) and yaml.safe_load(value) == value:
            return value
    return json.dumps(value, ensure_ascii=False)


def _is_function(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and value.keys() <= {"Ref", "Fn::Sub"}
