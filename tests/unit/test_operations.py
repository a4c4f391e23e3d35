"""Laws of what is promised, and of the alarms that watch it."""

import re
from decimal import Decimal
from typing import Any

import pytest
import yaml
from tools.operations.alarms import span
from tools.operations.monitoring import MONITORING, monitoring, written
from tools.operations.objectives import LADDER, OBJECTIVES, RATES, Metric, Objective, Rate, Stat

from tests.paths import ROOT
from tests.watched import ALARMS, COMPOSITES, GUIDE, METRIC_ALARMS, OF_DEPLOYMENTS, RESOURCES

CALLS = Stat(Metric("AWS/ApiGateway", "Count"), "SampleCount")


def anchors(text: str) -> set[str]:
    """Links to headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# ── Objectives ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_promises_are_those_of_the_guide() -> None:
    for one in OBJECTIVES:
        row = rf"\| \[{re.escape(one.title)}\]\(#{one.runbook}\) \| {one.goal} % \| {one.agreed} % \|"
        assert re.search(row, GUIDE), row


def test_what_is_agreed_with_users_is_one_step_looser() -> None:
    steps = {one.name: (one.goal, one.agreed) for one in OBJECTIVES}
    assert steps["StitchAvailability"] == (Decimal("99.9"), Decimal("99.5"))
    assert all(LADDER.index(agreed) - LADDER.index(goal) == 1 for goal, agreed in steps.values())


@pytest.mark.parametrize("goal", ["99.95", "100", "90", "0"])
def test_a_goal_without_a_looser_one_is_refused(goal: str) -> None:
    with pytest.raises(ValueError, match="a goal of"):
        Objective("Any", "Any", Decimal(goal), {"bad": CALLS, "total": CALLS}, "any")


def test_an_objective_that_does_not_say_what_is_bad_is_refused() -> None:
    with pytest.raises(ValueError, match="`bad`"):
        Objective("Any", "Any", Decimal("99.9"), {"total": CALLS}, "any")


def test_an_alarm_that_could_never_fire_is_refused() -> None:
    lenient = Objective("Any", "Any", Decimal(95), {"bad": CALLS, "total": CALLS}, "any")
    with pytest.raises(ValueError, match="which no alarm can see"):
        lenient.threshold(Rate("Huge", Decimal(20), 3600, 300, pages=True))


def test_the_rates_are_those_of_the_guide() -> None:
    for rate in RATES:
        kind = "page" if rate.pages else "ticket"
        assert f"| {rate.times} × | {span(rate.long)} and {span(rate.short)} | {rate.used:.1f} % | {kind} |" in GUIDE


# ── Alarms ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_monitoring_stack_holds_what_the_objectives_say() -> None:
    assert MONITORING.read_text() == written(), "run `make operations`"
    assert yaml.safe_load(written()) == monitoring()


def test_the_service_gives_its_monitoring_what_each_parameter_is_named_after() -> None:
    stack = RESOURCES["Monitoring"]
    given = stack["Properties"]["Parameters"]
    assert list(given) == list(monitoring()["Parameters"])
    for name, value in given.items():
        is_alarm = RESOURCES.get(name, {}).get("Type") == "AWS::CloudWatch::Alarm"
        assert value == ({"Fn::GetAtt": [name, "Arn"]} if is_alarm else {"Ref": name})
    assert ROOT / stack["Properties"]["TemplateURL"] == MONITORING


def test_the_monitoring_stack_names_nothing_that_it_does_not_have() -> None:
    named = set(re.findall(r"\$\{(\w+)(?:\.Arn)?\}|'Ref': '(\w+)'", str(monitoring()["Resources"])))
    there = monitoring()["Parameters"].keys() | monitoring()["Resources"].keys()
    assert {one or other for one, other in named} <= there


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
@pytest.mark.parametrize("rate", RATES, ids=lambda one: one.name)
def test_a_threshold_is_the_budget_times_the_rate(objective: Objective, rate: Rate) -> None:
    percent = (100 - objective.goal) * rate.times
    assert percent < 100
    for seconds in (rate.long, rate.short):
        alarm = METRIC_ALARMS[f"{objective.name}{rate.name}{span(seconds)}"]
        assert Decimal(str(alarm["Threshold"])) == percent
        assert {query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query} == {seconds}
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "AlarmActions" not in alarm, "one window alone tells nobody"


def test_a_composite_alarm_asks_for_alarms_of_the_template_that_are_there_where_it_is() -> None:
    for name, one in COMPOSITES.items():
        asked = re.findall(r"\$\{(\w+)\}", one["AlarmRule"]["Fn::Sub"])
        assert len(asked) > 1
        assert {RESOURCES[other]["Condition"] for other in asked} == {RESOURCES[name]["Condition"]} == {"Watched"}


def test_a_page_needs_both_windows_of_a_rate_that_pages_and_a_ticket_those_of_the_slow_one() -> None:
    both = {
        rate.name: f'ALARM("${{X{rate.name}{span(rate.long)}}}") AND ALARM("${{X{rate.name}{span(rate.short)}}}")'
        for rate in RATES
    }
    for one in OBJECTIVES:
        rules = {kind: COMPOSITES[f"{one.name}{kind}"]["AlarmRule"]["Fn::Sub"] for kind in ("Page", "Ticket")}
        assert rules["Page"].replace(one.name, "X") == f"({both['Fast']}) OR ({both['Steady']})"
        assert rules["Ticket"].replace(one.name, "X") == f'({both["Slow"]}) AND NOT ALARM("${{XPage}}")'


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_names_its_section_of_the_guide(name: str) -> None:
    (heading,) = re.findall(r"docs/operations\.md#([\w-]+)$", ALARMS[name]["AlarmDescription"])
    assert heading in anchors(GUIDE)


def test_an_alarm_that_tells_somebody_says_first_whether_it_is_a_page_or_a_ticket() -> None:
    for name, one in ALARMS.items():
        if one.get("AlarmActions") and name not in OF_DEPLOYMENTS:
            kind = "Page" if name.endswith("Page") else "Ticket"
            assert one["AlarmDescription"].startswith(f"{kind}: "), name
            assert one["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_only_error_budgets_wake_people() -> None:
    pages = {name for name, one in ALARMS.items() if one["AlarmDescription"].startswith("Page")}
    assert pages == {f"{one.name}Page" for one in OBJECTIVES}


def test_every_alarm_that_tells_somebody_is_in_the_guides_table() -> None:
    for name, one in ALARMS.items():
        if one.get("AlarmActions"):
            (heading,) = re.findall(r"#([\w-]+)$", one["AlarmDescription"])
            objective = next((one.name for one in OBJECTIVES if name in (f"{one.name}Page", f"{one.name}Ticket")), None)
            listed = f"`{objective}Page`, `{objective}Ticket`" if objective else f"`{name}`"
            assert re.search(rf"^\| {listed} \|.*\(#{heading}\) \|$", GUIDE, re.MULTILINE), name


def test_no_alarm_asks_for_more_than_cloudwatch_allows() -> None:
    for name, one in METRIC_ALARMS.items():
        queries = one.get("Metrics", [])
        assert sum("MetricStat" in query for query in queries) <= 10, name
        periods = {query["MetricStat"]["Period"] for query in queries if "MetricStat" in query} or {one["Period"]}
        assert len(periods) == 1, name
        # Longer than a day, and it would be evaluated once an hour.
        assert periods.pop() * one["EvaluationPeriods"] <= 86_400, name


def test_the_guide_says_what_the_alarms_cost() -> None:
    def metrics(one: dict[str, Any]) -> int:
        return sum("MetricStat" in query for query in one.get("Metrics", [])) or 1

    counted = {name: one for name, one in METRIC_ALARMS.items() if name != "PhoneErrorsAlarm"}  # without a webhook
    everywhere = sum(metrics(counted[name]) for name in OF_DEPLOYMENTS & counted.keys())
    watched_ones = sum(map(metrics, counted.values()))
    cost = watched_ones * 0.10 + len(COMPOSITES) * 0.50
    text = " ".join(GUIDE.split())
    assert f"has {watched_ones} such metrics and {len(COMPOSITES)} composite alarms: **${cost:.2f} a month**" in text
    assert f"the others have {everywhere}, ${everywhere * 0.10:.2f}." in text
