"""What is said of a campaign's cost and duration, against numbers by hand."""

import pytest
from tools.operations import campaign_cost
from tools.operations.campaign_cost import estimate
from tools.operations.cost import Template

from stitcher.campaigns.split import CHUNK

PROD = Template("prod")
MEASURED = {
    "split-and-join": {"rows": 1_000_000, "split": {"cpu_seconds": 10}, "join": {"cpu_seconds": 20}},
    "chunk": {"warm_ms_a_message": 2.5},
}


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_cost, "MEASURED", MEASURED)


def test_a_million_rows_take_as_long_as_their_parts() -> None:
    found = estimate(PROD, 1_000_000, at_once=50, days=30)
    assert (found.distinct, found.chunks) == (60_000, 60_000 // CHUNK)
    # 300 messages: 2.5 ms of processor each, and 25 ms of a request, ten at a time.
    assert campaign_cost.chunk_seconds() == pytest.approx(300 * 0.005)
    assert found.split == pytest.approx(2 + 10)
    assert found.say == pytest.approx(max(2 + 4 * 1.5, 60_000 / 3_500))
    assert found.bound == "S3's 3,500 PUT a second"
    assert found.join == pytest.approx(2 + 20 + 15 + 30)
    usd = {line.what: line.usd for line in found.lines}
    assert usd["S3 requests"] == pytest.approx((60_000 + 400 + 90 + 20) * 5e-6 + (1_000 + 50 * 350) * 0.4e-6)
    assert usd["Lambda"] == pytest.approx(
        202 * 0.2e-6 + (12 + 200 * 1.5 + found.join) * 1769 / 1024 * 1.66667e-5
    )  # fmt: skip
    assert usd["Express children"] == pytest.approx(200 * (1e-6 + 1.5 / 16 * 1.667e-5))


def test_fewer_at_once_take_longer() -> None:
    slow, fast = (estimate(PROD, 1_000_000, at_once=at_once, days=30) for at_once in (1, 200))
    assert slow.say == pytest.approx(2 + 200 * 1.5)
    assert slow.bound == "1 chunks at once"
    assert slow.say > fast.say


def test_the_table_has_a_line_for_each_size() -> None:
    lines = campaign_cost.table(PROD)
    assert [line.split()[0] for line in lines[2:]] == ["10,000", "100,000", "1,000,000", "10,000,000"]
