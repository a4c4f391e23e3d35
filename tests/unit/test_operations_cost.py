"""What is said of costs, against numbers by hand."""

import pytest
from tools.operations import cost
from tools.operations.cost import Line, Template

PROD = Template("prod")
NAMES = ("CacheLookup", "Stitch", "Publish", "IdentifyImage")


def priced(lines: list[Line]) -> dict[str, float]:
    return {line.what: line.usd for line in cost.together(lines)}


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = {name: {"ms": 50, "log_bytes": 1000} for name in NAMES}
    monkeypatch.setattr(cost, "MEASURED", {"date": "a date", "functions": functions})


def test_a_message_from_the_cache_costs_what_its_parts_do() -> None:
    found = priced(cost.hit(PROD))
    assert found["API Gateway"] == pytest.approx(3.50 / 1e6)
    assert found["firewall"] == pytest.approx(0.60 / 1e6)
    # 50 ms and two requests of 25 ms: 100 ms of 1 GB, and one step of 100 ms of 64 MB.
    assert found["Lambda"] == pytest.approx(0.20e-6 + 0.1 * 1.66667e-5)
    assert found["Express workflow"] == pytest.approx(1e-6 + 0.1 / 16 * 1.667e-5)
    assert found["S3"] == pytest.approx(5e-6 + 0.4e-6 + 0.4e-6)
    assert found["logs"] == pytest.approx(1000 / 1e9 * 0.5)
    assert found["transfer"] == pytest.approx(24_000 / 1e9 * 0.09)


def test_a_message_that_is_made_runs_three_functions_and_reads_its_clips() -> None:
    found = priced(cost.made(PROD))
    stitch = 0.20e-6 + 0.1 * 1769 / 1024 * 1.66667e-5
    publish = 0.20e-6 + 0.075 * 1.66667e-5
    assert found["Lambda"] == pytest.approx(priced(cost.hit(PROD))["Lambda"] + stitch + publish)
    assert found["S3"] == pytest.approx(3 * 5e-6 + 11 * 0.4e-6 + 0.4e-6)
    assert found["logs"] == pytest.approx(3 * 1000 / 1e9 * 0.5)


def test_the_larger_model_is_what_its_pictures_cost_most() -> None:
    small, large = (priced(cost.image(PROD, size)) for size in ("small", "large"))
    assert max(large, key=lambda what: large[what]) == "the model"
    assert {what for what in small if small[what] != large[what]} == {"the model"}
    assert small["Standard workflow"] == pytest.approx(8 * 2.5e-5)


def test_what_is_there_without_any_call_is_alarms_and_a_firewall() -> None:
    idle = {stage: sum(line.usd for line in cost.standing(Template(stage))) for stage in ("dev", "prod")}
    assert idle["dev"] == pytest.approx(1.00)
    assert idle["prod"] == pytest.approx(17.30 + 8.00), "docs/operations.md: alarms; a firewall with three rules"


def test_the_report_says_what_dominates_and_what_to_do() -> None:
    text = cost.report("prod", 1_000_000, 100_000, 10_000)
    assert "is the most. The cheapest lever:" in text
    assert "nan" not in text
    assert "A month in dev with 0 messages" in cost.report("dev", 0, 0, 0)
