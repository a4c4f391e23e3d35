"""Laws of the metrics that are watched, of who is told, and of what is shown."""

import re

import pytest
from tools.operations.monitoring import MONITORING
from tools.operations.objectives import OBJECTIVES, Metric, Stat, ours

from tests.aws_metrics import METRICS
from tests.paths import ROOT
from tests.template import TEMPLATE, of_type, translated
from tests.watched import ALARMS, DASHBOARDS, GUIDE, METRIC_ALARMS, OF_DEPLOYMENTS, RESOURCES, watched

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
    api = of_type(resources, "AWS::ApiGateway::RestApi")["Api"]
    stage = of_type(resources, "AWS::ApiGateway::Stage")["ApiStage"]
    kinds = {
        "FunctionName": ("AWS::Lambda::Function", "${%s}"),
        "StateMachineArn": ("AWS::StepFunctions::StateMachine", "${%s}"),
        "QueueName": ("AWS::SQS::Queue", "${%s.QueueName}"),
        "RuleName": ("AWS::Events::Rule", "${%s}"),
    }
    known = {name: {form % one for one in of_type(resources, kind)} for name, (kind, form) in kinds.items()}
    known |= {"ApiName": {api["Name"]["Fn::Sub"]}, "Stage": {f"${{{stage['StageName']['Ref']}}}"}}
    (firewall,) = of_type(resources, "AWS::WAFv2::WebACL").values()
    known |= {"WebACL": {firewall["VisibilityConfig"]["MetricName"]["Fn::Sub"]}}
    known["QueueName"] |= {queue["QueueName"]["Fn::Sub"] for queue in of_type(resources, "AWS::SQS::Queue").values()}
    known |= {"Rule": {"ALL", *(rule["VisibilityConfig"]["MetricName"] for rule in firewall["Rules"])}}
    known |= {"Region": {"${AWS::Region}"}}
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
    assert TEMPLATE["Conditions"]["Watched"]["Fn::Equals"][1] == "true"


def test_what_watches_is_only_where_the_mapping_says_so() -> None:
    kinds = ("AWS::CloudWatch::", "AWS::SNS::", "AWS::Logs::QueryDefinition")
    conditions = {
        name: one.get("Condition")
        for name, one in RESOURCES.items()
        if one["Type"].startswith(kinds) and name not in OF_DEPLOYMENTS
    }
    assert set(conditions.values()) == {"Watched", "Mailed", "OnAws", "WordsLogged"}
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
    # What is computed of others is no metric; a search finds some.
    metrics = [entry for entry in entries if len(entry) > 1 or "SEARCH" in entry[0]["expression"]]
    assert 0 < len(metrics) <= 50


def test_every_alarm_that_tells_somebody_is_on_a_dashboard() -> None:
    widgets = [one["properties"] for body in DASHBOARDS.values() for one in body["widgets"] if one["type"] == "alarm"]
    on = {re.sub(r"\W|Arn", "", alarm) for one in widgets for alarm in one["alarms"]}
    assert on == {name for name, one in ALARMS.items() if one.get("AlarmActions")}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_has_an_image_in_the_guide(name: str) -> None:
    image = f"images/dashboard-{name.removesuffix('Dashboard').lower()}.png"
    assert f"({image})" in GUIDE
    assert (ROOT / "docs" / image).stat().st_size > 20_000


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
    assert len((ROOT / "template.yaml").read_bytes()) < 460_000
    assert len(MONITORING.read_bytes()) < 460_000
