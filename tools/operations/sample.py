"""Invented numbers for the pictures of the dashboards: four weeks with a few faults, the same at every run."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from identifier.share import Share
from tools.operations.arithmetic import Recording, Values
from tools.operations.dashboards import FIREWALL, FUNCTIONS, WORKFLOWS
from tools.operations.objectives import DAYS, Metric, api, ours

Counts = NDArray[np.int64]

HOUR, DAY = 60, 24 * 60
MINUTES = DAYS * DAY


def sample() -> Recording:
    """Invented minutes of 28 days."""
    found = Recording(MINUTES)
    chance = np.random.default_rng(7)
    _messages(found, chance)
    _pictures(found, chance)
    _checked(found)
    _machine(found, chance)
    return found


def _crowd(a_minute: float) -> Values:
    """How many are expected in each minute: more by day, fewer at the weekend. The last minute is at noon."""
    minutes = np.arange(MINUTES) + DAY // 2
    by_day = 1.1 - np.cos(2 * np.pi * (minutes % DAY) / DAY)
    weekend = np.where(minutes // DAY % 7 >= 5, 0.6, 1.0)
    crowd: Values = a_minute * by_day * weekend
    return crowd


def _in_faults(usual: float, *faults: tuple[float, float, float]) -> Values:
    """A number for each minute; `faults` are days before the end, hours, and the number meanwhile."""
    numbers = np.full(MINUTES, float(usual))
    for days, hours, number in faults:
        begin = MINUTES - int(days * DAY)
        numbers[begin : begin + int(hours * HOUR)] = number
    return numbers


def _times(found: Recording, metric: Metric, chance: np.random.Generator, count: Counts, median: Values) -> None:
    """Milliseconds around a median: eight of each minute stand for all of it."""
    for _ in range(8):
        found.add(metric, np.arange(MINUTES), chance.lognormal(np.log(median), 0.45), count / 8)


def _messages(found: Recording, chance: np.random.Generator) -> None:
    minutes = np.arange(MINUTES)
    hits, made = chance.poisson(_crowd(22)), chance.poisson(_crowd(6))
    failing = _in_faults(0.0002, (9.3, 0.2, 0.3), (0.05, 0.3, 0.04))
    failed = chance.binomial(hits + made, failing)
    found.add(ours("cache_lookup", "MessageHit"), minutes, 1, hits)
    found.add(ours("publish", "MessageMade"), minutes, 1, made)
    _times(found, ours("cache_lookup", "HitTime"), chance, hits, _in_faults(160, (0.6, 5, 520), (12, 9, 700)))
    _times(found, ours("publish", "MadeTime"), chance, made, _in_faults(850, (0.05, 0.3, 5_200), (17, 8, 7_500)))
    missing = _in_faults(0.9, (0.45, 2, 4))
    refused: dict[str, Values | float] = {"missing_words": missing, "invalid_request": 0.15, "message_too_long": 0.03}
    count = np.zeros(MINUTES)
    for reason, a_minute in refused.items():
        some = chance.poisson(a_minute, MINUTES)
        found.add(ours("cache_lookup", "MessageRejected", reason=reason), minutes, 1, some)
        count += some
    found.add(ours("workflow", "MessageRejected", reason="unusable_clips"), minutes, 1, chance.poisson(0.02, MINUTES))
    found.add(api("Count"), minutes, 1, hits + made + count + failed)
    found.add(api("4XXError"), minutes, 1, count)
    found.add(api("5XXError"), minutes, 1, failed)
    found.add(api("5XXError"), minutes, 0, hits + made + count)
    _times(found, api("Latency"), chance, hits + made, _in_faults(190, (0.05, 0.3, 420)))
    spliced = chance.binomial(made, 0.97)
    found.add(ours("stitch", "MessageSpliced"), minutes, 1, spliced)
    found.add(ours("stitch", "MessageRendered"), minutes, 1, made - spliced)
    found.add(ours("stitch", "AudioSeconds"), minutes, 6.4, made)
    found.add(ours("stitch", "ClipsUnprepared"), minutes, 1, chance.poisson(0.03, MINUTES))
    uploads = chance.poisson(_in_faults(0, *((day + 0.4, 2.5, 3.0) for day in range(DAYS))))
    found.add(ours("prepare_clip", "ClipReady"), minutes, 1, uploads)
    found.add(ours("prepare_clip", "ClipUnusable"), minutes, 1, chance.binomial(uploads, 0.03))


def _pictures(found: Recording, chance: np.random.Generator) -> None:
    minutes, of = np.arange(MINUTES), partial(ours, "identify_image")
    answered = chance.poisson(_crowd(1.5))
    found.add(of("ImageAnswered"), minutes, 1, answered)
    found.add(
        ours("workflow", "ImageFailed"), minutes, 1, chance.binomial(answered, _in_faults(0.001, (3.4, 0.5, 0.3)))
    )
    for reason, a_minute in {"unreadable": 0.03, "too_small": 0.02, "wrong_type": 0.02, "schema": 0.004}.items():
        found.add(of("ImageRejected", reason=reason), minutes, 1, chance.poisson(a_minute, MINUTES))
    slow = _in_faults(5_500, (4.2, 9, 24_000), (0.45, 2, 16_000))
    _times(found, of("AnswerTime"), chance, answered, slow)
    _times(found, of("ModelTime"), chance, answered, slow * 0.6)
    first = chance.binomial(answered, 0.996)
    found.add(of("SchemaFirstTry"), minutes, 1, first)
    found.add(of("SchemaFirstTry"), minutes, 0, answered - first)
    found.add(of("TopAnswerShare"), minutes, 24 + 6 * np.sin(minutes / 140) + chance.normal(0, 2, MINUTES), answered)
    found.add(of("CostUsd"), minutes, 0.0003, answered)
    found.add(of("InputTokens"), minutes, 2_300, answered)
    found.add(of("OutputTokens"), minutes, 150, answered)
    found.add(of("PromptFallback"), minutes, 1, chance.poisson(_in_faults(0, (0.07, 0.2, 0.5))))


def _checked(found: Recording) -> None:
    """Once a day: known pictures, of which one was answered wrong once, and people's corrections of seven days."""
    for day in range(DAYS):
        minute = day * DAY + HOUR
        right, looked_at = 26 + day // 2 - (5 if 12 < day < 16 else 0), 30 + day // 2
        share = Share(right, looked_at)
        least, most = share.interval
        found.add(ours("check_answers", "RightPercent"), minute, 100 * share.value)
        found.add(ours("check_answers", "RightAtLeast"), minute, 100 * least)
        found.add(ours("check_answers", "WrongAtLeast"), minute, 100 * (1 - most))
        found.add(ours("check_answers", "CanaryWrong"), minute, 100 / 3 if day == 13 else 0)


