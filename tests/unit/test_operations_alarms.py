"""What the template's alarms make of good and bad days: their own arithmetic over series of minutes."""

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tools.operations.arithmetic import Recording, Truths, alarmed, metric_of, states
from tools.operations.objectives import ANSWERED, FAILED, FIRST_TRY, OBJECTIVES, Metric, Objective, api, ours

from tests.paths import ROOT
from tests.watched import RESOURCES

HOUR, DAY = 60, 24 * 60
# SAM leaves them as they are.
ALARMS = {name: one for name, one in RESOURCES.items() if one["Type"].startswith("AWS::CloudWatch::")}
ACTING = {name for name, one in ALARMS.items() if one["Properties"].get("AlarmActions")}
HIT_TIME, MADE_TIME = ours("cache_lookup", "HitTime"), ours("publish", "MadeTime")
ANSWER_TIME, SHARE = ours("identify_image", "AnswerTime"), ours("identify_image", "TopAnswerShare")


Share = str
"""A fraction of 1, as text, so that it is exact."""


def shared(when: range, rate: Fraction | int, share: Share) -> tuple[Any, Any, Any]:
    """The minutes, and how many of `rate` a minute are of the share and how many are not, when they come evenly."""
    minutes = np.array(when)

    def even(a_minute: Fraction) -> Any:
        return (
            minutes + 1
        ) * a_minute.numerator // a_minute.denominator - minutes * a_minute.numerator // a_minute.denominator

    total = even(Fraction(rate))
    of_it = np.minimum(even(rate * Fraction(share)), total)
    return minutes, of_it, total - of_it


class Days(Recording):
    """Minutes of traffic, as it would be counted."""

    def calls(self, when: range, a_minute: Fraction | int, failing: Share = "0") -> None:
        """Calls of the API, of which a share ends in a 5xx."""
        minutes, bad, good = shared(when, a_minute, failing)
        self.add(api("Count"), minutes, 1, bad + good)
        self.add(api("5XXError"), minutes, 1, bad)
        self.add(api("5XXError"), minutes, 0, good)

    def times(self, metric: Metric, when: range, a_minute: int, usual: int, late: Share, slow: int) -> None:
        """Milliseconds: `usual`, and `slow` for a share."""
        minutes, bad, good = shared(when, a_minute, late)
        self.add(metric, minutes, slow, bad)
        self.add(metric, minutes, usual, good)

    def images(self, when: range, a_minute: int, failing: Share = "0", malformed: Share = "0") -> None:
        """Pictures, of which a share is given up; of the answers a share is in the wrong form."""
        minutes, failed, answered = shared(when, a_minute, failing)
        self.add(FAILED, minutes, 1, failed)
        self.add(ANSWERED, minutes, 1, answered)
        minutes, wrong, right = shared(when, a_minute, malformed)
        self.add(FIRST_TRY, minutes, 0, np.minimum(wrong, answered))
        self.add(FIRST_TRY, minutes, 1, np.minimum(right, answered))


def usual(days: Days, when: range) -> None:
    """A good time: one call in 5,000 fails, one in 100 is slow, one picture in 1,000 is given up."""
    days.calls(when, 60, failing="0.0002")
    days.times(HIT_TIME, when, 50, usual=180, late="0.01", slow=1_400)
    days.times(MADE_TIME, when, 8, usual=900, late="0.01", slow=9_000)
    days.images(when, 4, failing="0.001", malformed="0.002")
    days.times(ANSWER_TIME, when, 4, usual=6_000, late="0.01", slow=40_000)
    days.add(SHARE, when, 22)
    days.add(metric("ThrottledFunctionsAlarm", "stitch"), when, 0)
    days.add(metric("ConcurrencyAlarm", "claimed"), when, 40)
    days.add(metric("ConcurrencyAlarm", "concurrent"), when, 40)
    days.add(metric("FailedImagesAlarm"), when, 0)
    days.add(metric("FailedCampaignsAlarm"), when, 0)
    days.add(metric("LateCataloguesAlarm"), when, 2)
    days.add(metric("LargeVoiceAlarm"), when, 2_000)
    days.add(metric("ModelCallsAlarm"), when, 40)
    days.add(metric("BlockedSessionsAlarm", "blocked"), when, 1, 2)


