"""The service level objectives over 28 days, and the thresholds of their alarms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DAYS = 28
"""The days of an objective: four weeks, so that every weekday counts alike."""

LEAST_BAD = 3
"""The limit for low traffic: with fewer failed calls than this, no alarm of an error budget fires.

It counts failures, not calls: with a minimum of calls, a quiet night in which every call fails would never fire.
"""
ENOUGH_BAD = f"bad > {LEAST_BAD - 0.5}"
"""`LEAST_BAD` in metric math. A share of calls is in floating point, where 3 bad calls of 9 are 2.9999999999999996."""

LADDER = tuple(map(Decimal, ("99.99", "99.9", "99.5", "99", "95", "90")))
"""Goals in percent. The agreement with users is one step looser than our own goal, so that we know first."""


@dataclass(frozen=True)
class Metric:
    """A metric as CloudWatch knows it. `${…}` in it is for CloudFormation's `Fn::Sub`."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Stat:
    """A metric's statistic: `Sum`, `SampleCount`, `p95`; `PR(:1000)` is the percentage of values of at most 1,000."""

    metric: Metric
    stat: str


Queries = Mapping[str, Stat | str]
"""By id: statistics, and expressions of CloudWatch's metric math over the other ids."""


@dataclass(frozen=True)
class Rate:
    """How fast an error budget burns: `times` 1 uses it up in exactly 28 days.

    Both windows have to see it: the long one so that a short blip wakes nobody, the short one so that the alarm ends
    soon after the fault. Site Reliability Workbook, chapter "Alerting on SLOs", part 6.
    """

    name: str
    times: Decimal
    long: int
    """Seconds."""
    short: int
    pages: bool

    @property
    def used(self) -> Decimal:
        """Percent of the budget of 28 days that burns in the long window at this rate."""
        return 100 * self.times * self.long / (DAYS * 86_400)


RATES = (
    Rate("Fast", Decimal("14.4"), long=3_600, short=300, pages=True),
    Rate("Steady", Decimal(6), long=21_600, short=1_800, pages=True),
    Rate("Slow", Decimal(3), long=86_400, short=7_200, pages=False),
)


@dataclass(frozen=True)
class Objective:
    """One promise. Its queries have the ids `bad` and `total`: how many calls broke it, and how many there were."""

    name: str
    """First part of its alarms' names."""
    title: str
    goal: Decimal
    """Percent of good calls."""
    queries: Queries
    runbook: str
    """Heading of docs/operations.md, as a link to it is written."""

    def __post_init__(self) -> None:
        if self.goal not in LADDER[:-1]:
            raise ValueError(f"{self.name}: a goal of {self.goal} % is none of {', '.join(map(str, LADDER[:-1]))}")
        if not {"bad", "total"} <= self.queries.keys():
            raise ValueError(f"{self.name}: the queries must say what is `bad` and what is the `total`")

    @property
    def agreed(self) -> Decimal:
        """Percent that is agreed with users (SLA)."""
        return LADDER[LADDER.index(self.goal) + 1]

    @property
    def budget(self) -> Decimal:
        """Percent of calls that may go wrong."""
        return 100 - self.goal

    def threshold(self, rate: Rate) -> Decimal:
        """Percent of bad calls at which the budget burns so fast; raises `ValueError` if that cannot happen."""
        percent = self.budget * rate.times
        if percent >= 100:
            raise ValueError(f"{self.name}: {rate.times} times the budget is {percent} %, which no alarm can see")
        return percent


def ours(service: str, name: str, **dimensions: str) -> Metric:
    """A metric that a function or the workflow counts; `service` is the function's POWERTOOLS_SERVICE_NAME."""
    return Metric("${Prefix}/${Stage}", name, (("service", service), *dimensions.items()))


def api(name: str) -> Metric:
    """A metric of the API as a whole."""
    return Metric("AWS/ApiGateway", name, (("ApiName", "${Prefix}-${Stage}"), ("Stage", "${Stage}")))


def within(metric: Metric, limit: int) -> Queries:
    """Bad is what took longer than `limit`, in the metric's unit.

    By percentile rank, not by trimmed count: PutMetricAlarm takes `PR` of values, and `TC` of percentages only.
    """
    return {
        "within": Stat(metric, f"PR(:{limit})"),
        "total": Stat(metric, "SampleCount"),
        "bad": "total * (100 - within) / 100",
    }


