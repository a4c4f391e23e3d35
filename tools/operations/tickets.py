"""Alarms for working hours, as resources of CloudFormation: faults that burn no error budget."""

from typing import Any

from stitcher import limits
from tools.operations.objectives import ACCURACY, Metric, Stat, data_queries, ours, substituted

Json = dict[str, Any]

RUNBOOK = "docs/operations.md#"
LIVE_FUNCTIONS = ("CacheLookup", "FetchClips", "Stitch", "Publish", "Plan", "Voices", "Clips", "Campaigns", "Pictures")
"""PrepareClip, IdentifyImage and Say wait where their concurrency is reserved; other alarms report lost work."""
DAY = 86_400
LATE = 900
"""Seconds: changes that nobody takes out of the queue."""
NEARLY_FULL = limits.VOICE_FILES * 9 // 10
HERD = 1_800
"""Seconds: so long may a photographer stay with one herd."""


def queue(name: str) -> tuple[tuple[str, str], ...]:
    """The dimension of one of our queues in the metrics of SQS."""
    return (("QueueName", f"${{Prefix}}-{name}-${{Stage}}"),)


def ticket_alarms() -> Json:
    """By logical id."""
    throttled = {name: _sum("AWS/Lambda", "Throttles", "FunctionName", f"{name}Function") for name in LIVE_FUNCTIONS}
    slowed = {
        name: _sum("AWS/States", "ExecutionThrottled", "StateMachineArn", f"{name}StateMachine")
        for name in ("Stitch", "Identify", "Campaign")
    }
    lost = {
        "Dropped": _sum("AWS/Lambda", "AsyncEventsDropped", "FunctionName", "PrepareClipFunction"),  # after three tries
        "Undelivered": _sum("AWS/Events", "InvocationsSentToDlq", "RuleName", "PrepareClipFunctionClipPut"),
    }
    session = (("WebACL", "${Prefix}-${Stage}"), ("Rule", "per-session"), ("Region", "${AWS::Region}"))
    blocked = {"Blocked": Stat(Metric("AWS/WAFV2", "BlockedRequests", session), "Sum")}
    account = {
        "Claimed": Stat(Metric("AWS/Lambda", "ClaimedAccountConcurrency", ()), "Maximum"),
        "Concurrent": Stat(Metric("AWS/Lambda", "ConcurrentExecutions", ()), "Maximum"),
    }
    # Lambda's guide, "Monitoring concurrency"
    used = "100 * claimed / SERVICE_QUOTA(concurrent)"
    throttles = "functions-or-workflows-are-throttled"
    return {
        # A fault of ours once answered every picture alike. The metric is the percentage of the last 50 to 100.
        "SameAnswerAlarm": _alarm(
            "all pictures get the same answer: ", "pictures-get-the-same-answer", 100, periods=2,
            of=_one(ours("identify_image", "TopAnswerShare"), HERD),
        ),
        # It is counted once a day and after changes of prompts: between, what was found last holds.
        "CanaryAlarm": _alarm(
            "known pictures are answered wrong: ", "known-pictures-are-answered-wrong", 1, missing="ignore",
            of=_one(ours("check_answers", "CanaryWrong"), 300),
        ),
        # Of the prompt with the worst answers. A week in which nobody looked says nothing: the state is then unknown.
        "AccuracyAlarm": _alarm(
            f"for sure, more than {ACCURACY.wrong} % of a prompt's answers are wrong: ", ACCURACY.runbook,
            ACCURACY.wrong, missing="missing", of=_one(ours("check_answers", "WrongAtLeast"), DAY),
        ),
        "UncheckedAnswersAlarm": _alarm(
            "answers are not checked, by a fault of ours: ", "answers-are-not-checked", 1,
            of=_one(Metric("AWS/Lambda", "Errors", (("FunctionName", "${CheckAnswersFunction}"),)), 3600),
        ),
        # SQS sends no metrics of a queue that nobody touches.
        "FailedImagesAlarm": _alarm(
            "pictures were given up and wait for a redrive: ", "pictures-wait-for-a-redrive", 1, missing="ignore",
            of=_one(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("failed-images")), 300),
        ),
        "FailedCampaignsAlarm": _alarm(
            "tables started no campaign: ", "campaigns-fail", 1, missing="ignore",
            of=_one(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("failed-campaigns")), 300),
        ),
        # A recording that was refused for its own sake is in the same queue; it is no fault of ours.
        "LostClipsAlarm": _alarm(
            "recordings were not prepared, by a fault of ours: ", "recordings-are-not-prepared", 1,
            of=_total("recordings that were not prepared", lost),
        ),
        # The queue forgets after 14 days.
        "RefusedClipsAlarm": _alarm(
            "nobody looked at refused recordings for a week: ", "refused-recordings-wait", 7 * DAY, missing="ignore",
            of=_one(Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", queue("refused-clips")), 3600),
        ),
        # Messages with changed clips are the old ones until the catalogue follows.
        "LateCataloguesAlarm": _alarm(
            "catalogues do not follow the recordings: ", "catalogues-are-not-kept", LATE,
            of=_one(Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", queue("clip-changes")), 300),
        ),
        "LargeVoiceAlarm": _alarm(
            "a voice has nearly as many clips as it may have: ", "a-voice-is-nearly-full", NEARLY_FULL,
            of=_one(ours("keep_catalogue", "ClipsOfVoice"), 3600),
        ),
        "ModelCallsAlarm": _alarm(
            "most of the day's calls of models are taken: ", "the-days-calls-of-models-are-nearly-taken", 80,
            of=_one(ours("identify_image", "ModelCallsTaken"), 300),
        ),
        "BlockedSessionsAlarm": _alarm(
            "the firewall refuses a role's calls: ", "a-caller-is-refused-by-the-firewall", 100,
            of=_total("calls that the rule per-session refused", blocked),
        ),
        "ThrottledFunctionsAlarm": _alarm(
            "functions are throttled: ", throttles, 10, periods=2, of=_total("throttled invocations", throttled)
        ),
        "ThrottledWorkflowsAlarm": _alarm(
            "workflows are throttled: ", throttles, 10, periods=2, of=_total("throttled state changes", slowed)
        ),
        "ConcurrencyAlarm": _alarm(
            "the account's Lambda concurrency is nearly used up: ", "the-accounts-concurrency-is-nearly-used-up", 80,
            periods=3, of=_queries(used, "percent of the account's concurrency", account, 60),
        ),
    }  # fmt: skip


def _alarm(
    says: str, runbook: str, threshold: int, *, of: Json, periods: int = 1, missing: str = "notBreaching"
) -> Json:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"Ticket: {says}{RUNBOOK}{runbook}",
            **of,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": missing,
            "AlarmActions": [{"Ref": "AlarmTopic"}],
        },
    }


def _sum(namespace: str, name: str, dimension: str, of: str) -> Stat:
    return Stat(Metric(namespace, name, ((dimension, f"${{{of}}}"),)), "Sum")


def _one(metric: Metric, seconds: int) -> Json:
    """The largest value of one metric."""
    return {
        "Namespace": substituted(metric.namespace),
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": substituted(value)} for name, value in metric.dimensions],
        "Statistic": "Maximum",
        "Period": seconds,
    }


def _total(label: str, stats: dict[str, Stat]) -> Json:
    """The sum of several metrics in five minutes."""
    return _queries("SUM(FILL(METRICS(), 0))", label, stats, 300)


def _queries(expression: str, label: str, stats: dict[str, Stat], seconds: int) -> Json:
    found = data_queries({name[0].lower() + name[1:]: stat for name, stat in stats.items()}, seconds)
    return {"Metrics": [{"Id": "result", "Expression": expression, "Label": label}, *found]}
