"""What the dashboards of the template show of given minutes."""

import json
from typing import Any

import numpy as np
from tools.operations.arithmetic import Recording
from tools.operations.objectives import OBJECTIVES, api, ours
from tools.operations.screen import Line, shown

from tests.watched import RESOURCES

MINUTES = 60


def widget(dashboard: str, view: str, title: str) -> dict[str, Any]:
    body = json.loads(RESOURCES[dashboard]["Properties"]["DashboardBody"]["Fn::Sub"])
    (found,) = (
        one["properties"]
        for one in body["widgets"]
        if one["properties"]["title"].startswith(title) and one["properties"].get("view") == view
    )
    assert isinstance(found, dict)
    return found


def whole(widget: dict[str, Any], recording: Recording) -> dict[str, float]:
    """By label: one value of all the time."""
    lines = shown(widget, recording, np.array([recording.minutes]), recording.minutes)
    return {line.label: float(line.values[0]) for line in lines}


def an_hour() -> Recording:
    hour = Recording(MINUTES)
    hour.add(ours("cache_lookup", "MessageHit"), range(MINUTES), 1, 5)
    hour.add(ours("publish", "MessageMade"), range(MINUTES), 1, 2)
    hour.add(ours("cache_lookup", "MessageRejected", reason="missing_words"), 10, 1, 7)
    hour.add(ours("workflow", "MessageRejected", reason="unusable_clips"), 20, 1, 2)
    hour.add(api("Count"), range(MINUTES), 1, 10)
    hour.add(api("5XXError"), range(MINUTES), 0, 10)
    hour.add(api("5XXError"), 30, 1, 3)
    return hour


def test_messages_are_shown_by_what_became_of_them() -> None:
    found = whole(widget("UsersDashboard", "singleValue", "Messages"), an_hour())
    assert found == {"from the cache": 300, "made": 120, "refused": 9, "failed": 3}


def test_refusals_are_shown_by_whatever_reason_there_was() -> None:
    found = whole(widget("UsersDashboard", "timeSeries", "Messages refused"), an_hour())
    assert found == {"missing_words": 7, "unusable_clips": 2}


def test_a_budget_is_full_when_nothing_fails_and_empty_when_as_much_failed_as_may() -> None:
    (objective, *_) = OBJECTIVES
    gauge = widget("BudgetsDashboard", "gauge", objective.title)
    for failed, left in ((0, 100.0), (3, 50.0), (6, 0.0)):
        hour = Recording(MINUTES)
        hour.add(api("Count"), range(MINUTES), 1, 100)
        hour.add(api("5XXError"), range(MINUTES), 0, 100)
        hour.add(api("5XXError"), 30, 1, failed)
        (value,) = whole(gauge, hour).values()
        assert abs(value - left) < 1e-9


def test_a_graph_has_a_value_of_each_period_and_none_where_nothing_was_measured() -> None:
    hour = Recording(MINUTES)
    hour.add(ours("publish", "MadeTime"), 5, 700)
    hour.add(ours("publish", "MadeTime"), 20, 900, times=19)
    hour.add(ours("publish", "MadeTime"), 21, 5_000)
    graph = widget("UsersDashboard", "timeSeries", "Time to a message")
    lines: list[Line] = shown(graph, hour, np.arange(15, 61, 15), 15)
    (made,) = (line for line in lines if line.label == "made")
    np.testing.assert_array_equal(made.values, [700, 900, np.nan, np.nan])
