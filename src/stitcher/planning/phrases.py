"""Which phrases say a row of words: the choice a good speaker would make.

A row may branch where something can be said in other words than it is written ("12" or "twelve"). Of all ways through
it: the fewest missing words, then as it is written, then the fewest clips, then the longest first phrase. It is worked
out from the end, each place once: O(words x words of the longest phrase).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stitcher.text.words import Word

NOWHERE = (1_000_000, 0, 0)
"""Costs more than any way there is."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Words that may be said instead of `row[first:last]`; `why` is the reason for a plan's reader."""

    first: int
    last: int
    words: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A phrase that a clip says, or a word that none does; `text[start:end]` is what it stands for."""

    phrase: str
    start: int
    end: int
    missing: bool
    why: str


class _Edge(NamedTuple):
    """One word on the way from a node to the next; `branch` counts where a way in other words begins."""

    word: str
    to: int
    start: int
    end: int
    why: str
    branch: int
    may_be_missing: bool


def choose(row: Sequence[Word], insteads: Sequence[Instead], has: Callable[[str], bool], longest: int) -> list[Choice]:
    """The phrases for a row of words.

    Parameters
    ----------
    insteads
        Not overlapping.
    has
        Whether a clip says the phrase.
    longest
        Words in the longest phrase that there is.
    """
    edges, order = _lattice(row, insteads)
    end = len(row)
    # (missing, branches, clips) from each node to the end, and the first step of the best way.
    cost: dict[int, tuple[int, int, int]] = {end: (0, 0, 0)}
    step: dict[int, tuple[int, str, int, int, bool, str]] = {}  # the next node, and what a Choice is made of
    for node in order:
        best: tuple[int, int, int] | None = None
        for edge in edges[node]:
            if edge.may_be_missing:
                missing, branches, clips = cost[edge.to]
                option = (missing + 1, branches + edge.branch, clips)
                if best is None or option < best:
                    best = option
                    step[node] = edge.to, edge.word, edge.start, edge.end, True, edge.why
        # Breadth first: ways of one word, of two …, so that an equally good longer phrase comes later and is taken.
        ways = [(edge.word, edge.to, edge.start, edge.end, edge.why, edge.branch) for edge in edges[node]]
        for length in range(1, longest + 1):
            for said, to, start, stop, why, taken in ways:
                if has(said):
                    missing, branches, clips = cost[to]
                    option = (missing, branches + taken, clips + 1)
                    if best is None or option <= best:
                        best = option
                        step[node] = to, said, start, stop, False, why
            if length < longest:
                ways = [
                    (f"{said} {edge.word}", edge.to, start, edge.end, why or edge.why, taken + edge.branch)
                    for said, to, start, _, why, taken in ways
                    for edge in edges.get(to, ())
                ]
        # The digits of a number may lead nowhere: then it has another way, and every word of that may be missing.
        cost[node] = best or NOWHERE
    chosen: list[Choice] = []
    node = 0
    while node != end:
        node, said, start, stop, lacking, why = step[node]
        chosen.append(Choice(said, start, stop, lacking, why))
    return chosen


def _lattice(row: Sequence[Word], insteads: Sequence[Instead]) -> tuple[Mapping[int, list[_Edge]], list[int]]:
    """The edges from each node, and the nodes from the end to the beginning.

    Node n is before word n; the nodes inside of ways in other words have numbers after the last.
    """
    covered = {place for instead in insteads for place in range(instead.first, instead.last)}
    edges: dict[int, list[_Edge]] = {
        # A number is missing as the words that it is said in, not as its digits.
        place: [_Edge(word.text, place + 1, word.start, word.end, "", 0, place not in covered)]
        for place, word in enumerate(row)
    }
    inside: dict[int, list[int]] = {}
    free = len(row) + 1
    for instead in insteads:
        start, stop = row[instead.first].start, row[instead.last - 1].end
        nodes = [instead.first, *range(free, free + len(instead.words) - 1), instead.last]
        free += len(instead.words) - 1
        for place, word in enumerate(instead.words):
            edge = _Edge(word, nodes[place + 1], start, stop, instead.why, int(place == 0), True)
            edges.setdefault(nodes[place], []).append(edge)
        inside[instead.first] = nodes[1:-1]
    order = [node for place in range(len(row) - 1, -1, -1) for node in (*reversed(inside.get(place, [])), place)]
    return edges, order
