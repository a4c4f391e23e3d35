"""The lines of a dashboard's widget, from a recording's minutes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.operations.arithmetic import Recording, Values, evaluate, series
from tools.operations.objectives import Metric

Json = Mapping[str, Any]

SEARCH = re.compile(
    r"""(SUM\()?SEARCH\('{"(?P<namespace>[^"]+)",reason,service} MetricName="(?P<name>\w+)"', 'Sum'\)\)?"""
)
"""A metric that is counted by reason; in a sum or not. See `operations.widgets.by_reason`."""


@dataclass(frozen=True)
class Line:
    """One line, number or gauge."""

    label: str
    values: Values
    options: Json
    """`color`, `yAxis`."""


def shown(widget: Json, recording: Recording, ends: NDArray[np.int_], minutes: int) -> list[Line]:
    """The widget's lines; each value covers the minutes of one period before one of `ends`."""
    queries, found = [], []
    for number, entry in enumerate(widget["metrics"]):
        *named, options = entry
        query: dict[str, Any] = {"Id": options.get("id", f"m{number}")}
        if named:
            namespace, name, *rest = named
            dimensions = [{"Name": key, "Value": value} for key, value in zip(rest[::2], rest[1::2], strict=True)]
            metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
            query["MetricStat"] = {"Metric": metric, "Stat": options["stat"], "Period": minutes * 60}
        elif not SEARCH.fullmatch(options["expression"]):
            query["Expression"] = options["expression"]
        queries.append(query)
    known = series([query for query in queries if len(query) > 1], recording, ends)
    for query, (*_, options) in zip(queries, widget["metrics"], strict=True):
        if query["Id"] in known and options.get("visible", True):
            found.append(Line(options["label"], known[query["Id"]], options))
        elif search := SEARCH.fullmatch(options.get("expression", "")):
            found += _searched(search, options, recording, ends, minutes)
    return found


def _searched(
    search: re.Match[str], options: Json, recording: Recording, ends: NDArray[np.int_], minutes: int
) -> list[Line]:
    by_reason: dict[str, Metric] = {
        dict(metric.dimensions)["reason"]: metric
        for metric in recording.metrics()
        if (metric.namespace, metric.name) == (search["namespace"], search["name"])
    }
    each = {reason: recording.stat(metric, "Sum", minutes, ends) for reason, metric in by_reason.items()}
    if search.group(1):
        total = evaluate("SUM(FILL(METRICS(), 0))", {"METRICS()": np.array(list(each.values()))})
        return [Line(options["label"], total, options)]
    return [Line(reason, values, {}) for reason, values in each.items()]
