"""Keeps voices' catalogue objects up to date, and deletes what was prepared of recordings that are gone.

Two writers cannot lose an entry. Each reads the object first, then looks what lies under the changed keys, and writes
on the condition that the object is still the one it read. A writer whose object was replaced meanwhile begins again. So
what a write says of a key is never older than what the write before said.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stitcher import limits
from stitcher.clip import Clip
from stitcher.clips.facts import Shapes
from stitcher.clips.kept import CorruptCatalogue, Entry, Kept, catalogue_key
from stitcher.clips.prepared import prepared_folder, prepared_key
from stitcher.errors import InvalidRequest, UnusableClip, VoiceTooLarge
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import SETTINGS, list_voice, settings_in, voice_prefix
from stitcher.storage import CONNECTIONS, AlreadyStored, BucketRepo, NotStored, StorageFault, Stored

TRIES, WAIT_SECONDS, LONGEST_SECONDS = 10, 0.1, 2.0
PAGE = 1_000
"""Files that one request lists."""
ASKED = 1_000
"""Clips whose shapes one rebuilding asks for: five requests each."""
FIRST = FORMS[0]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a voice: clips in its catalogue, forms deleted, and whether clips are left to be asked about."""

    clips: int
    forgotten: int
    unfinished: bool = False


def voice_with(key: str) -> str | None:
    """The voice whose folder a file lies in; None for a folder that is no voice's."""
    voice, _, _ = key.rpartition("/")
    try:
        return voice if voice_prefix(voice) == (f"{voice}/" if voice else "") else None
    except InvalidRequest:
        return None