def messages(name: str) -> Metric:
    """A metric of the workflow that makes messages."""
    return Metric("AWS/States", name, (("StateMachineArn", "${StitchStateMachine}"),))


FAILED, ANSWERED = ours("workflow", "ImageFailed"), ours("identify_image", "ImageAnswered")
FIRST_TRY = ours("identify_image", "SchemaFirstTry")

OBJECTIVES = (
    Objective(
        "StitchAvailability",
        "Calls that did not fail",
        Decimal("99.9"),
        # Whether `5XXError` counts a status that a mapping template sets, as of a failed execution, is documented
        # nowhere: executions are counted beside it. Where it does count them, the budget burns up to twice as fast as
        # it is used. AWS sends each only when there is something to count: without FILL one that is missing would hide
        # the others.
        {
            "gateway": Stat(api("5XXError"), "Sum"),
            "failed": Stat(messages("ExecutionsFailed"), "Sum"),
            "late": Stat(messages("ExecutionsTimedOut"), "Sum"),
            "bad": "FILL(gateway, 0) + FILL(failed, 0) + FILL(late, 0)",
            "total": Stat(api("Count"), "SampleCount"),
        },
        "calls-fail",
    ),
    Objective(
        "HitTime",
        "Cached messages in 1 s",
        Decimal(95),
        within(ours("cache_lookup", "HitTime"), 1_000),
        "messages-from-the-cache-are-slow",
    ),
    Objective(
        "MadeTime",
        "New messages in 8 s",
        Decimal(95),
        within(ours("publish", "MadeTime"), 8_000),
        "new-messages-are-slow",
    ),
    Objective(
        "ImageAvailability",
        "Valid pictures answered",
        Decimal("99.5"),
        # Each is counted only when it happens: without FILL one that is missing would make the sum missing.
        {
            "failed": Stat(FAILED, "Sum"),
            "answered": Stat(ANSWERED, "Sum"),
            "bad": "FILL(failed, 0)",
            "total": "FILL(failed, 0) + FILL(answered, 0)",
        },
        "pictures-fail",
    ),
    Objective(
        "ImageTime",
        "Pictures answered in 30 s",
        Decimal(95),
        within(ours("identify_image", "AnswerTime"), 30_000),
        "answers-to-pictures-are-slow",
    ),
    Objective(
        "SchemaFirstTry",
        "Answers in form at first try",
        Decimal(99),
        {"first": Stat(FIRST_TRY, "Sum"), "total": Stat(FIRST_TRY, "SampleCount"), "bad": "total - first"},
        "the-model-answers-in-the-wrong-form",
    ),
)


@dataclass(frozen=True)
class Accuracy:
    """How many answers are right, by people who look at some that chance drew (`identifier.accuracy`).

    The sample is small and comes in batches, so no budget burns. The alarm fires if the answers of a prompt are below
    the goal for sure: if even the upper end of the week's 95 % interval is. Without a sample nothing is known.
    """

    title: str
    goal: Decimal
    """Percent of right answers."""
    runbook: str

    @property
    def wrong(self) -> int:
        """Percent of answers that may be wrong."""
        return int(100 - self.goal)


ACCURACY = Accuracy("Answers that are right", Decimal(90), "answers-are-often-wrong")


def substituted(text: str) -> Any:
    """`text` as a value of CloudFormation."""
    if name := re.fullmatch(r"\$\{([\w:]+)\}", text):
        return {"Ref": name.group(1)}
    return {"Fn::Sub": text} if "${" in text else text


def data_queries(queries: Queries, period: int) -> list[dict[str, Any]]:
    """`MetricDataQuery`s of CloudFormation, none of which is returned; `period` in seconds."""
    return [
        {"Id": name, "ReturnData": False, "Expression": query}
        if isinstance(query, str)
        else {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Stat": query.stat,
                "Period": period,
                "Metric": {
                    "Namespace": substituted(query.metric.namespace),
                    "MetricName": query.metric.name,
                    "Dimensions": [
                        {"Name": dimension, "Value": substituted(value)} for dimension, value in query.metric.dimensions
                    ],
                },
            },
        }
        for name, query in queries.items()
    ]
