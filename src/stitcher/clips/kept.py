"""The catalogue object: the clips of a voice in one stored file, so that no message has to list them.

It lies in the output bucket as `catalogues/v1/<voice>.catalogue`, `-` for the default voice. Its content is two zlib
streams (RFC 1950) of JSON, one behind the other. A message needs the first alone:

    names, etags, sizes, phrases   columns, a row for each clip, in the order of the names
    takes, signed                  of few rows, by row number
    settings                       key, ETag and size of the voice's settings; null where it has none
    full                           whether the voice has more files than `limits.VOICE_FILES`; it has no rows then
    glottal                        how the phrases were read from the names (`VoiceSettings.glottal`)

The second has what preparing found: a column for each number of `Report` and for each number of each profile's `Shape`,
null in the rows of clips that are not prepared. A column that equals another has that one's name instead of numbers.

Phrases are stored as this version reads them from the names: raise `VERSION` when that reading changes.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stitcher.clip import Clip
from stitcher.clips.facts import Shape
from stitcher.clips.prepared import Report
from stitcher.formats.profiles import FORMS
from stitcher.planning.catalogue import Catalogue, clip_of, voice_prefix
from stitcher.planning.names import has_signs, split
from stitcher.planning.policies import DEFAULT
from stitcher.storage import Repo, Stored

if TYPE_CHECKING:
    from stitcher.planning.settings import VoiceSettings

VERSION = 1
FOLDER = f"catalogues/v{VERSION}/"
SUFFIX = ".catalogue"
INFLATED_BYTES = 128 * 1024 * 1024
"""What a stream comes to at most: ten times what 50,000 clips take."""
_REPORT = ("duration_ms", "loudness_lufs", "gain_db", "noise_floor_db", "peak_db", "limited_db")
_SHAPE = ("samples", "lead", "begin", "end", "length")
_NAMES = (*_REPORT, *(f"{name} {profile}" for profile in FORMS for name in _SHAPE))


class CorruptCatalogue(Exception):
    """The object's content is not what was written: the listing says what there is."""


def catalogue_key(voice: str) -> str:
    """Where a voice's catalogue lies in the output bucket. Raises `InvalidRequest` where the name is no voice's."""
    return f"{FOLDER}{voice_prefix(voice).rstrip('/') or DEFAULT}{SUFFIX}"


Facts = tuple[float, ...]
"""What preparing found of one clip: a number for each column."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A clip, whether its name has signs at its digits, and what preparing found: None until it is prepared."""

    clip: Clip
    signed: bool
    facts: Facts | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Stored, *, glottal: bool = False) -> "Entry | None":
        """The entry of a stored file; None where it is no clip."""
        clip = clip_of(item, glottal=glottal)
        return cls(clip, has_signs(split(clip.name)[0])) if clip else None

    def prepared(self, shapes: Sequence[Shape]) -> "Entry":
        """The same with the clip's shapes, one for each profile of `FORMS`."""
        report = shapes[0].report
        facts = [getattr(report, name) for name in _REPORT]
        facts += [getattr(shape, name) for shape in shapes for name in _SHAPE]
        return replace(self, facts=tuple(facts), warnings=report.warnings)


def kept_voices(output: Repo) -> Iterator[str]:
    """The voices that have a catalogue object."""
    for item in output.list(FOLDER):
        name = item.key.removeprefix(FOLDER).removesuffix(SUFFIX)
        yield "" if name == DEFAULT else name


