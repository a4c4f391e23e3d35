"""A campaign: a table of messages, and which words still have to be recorded before all of them can be said."""

import unicodedata
from functools import partial

from stitcher.campaigns.needs import Needs, VoiceCheck
from stitcher.campaigns.script import Session, ToRecord
from stitcher.campaigns.table import Row
from stitcher.campaigns.template import Template
from stitcher.errors import InvalidRequest
from stitcher.planning.catalogue import Catalogue, read_catalogue, voice_prefix
from stitcher.storage import Repo

REFUSALS = 20
"""The most refused rows that are named; all are counted."""


class Campaign:
    """Checks the rows of a campaign one by one, and counts.

    Memory is that of the words to record and the voices; a bounded number of results is kept, so that what repeats
    is planned once.

    Parameters
    ----------
    voice
        The voice of rows that do not name one in `voice_column`.
    """

    def __init__(self, repo: Repo, template: Template, *, voice: str = "", voice_column: str | None = None) -> None:
        self.template, self.voice, self.voice_column = template, voice, voice_column
        self.rows = self.refused = 0
        self.refusals: list[tuple[int, str]] = []
        self._needs = Needs(partial(read_catalogue, repo))
        self.voices = self._needs.voices
        self._needed: dict[tuple[str, str], ToRecord] = {}
        voice_prefix(voice)  # a name that is none is the command's fault, not each row's

    @property
    def ready(self) -> int:
        """Messages that can be said now."""
        return sum(check.ready for check in self.voices.values())

    @property
    def not_ready(self) -> int:
        """Messages that wait for a recording."""
        return self.rows - self.ready - self.refused

    @property
    def to_record(self) -> list[ToRecord]:
        """What has to be recorded, needed by most messages first, then by the alphabet."""
        return sorted(self._needed.values(), key=lambda needed: (-needed.messages, needed.words, needed.voice))

    @property
    def sessions(self) -> list[Session]:
        """What has to be recorded, voice by voice; the command's own voice is there even without messages."""
        lacking: dict[str, list[ToRecord]] = {voice: [] for voice in sorted(self.voices) or [self.voice]}
        for needed in self.to_record:
            lacking[needed.voice].append(needed)
        checks = {voice: self.voices.get(voice, VoiceCheck(Catalogue(voice))) for voice in lacking}
        return [
            Session(voice, check.catalogue.settings.language or "", check.messages, check.ready, lacking[voice])
            for voice, check in checks.items()
        ]

    def add(self, row: Row) -> None:
        """Check one row.

        Raises
        ------
        UnusableClip
            The settings of the row's voice cannot be read.
        """
        self.rows += 1
        if row.fault:
            self._refuse(row, row.fault)
            return
        try:
            filled = self.template.fill(row.cells)
            voice = voice_of(row, self.voice_column, self.voice)
            check = self._needs.voice(voice)
            needs = self._needs.of(voice, filled)
        except InvalidRequest as refusal:
            self._refuse(row, str(refusal))
            return
        if isinstance(needs, str):
            self._refuse(row, needs)
            return
        check.messages += 1
        check.ready += not needs
        for words, span in needs.items():
            needed = self._needed.get((voice, words))
            if needed is None:
                shown = self._needs.example(voice, filled, words, span)
                needed = self._needed[voice, words] = ToRecord(words, voice, shown)
            needed.messages += 1

    def _refuse(self, row: Row, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS:
            self.refusals.append((row.line, reason))


def voice_of(row: Row, column: str | None, otherwise: str) -> str:
    """The voice that a row names in a column, or else the campaign's."""
    named = row.cells.get(column, "").strip() if column else ""
    return unicodedata.normalize("NFC", named or otherwise)