def _machine(found: Recording, chance: np.random.Generator) -> None:
    minutes = np.arange(MINUTES)
    usual_ms = dict(zip(FUNCTIONS, (90, 700, 60, 75, 110, 95, 620, 300, 4_800), strict=True))
    for function, milliseconds in usual_ms.items():
        of_it = (("FunctionName", f"${{{function}Function}}"),)
        calls = chance.poisson(_crowd(2))
        _times(found, Metric("AWS/Lambda", "Duration", of_it), chance, calls, _in_faults(milliseconds))
        found.add(Metric("AWS/Lambda", "Errors", of_it), minutes, 0, calls)
        found.add(Metric("AWS/Lambda", "Throttles", of_it), minutes, 0, calls)
    stitch = (("FunctionName", "${StitchFunction}"),)
    found.add(Metric("AWS/Lambda", "Throttles", stitch), minutes, 1, chance.poisson(_in_faults(0, (0.05, 0.3, 1))))
    found.add(Metric("AWS/Lambda", "Errors", stitch), minutes, 1, chance.poisson(_in_faults(0, (0.05, 0.3, 0.5))))
    blocked = chance.poisson(_in_faults(0, (0.08, 0.2, 1.5)))
    found.add(Metric("AWS/WAFV2", "BlockedRequests", FIREWALL), minutes, 1, blocked)
    at_once = 6 + _crowd(5) + _in_faults(0, (0.05, 0.3, 70))
    found.add(Metric("AWS/Lambda", "ClaimedAccountConcurrency"), minutes, at_once)
    found.add(Metric("AWS/Lambda", "ConcurrentExecutions"), minutes, at_once)
    for machine in WORKFLOWS.values():
        of_it = (("StateMachineArn", f"${{{machine}StateMachine}}"),)
        for name in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled"):
            failures = chance.poisson(_in_faults(0, (0.05, 0.3, 0.4 if name == "ExecutionsFailed" else 0.0)))
            found.add(Metric("AWS/States", name, of_it), minutes, 1, failures)
            found.add(Metric("AWS/States", name, of_it), minutes, 0, 1)
    for queue, waiting in {"failed-images": _in_faults(0, (0.06, 2, 2)), "refused-clips": _in_faults(3)}.items():
        of_it = (("QueueName", f"${{Prefix}}-{queue}-${{Stage}}"),)
        found.add(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", of_it), minutes, waiting)
