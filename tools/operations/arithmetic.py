"""CloudWatch's arithmetic, as far as this project uses it: states of alarms and lines of graphs from a recording.

Of a missing value every operation but `FILL` makes a missing one, and so does a division by zero; here it is NaN.
Windows slide by the minute, as alarms' do by default (CloudWatch user guide, "Alarm evaluation window").
"""

import ast
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.operations.objectives import Metric

Values = NDArray[np.float64]
Truths = NDArray[np.bool_]
Json = Mapping[str, Any]

OPERATIONS: dict[type[ast.AST], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.GtE: np.greater_equal,
    ast.Gt: np.greater,
}

CONCURRENCY = 1_000
"""The only quota that is asked for: an account's functions at once, unless AWS gave another."""


class Recording:
    """What was measured in each of `minutes` minutes, by metric."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self._parts: dict[Metric, list[Values]] = {}

    def add(self, metric: Metric, minute: ArrayLike, value: ArrayLike = 1, times: ArrayLike = 1) -> None:
        """Add the value `times` times to the minute, or to each of the minutes, counted from 0."""
        part = np.array(np.broadcast_arrays(*map(np.atleast_1d, (minute, value, times))), float)
        if (part := part[:, part[2] > 0]).size:
            self._parts.setdefault(plain(metric), []).append(part)

    def metrics(self) -> list[Metric]:
        """All that have values."""
        return list(self._parts)

    def to_json(self) -> dict[str, Any]:
        """What `of_json` reads."""
        return {
            "minutes": self.minutes,
            "metrics": [
                [metric.namespace, metric.name, dict(metric.dimensions), self._columns(metric).T.tolist()]
                for metric in self._parts
            ],
        }

    @classmethod
    def of_json(cls, data: Json) -> "Recording":
        """What `to_json` made."""
        found = cls(data["minutes"])
        for namespace, name, dimensions, points in data["metrics"]:
            found.add(Metric(namespace, name, tuple(dimensions.items())), *np.array(points).T)
        return found

    def _columns(self, metric: Metric) -> Values:
        """Minutes, values, and how often each was measured."""
        parts = self._parts.get(plain(metric), [np.zeros((3, 0))])
        if len(parts) > 1:
            parts[:] = [np.concatenate(parts, axis=1)]
        return parts[0]

    def stat(self, metric: Metric, stat: str, period: int, ends: NDArray[np.int_]) -> Values:
        """The statistic over the `period` minutes before each of `ends`; NaN if nothing was measured."""
        minute, value, times = self._columns(metric)
        if not len(minute):
            return np.full(len(ends), np.nan)

        def total(weights: Values) -> Values:
            sums = np.concatenate([[0.0], np.cumsum(np.bincount(minute.astype(int), weights, self.minutes))])
            found: Values = sums[ends] - sums[np.maximum(ends - period, 0)]
            return found

        count = total(times)
        measured: Values = np.where(count > 0.5 * times.min(), count, np.nan)  # the sums are not exact
        if rank := re.fullmatch(r"PR\(:(\d+)\)", stat):
            share: Values = 100 * total(times * (value <= float(rank.group(1)))) / measured
            return share
        match stat:
            case "SampleCount":
                return measured
            case "Sum":
                return np.where(np.isnan(measured), np.nan, total(times * value))
            case "Average":
                average: Values = total(times * value) / measured
                return average
            case "Maximum":
                return self._of_each_window(minute, value, times, period, ends, 100)
            case "Minimum":
                return self._of_each_window(minute, value, times, period, ends, 0)
            case _:
                return self._of_each_window(minute, value, times, period, ends, float(stat.removeprefix("p")))

    @staticmethod
    def _of_each_window(
        minute: Values, value: Values, times: Values, period: int, ends: NDArray[np.int_], percent: float
    ) -> Values:
        order = np.argsort(value, kind="stable")
        minute, value, times = minute[order], value[order], times[order]
        found = np.full(len(ends), np.nan)
        for place, end in enumerate(ends):
            inside = (minute >= end - period) & (minute < end)
            if inside.any():
                share = np.cumsum(times[inside])
                found[place] = value[inside][np.searchsorted(share, share[-1] * percent / 100 - 1e-9)]
        return found


@cache
def plain(metric: Metric) -> Metric:
    """The metric with its dimensions in one order: theirs means nothing."""
    return Metric(metric.namespace, metric.name, tuple(sorted(metric.dimensions)))


def text(value: Any) -> str:
    """A value of CloudFormation as text, with references as `${…}`."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": str(found)}:
            return found
    return str(value)


def metric_of(described: Json) -> Metric:
    """The metric that an alarm names; `described` has Namespace, MetricName and Dimensions."""
    dimensions = tuple((one["Name"], text(one["Value"])) for one in described.get("Dimensions", []))
    return Metric(text(described["Namespace"]), described["MetricName"], dimensions)


