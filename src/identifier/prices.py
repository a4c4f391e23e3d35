"""The estimated cost of an answer, from the model's counted tokens and dated list prices.

Prices change, differ a little by region, and are not the bill: check the table against Bedrock's price page and raise
`AS_OF` when you do. A model that is not in it costs None, not nothing.
"""

import math
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

AS_OF = date(2026, 11, 20)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float


# On demand, by inference profile. Amazon's are those of the US regions (AWS, "Amazon Bedrock pricing"; the same in
# public price tables of May to July 2026). Anthropic's are those of the global profiles (its model pages; geographic
# profiles, such as us. and eu., cost a tenth more).
PRICES = {
    "apac.amazon.nova-lite-v1:0": Price(0.06, 0.24),
    "apac.amazon.nova-pro-v1:0": Price(0.80, 3.20),
    "us.amazon.nova-lite-v1:0": Price(0.06, 0.24),
    "us.amazon.nova-pro-v1:0": Price(0.80, 3.20),
    "eu.amazon.nova-lite-v1:0": Price(0.06, 0.24),
    "eu.amazon.nova-pro-v1:0": Price(0.80, 3.20),
    "global.amazon.nova-2-lite-v1:0": Price(0.30, 2.50),
    "global.anthropic.claude-haiku-5-5": Price(0.10, 0.50),  # up to 100,000 tokens of input
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": Price(1.00, 5.00),
    "global.anthropic.claude-sonnet-4-6": Price(3.00, 15.00),
}
BATCH = 0.5
"""Batch inference costs half."""

# Pixels and tokens of a picture for Nova 1 (its guide, "Image understanding").
_NOVA = (
    (900 * 450, 800),
    (900 * 900, 1_300),
    (1_400 * 900, 1_800),
    (1_800 * 900, 2_400),
    (1_300 * 1_300, 2_600),
)
_NOVA_2 = 230
"""Tokens that Nova 2 Lite bills for a picture of any size (its guide, "Multimodal understanding")."""
_CLAUDE_PATCH, _CLAUDE_MOST = 28, 1_568
"""Claude sees patches of 28 px, each a token. Haiku 4.5 and Sonnet 4.6 scale a picture down to
1,568 patches; Haiku 5.5 has a higher limit than any picture of 1,568 px (Anthropic's guide, "Vision")."""


def cost_usd(model: str, input_tokens: int, output_tokens: int) -> float | None:
    """The estimated cost in US dollars; None for a model without a price."""
    price = PRICES.get(model)
    if price is None:
        return None
    return round((input_tokens * price.input + output_tokens * price.output) / 1e6, 8)


def picture_tokens(model: str, width: int, height: int) -> int:
    """A model's tokens for a picture of this size, roughly; the model's answer has the exact count."""
    if "nova-2" in model:
        return _NOVA_2
    if "claude" in model:
        patches = math.ceil(width / _CLAUDE_PATCH) * math.ceil(height / _CLAUDE_PATCH)
        return patches if "haiku-5" in model else min(patches, _CLAUDE_MOST)
    pixels = width * height
    if pixels <= _NOVA[0][0]:
        return _NOVA[0][1]  # it enlarges what is smaller
    for (less, fewer), (more, tokens) in pairwise(_NOVA):
        if pixels <= more:
            return round(fewer + (tokens - fewer) * (pixels - less) / (more - less))
    return round(pixels / _NOVA[-1][0] * _NOVA[-1][1])
