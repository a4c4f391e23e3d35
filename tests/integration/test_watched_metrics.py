"""Alarms, dashboards and objectives against what the functions really count when they run: names, units, dimensions."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from functions.cache_lookup import app as cache_lookup
from functions.check_answers import app as check_answers
from functions.fetch_clips import app as fetch_clips
from functions.identify_image import app as identify_image
from functions.keep_catalogue import app as keep_catalogue
from functions.prepare_clip import app as prepare_clip
from functions.publish import app as publish
from functions.stitch import app as stitch
from tools.operations.arithmetic import plain
from tools.operations.objectives import OBJECTIVES, Metric, Stat, ours

from identifier.accuracy import Correction, is_drawn
from identifier.canary import Canary, Checked
from identifier.keys import CORRECTIONS
from identifier.sameness import Sameness
from stitcher import limits
from stitcher.errors import StitchError
from tests.integration.steps import CONTEXT, INPUT, Buckets, asked, event, now
from tests.integration.test_identify_step import COW, IMAGES, POINTERS, Step, step  # noqa: F401  # by its name
from tests.paths import ROOT
from tests.template import of_type
from tests.watched import RESOURCES, watched

NAMESPACE = ours("any", "any").namespace
OURS = {metric: by for metric, by in watched(RESOURCES).items() if metric.namespace == NAMESPACE}
SERVICES = {  # the dimension `service`, as the template sets it; here all functions run in one process
    one["Properties"]["CodeUri"].removeprefix("functions/"): one["Properties"]["Environment"]["Variables"][
        "POWERTOOLS_SERVICE_NAME"
    ]
    for one in RESOURCES.values()
    if one["Type"] == "AWS::Serverless::Function"
}
Counted = dict[Metric, str]
"""Metrics with their units."""


@pytest.fixture
def counted() -> Counted:
    return {}


@pytest.fixture
def run(counted: Counted, capsys: pytest.CaptureFixture[str]) -> Callable[[Any, dict[str, Any]], dict[str, Any]]:
    """Runs a step and notes what it counts, under the service that the template gives it."""

    def run(app: Any, given: dict[str, Any]) -> dict[str, Any]:
        capsys.readouterr()
        answer: dict[str, Any] = app.lambda_handler(given, CONTEXT)
        for line in capsys.readouterr().out.splitlines():
            blob = json.loads(line)
            for directive in blob["_aws"]["CloudWatchMetrics"]:
                assert directive["Namespace"] == "Test"
                (names,) = directive["Dimensions"]
                values = {name: blob[name] for name in names} | {"service": SERVICES[app.__name__.split(".")[1]]}
                for metric in directive["Metrics"]:
                    counted[plain(Metric(NAMESPACE, metric["Name"], tuple(values.items())))] = metric["Unit"]
        return answer

    return run


def by_the_workflows() -> Counted:
    """What states count by themselves."""
    found = {}
    for path in (ROOT / "statemachine").glob("*.asl.json"):
        for state in json.loads(path.read_text())["States"].values():
            if state.get("Resource", "").endswith("cloudwatch:putMetricData"):
                assert state["Arguments"]["Namespace"] == "${MetricsNamespace}"
                for one in state["Arguments"]["MetricData"]:
                    dimensions = tuple((part["Name"], part["Value"]) for part in one["Dimensions"])
                    found[plain(Metric(NAMESPACE, one["MetricName"], dimensions))] = one["Unit"]
    return found


def checked(services: set[str], counted: Counted) -> None:
    """Everything that is watched of these services is counted."""
    wanted = {metric for metric in OURS if dict(metric.dimensions)["service"] in services}
    assert wanted
    assert wanted <= counted.keys(), wanted - counted.keys()


def reasons(name: str, counted: Counted) -> set[str]:
    """Of a metric that is searched by its reason: the reasons; fails if it has other dimensions than are searched."""
    assert plain(Metric(NAMESPACE, name, (("reason", "*"), ("service", "*")))) in OURS
    found = [dict(metric.dimensions) for metric in counted if metric.name == name]
    assert all(dimensions.keys() == {"reason", "service"} for dimensions in found)
    return {dimensions["reason"] for dimensions in found}


def test_everything_that_is_watched_of_the_stitcher_is_counted_when_it_runs(
    buckets: Buckets,
    run: Callable[[Any, dict[str, Any]], dict[str, Any]],
    counted: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = boto3.client("sqs", region_name="ap-south-1").create_queue(QueueName="refused")["QueueUrl"]
    monkeypatch.setenv("REFUSED_QUEUE_URL", queue)
    for request in ({"message": "hello", "format": "mp3"}, {"message": "hello", "format": "flac"}):
        found = run(cache_lookup, asked(**request))
        made = run(stitch, {"plan": found["plan"]})
        for clip in made.get("clips", []):
            run(fetch_clips, clip)
        staged = run(stitch, {"plan": found["plan"]})["staged"]
        run(publish, {"plan": found["plan"], "output_key": found["output_key"], "staged": staged, "started": now()})
        assert run(cache_lookup, asked(**request))["outcome"] == "hit"
    unsaid = (
        {"message": "elephant"},
        {"message": "hello" * 500},
        {"message": 1},
        {"message": "hello", "voice": "nobody"},
    )
    for refused in unsaid:
        run(cache_lookup, asked(**refused))
    run(prepare_clip, put_event("hello.wav", buckets.s3.head_object(Bucket=INPUT, Key="hello.wav")["ETag"].strip('"')))
    run(prepare_clip, put_event("noise.wav", buckets.put(INPUT, "noise.wav", b"no audio")))
    with monkeypatch.context() as small:
        small.setattr(limits, "VOICE_FILES", 1)
        run(cache_lookup, asked(message="hello"))
    keep_catalogue.keeper.cache_clear()
    run(keep_catalogue, event("keep_catalogue"))
    checked({"cache_lookup", "stitch", "publish", "prepare_clip", "keep_catalogue"}, counted)
    of_other_calls = {"unknown_clip", "unknown_campaign", "campaign_runs"}
    refusals = (kind for kind in StitchError.__subclasses__() if kind.__module__ == StitchError.__module__)
    codes = {kind.code for kind in refusals} - of_other_calls
    assert reasons("MessageRejected", counted | by_the_workflows()) == codes, "a dimension that is bounded"
    units(counted)


def put_event(key: str, etag: str) -> dict[str, Any]:
    given: dict[str, Any] = event("prepare_clip")
    given["detail"]["object"] |= {"key": key, "etag": etag}
    return given


def test_everything_that_is_watched_of_identification_is_counted_when_it_runs(
    request: pytest.FixtureRequest,
    run: Callable[[Any, dict[str, Any]], dict[str, Any]],
    counted: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here: Step = request.getfixturevalue("step")
    monkeypatch.setattr(identify_image, "settings", replace(identify_image.settings, prompt_seconds=0.0))
    monkeypatch.setattr(identify_image.counts, "sameness", Sameness(least=1))
    run(identify_image, here.put())
    here.model.fail("wrong_schema", times=2)  # the model is asked once more
    run(identify_image, another(here, "2.jpg"))
    boto3.client("ssm").put_parameter(Name=f"{POINTERS}animal", Value="broken", Overwrite=True)
    run(identify_image, another(here, "3.jpg"))
    checked({"identify_image"}, counted)
    assert reasons("ImageRejected", counted) == {"schema"}
    units(counted)


def test_everything_that_is_watched_of_the_check_of_answers_is_counted_when_it_runs(
    request: pytest.FixtureRequest, run: Callable[[Any, dict[str, Any]], dict[str, Any]], counted: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    here: Step = request.getfixturevalue("step")
    monkeypatch.setattr(check_answers, "s3", lambda: here.s3)
    found = Checked("animal", 2, 3, ["cat.jpg: there is no result"])
    monkeypatch.setattr(Canary, "check", lambda *_: found)
    monkeypatch.setattr(check_answers, "settings", replace(check_answers.settings, canary=True))
    drawn = next(name for number in range(100) if is_drawn(name := f"animal-{number:026}"))
    said = Correction(
        id=drawn, right={"animal": "goat"}, given={"animal": "goat"}, prompt_version=1, at=datetime.now(UTC)
    )
    here.s3.put_object(Bucket="results", Key=f"{CORRECTIONS}animal/1.json", Body=said.model_dump_json().encode())
    run(check_answers, {})
    checked({"check_answers"}, counted)
    units(counted)


def another(here: Step, name: str) -> dict[str, Any]:
    given: dict[str, Any] = here.put() | {"key": f"inbox/animal/{name}"}
    version = here.s3.put_object(Bucket=IMAGES, Key=given["key"], Body=COW)["VersionId"]
    return given | {"version_id": version}


def units(counted: Counted) -> None:
    """Limits are in the unit that is counted."""
    for objective in OBJECTIVES:
        for query in objective.queries.values():
            if isinstance(query, Stat) and plain(query.metric) in counted:
                milliseconds = query.metric.name.endswith("Time")
                assert counted[plain(query.metric)] == ("Milliseconds" if milliseconds else "Count"), query.metric
    for dashboard in of_type(RESOURCES, "AWS::CloudWatch::Dashboard").values():
        for widget in json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]:
            unit = widget["properties"].get("yAxis", {}).get("left", {}).get("label")
            for entry in widget["properties"].get("metrics", []):
                *named, _ = entry
                if unit and named and named[0] == NAMESPACE:
                    namespace, name, *rest = named
                    metric = plain(Metric(namespace, name, tuple(zip(rest[::2], rest[1::2], strict=True))))
                    expected = {"ms": "Milliseconds", "s": "Seconds", "%": "Percent"}[unit]
                    assert counted.get(metric, expected) == expected, metric


def test_what_is_watched_of_the_workflows_is_counted_by_them() -> None:
    checked({"workflow"}, by_the_workflows())


def test_the_workflows_count_into_the_namespace_that_is_watched() -> None:
    machines = of_type(RESOURCES, "AWS::Serverless::StateMachine")
    given = [one["DefinitionSubstitutions"] for one in machines.values()]
    named = [json.dumps(each["MetricsNamespace"]) for each in given if "MetricsNamespace" in each]
    assert named == 2 * [json.dumps({"Fn::Sub": NAMESPACE})], "the functions of campaigns count, not their workflow"


def test_every_metric_of_ours_that_is_watched_is_of_a_service_that_these_tests_run() -> None:
    services = {dict(metric.dimensions)["service"] for metric in OURS}
    # "*" are those that are searched by their reason: see above.
    assert services == {
        "cache_lookup",
        "stitch",
        "publish",
        "prepare_clip",
        "keep_catalogue",
        "identify_image",
        "check_answers",
        "workflow",
        "*",
    }
