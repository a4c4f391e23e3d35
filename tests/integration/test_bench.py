"""`make bench` on small counts, so that it cannot rot: each of its measurements runs, and its report can be read."""

from pathlib import Path
from typing import Any

import pytest
from tools.bench import measure, messages, planning, report
from tools.bench.approaches import recordings
from tools.bench.handlers import ENVIRONMENT
from tools.bench.requests_counted import HIT, PREPARED, counted

from stitcher.clips.encode import encode
from stitcher.clips.prepare import prepare
from stitcher.formats.profiles import FORMS
from tests.paths import SAMPLES
from tests.template import TEMPLATE, of_type


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every clip prepared, as `bench.benchmark` leaves them; here all sound like the first."""
    found = tmp_path_factory.mktemp("prepared")
    sample = SAMPLES / "hello.wav"
    samples = prepare(sample.name, sample.read_bytes())
    for ready in encode(samples, FORMS):
        for index in range(len(recordings())):
            (found / f"{index}.{ready.profile}").write_bytes(ready.to_bytes())
    return found


def test_a_handler_finds_every_variable_that_the_template_gives_it() -> None:
    """`make bench` imports each: a new variable that it lacks would end it."""
    shared = set(TEMPLATE["Globals"]["Function"].get("Environment", {}).get("Variables", {}))
    for name, function in of_type(TEMPLATE["Resources"], "AWS::Serverless::Function").items():
        own = function["Properties"].get("Environment", {}).get("Variables", {})
        if name != "PhoneFunction":  # TypeScript
            assert own.keys() | shared <= ENVIRONMENT.keys(), name


@pytest.mark.parametrize(("case", "requests"), [(HIT, 2), (PREPARED, 14)])
def test_requests_of_a_message_are_counted(folder: Path, case: str, requests: int) -> None:
    found = counted(case, folder)
    assert (found["total"], found["heavy"], found["processes"]) == (requests, [], 0)


def test_ways_to_make_a_message_are_timed_in_turn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "ROUND_SECONDS", 0.0)
    say = measure.saying(report.MP3, 2, folder, in_memory=True)
    found = measure.timings({"ours": say, "twice": lambda: say() + say()}, rounds=3)
    assert found.keys() == {"ours", "twice"}
    assert all(len(timing.rounds) == 3 and timing.ms >= 0 for timing in found.values())


def test_the_planner_is_timed() -> None:
    ms, clips = planning.planned(words=20, clips=400, runs=1)
    assert ms > 0
    assert 10 <= clips <= 20


@pytest.fixture(scope="module")
def cost() -> dict[str, Any]:
    return messages.measured(51, hits=1, uncached=2, rounds=1)


def test_what_a_message_costs_is_measured_by_step(cost: dict[str, Any]) -> None:
    assert cost["uncached_ms"].keys() == {"cache_lookup", "stitch", "publish"}
    assert cost["hit_ms"].keys() == {"cache_lookup"}
    assert all(ms > 0 for ms in (*cost["uncached_ms"].values(), *cost["hit_ms"].values()))
    assert cost["hit_requests"] == {"GetObject": 1, "HeadObject": 1}
    assert cost["listed_requests"] == {"ListObjectsV2": 1, "HeadObject": 1}
    assert cost["first_ms"] > 0
    assert cost["listed_ms"] > 0


def test_the_report_has_the_costs_and_holds_them_to_their_targets(cost: dict[str, Any]) -> None:
    start = {"ms": 200.0, "median_ms": 210.0, "zipped_mb": 5.0}
    found = {
        "messages": {50: cost},
        "starts": {"floor": start, "libraries": start, "StitchFunction": start},
        "approaches": {report.MP3: {"ms": {"memory": {10: 0.1}}}},
    }
    lines = list(report._of_functions(found))
    assert any(line.startswith("| StitchFunction | 200 (1) | 210 |") for line in lines)
    assert [line for line in lines if line.startswith("| 50 |")]
    requests = {"GetObject": 1, "HeadObject": 1}
    quick = {"uncached_ms": {"cache_lookup": 3.0, "stitch": 2.0, "publish": 2.0}, "hit_ms": {"cache_lookup": 3.0}}
    slow = {"uncached_ms": {"cache_lookup": 5.0, "stitch": 2.0, "publish": 2.0}, "hit_ms": {"cache_lookup": 5.0}}
    listing = {"hit_requests": {"ListObjectsV2": 2, "HeadObject": 1}}
    of = {50: quick | {"hit_requests": requests}, 1_000: slow | {"hit_requests": requests}, 10_000: quick | listing}
    passed = [target["passed"] for target in report._costs(of)]
    assert passed == [True, True, True, True, False, False, True, True, True, True, False, False]