def metric(alarm: str, query: str = "") -> Metric:
    """What an alarm of the template watches; `query` is the id, where it is of several."""
    watched: Any = ALARMS[alarm]["Properties"]
    found = {one["Id"]: one["MetricStat"]["Metric"] for one in watched.get("Metrics", []) if "MetricStat" in one}
    return metric_of(found[query] if query else watched)


def fired(days: Recording) -> dict[str, Truths]:
    """The alarms that told somebody, and when."""
    return {name: state for name, state in states(ALARMS, days).items() if name in ACTING and state.any()}


def first(state: Truths) -> int:
    """Minutes until the alarm."""
    return int(np.argmax(state)) + 1


def test_a_healthy_week_tells_nobody() -> None:
    days = Days(7 * DAY)
    usual(days, range(days.minutes))
    assert fired(days) == {}


def test_where_nothing_is_measured_nobody_is_told() -> None:
    assert fired(Days(2 * DAY)) == {}


def test_a_total_outage_pages_within_two_minutes_and_leaves_a_ticket_when_it_is_over() -> None:
    days, begin, end = Days(2 * DAY), DAY, DAY + 30
    usual(days, range(begin))
    days.calls(range(begin, end), 60, failing="1")
    usual(days, range(end, days.minutes))
    found = fired(days)
    assert found.keys() == {"StitchAvailabilityPage", "StitchAvailabilityTicket"}
    page, ticket = found["StitchAvailabilityPage"], found["StitchAvailabilityTicket"]
    assert begin < first(page) <= begin + 2
    assert not (page & ticket).any()
    assert first(ticket) > end


def test_the_page_ends_when_the_fault_is_mended() -> None:
    days, begin, end = Days(2 * DAY), DAY, DAY + 30
    usual(days, range(begin))
    days.calls(range(begin, end), 60, failing="1")
    usual(days, range(end, days.minutes))
    page = fired(days)["StitchAvailabilityPage"]
    last = len(page) - int(np.argmax(page[::-1]))
    assert last <= end + 31, "the short window of the slower rate is half an hour"


def test_a_bad_minute_pages_nobody() -> None:
    days = Days(2 * DAY)
    usual(days, range(DAY))
    days.calls(range(DAY, DAY + 1), 60, failing="0.5")
    usual(days, range(DAY + 1, days.minutes))
    assert fired(days) == {}


@pytest.mark.parametrize(
    ("failing", "told", "within"),
    [
        ("0.0005", {}, 0),  # half of what is allowed
        ("0.004", {"Ticket"}, 20 * HOUR),  # 4 times: gone in a week
        ("0.01", {"Page"}, 4 * HOUR),  # 10 times: gone in three days
        ("0.05", {"Page"}, 20),  # 50 times: gone in half a day
    ],
)
def test_the_faster_a_budget_burns_the_sooner_somebody_is_told(failing: str, told: set[str], within: int) -> None:
    days = Days(3 * DAY)
    days.calls(range(DAY), 100)
    days.calls(range(DAY, days.minutes), 100, failing=failing)
    found = fired(days)
    assert found.keys() == {f"StitchAvailability{kind}" for kind in told}
    assert all(DAY < first(state) <= DAY + within for state in found.values())


@pytest.mark.parametrize("errors", [1, 2])
def test_one_or_two_errors_in_a_night_of_few_calls_tell_nobody(errors: int) -> None:
    days = Days(DAY)
    days.calls(range(days.minutes), Fraction(2, HOUR))
    for minute in range(errors):
        days.add(api("Count"), 10 * HOUR + minute, 1)
        days.add(api("5XXError"), 10 * HOUR + minute, 1)
        days.add(FAILED, 10 * HOUR + minute, 1)
    assert fired(days) == {}


