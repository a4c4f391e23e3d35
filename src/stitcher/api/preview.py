"""Plan a message without audio: its clips, their order, its duration, and the words without a clip."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Protocol

from stitcher.api.answers import ClipSegment, Path, PauseSegment, PlanAnswer
from stitcher.api.requests import StitchRequest
from stitcher.clip import Clip
from stitcher.clips.facts import Shape
from stitcher.clips.length import Length
from stitcher.clips.prepared import Report
from stitcher.errors import MissingWords, UncertainNumbers
from stitcher.formats.platforms import check, chosen
from stitcher.formats.profiles import PROFILES, RATE, milliseconds
from stitcher.joining.splice import CannotSplice, spliced_samples
from stitcher.planning.plan import Note, Pause, Plan
from stitcher.storage import Repo, Stored

_UNKNOWN = Shape(0, 0, 0, 0, 0, Report(0, 0.0, 0.0, 0.0, 0.0, 0.0))


class Shapes(Protocol):
    """Knows clips without their audio, as `stitcher.clips.facts.Shapes` and `stitcher.clips.memory.PreparedHere` do."""

    def of(self, clips: Sequence[Clip], form: str) -> Sequence[Shape | None]:
        """Each clip's shape, prepared in a form; None if it is not prepared."""


class Snapshot:
    """The clips as they are at one moment: planning twice lists them once, and sees the same."""

    def __init__(self, clips: Repo) -> None:
        self.read, self.stat, self.save, self.folders = clips.read, clips.stat, clips.save, clips.folders
        self._listed = cache(lambda prefix, after: tuple(clips.list(prefix, after)))

    def list(self, prefix: str = "", after: str = "") -> Iterator[Stored]:
        """As `Repo.list`."""
        return iter(self._listed(prefix, after))


def preview(request: StitchRequest, clips: Repo, shapes: Shapes) -> PlanAnswer:
    """Plan the request's message.

    Words without a clip are no refusal here, but where the request names a fallback voice that lacks them too: they
    are listed, and the rest is planned as if they were not there.

    Raises
    ------
    StitchError
        What `POST /stitch` refuses for another reason.
    """
    snapshot = Snapshot(clips)
    try:
        return _answer(request, request.plan(snapshot), shapes)
    except MissingWords as lack:
        if request.missing.startswith("fallback"):
            raise
        return _answer(request, _without(lack.missing, request, snapshot), shapes, lack)


def _without(missing: Sequence[str], request: StitchRequest, clips: Repo) -> Plan:
    """The plan of the words with a clip; without segments if no word has one."""
    if request.message_parts is None:
        request = replace(request, missing="skip")
    else:
        said = [part for part in request.message_parts if part not in missing]
        if not said:
            return Plan((), chosen(request.format)[0])
        request = replace(request, message_parts=said)
    try:
        return request.plan(clips)
    except MissingWords:
        return Plan((), chosen(request.format)[0])


def _answer(
    request: StitchRequest,
    plan: Plan,
    shapes: Shapes,
    lack: MissingWords | None = None,
) -> PlanAnswer:
    profile = PROFILES[plan.profile]
    known = shapes.of(plan.clips, profile.form)
    length = Length(plan.clips, plan.pauses, plan.profile, plan.platform)
    for clip, shape in zip(plan.clips, known, strict=True):
        if shape:
            length.add(clip, shape)
    path, why, duration_ms = expected(plan, known) if known else (None, "", None)
    if duration_ms is not None:
        check(plan.profile, plan.platform, duration_ms)
    return PlanAnswer(
        segments=list(_segments(request.message, plan, known)),
        missing=lack.missing if lack else [word for word in plan.missing if word not in plan.decoration],
        suggestions=lack.suggestions if lack else {},
        unsure=lack.unsure if isinstance(lack, UncertainNumbers) else dict(plan.unsure),
        decoration=list(lack.decoration if lack else plan.decoration),
        substituted=list(plan.substituted),
        duration_ms=duration_ms,
        path=path,
        why=why,
        format=plan.profile,
    )


def _segments(message: str | None, plan: Plan, shapes: Sequence[Shape | None]) -> Iterator[ClipSegment | PauseSegment]:
    known, notes = iter(shapes), iter(plan.notes)
    for segment in plan.segments:
        if isinstance(segment, Pause):
            yield PauseSegment(pause_ms=segment.ms)
            continue
        shape, note = next(known), next(notes, Note(0, 0, ""))
        yield ClipSegment(
            clip=segment.key,
            phrase=segment.phrase,
            start=None if message is None else note.start,
            end=None if message is None else note.end,
            text=None if message is None else message[note.start : note.end],
            why=note.why,
            duration_ms=milliseconds(shape.end - shape.begin) if shape else None,
        )


def expected(plan: Plan, shapes: Sequence[Shape | None]) -> tuple[Path, str, int | None]:
    """How a plan with clips would be made, why it would not be spliced, and its duration in ms.

    Exact where every clip is prepared; otherwise the duration is None, and the way a guess.
    """
    profile = PROFILES[plan.profile]
    known = [shape or _UNKNOWN for shape in shapes]
    unprepared = None in shapes
    if not profile.spliced:
        why = f"{profile.name} cannot be spliced"
    else:
        try:
            samples = spliced_samples(known, plan.pauses, profile.name)
        except CannotSplice as error:
            why = str(error)
        else:
            return "spliced", "", None if unprepared else milliseconds(samples)
    return "rendered", why, None if unprepared else milliseconds(profile.holds(_rendered_samples(known, plan.pauses)))


def _rendered_samples(clips: Sequence[Shape], pauses_ms: Sequence[int]) -> int:
    """The duration of what `render.join` would make, in samples at 48 kHz."""
    joined = edge = heard = 0
    for index, clip in enumerate(clips):
        pause = pauses_ms[index - 1] * RATE // 1000 if index else 0
        audible = clip.end - clip.begin
        start = max(0, edge + max(pause, -(min(heard, audible) // 2)) - clip.begin) if index else 0
        joined = max(joined, start + clip.samples)
        edge, heard = start + clip.end, audible
    return joined