def evaluate(expression: str, known: Mapping[str, Values]) -> Values:
    """An expression of metric math over series of one length; raises `ValueError` for an unknown function."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _evaluated(ast.parse(expression, mode="eval").body, known)
    return np.where(np.isfinite(found), found, np.nan)


def _evaluated(node: ast.expr, known: Mapping[str, Values]) -> Any:
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name():
            return known[node.id]
        case ast.BinOp():
            return OPERATIONS[type(node.op)](_evaluated(node.left, known), _evaluated(node.right, known))
        case ast.Compare(ops=[operation], comparators=[right]):
            sides = _evaluated(node.left, known), _evaluated(right, known)
            return np.where(np.isnan(sides[0]) | np.isnan(sides[1]), np.nan, OPERATIONS[type(operation)](*sides))
        case ast.Call(func=ast.Name(id="IF")):
            condition, then, otherwise = (_evaluated(one, known) for one in node.args)
            return np.where(np.isnan(condition), np.nan, np.where(condition == 0, otherwise, then))
        case ast.Call(func=ast.Name(id="FILL")):
            value, filler = (_evaluated(one, known) for one in node.args)
            return np.where(np.isnan(value), filler, value)
        case ast.Call(func=ast.Name(id="METRICS"), args=[]):
            return known["METRICS()"]
        case ast.Call(func=ast.Name(id="SUM"), args=[several]):
            return np.sum(_evaluated(several, known), axis=0)
        case ast.Call(func=ast.Name(id="SERVICE_QUOTA")):
            return float(CONCURRENCY)
    raise ValueError(f"no arithmetic for {ast.unparse(node)}")


def series(queries: Sequence[Json], recording: Recording, ends: NDArray[np.int_]) -> dict[str, Values]:
    """By id: an alarm's `Metrics`, at each of `ends`."""
    found: dict[str, Values] = {}
    for query in queries:
        if "MetricStat" in query:
            wanted = query["MetricStat"]
            found[query["Id"]] = recording.stat(
                metric_of(wanted["Metric"]), wanted["Stat"], wanted["Period"] // 60, ends
            )
    found["METRICS()"] = np.array(list(found.values()))
    waiting = {query["Id"]: query["Expression"] for query in queries if "Expression" in query}
    while waiting:
        ready = [name for name, one in waiting.items() if not waiting.keys() & set(re.findall(r"\w+", one))]
        if not ready:
            raise ValueError(f"expressions wait for each other: {', '.join(waiting)}")
        found |= {name: evaluate(waiting.pop(name), found) for name in ready}
    return found


def alarmed(alarm: Json, recording: Recording) -> Truths:
    """Whether a metric alarm is in the state ALARM after each minute."""
    ends = np.arange(1, recording.minutes + 1)
    if "Metrics" in alarm:
        queries = alarm["Metrics"]
        (watched,) = (query["Id"] for query in queries if query.get("ReturnData", True))
        values = series(queries, recording, ends)[watched]
        (period,) = {query["MetricStat"]["Period"] // 60 for query in queries if "MetricStat" in query}
    else:
        period = alarm["Period"] // 60
        values = recording.stat(metric_of(alarm), alarm["Statistic"], period, ends)
    if alarm["ComparisonOperator"] != "GreaterThanOrEqualToThreshold" or "DatapointsToAlarm" in alarm:
        raise ValueError("no arithmetic for other comparisons, nor for some of the periods")
    breaching = np.nan_to_num(values) >= alarm["Threshold"]
    windows = [ends - 1 - place * period for place in range(alarm["EvaluationPeriods"])]
    state: Truths = np.all(
        [np.where(window >= 0, breaching[np.maximum(window, 0)], False) for window in windows], axis=0
    )
    if alarm["TreatMissingData"] == "ignore":  # the state stays as it was
        last = np.maximum.accumulate(np.where(np.isnan(values), 0, ends))
        return np.where(last > 0, state[last - 1], False)
    return state


def states(resources: Mapping[str, Json], recording: Recording) -> dict[str, Truths]:
    """By logical id: whether each alarm of the template is in the state ALARM after each minute."""
    found = {
        name: alarmed(one["Properties"], recording)
        for name, one in resources.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    for name, one in resources.items():  # pages stand before the tickets that ask for them
        if one["Type"] == "AWS::CloudWatch::CompositeAlarm":
            found[name] = _combined(text(one["Properties"]["AlarmRule"]), found)
    return found


def _combined(rule: str, found: Mapping[str, Truths]) -> Truths:
    """A composite alarm's rule: `ALARM("${name}")`, AND, OR, NOT and parentheses."""
    read = re.sub(r'ALARM\("\$\{(\w+)\}"\)', r"\1", rule)
    read = re.sub(r"\b(AND|OR|NOT)\b", lambda word: word.group().lower(), read)

    def truth(node: ast.expr) -> Truths:
        match node:
            case ast.Name():
                return found[node.id]
            case ast.UnaryOp(op=ast.Not()):
                return ~truth(node.operand)
            case ast.BoolOp():
                join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                joined: Truths = join.reduce([truth(one) for one in node.values])
                return joined
        raise ValueError(f"no arithmetic for {ast.unparse(node)}")

    return truth(ast.parse(read, mode="eval").body)
