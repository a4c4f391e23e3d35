"""Reads voices' catalogues: the kept object, which one conditional request finds unchanged, and the listing behind it.

The object may be some seconds older than the recordings. So nothing is refused on its word alone: a word is missing
where the listing has it neither.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from stitcher.clip import Clip
from stitcher.clips.facts import Shape, Shapes
from stitcher.clips.kept import CorruptCatalogue, Kept, catalogue_key
from stitcher.errors import MissingWords, UnusableClip, VoiceTooLarge
from stitcher.planning.catalogue import Catalogue, read_voice, settings_in
from stitcher.storage import BucketRepo, NotStored, Repo, Unchanged, Unreadable

T = TypeVar("T")
CatalogueOf = Callable[[str], Catalogue]
"""Gives a voice's catalogue by the voice's name."""
HELD_CLIPS = 200_000
"""Of all the voices that are remembered together; one voice is always remembered."""


class NotKept(Exception):
    """A voice has no catalogue object that can be used."""


class _Held:
    """One voice's object in memory, in one version, and what was made of it."""

    def __init__(self, kept: Kept, etag: str) -> None:
        self.kept, self.etag = kept, etag
        self.catalogue: Catalogue | None = None


class Catalogues:
    """The catalogues of voices, remembered as long as their objects do not change.

    Parameters
    ----------
    recordings
        The clips.
    output
        Where the catalogue objects lie.
    """

    def __init__(self, recordings: Repo, output: BucketRepo) -> None:
        self._recordings, self._output = recordings, output
        self._held: OrderedDict[str, _Held] = OrderedDict()

    def tried(self, make: Callable[[CatalogueOf], T], sure: Callable[[T], bool], *, listed: bool = False) -> T:
        """What `make` gives on the kept catalogues; on the listings where those are missing or do not suffice.

        Parameters
        ----------
        make
            Plans something on the catalogues that it asks for by voice.
        sure
            Whether a result holds, even if the catalogues it was made on are some seconds old.
        listed
            Whether to begin with the listings: the kept catalogues have turned out to be old.

        Raises
        ------
        Whatever `make` raises on the listings.
        """
        if not listed:
            try:
                made = make(cache(self.kept))
                if sure(made):
                    return made
            except (NotKept, MissingWords, UnusableClip):
                pass  # the listing decides
        return make(cache(self.listed))

    def listed(self, voice: str) -> Catalogue:
        """The voice's catalogue by its listing; raises as `read_voice`."""
        return read_voice(self._recordings, voice)

    def kept(self, voice: str) -> Catalogue:
        """The voice's catalogue by its object.

        Raises
        ------
        NotKept
            There is none that can be used: none was written yet, or the settings have changed since.
        InvalidRequest, UnusableClip, VoiceTooLarge
            As `read_voice`.
        """
        held = self._current(voice)
        if held.kept.full:
            raise VoiceTooLarge(voice)
        if held.catalogue is None:
            known = held.kept.settings
            try:
                settings = settings_in(self._recordings, known) if known else None
            except NotStored:
                raise NotKept(f"the settings of voice '{voice}' have changed") from None
            if (settings.glottal if settings else False) != held.kept.glottal:
                raise NotKept(f"the catalogue of voice '{voice}' was read by other rules")
            held.catalogue = held.kept.catalogue(settings)
        return held.catalogue

    def facts(self, voice: str) -> Kept | None:
        """The voice's object as it is stored now; None where there is none that can be used."""
        try:
            return self._current(voice).kept
        except NotKept:
            return None

    def _current(self, voice: str) -> _Held:
        held = self._held.get(voice)
        try:
            data, etag = self._output.read_unless(catalogue_key(voice), held.etag if held else None)
            held = _Held(Kept.from_bytes(voice, data), etag)
        except Unchanged:
            pass
        except (NotStored, Unreadable, CorruptCatalogue):
            held = None
        if held is None:
            self._held.pop(voice, None)
            raise NotKept(f"voice '{voice}' has no catalogue")
        self._held[voice] = held
        self._held.move_to_end(voice)
        while len(self._held) > 1 and sum(len(one.kept.clips) for one in self._held.values()) > HELD_CLIPS:
            self._held.popitem(last=False)
        return held


class KeptShapes:
    """The shapes of clips from their voices' catalogues; asked for one by one where those lack them.

    Parameters
    ----------
    catalogues
        The voices' catalogues.
    prepared
        Asks the prepared clips themselves.
    """

    def __init__(self, catalogues: Catalogues, prepared: Shapes) -> None:
        self._catalogues, self._prepared = catalogues, prepared

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why clips that were asked for last cannot be used, by key, as far as it is known."""
        return self._prepared.reasons

    def of(self, clips: Sequence[Clip], profile: str) -> list[Shape | None]:
        """Each clip's shape, prepared for a profile that is spliced; None where it is not prepared."""
        facts = cache(self._catalogues.facts)
        found: list[Shape | None] = []
        for clip in clips:
            kept = facts(clip.key.rpartition("/")[0])
            try:
                found.append(kept.shape(clip, profile) if kept else None)
            except CorruptCatalogue:
                found.append(None)
        asked = [clip for clip, shape in zip(clips, found, strict=True) if shape is None]
        told = iter(self._prepared.of(asked, profile))
        return [shape or next(told) for shape in found]

    def refusals(self, clips: Sequence[Clip]) -> dict[str, str]:
        """By key, why a recording cannot be used; those that are not known to be so are left out."""
        return self._prepared.refusals(clips)
