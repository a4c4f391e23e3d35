"""Laws of what watches the service: alarms, objectives, dashboards, log queries and who is told."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from operations.alarms import span
from operations.objectives import LADDER, OBJECTIVES, RATES, Metric, Objective, Rate, Stat, ours
from operations.template import TEMPLATE as TEMPLATE_FILE
from operations.template import flow, written

from tests.aws_metrics import METRICS
from tests.template import ROOT, TEMPLATE, of_type, translated
from tests.watched import watched

RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
METRIC_ALARMS = of_type(RESOURCES, "AWS::CloudWatch::Alarm")
COMPOSITES = of_type(RESOURCES, "AWS::CloudWatch::CompositeAlarm")
ALARMS = METRIC_ALARMS | COMPOSITES
DASHBOARDS = {
    name: json.loads(one["DashboardBody"]["Fn::Sub"])
    for name, one in of_type(RESOURCES, "AWS::CloudWatch::Dashboard").items()
}
OF_DEPLOYMENTS = {name for name in METRIC_ALARMS if "Condition" not in RESOURCES[name]}
GUIDE = (ROOT / "docs" / "operations.md").read_text()
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


def test_the_template_holds_what_the_objectives_say() -> None:
    text = TEMPLATE_FILE.read_text()
    assert written(text) == text, "run `make operations`"


def test_a_template_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no section"):
        written("Resources: {}\n")


@pytest.mark.parametrize("text", ["true", "5", "a: b", "[x]", "x, y", "PR(:30)", "# no", "", "null", "'", "5e3"])
def test_text_that_yaml_would_read_otherwise_is_quoted(text: str) -> None:
    assert flow(text) == json.dumps(text)


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

    everywhere = sum(metrics(METRIC_ALARMS[name]) for name in OF_DEPLOYMENTS)
    watched_ones = sum(map(metrics, METRIC_ALARMS.values()))
    cost = watched_ones * 0.10 + len(COMPOSITES) * 0.50
    text = " ".join(GUIDE.split())
    assert f"has {watched_ones} such metrics and {len(COMPOSITES)} composite alarms: **${cost:.2f} a month**" in text
    assert f"the others have {everywhere}, ${everywhere * 0.10:.2f}." in text


# ── Metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────────

WATCHED = watched(RESOURCES)
OF_AWS = {metric: by for metric, by in WATCHED.items() if metric.namespace.startswith("AWS/")}


@pytest.mark.parametrize(
    "metric", OF_AWS, ids=lambda one: f"{one.name}-{'-'.join(value for _, value in one.dimensions)}"
)
def test_a_metric_of_aws_exists_with_exactly_these_dimensions(metric: Metric) -> None:
    assert {name for name, _ in metric.dimensions} in METRICS[metric.namespace, metric.name], OF_AWS[metric]


def test_a_metric_of_aws_is_of_a_resource_of_this_stack() -> None:
    resources = translated(stage="prod")
    (api,) = of_type(resources, "AWS::ApiGateway::RestApi").values()
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    kinds = {
        "FunctionName": ("AWS::Lambda::Function", "${%s}"),
        "StateMachineArn": ("AWS::StepFunctions::StateMachine", "${%s}"),
        "QueueName": ("AWS::SQS::Queue", "${%s.QueueName}"),
        "RuleName": ("AWS::Events::Rule", "${%s}"),
    }
    known = {name: {form % one for one in of_type(resources, kind)} for name, (kind, form) in kinds.items()}
    known |= {"ApiName": {api["Name"]["Fn::Sub"]}, "Stage": {f"${{{stage['StageName']['Ref']}}}"}}
    known |= {"Resource": {f"{one}:live" for one in known["FunctionName"]}}
    for metric in OF_AWS:
        for name, value in metric.dimensions:
            assert value in known[name], metric


def test_our_metrics_are_in_the_namespace_that_the_functions_and_the_workflow_write_to() -> None:
    written_to = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
    ours_only = {metric.namespace for metric in WATCHED if metric not in OF_AWS}
    assert ours_only == {written_to["Fn::Sub"]} == {ours("any", "any").namespace}


# ── Who is told, and where ───────────────────────────────────────────────────────────────────────────────────────────


def test_stage_and_prod_are_watched_and_the_others_are_not() -> None:
    rows = TEMPLATE["Mappings"]["Environments"]
    assert {stage for stage, row in rows.items() if row["Watched"] == "true"} == {"stage", "prod"}
    assert {row["Signals"] for row in rows.values()} == {"false"}, "it costs, and needs Application Signals"
    assert TEMPLATE["Conditions"]["Watched"]["Fn::Equals"][1] == "true"


def test_what_watches_is_only_where_the_mapping_says_so() -> None:
    kinds = ("AWS::CloudWatch::", "AWS::SNS::", "AWS::Logs::QueryDefinition", "AWS::ApplicationSignals::")
    conditions = {
        name: one.get("Condition")
        for name, one in RESOURCES.items()
        if one["Type"].startswith(kinds) and name not in OF_DEPLOYMENTS
    }
    assert set(conditions.values()) == {"Watched", "Mailed", "Signals", "OnAws", "WordsLogged"}
    assert {name.endswith("Alarm") for name in OF_DEPLOYMENTS} == {True}


def test_only_alarms_of_this_stack_may_publish_and_only_encrypted() -> None:
    assert len(of_type(RESOURCES, "AWS::SNS::Topic")) == 1
    (policy,) = of_type(RESOURCES, "AWS::SNS::TopicPolicy").values()
    allow, deny = policy["PolicyDocument"]["Statement"]
    assert (allow["Effect"], allow["Principal"], allow["Action"]) == (
        "Allow",
        {"Service": "cloudwatch.amazonaws.com"},
        "sns:Publish",
    )
    assert allow["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {
            "aws:SourceArn": {
                "Fn::Sub": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${AWS::StackName}-*"
            }
        },
    }
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    # CloudFormation names alarms <stack>-<logical id>-<random>: what the policy asks for.
    assert not any("AlarmName" in one for one in ALARMS.values())


@pytest.mark.parametrize(
    ("address", "accepted"), [("", True), ("ops@example.org", True), ("ops", False), ("a@b c", False), ("a@b@c", False)]
)
def test_the_address_of_alarms_is_one_or_none(address: str, accepted: bool) -> None:
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["AlarmEmail"]["AllowedPattern"], address)) == accepted


# ── Dashboards ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_read_on_one_screen(name: str) -> None:
    taken = [
        (x, y)
        for one in DASHBOARDS[name]["widgets"]
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(taken) == len(set(taken)), "widgets do not lie on each other"
    assert max(x for x, _ in taken) < 24
    assert max(y for _, y in taken) < 18


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_of_so_few_metrics_that_three_of_them_cost_nothing(name: str) -> None:
    entries = [entry for one in DASHBOARDS[name]["widgets"] for entry in one["properties"].get("metrics", [])]
    assert 0 < len(entries) <= 50


def test_every_alarm_that_tells_somebody_is_on_a_dashboard() -> None:
    widgets = [one["properties"] for body in DASHBOARDS.values() for one in body["widgets"] if one["type"] == "alarm"]
    on = {alarm.removeprefix("${").removesuffix(".Arn}") for one in widgets for alarm in one["alarms"]}
    assert on == {name for name, one in ALARMS.items() if one.get("AlarmActions")}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_has_a_picture_in_the_guide(name: str) -> None:
    picture = f"images/dashboard-{name.removesuffix('Dashboard').lower()}.png"
    assert f"({picture})" in GUIDE
    assert (ROOT / "docs" / picture).stat().st_size > 20_000


def test_the_limits_that_are_drawn_are_those_of_the_objectives() -> None:
    drawn = {
        mark["value"] for one in DASHBOARDS["UsersDashboard"]["widgets"]
        for mark in one["properties"].get("annotations", {}).get("horizontal", [])
    }  # fmt: skip
    ranks = [query.stat for one in OBJECTIVES for query in one.queries.values() if isinstance(query, Stat)]
    limits = {int(rank.group(1)) for stat in ranks if (rank := re.fullmatch(r"PR\(:(\d+)\)", stat))}
    assert drawn == limits | {METRIC_ALARMS["SameAnswerAlarm"]["Threshold"]}


# ── Log queries ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_missing_words_are_asked_for_only_where_words_are_logged() -> None:
    assert RESOURCES["MissingWordsQuery"]["Condition"] == "WordsLogged"
    assert TEMPLATE["Conditions"]["WordsLogged"]["Fn::And"][1]["Fn::Equals"][0]["Fn::FindInMap"][2] == "LogWords"


def test_a_log_query_is_of_log_groups_of_this_stack() -> None:
    for name, query in of_type(RESOURCES, "AWS::Logs::QueryDefinition").items():
        assert {RESOURCES[one["Ref"]]["Type"] for one in query["LogGroupNames"]} == {"AWS::Logs::LogGroup"}, name


# ── Limits of CloudFormation ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_template_is_within_cloudformations_limits() -> None:
    assert len(translated(stage="prod")) <= 500
    assert len(TEMPLATE_FILE.read_bytes()) < 460_000
