"""Metrics and warnings about pictures. They hold no names and no answers, because these may be personal data."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from handlers.telemetry import logger, metrics
from identifier.identify import Put
from identifier.result import Result
from identifier.sameness import Sameness

OUT_OF_FORM = {"schema", "no_answer", "malformed", "malformed_model_output", "malformed_tool_use"}
"""Reasons for an answer without the prompt's form."""


class PictureCounts:
    """Counts one worker's pictures."""

    def __init__(self) -> None:
        self.sameness = Sameness()

    def stale(self, prompt_id: str, reason: str) -> None:
        """The function used the last good prompt."""
        metrics.add_metric("PromptFallback", MetricUnit.Count, 1)
        logger.warning("the last good prompt is used", prompt=prompt_id, reason=reason)

    def asked(self, percent: float) -> None:
        """The day's calls of models that are taken."""
        metrics.add_metric("ModelCallsTaken", MetricUnit.Percent, percent)

    def paid(self, result: Result) -> None:
        """The model's time, tokens and cost, also for an answer that could not be used."""
        metrics.add_metric("InputTokens", MetricUnit.Count, result.input_tokens)
        metrics.add_metric("OutputTokens", MetricUnit.Count, result.output_tokens)
        metrics.add_metric("ModelTime", MetricUnit.Milliseconds, result.latency_ms)
        if result.cost_usd is not None:
            metrics.add_metric("CostUsd", "None", result.cost_usd)
        if result.answer is not None or result.reason in OUT_OF_FORM:
            first = result.answer is not None and result.asks == 1
            metrics.add_metric("SchemaFirstTry", MetricUnit.Count, int(first))

    def ignored(self) -> None:
        """The object is a folder, so it gets no answer."""
        metrics.add_metric("ImageIgnored", MetricUnit.Count, 1)

    def ended(self, outcome: str, result: Result, put: Put, schema: dict[str, Any] | None = None) -> None:
        """Count a picture's outcome; the workflow counts the failed ones."""
        if outcome == "failed":
            return
        if outcome != "rejected":
            metrics.add_metric(f"Image{outcome.title()}", MetricUnit.Count, 1)
        elif result.reason:  # a dimension of its own metric only
            with single_metric("ImageRejected", MetricUnit.Count, 1) as rejected:
                rejected.add_dimension("service", str(metrics.service))
                rejected.add_dimension("reason", result.reason)
        if outcome != "duplicate":
            since_put = (datetime.now(UTC) - put.put_at).total_seconds()
            metrics.add_metric("AnswerTime", MetricUnit.Milliseconds, round(1000 * since_put))
        if result.match and outcome == "answered":
            metrics.add_metric(f"Answer{result.match.title()}", MetricUnit.Count, 1)
        if result.answer is not None and outcome == "answered":
            picture = result.image.sha256 or result.key
            share = self.sameness.add(result.prompt.id, schema or {}, result.answer, picture)
            if share is not None:
                metrics.add_metric("TopAnswerShare", MetricUnit.Percent, share)
