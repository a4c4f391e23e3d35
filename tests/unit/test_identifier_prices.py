"""The estimate of what an answer costs, against figures that the makers publish."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifier.prices import PRICES, cost_usd, picture_tokens

LITE, HAIKU, HAIKU_5 = (
    "apac.amazon.nova-lite-v1:0",
    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    "global.anthropic.claude-haiku-5-5",
)


def test_the_cost_is_that_of_the_tokens() -> None:
    assert cost_usd(LITE, 1_000_000, 0) == 0.06
    assert cost_usd(LITE, 0, 1_000_000) == 0.24
    assert cost_usd("apac.amazon.nova-pro-v1:0", 2_000, 150) == pytest.approx(0.00208)


def test_a_model_without_a_price_costs_nobody_knows_what() -> None:
    assert cost_usd("global.anthropic.claude-opus-9", 1_000, 100) is None


@pytest.mark.parametrize(
    ("model", "width", "height", "tokens"),
    [
        # Amazon Nova's guide, "Image understanding"
        (LITE, 900, 450, 800),
        (LITE, 900, 900, 1_300),
        (LITE, 1_400, 900, 1_800),
        (LITE, 1_800, 900, 2_400),
        (LITE, 1_300, 1_300, 2_600),
        ("global.amazon.nova-2-lite-v1:0", 4_000, 3_000, 230),
        # counted by Anthropic's API for these sizes, less the 65 and 77 tokens of the text beside them
        (HAIKU, 512, 512, 426 - 65),
        (HAIKU, 1_024, 1_024, 1_434 - 65),
        (HAIKU, 1_280, 720, 1_261 - 65),
        (HAIKU_5, 1_024, 1_024, 1_446 - 77),
        (HAIKU_5, 1_920, 1_080, 2_768 - 77),
    ],
)
def test_a_picture_is_about_as_many_tokens_as_the_makers_say(model: str, width: int, height: int, tokens: int) -> None:
    assert picture_tokens(model, width, height) == pytest.approx(tokens, rel=0.02)


@given(st.sampled_from(sorted(PRICES)), st.integers(16, 4_096), st.integers(16, 4_096))
def test_a_smaller_picture_never_costs_more(model: str, width: int, height: int) -> None:
    whole, half = (
        picture_tokens(model, width, height),
        picture_tokens(model, math.ceil(width / 2), math.ceil(height / 2)),
    )
    assert 0 < half <= whole
