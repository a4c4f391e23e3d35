"""A start for every voice: the fewest clips with which it says all numbers, prices, times, dates and units."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stitcher.campaigns.campaign import Campaign
from stitcher.campaigns.script import ToRecord
from stitcher.campaigns.table import opened
from stitcher.campaigns.template import Template
from stitcher.errors import InvalidRequest
from stitcher.near import did_you_mean
from stitcher.numbers.spoken import Spoken, readings
from stitcher.numbers.tables import meant, table
from stitcher.storage import Stored
from stitcher.text.words import tokens

KINDS = ("prices", "times", "dates", "units", "percent", "decimals")
LARGEST = 99_999
"""Every number is read: more than these take long, and need no other words but the next scale."""
A_YEAR = date(2026, 1, 1)
"""The dates of one year have all days and months; the year's own number is among the numbers."""


@dataclass(frozen=True, slots=True)
class Starter:
    """What to record, most useful first; how many expressions were read, and how many the language refuses."""

    to_record: list[ToRecord]
    expressions: int
    refused: int


def starter(language: str, up_to: int, kinds: Iterable[str], counted: Mapping[str, int] | None = None) -> Starter:
    """The words that all numbers up to a limit need, and what else is said with them.

    Parameters
    ----------
    language
        A language with a table, as `voice.toml` names it.
    up_to
        The largest whole number, 0 to 99,999.
    kinds
        Some of `KINDS`.
    counted
        How many messages of a table need each word: these words come first. Without it, how many expressions do.

    Raises
    ------
    InvalidRequest
        There is no such language or kind, or the limit is not in its range.
    """
    known = table(language)
    if known is None or "numbers" not in known:
        raise InvalidRequest(
            f"there is no table of numbers for the language '{language}'{did_you_mean(meant(language))}"
        )
    if not 0 <= up_to <= LARGEST:
        raise InvalidRequest(f"{up_to} is not between 0 and {LARGEST}")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise InvalidRequest(f"'{unknown[0]}' is not one of {', '.join(KINDS)}")
    needed: dict[str, ToRecord] = {}
    read = refused = 0
    for written in _expressions(known, up_to, set(kinds)):
        found = readings(written, language)
        read += 1
        if len(found) != 1 or not isinstance(found[0], Spoken) or found[0].end < len(written):
            refused += 1
            continue
        for word in dict.fromkeys(token.text for token in tokens(found[0].words)):
            one = needed.setdefault(word, ToRecord(word, "", ((f"{written}: ", False), (found[0].words, True))))
            one.messages += 1
    if counted is not None:
        for word, one in needed.items():
            one.messages = counted.get(word, 0)
    order = {word: place for place, word in enumerate(needed)}  # what small numbers need comes first among equals
    return Starter(sorted(needed.values(), key=lambda one: (-one.messages, order[one.words])), read, refused)


def needed_by(messages: Path, language: str, *, column: str | None, template: str | None) -> dict[str, int]:
    """How many messages of a table need each word, for a voice of this language that has no clips yet.

    Raises
    ------
    CampaignFault, OSError
        The table or the template cannot be used.
    """
    with opened(messages) as rows:
        filled = (
            Template.of_column(column or "message", rows.header)
            if template is None
            else Template(template, rows.header)
        )
        campaign = Campaign(_NewVoice(language), filled)
        for row in rows.rows():
            campaign.add(row)
    counted: dict[str, int] = {}
    for needed in campaign.to_record:
        for word in needed.words.split():
            counted[word] = counted.get(word, 0) + needed.messages
    return counted


class _NewVoice:
    """Where a voice that has only its settings is kept."""

    def __init__(self, language: str) -> None:
        self._settings = f'language = "{language}"\n'.encode()

    def list(self, prefix: str = "", after: str = "") -> Iterator[Stored]:
        """The settings' file."""
        yield Stored("voice.toml", self._settings.decode(), len(self._settings))

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The settings, whatever the key."""
        return self._settings

    def stat(self, key: str) -> Stored | None:
        """Nothing else is there."""
        return None

    def folders(self, after: str = "") -> Iterator[str]:
        """There are none."""
        yield from ()

    def tree(self, prefix: str = "") -> Iterator[Stored]:
        """There are none."""
        yield from ()

    def save(self, *_: object, **__: object) -> Stored:
        """Refused: there is no folder."""
        raise PermissionError("a voice that is only a language keeps no files")


def _expressions(known: Mapping[str, Any], up_to: int, kinds: set[str]) -> Iterator[str]:
    """As people write them, the small numbers first."""
    yield from map(str, range(up_to + 1))
    signs = known["signs"]
    if "percent" in kinds:
        yield from ("1%", "2%", "50%")
    if "decimals" in kinds:
        mark = str(known.get("style", {}).get("decimal", "."))
        yield from (f"2{mark}5", "-1")
    for kind, section in (("prices", "currencies"), ("units", "units")):
        written: Mapping[str, list[str]] = signs[section]
        for name in known.get(section, {}) if kind in kinds else ():
            for sign in written.get(name, [])[:1]:
                # One, few, many: the forms that languages have.
                yield from (f"{amount} {sign}" for amount in (1, 2, 3, 5, 11, 20, 100))
                if kind == "prices":
                    yield from (f"{sign} {amount}" for amount in ("0.01", "5.50"))
    if "times" in kinds:
        yield from (
            f"{hour}:{minute:02} {mark}" for mark in ("am", "pm") for hour in range(1, 13) for minute in range(60)
        )
        yield from (f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30))
    if "dates" in kinds:
        yield from ((A_YEAR + timedelta(day)).isoformat() for day in range(365))
