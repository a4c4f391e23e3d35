"""Alarms of the error budgets, as resources of CloudFormation. `objectives.py` has their thresholds."""

from typing import Any

from tools.operations.objectives import ENOUGH_BAD, RATES, Objective, Rate, data_queries

Json = dict[str, Any]

RUNBOOK = "docs/operations.md#"


def burn_alarms(objective: Objective) -> Json:
    """By logical id: for each rate an alarm of each window, which do nothing; and two that act, made of them."""
    windows = {
        _leaf(objective, rate, seconds): _window_alarm(objective, rate, seconds)
        for rate in RATES
        for seconds in (rate.long, rate.short)
    }
    page = " OR ".join(f"({_both(objective, rate)})" for rate in RATES if rate.pages)
    # While somebody is paged nobody needs a ticket; if the budget still burns afterwards, there is one.
    ticket = " OR ".join(f"({_both(objective, rate)})" for rate in RATES if not rate.pages)
    return windows | {
        f"{objective.name}Page": _acting_alarm(objective, "Page", page),
        f"{objective.name}Ticket": _acting_alarm(
            objective, "Ticket", f'{ticket} AND NOT ALARM("${{{objective.name}Page}}")'
        ),
    }


def _leaf(objective: Objective, rate: Rate, seconds: int) -> str:
    return f"{objective.name}{rate.name}{span(seconds)}"


def span(seconds: int) -> str:
    """300 → "5m", 3600 → "1h", 86400 → "1d"."""
    for unit, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    raise ValueError(f"{seconds} s are no whole minutes")


def _window_alarm(objective: Objective, rate: Rate, seconds: int) -> Json:
    percent = {
        "Id": "percent",
        "Expression": f"IF({ENOUGH_BAD}, 100 * bad / total, 0)",
        "Label": "percent that went wrong",
    }
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"Error budget at {rate.times} times, {span(seconds)}: {RUNBOOK}{objective.runbook}",
            "Metrics": [percent, *data_queries(objective.queries, seconds)],
            "EvaluationPeriods": 1,
            "Threshold": float(objective.threshold(rate)),
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        },
    }


def _both(objective: Objective, rate: Rate) -> str:
    return " AND ".join(f'ALARM("${{{_leaf(objective, rate, seconds)}}}")' for seconds in (rate.long, rate.short))


def _acting_alarm(objective: Objective, kind: str, rule: str) -> Json:
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmDescription": f"{kind}: {objective.title}, {objective.goal} %: {RUNBOOK}{objective.runbook}",
            "AlarmRule": {"Fn::Sub": rule},
            "AlarmActions": [{"Ref": "AlarmTopic"}],
            "OKActions": [{"Ref": "AlarmTopic"}],
        },
    }
