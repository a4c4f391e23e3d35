"""Three dashboards, each for one screen: the users' answers, the error budgets, and the machine."""

from typing import Any

from tools.operations.objectives import ACCURACY, ENOUGH_BAD, OBJECTIVES, RATES, Metric, Objective, api, ours
from tools.operations.tickets import LIVE_FUNCTIONS, queue, ticket_alarms
from tools.operations.widgets import (
    BAD,
    GOOD,
    OTHER,
    POOR,
    Json,
    Row,
    alarm_states,
    body,
    by_reason,
    expression,
    graph,
    line,
    metric_widget,
    number,
)

FUNCTIONS = (
    *("CacheLookup", "FetchClips", "Stitch", "Publish"),
    *("Plan", "Voices", "PrepareClip", "KeepCatalogue", "IdentifyImage"),
)
FIREWALL = (("WebACL", "${Prefix}-${Stage}"), ("Rule", "ALL"), ("Region", "${AWS::Region}"))
WORKFLOWS = {"messages": "Stitch", "pictures": "Identify"}
DEPLOYMENT_ALARMS = ("StitchFailedAlarm", "StitchTimedOutAlarm", "IdentifyFailedAlarm", "CampaignFailedAlarm")
"""Alarms of template.yaml that tell somebody: parameters of the monitoring stack, each with an ARN."""


def dashboards() -> Json:
    """By logical id, as resources of CloudFormation."""
    return {
        "UsersDashboard": _dashboard("users", "-P1D", _users()),
        "BudgetsDashboard": _dashboard("budgets", "-P28D", _budgets()),
        "MachineDashboard": _dashboard("machine", "-PT3H", _machine()),
    }


def _dashboard(name: str, start: str, rows: list[Row]) -> Json:
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": {"Fn::Sub": f"${{Prefix}}-${{Stage}}-{name}"},
            "DashboardBody": {"Fn::Sub": body(start, rows)},
        },
    }


# ── What users get ───────────────────────────────────────────────────────────────────────────────────────────────────


def _users() -> list[Row]:
    messages = [
        line(ours("cache_lookup", "MessageHit"), "Sum", "from the cache", color=GOOD),
        line(ours("publish", "MessageMade"), "Sum", "made", color=OTHER),
        by_reason("MessageRejected", "refused", total=True, color=POOR),
        line(api("5XXError"), "Sum", "failed", color=BAD),
    ]
    message_time = [
        line(ours("cache_lookup", "HitTime"), "p95", "from the cache", color=GOOD),
        line(ours("publish", "MadeTime"), "p95", "made", color=OTHER),
    ]
    pictures = [
        line(ours("identify_image", "ImageAnswered"), "Sum", "answered", color=GOOD),
        by_reason("ImageRejected", "rejected", total=True, color=POOR),
        line(ours("workflow", "ImageFailed"), "Sum", "failed", color=BAD),
    ]
    cost = line(ours("identify_image", "CostUsd"), "Sum", "US dollars for the model (estimate)", color=OTHER)
    answer_time = [
        line(ours("identify_image", "AnswerTime"), "p50", "half are faster", color=OTHER),
        line(ours("identify_image", "AnswerTime"), "p95", "95 of 100 are faster", color=GOOD),
    ]
    audio = [line(ours("stitch", "AudioSeconds"), "Sum", "seconds of audio", color=OTHER)]
    recordings = [
        line(ours("prepare_clip", "ClipReady"), "Sum", "prepared", color=GOOD),
        line(ours("prepare_clip", "ClipUnusable"), "Sum", "refused", color=POOR),
    ]
    share = [line(ours("identify_image", "TopAnswerShare"), "Maximum", "of the last 50 answers, %", color=OTHER)]
    refused, rejected = [by_reason("MessageRejected", "")], [by_reason("ImageRejected", "")]
    made_limits = {"made: 8 s": 8_000, "from the cache: 1 s": 1_000}
    return [
        (3, [number("Messages", messages), number("Pictures", [*pictures, cost])]),
        (
            5,
            [
                graph("Messages", messages, period=900, stacked=True),
                graph("Messages refused, by reason", refused, period=900, stacked=True),
                graph(
                    "Time to a message (95 of 100 are faster)", message_time, period=900, limits=made_limits, unit="ms"
                ),
            ],
        ),
        (
            5,
            [
                graph("Pictures", pictures, period=900, stacked=True),
                graph("Pictures rejected, by reason", rejected, period=900, stacked=True),
                graph("Time from the drop to the answer", answer_time, period=900, limits={"30 s": 30_000}, unit="ms"),
            ],
        ),
        (
            5,
            [
                graph("Audio made", audio, period=900, unit="s"),
                graph("Recordings", recordings, period=900, stacked=True),
                graph("Share of the most frequent answer", share, period=900, limits={"too much alike": 100}, unit="%"),
            ],
        ),
    ]


# ── Error budgets ────────────────────────────────────────────────────────────────────────────────────────────────────


def _budgets() -> list[Row]:
    alarms = [f"${{{one.name}{kind}.Arn}}" for one in OBJECTIVES for kind in ("Page", "Ticket")]
    return [
        (4, [alarm_states("Alarms of the error budgets", alarms), _right()]),
        (6, [_left(one) for one in OBJECTIVES]),
        (8, [_burning(one) for one in OBJECTIVES]),
    ]