@dataclass(frozen=True)
class Kept:
    """A voice's catalogue as it is stored."""

    voice: str
    clips: tuple[Clip, ...] = ()
    signed: frozenset[int] = frozenset()
    """Rows of clips whose names have signs at their digits."""
    settings: Stored | None = None
    glottal: bool = False
    full: bool = False
    """Whether the voice has more files than it may have: then no clip is in here, and no message is said with it."""
    packed: bytes = field(default=b"", repr=False)
    """The second stream."""

    @classmethod
    def of(
        cls,
        voice: str,
        entries: Iterable[Entry],
        settings: Stored | None = None,
        *,
        glottal: bool = False,
        full: bool = False,
    ) -> "Kept":
        """The catalogue of these entries, in the order of their keys."""
        rows = sorted(entries, key=lambda entry: entry.clip.key)
        signed = frozenset(row for row, entry in enumerate(rows) if entry.signed)
        packed = zlib.compress(_json(_packed(rows)))
        return cls(voice, tuple(entry.clip for entry in rows), signed, settings, glottal, full, packed)

    def to_bytes(self) -> bytes:
        """The object's content; the same bytes for the same catalogue."""
        clips, settings = self.clips, self.settings
        index = {
            "names": [clip.name for clip in clips],
            "etags": [clip.etag for clip in clips],
            "sizes": [clip.size for clip in clips],
            "phrases": [clip.phrase for clip in clips],
            "takes": {str(row): clip.take for row, clip in enumerate(clips) if clip.take},
            "signed": sorted(self.signed),
            "settings": [settings.key, settings.etag, settings.size] if settings else None,
            "glottal": self.glottal,
            "full": self.full,
        }
        return zlib.compress(_json(index)) + self.packed

    @classmethod
    def from_bytes(cls, voice: str, data: bytes) -> "Kept":
        """The reverse of `to_bytes`. Raises `CorruptCatalogue` on anything else."""
        prefix = voice_prefix(voice)
        try:
            text, packed = _inflated(data)
            index = json.loads(text)
            takes = {int(row): take for row, take in index["takes"].items()}
            rows = zip(index["names"], index["etags"], index["sizes"], index["phrases"], strict=True)
            clips = tuple(
                Clip(prefix + name, etag, size, phrase, takes.get(row, ""))
                for row, (name, etag, size, phrase) in enumerate(rows)
            )
            settings = Stored(*index["settings"]) if index["settings"] else None
            return cls(voice, clips, frozenset(index["signed"]), settings, index["glottal"], index["full"], packed)
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CorruptCatalogue(f"the catalogue cannot be read: {type(error).__name__}") from error

    def catalogue(self, settings: "VoiceSettings | None" = None) -> Catalogue:
        """What messages are planned on, with the settings that `settings` names."""
        signed = self.signed
        return Catalogue.of_clips(self.voice, ((clip, row in signed) for row, clip in enumerate(self.clips)), settings)

    @property
    def entries(self) -> list[Entry]:
        """The entries, in the order of their keys. Raises `CorruptCatalogue`."""
        known = self._found
        return [
            Entry(clip, row in self.signed, known.facts(row), known.warnings.get(row, ()))
            for row, clip in enumerate(self.clips)
        ]

    def shape(self, clip: Clip, profile: str) -> Shape | None:
        """A clip's shape for a profile that is spliced; None where it, in this version, is not known to be prepared."""
        row = self._rows.get(clip.key)
        if row is None or self.clips[row].etag != clip.etag:
            return None
        return self._found.shape(row, profile)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {clip.key: row for row, clip in enumerate(self.clips)}

    @cached_property
    def _found(self) -> "_Found":
        return _Found(self.packed, len(self.clips))


class _Found:
    """The second stream, unpacked. Raises `CorruptCatalogue` where it is not what was written."""

    def __init__(self, packed: bytes, rows: int) -> None:
        try:
            text, behind = _inflated(packed)
            if behind:
                raise CorruptCatalogue("the catalogue goes on behind its end")
            columns = json.loads(text)
            self.warnings = {int(row): tuple(told) for row, told in columns.pop("warnings").items()}
            named = [columns.pop(name) for name in _NAMES]
            written = dict(zip(_NAMES, named, strict=True))
            self._rows: list[Facts] = list(
                zip(*(written[column] if isinstance(column, str) else column for column in named), strict=True)
            )
            if columns or len(self._rows) != rows:
                raise CorruptCatalogue("the catalogue has other columns than were written")
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CorruptCatalogue(f"the catalogue cannot be read: {type(error).__name__}") from error

    def facts(self, row: int) -> Facts | None:
        """The numbers in a row."""
        return None if self._rows[row][0] is None else self._rows[row]

    def shape(self, row: int, profile: str) -> Shape | None:
        """The shape in a row for a profile."""
        facts = self.facts(row)
        if facts is None:
            return None
        begin = len(_REPORT) + FORMS.index(profile) * len(_SHAPE)
        duration_ms, loudness, gain, noise_floor, peak, limited = facts[: len(_REPORT)]
        samples, lead, start, end, length = map(int, facts[begin : begin + len(_SHAPE)])
        warnings = self.warnings.get(row, ())
        report = Report(int(duration_ms), loudness, gain, noise_floor, peak, limited, warnings)
        return Shape(samples, lead, start, end, length, report)


def _packed(rows: Sequence[Entry]) -> dict[str, Any]:
    """The columns of the second stream."""
    lacking = (None,) * len(_NAMES)
    found = list(zip(*(entry.facts or lacking for entry in rows), strict=True)) or [()] * len(_NAMES)
    written: dict[tuple[float | None, ...], str] = {}
    packed: dict[str, Any] = {}
    for name, column in zip(_NAMES, found, strict=True):
        same = written.setdefault(column, name)
        packed[name] = column if same == name else same
    return packed | {"warnings": {str(row): entry.warnings for row, entry in enumerate(rows) if entry.warnings}}


def _json(document: Any) -> bytes:
    # Keys may hold what is no Unicode text (half a surrogate pair, from a folder): as JSON's escapes it passes.
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()


def _inflated(data: bytes) -> tuple[bytes, bytes]:
    """The first stream's content, and what lies behind it."""
    stream = zlib.decompressobj()
    text = stream.decompress(data, INFLATED_BYTES)
    if not stream.eof:
        raise ValueError("cut off, or too long")
    return text, stream.unused_data
