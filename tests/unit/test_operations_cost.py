"""What is said of costs, against numbers by hand."""

import json
import re
from collections import Counter

import pytest
from tools.local.pictures import newest_versions
from tools.operations import cost
from tools.operations.cost import Line, Template

from identifier.prompt import read_prompt
from tests.known import KNOWN
from tests.paths import ROOT

PROD = Template("prod")
PROMPT_FILES = {path.parent.name: path for path in newest_versions(ROOT / "prompts")}
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
    assert found["S3"] == pytest.approx(2 * 0.4e-6 + 0.4e-6)
    assert found["logs"] == pytest.approx(1000 / 1e9 * 0.5)
    assert found["transfer"] == pytest.approx(24_000 / 1e9 * 0.09)


def test_a_message_that_is_made_runs_three_functions_and_reads_its_clips() -> None:
    found = priced(cost.made(PROD))
    stitch = 0.20e-6 + 0.1 * 1769 / 1024 * 1.66667e-5
    publish = 0.20e-6 + 0.075 * 1.66667e-5
    assert found["Lambda"] == pytest.approx(priced(cost.hit(PROD))["Lambda"] + stitch + publish)
    assert found["S3"] == pytest.approx(2 * 5e-6 + 12 * 0.4e-6 + 0.4e-6)
    assert found["logs"] == pytest.approx(3 * 1000 / 1e9 * 0.5)


def test_the_larger_model_is_what_its_pictures_cost_most() -> None:
    small, large = (priced(cost.image(PROD, size)) for size in ("small", "large"))
    assert max(large, key=lambda what: large[what]) == "the model"
    assert {what for what in small if small[what] != large[what]} == {"the model"}
    assert small["Standard workflow"] == pytest.approx(8 * 2.5e-5)


def test_the_canary_costs_what_its_pictures_do_that_nobody_hears() -> None:
    (canary,) = (line.usd for line in cost.standing(PROD) if line.what == "canary")
    small, large = (priced(cost.image(PROD, size))["the model"] for size in ("small", "large"))
    # 50 ms and 3 s and four requests of 25 ms at 1 GB, four transitions, three files written and three read, a log.
    rest = 0.20e-6 + 3.15 * 1.66667e-5 + 4 * 2.5e-5 + 3 * 5e-6 + 3 * 0.4e-6 + 1000 / 1e9 * 0.5
    assert canary == pytest.approx(30 * 3 * (small + large + 2 * rest))
    asked = [read_prompt(PROMPT_FILES[prompt].read_bytes()).model for prompt, known in KNOWN.items() for _ in known]
    assert Counter(asked) == cost.KNOWN_PICTURES


def test_without_a_canary_it_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROD.parameters["PictureCanary"], "Default", "false")
    assert "canary" not in {line.what for line in cost.standing(PROD)}


def test_what_is_there_without_any_call_is_alarms_a_canary_and_a_firewall() -> None:
    idle = {stage: sum(line.usd for line in cost.standing(Template(stage))) for stage in ("dev", "prod")}
    assert idle["dev"] == pytest.approx(1.30 + 0.34, abs=0.005)
    assert idle["prod"] == pytest.approx(18.40 + 0.34 + 8.00, abs=0.005), "alarms, canary, a firewall with three rules"


def test_zero_calls_cost_what_zero_calls_cost() -> None:
    """Alarms, canary, firewall: our metrics are sent by calls, and are charged by the hour in which one is sent."""
    for stage, usd in (("dev", "1.65"), ("prod", "26.75")):
        text = cost.report(stage, 0, 0, 0)
        assert f"  {'all':24}{usd:>10}" in text
        assert f"Of it {usd} is there without any call" in text
        assert "our metrics" not in text


def test_our_metrics_cost_more_the_more_hours_have_a_call() -> None:
    (few,), (many,), (most,) = (cost.our_metrics(hits, 0, 0) for hits in (1, 730, 1_000_000))
    assert 0 < few.usd < 0.01 < many.usd < most.usd
    assert many.usd / most.usd == pytest.approx(1 - 1 / 2.718281828)
    assert cost.our_metrics(0, 0, 1)[0].usd > few.usd, "a picture is said, too"


def test_the_prices_are_those_of_the_stages_own_region() -> None:
    before = dict(cost.PRICES)
    text = cost.report("prod", 1_000_000, 0, 0)
    assert "List prices of ap-south-1, 2026-10-01;" in text
    assert "transfer                      2.62" in text, "24 kB a message at 0.1093 a GB; 2.16 in us-east-1"
    assert before == cost.PRICES, "the table is as it was"


def test_a_price_that_is_known_of_another_region_only_is_named() -> None:
    prices, lacks = cost.prices_of("ap-south-1")
    assert prices["logs"] == {"gb": 0.67}
    assert prices["waf"] == cost.PRICES["waf"]
    assert (
        "has no prices of it for Express workflows, alarms and metrics and the firewall: these are of us-east-1"
        in lacks
    )


def test_of_a_region_that_is_not_in_the_table_nothing_is_guessed() -> None:
    prices, lacks = cost.prices_of("eu-north-1")
    assert prices["region"] == "us-east-1"
    assert "The stage is in eu-north-1, and the table has no prices of it: these are of us-east-1, 2026-11-20." in lacks
    assert cost.prices_of("us-east-1")[1] == ""


def test_every_table_of_prices_has_a_name_and_each_region_has_whole_tables() -> None:
    tables = {name for name, value in cost.PRICES.items() if isinstance(value, dict)} - {"regions"}
    assert tables == cost.SOLD.keys()
    for own in cost.PRICES["regions"].values():
        for name in own.keys() - {"as_of"}:
            assert own[name].keys() == cost.PRICES[name].keys(), name


def test_the_pages_say_what_the_command_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "MEASURED", json.loads((cost.ROOT / "tools/bench/results/load.json").read_text()))
    text = cost.report("prod", 1_000_000, 100_000, 10_000)
    every, fixed = (float(found) for found in re.findall(r"  all +([\d.]+)\nOf it ([\d.]+) is there", text)[0])
    page, readme = ((cost.ROOT / name).read_text() for name in ("docs/operations.md", "README.md"))
    assert f"10,000 pictures costs ${every:.0f}. Of these, ${fixed:.2f} do not" in " ".join(page.split())
    (thousand,) = re.findall(r"messages from the cache +([\d.]+)", text.split("A month")[0])
    assert f"| messages from the cache | {float(thousand):.3f} |" in page
    assert f"cost about {float(thousand) * 100:.1f} US cents" in " ".join(readme.split())
    assert f"cost ${fixed:.2f} a month in stage and in prod" in " ".join(readme.split())


def test_the_report_says_what_dominates_and_what_to_do() -> None:
    text = cost.report("prod", 1_000_000, 100_000, 10_000)
    assert "is the most. The cheapest lever:" in text
    assert "nan" not in text
    assert "A month in dev with 0 messages" in cost.report("dev", 0, 0, 0)
