"""Small changes of the template and of the workflows: an entry left out, another number, text or next state.

Not changed: texts for people, and generated parts that are compared as a whole (dashboards).
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tools.mutants.mutant import Mutant

FOR_PEOPLE = {"Description", "AlarmDescription", "Comment", "description", "summary", "title", "Label", "DashboardBody"}
"""Keys whose values only people read."""

Path = tuple[Any, ...]


def of_template(path: str, source: str) -> Iterator[Mutant]:
    """Changes of a CloudFormation template; the result is written as JSON, which is YAML."""
    document = yaml_parse(source)
    for place, says, changed in _changes(document, _in_template):
        yield Mutant(path, 0, f"{_shown(place)}: {says}", json.dumps(changed, default=str, indent=1))


def of_workflow(path: str, source: str) -> Iterator[Mutant]:
    """Changes of a workflow in the Amazon States Language."""
    document = json.loads(source)

    def in_workflow(place: Path, value: Any) -> Iterator[Any]:
        if place[-1] in ("Next", "Default", "StartAt"):  # of the states beside it
            states = _at(document, place[: max(index for index, key in enumerate(place) if key == "States") + 1]) \
                if "States" in place else document["States"]  # fmt: skip
            yield from [name for name in states if name != value][:2]
        else:
            yield from _in_template(place, value)

    for place, says, changed in _changes(document, in_workflow):
        yield Mutant(path, 0, f"{_shown(place)}: {says}", json.dumps(changed, ensure_ascii=False, indent=2))


def _at(document: Any, place: Path) -> Any:
    for key in place:
        document = document[key]
    return document


def _shown(place: Path) -> str:
    return "/".join(map(str, place))


def _changes(document: Any, others: Callable[[Path, Any], Iterator[Any]]) -> Iterator[tuple[Path, str, Any]]:
    for place, value in _places(document, ()):
        without = copy.deepcopy(document)
        del _at(without, place[:-1])[place[-1]]
        yield place, "left out", without
        for other in others(place, value):
            changed = copy.deepcopy(document)
            _at(changed, place[:-1])[place[-1]] = other
            yield place, f"{_told(value)} → {_told(other)}", changed


def _told(value: Any) -> str:
    return str(value)[:70]


def _places(value: Any, place: Path) -> Iterator[tuple[Path, Any]]:
    """Every entry of every mapping and list below, but for what only people read."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        if key in FOR_PEOPLE or "Metadata" in place[:1] or (place and place[0] == "Outputs" and key == "Export"):
            continue
        yield (*place, key), below
        yield from _places(below, (*place, key))


def _in_template(place: Path, value: Any) -> Iterator[Any]:
    """Other values for one."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value * 10 + 1
            yield 0 if value else 1
        case str() if value.startswith("{%"):
            yield value.replace(" = ", " != ", 1) if " = " in value else "{% '' %}"
        case str() if value.endswith("/*"):
            yield value.removesuffix("/*")
        case str() if value.isdecimal():
            yield str(int(value) * 10 + 1)
        case str() if value:
            yield value[:-1]