def test_a_night_in_which_the_few_calls_all_fail_pages_within_half_an_hour() -> None:
    days = Days(DAY)
    days.calls(range(12 * HOUR), Fraction(12, HOUR))
    days.calls(range(12 * HOUR, days.minutes), Fraction(12, HOUR), failing="1")
    page = fired(days)["StitchAvailabilityPage"]
    assert 12 * HOUR < first(page) <= 12 * HOUR + 30


def spoiled(fault: Callable[[Days, range], None]) -> dict[str, Truths]:
    """Who is told when, a day into a good time, there is a fault for six hours."""
    days = Days(2 * DAY)
    usual(days, range(DAY))
    fault(days, range(DAY, DAY + 6 * HOUR))
    usual(days, range(DAY + 6 * HOUR, days.minutes))
    return fired(days)


def slow_model(days: Days, when: range) -> None:
    days.calls(when, 60)
    days.images(when, 4)
    days.times(ANSWER_TIME, when, 4, usual=6_000, late="1", slow=45_000)


def slow_storage(days: Days, when: range) -> None:
    days.calls(when, 60)
    days.times(HIT_TIME, when, 50, usual=200, late="0.9", slow=2_500)
    days.times(MADE_TIME, when, 8, usual=900, late="0.9", slow=12_000)


def no_model(days: Days, when: range) -> None:
    days.images(when, 4, failing="1")
    days.add(metric("FailedImagesAlarm"), when, 4)


def chatty_model(days: Days, when: range) -> None:
    days.images(when, 4, malformed="0.3")


def static_answer(days: Days, when: range) -> None:
    days.images(when, 4)
    days.add(SHARE, when, 100)


def wrong_about_known_pictures(days: Days, when: range) -> None:
    days.add(metric("CanaryAlarm"), when[0], 100 / 3)
    days.add(metric("CanaryAlarm"), when[-1], 0)


def often_wrong(days: Days, when: range) -> None:
    days.add(metric("AccuracyAlarm"), when[0], 10.5)


def nearly_often_wrong(days: Days, when: range) -> None:
    days.add(metric("AccuracyAlarm"), when[0], 9.9)


def a_check_that_crashes(days: Days, when: range) -> None:
    days.add(metric("UncheckedAnswersAlarm"), when[0], 1)


def crowd(days: Days, when: range) -> None:
    days.add(metric("ThrottledFunctionsAlarm", "stitch"), when, 1, 30)
    days.add(metric("ConcurrencyAlarm", "claimed"), when, 990)
    days.add(metric("ConcurrencyAlarm", "concurrent"), when, 990)


def busy_workflows(days: Days, when: range) -> None:
    days.add(metric("ThrottledWorkflowsAlarm", "stitch"), when, 1, 20)


def lost_clip(days: Days, when: range) -> None:
    days.add(metric("LostClipsAlarm", "dropped"), when[0], 1)


def undelivered_clip(days: Days, when: range) -> None:
    days.add(metric("LostClipsAlarm", "undelivered"), when[0], 1)


def unread_refusals(days: Days, when: range) -> None:
    days.add(metric("RefusedClipsAlarm"), when, 8 * 86_400)


def late_catalogues(days: Days, when: range) -> None:
    days.add(metric("LateCataloguesAlarm"), when, 1_000)


def large_voice(days: Days, when: range) -> None:
    days.add(metric("LargeVoiceAlarm"), when[0], 45_000)


def many_pictures(days: Days, when: range) -> None:
    days.add(metric("ModelCallsAlarm"), when, 85.5)


def eager_caller(days: Days, when: range) -> None:
    days.add(metric("BlockedSessionsAlarm", "blocked"), when, 1, 30)


def failing_executions(days: Days, when: range) -> None:
    days.calls(when, 60)  # as if API Gateway did not count an overridden status
    days.add(metric("StitchFailedAlarm"), when, 1, 60)


def failing_executions_that_the_gateway_counts(days: Days, when: range) -> None:
    days.calls(when, 60, failing="1")
    days.add(metric("StitchFailedAlarm"), when, 1, 60)


