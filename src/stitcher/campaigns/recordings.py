"""A check of a voice's recordings: what is read, what is not and why, what is poor, and which words numbers lack."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stitcher.campaigns.starter import starter
from stitcher.clips.ready import read_and_prepare
from stitcher.errors import UnusableClip
from stitcher.numbers.tables import about, table
from stitcher.planning.catalogue import Catalogue, read_catalogue
from stitcher.planning.inventory import Inventory, inventory
from stitcher.storage import Repo

COUNTED = 100
"""The numbers whose words are looked for."""


@dataclass(slots=True)
class Check:
    """What is known of a voice's recordings. `unusable` and `poor` have a recording's key and the reasons."""

    voice: str
    found: Inventory
    language: str | None = None
    about_language: str = ""
    """A sentence about the language; empty where there is nothing to say."""
    lacking: list[str] = field(default_factory=list)
    """Words that numbers up to 100 need and no clip says."""
    unusable: list[tuple[str, str]] = field(default_factory=list)
    poor: list[tuple[str, str]] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many clips can be said."""
        return len(self.found.clips) - len(self.unusable)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """What, which recording, and why: of every recording that needs a look."""
        yield from (("ignored", key, reason) for key, reason in self.found.ignored)
        yield from (
            ("duplicate", clip.key, f"{winner} says the same, and is taken") for clip, winner in self.found.duplicates
        )
        yield from (("unusable", key, reason) for key, reason in self.unusable)
        yield from (("poor", key, reason) for key, reason in self.poor)

    def to_json(self) -> dict[str, Any]:
        """The check for programs."""
        return {
            "voice": self.voice,
            "clips": self.read,
            "language": self.language,
            "about_language": self.about_language,
            "lacking": self.lacking,
            "other_voices": self.found.folders,
            "recordings": [{"what": what, "key": key, "reason": reason} for what, key, reason in self.rows()],
        }


def check(repo: Repo, voice: str) -> Iterator[Check]:
    """The check of a voice as it grows: before any clip was prepared, then after each of them; the last one is whole.

    Raises
    ------
    NoSuchVoice
        There is no such voice.
    UnusableClip
        Its `voice.toml` cannot be read.
    """
    made = Check(voice, inventory(repo, voice))
    catalogue = read_catalogue(repo, voice)
    made.language = catalogue.settings.language
    made.about_language = about(made.language) if made.language else ""
    made.lacking = _lacking(catalogue)
    yield made
    for clip in made.found.clips:
        try:
            report = read_and_prepare(clip, repo).report
            made.poor += [(clip.key, warning) for warning in report.warnings]
        except UnusableClip as refusal:
            made.unusable += refusal.unusable
        yield made


def _lacking(catalogue: Catalogue) -> list[str]:
    language = catalogue.settings.language
    if not language or table(language) is None:
        return []
    needed = starter(language, COUNTED, []).to_record
    return [one.words for one in needed if not catalogue.says(one.words)]
