"""Detect a model that gives every picture the same answer: no error shows this fault."""

import hashlib
import json
from collections import Counter, OrderedDict
from typing import Any

WINDOW, LEAST = 100, 50


class Sameness:
    """The last answers by prompt, as hashes, in one worker's memory.

    Only what a program can read is compared: enumerations, numbers, truth values and lists of them, not free texts. A
    model that writes other notes each time is found, and a healthy herd with its counts is not one answer. The same
    picture again counts once.
    """

    def __init__(self, window: int = WINDOW, least: int = LEAST) -> None:
        self.window, self.least = window, least
        self._last: dict[str, OrderedDict[str, bytes]] = {}

    def add(self, prompt_id: str, schema: dict[str, Any], answer: dict[str, Any], picture: str) -> float | None:
        """Count an answer; returns the most frequent answer's share of the last answers, in percent.

        None until there are answers to `least` different pictures, because a few answers are often alike. `picture` is
        the picture's SHA-256.
        """
        last = self._last.setdefault(prompt_id, OrderedDict())
        last.pop(picture, None)
        told = json.dumps(_closed(schema, answer), sort_keys=True)
        last[picture] = hashlib.sha256(told.encode()).digest()
        while len(last) > self.window:
            last.popitem(last=False)
        if len(last) < self.least:
            return None
        [(_, most)] = Counter(last.values()).most_common(1)
        return 100 * most / len(last)


def _closed(schema: dict[str, Any], value: Any) -> Any:
    """The value without free texts."""
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {name: _closed(parts.get(name, {}), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_closed(schema.get("items", {}), item) for item in value]
    return None if isinstance(value, str) and not {"enum", "const"} & schema.keys() else value