def timed_out_executions(days: Days, when: range) -> None:
    days.calls(when, 60)
    days.add(metric("StitchTimedOutAlarm"), when, 1, 5)


def given_up(days: Days, when: range) -> None:
    days.add(metric("IdentifyFailedAlarm"), when, 1, 4)


def a_campaign_that_failed(days: Days, when: range) -> None:
    days.add(metric("CampaignFailedAlarm"), when, 1, 1)


def a_table_that_started_nothing(days: Days, when: range) -> None:
    days.add(metric("FailedCampaignsAlarm"), when, 1)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (slow_model, {"ImageTimePage", "ImageTimeTicket"}),
        (slow_storage, {"HitTimePage", "HitTimeTicket", "MadeTimePage", "MadeTimeTicket"}),
        (no_model, {"ImageAvailabilityPage", "ImageAvailabilityTicket", "FailedImagesAlarm"}),
        (chatty_model, {"SchemaFirstTryPage", "SchemaFirstTryTicket"}),
        (static_answer, {"SameAnswerAlarm"}),
        (wrong_about_known_pictures, {"CanaryAlarm"}),
        (often_wrong, {"AccuracyAlarm"}),
        (nearly_often_wrong, set()),
        (a_check_that_crashes, {"UncheckedAnswersAlarm"}),
        (crowd, {"ThrottledFunctionsAlarm", "ConcurrencyAlarm"}),
        (busy_workflows, {"ThrottledWorkflowsAlarm"}),
        (lost_clip, {"LostClipsAlarm"}),
        (undelivered_clip, {"LostClipsAlarm"}),
        (unread_refusals, {"RefusedClipsAlarm"}),
        (late_catalogues, {"LateCataloguesAlarm"}),
        (large_voice, {"LargeVoiceAlarm"}),
        (many_pictures, {"ModelCallsAlarm"}),
        (eager_caller, {"BlockedSessionsAlarm"}),
        (failing_executions, {"StitchAvailabilityPage", "StitchAvailabilityTicket", "StitchFailedAlarm"}),
        (
            failing_executions_that_the_gateway_counts,
            {"StitchAvailabilityPage", "StitchAvailabilityTicket", "StitchFailedAlarm"},
        ),
        (given_up, {"IdentifyFailedAlarm"}),
        (a_campaign_that_failed, {"CampaignFailedAlarm"}),
        (a_table_that_started_nothing, {"FailedCampaignsAlarm"}),
        (timed_out_executions, {"StitchAvailabilityPage", "StitchAvailabilityTicket", "StitchTimedOutAlarm"}),
    ],
)
def test_a_fault_tells_of_itself_and_of_nothing_else(fault: Callable[[Days, range], None], told: set[str]) -> None:
    found = spoiled(fault)
    assert found.keys() == told
    assert all(DAY < first(state) <= DAY + 6 * HOUR for name, state in found.items() if not name.endswith("Ticket"))


def test_the_page_for_pictures_lasts_as_long_as_none_is_answered() -> None:
    page = spoiled(no_model)["ImageAvailabilityPage"]
    assert page[DAY + 10 : DAY + 6 * HOUR].all()


def test_a_recorded_fault_pages_within_two_minutes_and_tells_nothing_else() -> None:
    recorded = json.loads((ROOT / "tests" / "recordings" / "lost_right.json").read_text())
    found = fired(Recording.of_json(recorded))
    assert found.keys() == {"StitchAvailabilityPage"}
    assert recorded["begin"] < first(found["StitchAvailabilityPage"]) <= recorded["begin"] + 2


def test_every_alarm_that_acts_is_fired_by_a_fault_of_these_tests() -> None:
    faults = (mark.args[1] for mark in test_a_fault_tells_of_itself_and_of_nothing_else.pytestmark)  # type: ignore[attr-defined]
    told = {name for cases in faults for _, names in cases for name in names}
    assert told | {"StitchAvailabilityPage", "StitchAvailabilityTicket"} == ACTING


