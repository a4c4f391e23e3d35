"""Measure prompts on labelled pictures: accuracy with its interval, what is confused with what, cost and time."""

import csv
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from identifier import expected
from identifier.asking import Ask
from identifier.errors import InvalidPrompt, Unusable
from identifier.model import Reply
from identifier.picture import Picture, prepare_picture
from identifier.prompt import Prompt
from identifier.share import Share

NO_ANSWER = "(no answer)"
AT_ONCE = 4
LABELS = "labels.csv"
SMALL = 256
"""Pixels of a picture on a page."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture with the right values of some fields."""

    file: Path
    right: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a prompt answered to a picture: `answer`, or `reason` if there is none; `small` is the picture as a JPEG."""

    picture: Labelled
    answer: Mapping[str, Any] | None
    reason: str | None
    seconds: float
    cost_usd: float | None
    small: bytes | None = None

    def given(self, name: str) -> str:
        """The answer's value of a field, as text."""
        return NO_ANSWER if self.answer is None else str(self.answer.get(name, "(left out)"))


@dataclass(frozen=True)
class Measured:
    """A prompt on all pictures."""

    prompt: Prompt
    shown: Sequence[Shown]
    fields: Mapping[str, Share] = field(init=False)
    confused: Mapping[str, Counter[tuple[str, str]]] = field(init=False)

    def __post_init__(self) -> None:
        shares, confused = {}, {}
        for name in sorted({name for one in self.shown for name in one.picture.right}):
            labelled = [one for one in self.shown if name in one.picture.right]
            pairs = [(one.picture.right[name], one.given(name)) for one in labelled]
            shares[name] = Share(sum(_alike(right, given) for right, given in pairs), len(pairs))
            confused[name] = Counter(pairs)
        object.__setattr__(self, "fields", shares)
        object.__setattr__(self, "confused", confused)

    @property
    def name(self) -> str:
        return f"{self.prompt.id}@{self.prompt.version}"

    @property
    def all_right(self) -> Share:
        """Pictures of which every labelled field is right."""
        right = sum(
            all(_alike(value, one.given(name)) for name, value in one.picture.right.items()) for one in self.shown
        )
        return Share(right, len(self.shown))

    @property
    def unanswered(self) -> int:
        return sum(one.answer is None for one in self.shown)

    @property
    def cost_usd(self) -> float | None:
        """Of all pictures; None if a price is not known."""
        costs = [one.cost_usd for one in self.shown]
        return None if None in costs else math.fsum(cost for cost in costs if cost is not None)

    def seconds(self, share: float) -> float:
        """The time within which this share of the answers came."""
        ordered = sorted(one.seconds for one in self.shown)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0

    @property
    def summary(self) -> str:
        """In one line, to keep with the published version."""
        low, high = self.all_right.interval
        return (
            f"{self.name}: {self.all_right.right} of {self.all_right.of} pictures right"
            f" ({self.all_right.value:.1%}, 95 % interval {low:.1%} to {high:.1%})"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "prompt": self.prompt.id,
            "version": self.prompt.version,
            "model": self.prompt.model,
            "pictures": len(self.shown),
            "unanswered": self.unanswered,
            "accuracy": _share(self.all_right),
            "fields": {
                name: _share(share)
                | {"confusion": [{"right": right, "given": given, "count": count}
                                 for (right, given), count in sorted(self.confused[name].items())]}
                for name, share in self.fields.items()
            },
            "cost_usd": self.cost_usd,
            "seconds": {"median": self.seconds(0.5), "p95": self.seconds(0.95)},
            "summary": self.summary,
        }  # fmt: skip


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"right": share.right, "of": share.of, "share": share.value, "low": low, "high": high}


def _alike(right: str, given: str) -> bool:
    return right.strip().casefold() == given.strip().casefold()


