"""What is known of prepared clips without their audio: durations, edges, reports.

It is kept as metadata of each prepared clip's file, so that one HEAD request gives it.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from stitcher.clip import Clip
from stitcher.clips.prepared import CorruptPrepared, PreparedClip, Report, length_of, prepared_key
from stitcher.storage import CONNECTIONS, NotStored, Repo

METADATA = "shape"
REFUSED = "refused"
"""In the place of a profile: the sentence why a recording cannot be prepared."""
REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Shape:
    """A prepared clip without its payload: `length` is what that decodes to, in samples; the rest as there."""

    samples: int
    lead: int
    begin: int
    end: int
    length: int
    report: Report

    @classmethod
    def of(cls, clip: PreparedClip) -> "Shape":
        """The clip's shape."""
        return cls(clip.samples, clip.lead, clip.begin, clip.end, length_of(clip), clip.report)

    def to_metadata(self) -> dict[str, str]:
        """As S3 keeps it: ASCII, well under the 2 KB that there are for it."""
        return {METADATA: json.dumps(asdict(self), separators=(",", ":"))}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Shape | None":
        """The reverse of `to_metadata`; None where there is nothing of the kind, in files of older versions, say."""
        try:
            said = json.loads(metadata[METADATA])
            report = Report(**said["report"] | {"warnings": tuple(said["report"]["warnings"])})
            return cls(**said | {"report": report})
        except (KeyError, ValueError, TypeError):
            return None


class Shapes:
    """The shapes of clips, several asked for at a time and remembered: a key holds the ETag of its recording."""

    def __init__(self, output: Repo) -> None:
        self._output = output
        self._lacking: list[Clip] = []
        self._known: dict[str, Shape] = {}

    def of(self, clips: Sequence[Clip], form: str) -> list[Shape | None]:
        """Each clip's shape, prepared in a form; None where it is not prepared."""
        keys = [prepared_key(clip, form) for clip in clips]
        if len(self._known) > REMEMBERED:
            self._known.clear()
        found = {key: self._known[key] for key in keys if key in self._known}
        if wanted := [key for key in dict.fromkeys(keys) if key not in found]:
            with ThreadPoolExecutor(min(CONNECTIONS, len(wanted))) as pool:
                asked = zip(wanted, pool.map(self._ask, wanted), strict=True)
                found |= {key: shape for key, shape in asked if shape}
            self._known |= found
        self._lacking = [clip for clip, key in zip(clips, keys, strict=True) if key not in found]
        return [found.get(key) for key in keys]

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why clips that were asked for last cannot be used, by key, as far as it is known."""
        return self.refusals(self._lacking)

    def refusals(self, clips: Sequence[Clip]) -> dict[str, str]:
        """By key, why preparing refused a clip; only those of which that is known."""
        if not clips:
            return {}
        with ThreadPoolExecutor(min(CONNECTIONS, len(clips))) as pool:
            reasons = pool.map(self._refusal, clips)
            return {clip.key: why for clip, why in zip(clips, reasons, strict=True) if why}

    def _refusal(self, clip: Clip) -> str:
        try:
            return self._output.read(prepared_key(clip, REFUSED)).decode(errors="replace")
        except NotStored:
            return ""

    def _ask(self, key: str) -> Shape | None:
        stored = self._output.stat(key)
        if stored is None:
            return None
        if shape := Shape.from_metadata(stored.metadata):
            return shape
        try:  # prepared by an older version: only the file itself says it
            return Shape.of(PreparedClip.from_bytes(self._output.read(key)))
        except (NotStored, CorruptPrepared):
            return None


def note_refusal(clip: Clip, reason: str, output: Repo) -> None:
    """Keep why a recording cannot be prepared, where its prepared forms would be, for those who list it."""
    output.save(prepared_key(clip, REFUSED), reason.encode(errors="replace"), content_type="text/plain; charset=utf-8")