def test_a_queue_that_tells_nothing_keeps_its_alarm_until_it_is_empty() -> None:
    days = Days(3 * DAY)
    days.add(metric("FailedImagesAlarm"), DAY, 1)
    days.add(metric("FailedImagesAlarm"), 2 * DAY, 0)
    state = fired(days)["FailedImagesAlarm"]
    assert (first(state), int(state.sum())) == (DAY + 1, DAY)


def test_the_canarys_alarm_lasts_until_all_answers_are_right() -> None:
    days = Days(3 * DAY)
    days.add(metric("CanaryAlarm"), DAY, 100 / 3)
    days.add(metric("CanaryAlarm"), 2 * DAY, 0)
    state = fired(days)["CanaryAlarm"]
    assert (first(state), int(state.sum())) == (DAY + 1, DAY)


@given(st.data())
def test_below_its_budget_an_objective_never_fires_anything(data: st.DataObject) -> None:
    objective = data.draw(st.sampled_from(OBJECTIVES))
    days = Days(data.draw(st.integers(1, 2 * DAY)))
    minutes = st.lists(st.tuples(st.integers(0, days.minutes - 1), st.integers(1, 10**6)), max_size=20)
    for minute, total in data.draw(minutes):
        bad = int(data.draw(st.floats(0, 1)) * total * float(objective.budget) / 100)
        count(days, objective.name, minute, bad, total)
    assert fired(days) == {}


(HIT_TIMES,) = (objective for objective in OBJECTIVES if objective.name == "HitTime")


def count(days: Days, objective: str, minute: int, bad: int, total: int) -> None:
    """So many bad calls of so many, in the objective's own metrics."""
    if objective == "StitchAvailability":
        for value, times in ((1, bad), (0, total - bad)):
            days.add(api("5XXError"), minute, value, times)
        days.add(api("Count"), minute, 1, total)
    elif objective == "ImageAvailability":
        days.add(ANSWERED, minute, 1, total - bad)
        days.add(FAILED, minute, 1, bad)
    elif objective == "SchemaFirstTry":
        days.add(FIRST_TRY, minute, 0, bad)
        days.add(FIRST_TRY, minute, 1, total - bad)
    else:
        found = {"HitTime": HIT_TIME, "MadeTime": MADE_TIME, "ImageTime": ANSWER_TIME}[objective]
        days.add(found, minute, 60_000, bad)
        days.add(found, minute, 10, total - bad)


@given(
    st.sampled_from(OBJECTIVES),
    st.sampled_from(["Fast5m", "Fast1h", "Steady30m", "Slow2h"]),
    st.dictionaries(st.integers(0, 149), st.tuples(st.integers(0, 5), st.integers(0, 200)), max_size=30),
)
@example(HIT_TIMES, "Steady30m", {0: (3, 6)})  # a third is no number of floating point
@example(HIT_TIMES, "Steady30m", {0: (3, 7)})  # as much as is needed
@example(HIT_TIMES, "Steady30m", {0: (2, 1)})  # too few
def test_a_window_alarm_fires_exactly_when_the_share_of_bad_calls_in_its_window_is_over_its_threshold(
    objective: Objective, window: str, calls: dict[int, tuple[int, int]]
) -> None:
    alarm = ALARMS[f"{objective.name}{window}"]["Properties"]
    (period,) = {one["MetricStat"]["Period"] // 60 for one in alarm["Metrics"] if "MetricStat" in one}
    days = Days(150)
    for minute, (bad, good) in calls.items():
        count(days, objective.name, minute, bad, bad + good)
    found = alarmed(alarm, days)
    for end in range(1, 151):
        inside = [calls[minute] for minute in range(max(0, end - period), end) if minute in calls]
        bad, good = (sum(column) for column in zip(*inside, strict=True)) if inside else (0, 0)
        percent = Fraction(100 * bad, bad + good) if bad >= 3 else Fraction(0)
        assert found[end - 1] == (percent >= Fraction(str(alarm["Threshold"]))), (end, bad, good)
