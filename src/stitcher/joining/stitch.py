"""A plan made audible: spliced where the clips can be joined as they are encoded, rendered where not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stitcher.clip import Clip
from stitcher.clips.prepared import PreparedClip
from stitcher.formats.profiles import PCM, PROFILES, milliseconds
from stitcher.joining.splice import CannotSplice, splice
from stitcher.planning.plan import Plan

Load = Callable[[Sequence[Clip], str], list[PreparedClip]]
"""Gives the clips' prepared forms for a profile, in order."""


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
    Whatever `load` raises.
    """
    clips, profile = plan.clips, PROFILES[plan.profile]
    if profile.spliced:
        try:
            audio, samples = splice(load(clips, profile.name), plan.pauses, profile.name)
            return Stitched(audio, milliseconds(samples), "spliced")
        except CannotSplice as error:
            why = str(error)
    else:
        why = f"{profile.name} cannot be spliced"
    # Here, because a message that is spliced needs nothing of it.
    from stitcher.joining.render import render

    parts = load(clips, PCM)
    if profile.edges != PCM:
        heard = load(clips, profile.edges)
        parts = [replace(part, begin=edge.begin, end=edge.end) for part, edge in zip(parts, heard, strict=True)]
    audio, duration_ms = render(parts, plan.pauses, profile.name)
    return Stitched(audio, duration_ms, "rendered", why)
