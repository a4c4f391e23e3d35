"""What watches the service, as the template has it: alarms, dashboards, and every metric that is named."""

import json
from collections.abc import Iterator
from typing import Any

from tools.operations.arithmetic import metric_of, plain
from tools.operations.objectives import Metric
from tools.operations.screen import SEARCH

from tests.paths import ROOT
from tests.template import TEMPLATE, of_type, with_monitoring

RESOURCES = with_monitoring(TEMPLATE["Resources"])
METRIC_ALARMS = of_type(RESOURCES, "AWS::CloudWatch::Alarm")
COMPOSITES = of_type(RESOURCES, "AWS::CloudWatch::CompositeAlarm")
ALARMS = METRIC_ALARMS | COMPOSITES
OF_DEPLOYMENTS = {name for name in METRIC_ALARMS if RESOURCES[name].get("Condition") in (None, "Phoned")}
"""Alarms that are everywhere, and the webhook's where there is one."""
DASHBOARDS: dict[str, Any] = {
    name: json.loads(one["DashboardBody"]["Fn::Sub"])
    for name, one in of_type(RESOURCES, "AWS::CloudWatch::Dashboard").items()
}
GUIDE = (ROOT / "docs" / "operations.md").read_text()


def watched(resources: dict[str, Any]) -> dict[Metric, set[str]]:
    """By metric: the resources that use it. A metric that is searched by its reason has the reason "*"."""
    found: dict[Metric, set[str]] = {}
    for name, resource in resources.items():
        for metric in _of(resource):
            found.setdefault(plain(metric), set()).add(name)
    return found


def _of(resource: dict[str, Any]) -> Iterator[Metric]:
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::CloudWatch::Alarm" if "MetricName" in properties:
            yield metric_of(properties)
        case "AWS::CloudWatch::Alarm":
            yield from _queried(properties["Metrics"])
        case "AWS::CloudWatch::Dashboard":
            for widget in json.loads(properties["DashboardBody"]["Fn::Sub"])["widgets"]:
                for entry in widget["properties"].get("metrics", []):
                    yield from _graphed(entry)


def _queried(queries: list[dict[str, Any]]) -> Iterator[Metric]:
    return (metric_of(query["MetricStat"]["Metric"]) for query in queries if "MetricStat" in query)


def _graphed(entry: list[Any]) -> Iterator[Metric]:
    *named, options = entry
    if named:
        namespace, name, *rest = named
        yield Metric(namespace, name, tuple(zip(rest[::2], rest[1::2], strict=True)))
    elif "SEARCH" in options["expression"]:
        search = SEARCH.fullmatch(options["expression"])
        assert search, options["expression"]
        yield Metric(search["namespace"], search["name"], (("reason", "*"), ("service", "*")))
