"""Which phrases say a row of words: the choice a good speaker would make.

A row may branch where something can be said in other words than it is written ("12" or "twelve"). Of all ways through
it: the fewest missing words, then as it is written, then the fewest clips, then the longest first phrase. The choice is
worked out from the end, each place once. A way is kept only while it begins some phrase, so that the time grows with
the words, however many ways there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stitcher.text.words import Word

NOWHERE = (1_000_000, 0, 0)
"""Costs more than any way there is."""
WAYS, TRIED = 64, 200_000
"""Ways kept at one place and length, and at all places and lengths of a row: only clips that are made to have more of
them reach it."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Words that may be said instead of `row[first:last]`; `why` is the reason for a plan's reader."""

    first: int
    last: int
    words: tuple[str, ...]
    why: str
    bound: bool = False
    """Whether its written words lose their meaning one by one ("-5", "10-15"): then `fits` is asked about a phrase."""
    refused: bool = False
    """Whether `words` are what is missing, and nothing says them."""


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
    bound: bool
    sayable: bool = True


class _Way(NamedTuple):
    """Words from one node to another that begin a phrase; `asked` where `fits` decides whether a clip may say them."""

    said: str
    to: int
    start: int
    end: int
    why: str
    branches: int
    asked: bool


class _Step(NamedTuple):
    """The first step of the best way from a node, and what a Choice is made of."""

    to: int
    said: str
    start: int
    end: int
    missing: bool
    why: str


def _always(*_: object) -> bool:
    return True


def choose(
    row: Sequence[Word],
    insteads: Sequence[Instead],
    has: Callable[[str], bool],
    longest: int,
    begins: Callable[[str], bool] = _always,
    *,
    barriers: frozenset[int] = frozenset(),
    fits: Callable[[str, int, int], bool] | None = None,
) -> list[Choice]:
    """The phrases for a row of words.

    Parameters
    ----------
    insteads
        Not overlapping.
    has
        Whether a clip says the phrase.
    longest
        Words in the longest phrase that there is.
    begins
        Whether a longer phrase begins with these words.
    barriers
        Places in the row (n is before word n) where a sentence ends.
    fits
        Whether a clip says `text[start:end]`: asked in place of `has` where the phrase would cross a barrier, or say a
        bound number as it is written.
    """
    if not insteads:
        return _unbranched(row, has, longest, begins, barriers, fits)
    return _branched(row, insteads, has, longest, begins, barriers, fits)


