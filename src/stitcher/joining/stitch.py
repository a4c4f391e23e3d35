"""A plan made audible: spliced where the clips can be joined as they are encoded, rendered where not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stitcher.clip import Clip
from stitcher.clips.length import Length
from stitcher.clips.prepared import PreparedClip
from stitcher.formats.platforms import check
from stitcher.formats.profiles import PCM, PROFILES, milliseconds
from stitcher.joining.splice import CannotSplice, splice
from stitcher.planning.plan import Plan

Load = Callable[[Sequence[Clip], str], list[PreparedClip]]
"""Gives the clips, prepared in a form, in order."""


@dataclass(frozen=True, slots=True)
class Stitched:
    """A file's content, its duration in ms, and how it was made: `why` says why it was not spliced."""

    audio: bytes
    duration_ms: int
    path: str
    why: str = ""


def stitch(plan: Plan, load: Load) -> Stitched:
    """One audio file that says the plan.

    Raises
    ------
    MessageTooLong
        It would be over `limits.MESSAGE_SECONDS` or the platform's limit, and nothing is joined; or the file is over
        that.
    Whatever `load` raises.
    """
    made = _stitched(plan, load)
    check(plan.profile, plan.platform, made.duration_ms, len(made.audio))
    return made


def load_parts(plan: Plan, load: Load) -> list[PreparedClip]:
    """The plan's clips, prepared as its profile needs them. Raises `MessageTooLong`, and whatever `load` raises."""
    prepared = load(plan.clips, PROFILES[plan.profile].form)
    length = Length(plan.clips, plan.pauses, plan.profile, plan.platform)
    for clip, ready in zip(plan.clips, prepared, strict=True):
        length.add(clip, ready)
    return prepared


def _stitched(plan: Plan, load: Load) -> Stitched:
    clips, profile = plan.clips, PROFILES[plan.profile]
    parts = load_parts(plan, load)
    why = f"{profile.name} cannot be spliced"
    if profile.spliced:
        try:
            audio, samples = splice(parts, plan.pauses, profile.name)
            return Stitched(audio, milliseconds(samples), "spliced")
        except CannotSplice as error:
            why = str(error)
    # Imported here, because a spliced message does not need it.
    from stitcher.joining.render import render

    if profile.form != PCM:
        samples_of = load(clips, PCM)
        parts = [replace(one, begin=edge.begin, end=edge.end) for one, edge in zip(samples_of, parts, strict=True)]
    audio, duration_ms = render(parts, plan.pauses, profile.name)
    return Stitched(audio, duration_ms, "rendered", why)
