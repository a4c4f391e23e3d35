"""Widgets of CloudWatch dashboards, and how they are laid out.

Forms: CloudWatch API reference, "Dashboard body structure and syntax".
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tools.operations.objectives import Metric

Json = dict[str, Any]
Row = tuple[int, list[Json]]
"""A height, and widgets that share the width. A dashboard is 24 wide; 18 high is a screen of 1,080 lines."""

GOOD, POOR, BAD, OTHER = "#2ca02c", "#ff7f0e", "#d62728", "#1f77b4"


def body(start: str, rows: list[Row]) -> str:
    """The JSON of a dashboard that shows the time since `start`; each metric is on a line of its own."""
    placed, y = [], 0
    for height, widgets in rows:
        width = 24 // len(widgets)
        for column, widget in enumerate(widgets):
            place = {"x": column * width, "y": y, "width": width, "height": height}
            placed.append(_text({"type": widget["type"], **place, **widget}))
        y += height
    lines = ",\n".join(placed)
    return f'{{"start": "{start}", "periodOverride": "inherit", "widgets": [\n{lines}\n]}}'


def _text(widget: Json) -> str:
    properties = widget["properties"]
    (listed,) = properties.keys() & {"metrics", "alarms"}
    lines = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in properties[listed])
    rest = {name: value for name, value in properties.items() if name != listed}
    head = json.dumps({**widget, "properties": {**rest, listed: []}}, ensure_ascii=False)
    return f"{head.removesuffix(']}}')}\n{lines}]}}}}"


def line(metric: Metric, stat: str, label: str, **options: Any) -> list[Any]:
    """A metric of a widget."""
    named = [part for dimension in metric.dimensions for part in dimension]
    return [metric.namespace, metric.name, *named, {"stat": stat, "label": label, **options}]


def expression(text: str, label: str, **options: Any) -> list[Any]:
    """An expression of a widget, over the ids of its metrics."""
    return [{"expression": text, "label": label, **options}]


def by_reason(name: str, label: str, *, total: bool = False, **options: Any) -> list[Any]:
    """A metric that is counted by its reason, whichever reasons there are: each by itself, or their sum."""
    found = f"SEARCH('{{\"${{Prefix}}/${{Stage}}\",reason,service}} MetricName=\"{name}\"', 'Sum')"
    return expression(f"SUM({found})" if total else found, label, **options)


def metric_widget(title: str, metrics: list[Any], **properties: Any) -> Json:
    """Any widget of metrics."""
    return {
        "type": "metric",
        "properties": {"title": title, "region": "${AWS::Region}", **properties, "metrics": metrics},
    }


def number(title: str, metrics: list[Any]) -> Json:
    """One number each, of the whole time shown."""
    return metric_widget(title, metrics, view="singleValue", setPeriodToTimeRange=True)


def graph(
    title: str,
    metrics: list[Any],
    *,
    period: int = 300,
    stacked: bool = False,
    unit: str = "",
    limits: Mapping[str, float] | None = None,
) -> Json:
    """Lines over time; `period` in seconds."""
    left = {"min": 0, "showUnits": False} | ({"label": unit} if unit else {})
    marks = [{"label": label, "value": value} for label, value in (limits or {}).items()]
    options: Json = {"view": "timeSeries", "stacked": stacked, "period": period, "yAxis": {"left": left}}
    if marks:
        options["annotations"] = {"horizontal": marks}
    return metric_widget(title, metrics, **options)


def alarm_states(title: str, alarms: Iterable[str]) -> Json:
    """A field for each alarm, red where it is in the state ALARM; `alarms` are ARNs as `Fn::Sub` writes them."""
    return {"type": "alarm", "properties": {"title": title, "alarms": list(alarms)}}
