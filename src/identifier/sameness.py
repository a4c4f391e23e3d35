"""Detect a model that gives every picture the same answer: no error shows this fault."""

import hashlib
import json
from collections import Counter, deque
from typing import Any

WINDOW, LEAST = 50, 20


class Sameness:
    """The last answers by prompt, as hashes, in one worker's memory."""

    def __init__(self, window: int = WINDOW, least: int = LEAST) -> None:
        self.window, self.least = window, least
        self._last: dict[str, deque[bytes]] = {}

    def add(self, prompt_id: str, answer: dict[str, Any]) -> float | None:
        """Count an answer; returns the most frequent answer's share of the last answers, in percent.

        None until there are `least` answers, because a few answers are often alike.
        """
        last = self._last.setdefault(prompt_id, deque(maxlen=self.window))
        last.append(hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).digest())
        if len(last) < self.least:
            return None
        [(_, most)] = Counter(last).most_common(1)
        return 100 * most / len(last)
