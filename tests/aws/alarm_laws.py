"""Laws of CloudWatch's alarms and dashboards."""

import json
import re
from collections.abc import Iterator

from tests.aws.deployment import Deployment
from tests.aws.law import law
from tests.aws_metrics import METRICS
from tests.watched import watched

STATISTICS = re.compile(
    r"SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|tc|ts|wm)\d{1,2}(\.\d+)?|(PR|TM|WM|TC|TS)\(.*\)"
)


@law("CloudWatch metrics that AWS services publish; the pages are in tests/aws_metrics.py")
def metrics_of_aws_exist_with_their_dimensions(of: Deployment) -> Iterator[str]:
    for metric, users in watched(of.document["Resources"]).items():
        if metric.namespace.startswith("AWS/"):
            dimensions = {name for name, _ in metric.dimensions}
            if dimensions not in METRICS.get((metric.namespace, metric.name), []):
                yield f"{sorted(users)}: {metric.namespace} {metric.name} of {sorted(dimensions)}"


@law("CloudWatch API reference: PutMetricAlarm; CloudWatch quotas")
def alarms_are_of_what_cloudwatch_takes(of: Deployment) -> Iterator[str]:
    for name, alarm in of.of_type("AWS::CloudWatch::Alarm").items():
        queries = alarm.get("Metrics", [])
        if bool(queries) == ("MetricName" in alarm) or len(queries) > 20:
            yield f"{name}: one metric, or up to 20 queries"
        if queries and sum(query.get("ReturnData", True) in (True, "true") for query in queries) != 1:
            yield f"{name}: one query is returned"
        ids = [query["Id"] for query in queries]
        if len(set(ids)) < len(ids) or not all(re.fullmatch(r"[a-z]\w*", one) for one in ids):
            yield f"{name}: {ids}"
        for query in queries:
            named = set(re.findall(r"(?<![\w\"'])[a-z]\w*", query.get("Expression", "")))
            if unknown := named - set(ids):
                yield f"{name}: {query['Id']} is of {sorted(unknown)}"
        stats = [query["MetricStat"] for query in queries if "MetricStat" in query] or [alarm]
        for stat in stats:
            used = str(stat.get("Stat") or alarm.get("Statistic") or alarm.get("ExtendedStatistic"))
            period, evaluations = int(stat.get("Period", 60)), int(alarm["EvaluationPeriods"])
            if not STATISTICS.fullmatch(used):
                yield f"{name}: {used}"
            if not (period in (10, 20, 30) or period % 60 == 0) or period <= 0:
                yield f"{name}: a period of {period} s"
            if period * evaluations > (604_800 if period >= 3_600 else 86_400):
                yield f"{name}: {evaluations} times {period} s"
        if len(alarm.get("AlarmActions", [])) > 5 or len(alarm.get("AlarmDescription", "")) > 1_024:
            yield f"{name}: actions or description"


@law("CloudWatch API reference: PutCompositeAlarm")
def composite_alarms_are_of_alarms_that_there_are(of: Deployment) -> Iterator[str]:
    for name, alarm in of.of_type("AWS::CloudWatch::CompositeAlarm").items():
        rule = alarm["AlarmRule"]
        children = re.findall(r'ALARM\("([^"]+)"\)', rule)
        if len(rule) > 10_240 or not 1 <= len(set(children)) <= 100:
            yield f"{name}: {len(children)} alarms"
        if rest := re.sub(r'ALARM\("[^"]+"\)|\bAND\b|\bOR\b|\bNOT\b|[() ]', "", rule):
            yield f"{name}: {rest}"


@law('CloudWatch: "Dashboard body structure and syntax"; CloudWatch quotas: 500 widgets, 500 metrics a widget')
def dashboards_are_json_within_their_grid(of: Deployment) -> Iterator[str]:
    for name, dashboard in of.of_type("AWS::CloudWatch::Dashboard").items():
        try:
            body = json.loads(dashboard["DashboardBody"])
        except ValueError as why:
            yield f"{name}: {why}"
            continue
        if len(body["widgets"]) > 500:
            yield f"{name}: {len(body['widgets'])} widgets"
        for widget in body["widgets"]:
            if widget["x"] + widget["width"] > 24 or len(widget["properties"].get("metrics", [])) > 500:
                yield f"{name}: {widget['properties'].get('title')}"
