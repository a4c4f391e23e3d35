"""Metric math, as CloudWatch does it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from tools.operations.arithmetic import Recording, evaluate, series
from tools.operations.objectives import Metric


def values(*numbers: float | None) -> Any:
    return np.array([np.nan if number is None else float(number) for number in numbers])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", values(3, None, None, 0)),
        ("a / b", values(0.5, None, None, None)),
        ("FILL(a, 0) - 1", values(0, -1, 1, -1)),
        ("IF(a >= 1, 10, b)", values(10, None, 10, 0)),
        ("SUM(FILL(METRICS(), 0))", values(3, 5, 2, 0)),
    ],
)
def test_missing_values_go_through_all_but_fill(expression: str, expected: Any) -> None:
    known: Mapping[str, Any] = {"a": values(1, None, 2, 0), "b": values(2, 5, None, 0)}
    found = evaluate(expression, {**known, "METRICS()": np.array(list(known.values()))})
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a)", "a ** 2", "'a'"])
def test_arithmetic_that_is_not_known_here_is_refused(expression: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        evaluate(expression, {"a": values(1)})


def test_expressions_that_wait_for_each_other_are_refused() -> None:
    circle = [{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}]
    with pytest.raises(ValueError, match="wait for each other"):
        series(circle, Recording(1), np.array([1]))


METRIC = Metric("Any", "Time")


def recorded() -> Recording:
    found = Recording(4)
    found.add(METRIC, 0, [100, 200, 300], [1, 1, 2])
    found.add(METRIC, 3, 1_000)
    return found


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("Sum", values(900, 900, None, 1_000)),
        ("SampleCount", values(4, 4, None, 1)),
        ("Average", values(225, 225, None, 1_000)),
        ("Maximum", values(300, 300, None, 1_000)),
        ("p50", values(200, 200, None, 1_000)),
        ("PR(:200)", values(50, 50, None, 0)),
    ],
)
def test_a_statistic_is_of_the_minutes_before_and_missing_where_there_was_nothing(stat: str, expected: Any) -> None:
    np.testing.assert_allclose(recorded().stat(METRIC, stat, 2, np.array([1, 2, 3, 4])), expected)


def test_a_recording_is_kept_whole() -> None:
    again = Recording.of_json(recorded().to_json())
    assert again.to_json() == recorded().to_json()
    assert again.minutes == 4