class Keeper:
    """Writes catalogue objects.

    Parameters
    ----------
    recordings
        The clips: they are listed; of their content only settings are read.
    output
        Where prepared clips and catalogues lie.
    wait
        Sleeps some seconds before another try.
    """

    def __init__(self, recordings: BucketRepo, output: BucketRepo, wait: Callable[[float], None] = time.sleep) -> None:
        self._recordings, self._output, self._wait = recordings, output, wait

    def changed(self, voice: str, keys: Collection[str]) -> Change:
        """Follow changes of some of a voice's files, whatever they were and in whatever order they are told.

        Raises
        ------
        InvalidRequest
            The name is no voice's.
        StorageFault
            Other writers were always faster; trying again helps.
        """
        return self._written(voice, lambda old: self._with(voice, old, keys) if old else self._rebuilt(voice, None))

    def rebuild(self, voice: str) -> Change:
        """Write the catalogue anew from the listing, and delete forms that no recording has; raises as `changed`."""
        return self._written(voice, lambda old: self._rebuilt(voice, old))

    def _written(self, voice: str, make: "Callable[[Kept | None], _Next]") -> Change:
        key = catalogue_key(voice)
        for attempt in range(TRIES):
            old, etag = self._read(voice, key)
            made = make(old)
            # Before the object is written: where this process ends here, the forms are found again by the old object.
            self._output.delete(made.forgotten)
            if made.kept == old:
                return made.change
            try:
                self._output.replace(key, made.kept.to_bytes(), etag)
            except (NotStored, AlreadyStored):
                self._wait(random.uniform(0, min(LONGEST_SECONDS, WAIT_SECONDS * 2**attempt)))  # noqa: S311  # jitter
                continue
            return made.change
        raise StorageFault(f"a catalogue was replaced {TRIES} times while it was written")

    def _read(self, voice: str, key: str) -> tuple[Kept | None, str | None]:
        """The object that there is, None where it cannot be used, and the version to replace."""
        try:
            data, etag = self._output.read_unless(key, None)
        except NotStored:
            return None, None
        try:
            kept = Kept.from_bytes(voice, data)
            _ = kept.entries
        except CorruptCatalogue:
            return None, etag
        return kept, etag

    def _with(self, voice: str, old: Kept, keys: Collection[str]) -> "_Next":
        """The old catalogue with what now lies under the keys."""
        settings_key = voice_prefix(voice) + SETTINGS
        if old.full or settings_key in keys or len(keys) > 1 + len(old.clips) // PAGE:
            return self._rebuilt(voice, old, asked=keys)  # fewer requests, or every phrase may be read anew
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            there = [item for item in pool.map(self._recordings.find, keys) if item]
        found = [entry for item in there if (entry := Entry.of(item, glottal=old.glottal))]
        kept = [entry for entry in old.entries if entry.clip.key not in keys]
        return self._next(voice, old, [*kept, *self._asked(found)], old.settings, glottal=old.glottal)

    def _rebuilt(self, voice: str, old: Kept | None, asked: Collection[str] | None = None) -> "_Next":
        """The catalogue of the listing. Shapes that are not known are asked for, if given of the keys `asked` alone."""
        # Listed before the recordings: a form that is there by now has its recording there, or that is gone.
        prepared = None if asked is not None else self._prepared(voice)
        try:
            stored = list_voice(self._recordings, voice)
        except VoiceTooLarge:
            return _Next(Kept.of(voice, [], full=True), [])
        settings = next((item for item in stored if item.key == voice_prefix(voice) + SETTINGS), None)
        glottal = self._glottal(settings)
        known = {(entry.clip.key, entry.clip.etag): entry for entry in old.entries} if old else {}
        entries: list[Entry] = []
        unknown: list[Entry] = []
        for entry in filter(None, (Entry.of(item, glottal=glottal) for item in stored)):
            before = known.get((entry.clip.key, entry.clip.etag))
            if prepared is not None and entry.clip.etag not in prepared:
                entries.append(entry)
            elif before and before.facts:
                entries.append(Entry(entry.clip, entry.signed, before.facts, before.warnings))
            elif asked is None or entry.clip.key in asked:
                unknown.append(entry)
            else:
                entries.append(entry)
        told = list(self._asked(unknown[:ASKED]))
        gained = any(entry.facts for entry in told)
        made = self._next(voice, old, [*entries, *told, *unknown[ASKED:]], settings, glottal=glottal, prepared=prepared)
        return _Next(made.kept, made.forgotten, unfinished=gained and len(unknown) > ASKED)

    def _next(
        self,
        voice: str,
        old: Kept | None,
        entries: Collection[Entry],
        settings: Stored | None,
        *,
        glottal: bool,
        prepared: Iterable[str] | None = None,
    ) -> "_Next":
        there = {entry.clip.etag for entry in entries}
        gone = {clip.etag for clip in old.clips} if old else set()
        gone = gone.union(prepared or ()) - there
        folder = voice_prefix(voice)
        keys = [prepared_key(Clip(folder, etag, 0, ""), profile) for etag in sorted(gone) for profile in FORMS]
        return _Next(Kept.of(voice, entries, settings, glottal=glottal), keys)

    def _asked(self, entries: Collection[Entry]) -> Iterator[Entry]:
        """The entries with the shapes of what is prepared."""
        shapes, clips = Shapes(self._output), [entry.clip for entry in entries]
        columns = [shapes.of(clips, profile) for profile in FORMS] if clips else []
        for entry, row in zip(entries, zip(*columns, strict=True), strict=False):
            found = [shape for shape in row if shape]
            yield entry.prepared(found) if len(found) == len(FORMS) else entry

    def _prepared(self, voice: str) -> set[str]:
        """The ETags of which there is a prepared form."""
        listed = self._output.list(prepared_folder(voice_prefix(voice), FIRST))
        return {item.key.rpartition("/")[2].removesuffix(".clip") for item in listed}

    def _glottal(self, settings: Stored | None) -> bool:
        try:
            return settings_in(self._recordings, settings).glottal if settings else False
        except (UnusableClip, NotStored):  # who plans with them finds the same fault, or lists
            return False


@dataclass(frozen=True, slots=True)
class _Next:
    """The catalogue to write, and the prepared forms that no recording has any more."""

    kept: Kept
    forgotten: list[str]
    unfinished: bool = False

    @property
    def change(self) -> Change:
        clips = limits.VOICE_FILES + 1 if self.kept.full else len(self.kept.clips)
        return Change(clips, len(self.forgotten), self.unfinished)