def labelled(folder: Path, prompt: Prompt, name: str | None = None) -> list[Labelled]:
    """The pictures of a folder: `labels.csv` (columns `file` and fields), or folders that are named as the values.

    Parameters
    ----------
    name
        The field that folder names are values of; by default the first enumerated one.

    Raises
    ------
    InvalidPrompt
        A label is none that the prompt can give, or there is no picture.
    """
    found = list(_by_table(folder) if (folder / LABELS).is_file() else _by_folder(folder, prompt, name))
    for picture in found:
        try:
            _check(picture, prompt)
        except ValueError as error:
            raise InvalidPrompt(f"{picture.file}: {error}") from None
    if not found:
        raise InvalidPrompt(f"{folder} has no labelled pictures: name folders as the answers, or write {LABELS}")
    return found


def _check(picture: Labelled, prompt: Prompt) -> None:
    properties = prompt.answer_schema["properties"]
    for name, value in picture.right.items():
        if name not in properties:
            raise ValueError(f"the answer has no field {name}; it has {', '.join(properties)}")
        expected.check_value(name, value, properties[name])


def _by_table(folder: Path) -> Iterable[Labelled]:
    with (folder / LABELS).open(encoding="utf-8-sig", newline="") as table:
        for number, row in enumerate(csv.DictReader(table), start=2):
            file = folder / (row.pop("file", None) or "")
            if not file.is_file():
                raise InvalidPrompt(f"{folder / LABELS}, line {number}: there is no file {file}")
            right = {name: value for name, value in row.items() if name and value}
            if not right:
                raise InvalidPrompt(f"{folder / LABELS}, line {number}: the picture has no label")
            yield Labelled(file, right)


def _by_folder(folder: Path, prompt: Prompt, name: str | None) -> Iterable[Labelled]:
    properties = prompt.answer_schema["properties"]
    name = name or next((key for key, part in properties.items() if "enum" in part), None)
    if name is None:
        raise InvalidPrompt("the prompt has no enumerated field: name the field, or write labels.csv")
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for file in sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith(".")):
            yield Labelled(file, {name: place.name})


def measure(
    prompts: Sequence[Prompt], pictures: Sequence[Labelled], ask: Ask, told: Callable[[int], None] = lambda _: None
) -> list[Measured]:  # fmt: skip
    """Ask every prompt about every picture, some at once; `told` hears how many pictures are done.

    Raises as `ask` for faults; a picture without an answer counts as wrong.
    """

    def one(number: int, picture: Labelled) -> list[Shown]:
        prepared: dict[int, Picture | Unusable] = {}
        found = [_shown(prompt, picture, _prepared(picture, prompt, prepared), ask) for prompt in prompts]
        told(number + 1)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(one, range(len(pictures)), pictures))
    return [Measured(prompt, [row[place] for row in rows]) for place, prompt in enumerate(prompts)]


def _prepared(picture: Labelled, prompt: Prompt, known: dict[int, Picture | Unusable]) -> Picture | Unusable:
    """The picture for the prompt; prompts of the same size share it, because decoding takes a process."""
    if prompt.longest_edge not in known:
        try:
            known[prompt.longest_edge] = prepare_picture(picture.file.read_bytes(), prompt.longest_edge)
        except Unusable as refusal:
            known[prompt.longest_edge] = refusal
    return known[prompt.longest_edge]


def _small(prepared: Picture) -> bytes | None:
    """The picture for a page. It is read again here, because it is our own file of pixels."""
    if prepared.format != "jpeg":
        return None
    buffer = BytesIO()
    with Image.open(BytesIO(prepared.data)) as image:
        image.thumbnail((SMALL, SMALL))
        image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _shown(prompt: Prompt, picture: Labelled, prepared: Picture | Unusable, ask: Ask) -> Shown:
    if isinstance(prepared, Unusable):
        return Shown(picture, None, prepared.reason, 0.0, 0.0)
    began = time.perf_counter()
    found = ask(prompt, prepared)
    seconds = time.perf_counter() - began
    if isinstance(found.outcome, Reply):
        return Shown(picture, found.outcome.answer, None, seconds, found.cost_usd, _small(prepared))
    return Shown(picture, None, found.outcome.reason, seconds, found.cost_usd, _small(prepared))