def _branched(
    row: Sequence[Word],
    insteads: Sequence[Instead],
    has: Callable[[str], bool],
    longest: int,
    begins: Callable[[str], bool],
    barriers: frozenset[int],
    fits: Callable[[str, int, int], bool] | None,
) -> list[Choice]:
    edges, order = _lattice(row, insteads)
    end = len(row)
    most = max(1, min(WAYS, TRIED // (len(order) * longest or 1)))
    # (missing, branches, clips) from each node to the end.
    cost: dict[int, tuple[int, int, int]] = {end: (0, 0, 0)}
    step: dict[int, _Step] = {}
    for node in order:
        best: tuple[int, int, int] | None = None
        for edge in edges[node]:
            if edge.may_be_missing:
                missing, branches, clips = cost[edge.to]
                option = (missing + 1, branches + edge.branch, clips)
                if best is None or option < best:
                    best = option
                    step[node] = _Step(edge.to, edge.word, edge.start, edge.end, True, edge.why)
        # Breadth first: ways of one word, of two …, so that an equally good longer phrase comes later and is taken.
        ways = [
            _Way(edge.word, edge.to, edge.start, edge.end, edge.why, edge.branch, edge.bound)
            for edge in edges[node]
            if edge.sayable
        ]
        for length in range(1, longest + 1):
            for said, to, start, stop, why, taken, asked in ways:
                if fits(said, start, stop) if asked and fits else has(said):
                    missing, branches, clips = cost[to]
                    option = (missing, branches + taken, clips + 1)
                    if best is None or option <= best:
                        best = option
                        step[node] = _Step(to, said, start, stop, False, why)
            if length == longest or (len(ways) == 1 and not begins(ways[0].said)):  # nearly always
                break
            if not (ways := _longer(ways, edges, has, begins, barriers, most)):
                break
        # The digits of a number may lead nowhere: then it has another way, and every word of that may be missing.
        cost[node] = best or NOWHERE
    chosen: list[Choice] = []
    node = 0
    while node != end:
        node, said, start, stop, lacking, why = step[node]
        chosen.append(Choice(said, start, stop, lacking, why))
    return chosen


def _unbranched(
    row: Sequence[Word],
    has: Callable[[str], bool],
    longest: int,
    begins: Callable[[str], bool],
    barriers: frozenset[int],
    fits: Callable[[str, int, int], bool] | None,
) -> list[Choice]:
    """The same choice where every word is said as it is written: most rows, in a third of the time."""
    end = len(row)
    texts = [word.text for word in row]
    cost = [(0, 0)] * (end + 1)  # (missing, clips)
    step = [0] * end  # where the first phrase ends; less than 0 where the word is missing
    for node in range(end - 1, -1, -1):
        missing, clips = cost[node + 1]
        best, step[node] = (missing + 1, clips), -1
        said, to, asked = texts[node], node + 1, False
        while to - node <= longest:
            if fits(said, row[node].start, row[to - 1].end) if asked and fits else has(said):
                missing, clips = cost[to]
                if (missing, clips + 1) <= best:
                    best, step[node] = (missing, clips + 1), to
            if to == end or not begins(said):
                break
            asked = asked or to in barriers
            said = f"{said} {texts[to]}"
            to += 1
        cost[node] = best
    chosen: list[Choice] = []
    node = 0
    while node < end:
        to = step[node] if step[node] > 0 else node + 1
        chosen.append(Choice(" ".join(texts[node:to]), row[node].start, row[to - 1].end, step[node] < 0, ""))
        node = to
    return chosen


def _longer(
    ways: Sequence[_Way],
    edges: Mapping[int, Sequence[_Edge]],
    has: Callable[[str], bool],
    begins: Callable[[str], bool],
    barriers: frozenset[int],
    most: int,
) -> list[_Way]:
    """The ways with one word more, of those that begin a longer phrase; of two that say the same, the better."""
    if len(ways) == 1:  # nearly always: nothing branches here
        ((said, to, start, _, why, taken, asked),) = ways
        only = edges.get(to)
        if not only:
            return []
        if len(only) == 1 and only[0].sayable:
            edge = only[0]
            asked = asked or edge.bound or to in barriers
            return [_Way(f"{said} {edge.word}", edge.to, start, edge.end, why or edge.why, taken + edge.branch, asked)]
    found: dict[tuple[str, int], _Way] = {}
    for said, to, start, _, why, taken, asked in ways:
        following = edges.get(to)
        if not following or not begins(said):
            continue
        crosses = asked or to in barriers
        for edge in following:
            more = f"{said} {edge.word}"
            if not edge.sayable or not (begins(more) or crosses or edge.bound or has(more)):
                continue
            known = found.get((more, edge.to))
            if known is None or (taken + edge.branch) < known.branches:
                found[more, edge.to] = _Way(
                    more, edge.to, start, edge.end, why or edge.why, taken + edge.branch, crosses or edge.bound
                )
    kept = list(found.values())
    return kept if len(kept) <= most else sorted(kept, key=lambda way: way.branches)[:most]


def _lattice(row: Sequence[Word], insteads: Sequence[Instead]) -> tuple[Mapping[int, list[_Edge]], list[int]]:
    """The edges from each node, and the nodes from the end to the beginning.

    Node n is before word n; the nodes inside of ways in other words have numbers after the last.
    """
    covered = {place: instead.bound for instead in insteads for place in range(instead.first, instead.last)}
    edges: dict[int, list[_Edge]] = {
        # A number is missing as the words that it is said in, not as its digits.
        place: [
            _Edge(word.text, place + 1, word.start, word.end, "", 0, place not in covered, covered.get(place, False))
        ]
        for place, word in enumerate(row)
    }
    inside: dict[int, list[int]] = {}
    free = len(row) + 1
    for instead in insteads:
        start, stop = row[instead.first].start, row[instead.last - 1].end
        nodes = [instead.first, *range(free, free + len(instead.words) - 1), instead.last]
        free += len(instead.words) - 1
        for place, word in enumerate(instead.words):
            edge = _Edge(
                word, nodes[place + 1], start, stop, instead.why, int(place == 0), True, False, not instead.refused
            )
            edges.setdefault(nodes[place], []).append(edge)
        inside[instead.first] = nodes[1:-1]
    order = [node for place in range(len(row) - 1, -1, -1) for node in (*reversed(inside.get(place, [])), place)]
    return edges, order