def _right() -> Json:
    """How many answers are right: what people found, of the prompt with the worst answers, and known pictures."""
    measured = [
        expression("100 - wrong", "at most (95 % sure)", id="most", color=GOOD),
        line(ours("check_answers", "RightPercent"), "Minimum", "of the answers that were looked at", color=OTHER),
        line(ours("check_answers", "RightAtLeast"), "Minimum", "at least (95 % sure)", color=POOR),
        expression("100 - canary", "of the known pictures", id="known", color=BAD),
        line(ours("check_answers", "WrongAtLeast"), "Maximum", "wrong", id="wrong", visible=False),
        line(ours("check_answers", "CanaryWrong"), "Maximum", "canary", id="canary", visible=False),
    ]
    goal = {f"goal: {ACCURACY.goal} %": float(ACCURACY.goal)}
    return graph(f"{ACCURACY.title}, in the last 7 days", measured, period=86_400, limits=goal, unit="%")


def _used(objective: Objective) -> tuple[str, list[Any]]:
    """The used part of the budget as an expression, and the expression's parts."""
    parts = [
        expression(query, name, id=name, visible=False)
        if isinstance(query, str)
        else line(query.metric, query.stat, name, id=name, visible=False)
        for name, query in objective.queries.items()
    ]
    return f"bad / total / {objective.budget / 100}", parts


def _left(objective: Objective) -> Json:
    used, parts = _used(objective)
    left = expression(f"100 * (1 - {used})", "% of 28 days' budget is left", id="left")
    title = f"{objective.title}: {objective.goal} %"
    scale = {"left": {"min": 0, "max": 100}}
    return metric_widget(title, [left, *parts], view="gauge", setPeriodToTimeRange=True, yAxis=scale)


def _burning(objective: Objective) -> Json:
    used, parts = _used(objective)
    limits = {("page" if rate.pages else "ticket") + f" at {rate.times}": float(rate.times) for rate in RATES}
    guarded = f"IF({ENOUGH_BAD}, {used}, 0)"  # as its alarms do
    burning = expression(guarded, "times as fast as planned", id="rate", color=OTHER)
    return graph(objective.title, [burning, *parts], period=3_600, limits=limits)


# ── What the machine does ────────────────────────────────────────────────────────────────────────────────────────────


def _machine() -> list[Row]:
    calls = [
        line(api("Count"), "SampleCount", "calls", color=GOOD),
        line(api("4XXError"), "Sum", "refused (4xx)", color=POOR),
        line(api("5XXError"), "Sum", "failed (5xx)", color=BAD),
        line(Metric("AWS/WAFV2", "BlockedRequests", FIREWALL), "Sum", "of the refused: by the firewall", color=OTHER),
    ]
    latency = [line(api("Latency"), stat, stat) for stat in ("p50", "p95", "p99")]
    claimed = [line(Metric("AWS/Lambda", "ClaimedAccountConcurrency"), "Maximum", "at once", color=OTHER)]
    to_do = [
        _waiting("failed-images", "pictures given up"),
        _waiting("refused-clips", "refused recordings"),
        line(ours("identify_image", "PromptFallback"), "Sum", "pictures with an older prompt", color=BAD),
    ]
    ways = [
        line(ours("stitch", "MessageSpliced"), "Sum", "spliced", color=GOOD),
        line(ours("stitch", "MessageRendered"), "Sum", "rendered (slower)", color=POOR),
        line(ours("stitch", "ClipsUnprepared"), "Sum", "clips that were not prepared", color=OTHER),
    ]
    model = [
        line(ours("identify_image", "ModelTime"), "p95", "time (95 of 100 are faster), ms", color=OTHER),
        line(ours("identify_image", "InputTokens"), "Sum", "tokens in", yAxis="right"),
        line(ours("identify_image", "OutputTokens"), "Sum", "tokens out", yAxis="right"),
    ]
    others = [f"${{{one}}}" for one in DEPLOYMENT_ALARMS] + [f"${{{one}.Arn}}" for one in ticket_alarms()]
    return [
        (
            3,
            [
                alarm_states(
                    "Everything else that can be wrong",
                    others,
                )
            ],
        ),
        (
            5,
            [
                graph("Calls of the API", calls),
                graph("Time to the API's answer", latency, unit="ms"),
                graph("Workflows that did not succeed", _of_workflows()),
            ],
        ),
        (
            5,
            [
                graph("Functions: time (95 of 100 are faster)", _of_functions("Duration", "p95"), unit="ms"),
                graph("Functions: errors", _of_functions("Errors", "Sum")),
                graph("Functions: throttled", _of_functions("Throttles", "Sum", LIVE_FUNCTIONS)),
            ],
        ),
        (
            5,
            [
                graph("Functions at once, in the account", claimed),
                graph("Waits for somebody", to_do),
                graph("How messages are made", ways),
                graph("The model", model),
            ],
        ),
    ]


def _of_functions(name: str, stat: str, functions: tuple[str, ...] = FUNCTIONS) -> list[Any]:
    named = {function: (("FunctionName", f"${{{function}Function}}"),) for function in functions}
    return [line(Metric("AWS/Lambda", name, dimensions), stat, function) for function, dimensions in named.items()]


def _of_workflows() -> list[Any]:
    outcomes = {"ExecutionsFailed": "failed", "ExecutionsTimedOut": "timed out", "ExecutionThrottled": "throttled"}
    named = {of: (("StateMachineArn", f"${{{machine}StateMachine}}"),) for of, machine in WORKFLOWS.items()}
    return [
        line(Metric("AWS/States", name, dimensions), "Sum", f"{of}: {outcome}")
        for of, dimensions in named.items()
        for name, outcome in outcomes.items()
    ]


def _waiting(name: str, label: str) -> list[Any]:
    return line(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue(name)), "Maximum", label)
