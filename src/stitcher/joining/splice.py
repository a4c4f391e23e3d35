"""The fast path: a message as a join of encoded clips. Standard library only, some microseconds a clip.

Pauses are timed between audible edges. An encoded clip can only stand on its format's grid (24 ms for MP3, 2.5 ms for
Opus) and begins and ends with what its codec needs, so that a pause comes out up to half a grid step off, and one that
is shorter than that room cannot be had: then `CannotSplice` is raised, and the render path takes over.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from stitcher.clips.prepared import PreparedClip
from stitcher.formats import mp3, ogg
from stitcher.formats import wav as riff
from stitcher.formats.profiles import LINEAR, PROFILES, RATE, Profile

LATE_MS = 24
"""A pause may come out longer than wanted by at most this before splicing is given up."""


class Edges(Protocol):
    """Where a clip's parts begin and end, in samples, as in `PreparedClip`."""

    @property
    def samples(self) -> int: ...
    @property
    def lead(self) -> int: ...
    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int: ...


class Placed(Edges, Protocol):
    """The same and what `length_of` gives: enough to time a message without its audio."""

    @property
    def length(self) -> int: ...


E = TypeVar("E", bound=Edges)


class CannotSplice(Exception):
    """The clips cannot be joined as they are encoded; the message says why."""


def splice(clips: Sequence[PreparedClip], pauses_ms: Sequence[int], profile: str) -> tuple[bytes, int]:
    """One audio file that says the clips in order.

    Parameters
    ----------
    clips
        Of the profile's form; at least one.
    pauses_ms
        Silence before each clip but the first, between audible edges; one fewer than the clips.

    Returns
    -------
    (bytes, int)
        The file's content and its duration in samples at 48 kHz.

    Raises
    ------
    CannotSplice
        Where a pause is too short for it, or less than 0.
    """
    chosen = PROFILES[profile]
    return _JOINS.get(chosen.codec, _linear)(clips, pauses_ms, chosen)


def spliced_samples(clips: Sequence[Placed], pauses_ms: Sequence[int], profile: str) -> int:
    """The duration of what `splice` would make, in samples at 48 kHz. Raises `CannotSplice` if it would."""
    chosen = PROFILES[profile]
    grid = {"mp3": mp3.FRAME, "opus": ogg.GRID}.get(chosen.codec, RATE // chosen.rate)
    apart = ogg.GRID if chosen.codec == "opus" else 0
    return _duration(clips, _place(clips, pauses_ms, grid, lambda clip: clip.length + apart))


def _place(clips: Sequence[E], pauses_ms: Sequence[int], grid: int, length: Callable[[E], int]) -> list[int]:
    """Where each clip's encoded form begins, in decoded samples: on the grid, after the one before it.

    `length` is what an encoded form takes there.
    """
    places: list[int] = []
    free = edge = 0  # the first sample not taken; where the last clip's audible part ends
    for index, clip in enumerate(clips):
        place = 0
        if index:
            pause = pauses_ms[index - 1]
            if pause < 0:
                raise CannotSplice(f"clip {index + 1} begins with a crossfade")
            wanted = edge + pause * RATE // 1000 - clip.begin - clip.lead
            late = (free - wanted) * 1000 / RATE
            if late > LATE_MS:
                shortest = pause + round(late)
                raise CannotSplice(f"the pause before clip {index + 1} would be {shortest} ms at least")
            place = max(free, free + round((wanted - free) / grid) * grid)
        places.append(place)
        free = place + length(clip)
        edge = place + clip.lead + clip.end
    return places


def _duration(clips: Sequence[Edges], places: Sequence[int]) -> int:
    """From the first sample of the first clip to the last one of the last."""
    return places[-1] + clips[-1].lead + clips[-1].samples - clips[0].lead


def _mp3(clips: Sequence[PreparedClip], pauses_ms: Sequence[int], profile: Profile) -> tuple[bytes, int]:
    kbps = profile.kbps
    size = mp3.frame_bytes(kbps)
    places = _place(clips, pauses_ms, mp3.FRAME, lambda clip: len(clip.payload) // size * mp3.FRAME)
    silence = mp3.silence(kbps)
    parts: list[bytes] = [b""]
    end = 0
    for place, clip in zip(places, clips, strict=True):
        if place > end:
            parts.append(silence * ((place - end) // mp3.FRAME))
        parts.append(clip.payload)
        end = place + len(clip.payload) // size * mp3.FRAME
    duration = _duration(clips, places)
    lead = clips[0].lead
    parts[0] = mp3.info_frame(kbps, end // mp3.FRAME, end // mp3.FRAME * size, lead, end - lead - duration)
    return b"".join(parts), duration


def _opus(clips: Sequence[PreparedClip], pauses_ms: Sequence[int], _profile: Profile) -> tuple[bytes, int]:
    held = [ogg.unpack(clip.payload) for clip in clips]
    lengths = {id(clip): len(packets) * ogg.FRAME for clip, packets in zip(clips, held, strict=True)}
    # At least the shortest silence between two clips: it resets the decoder.
    places = _place(clips, pauses_ms, ogg.GRID, lambda clip: lengths[id(clip)] + ogg.GRID)
    stream: list[tuple[bytes, int]] = []
    end = 0
    for place, packets in zip(places, held, strict=True):
        stream += [(packet, ogg.duration(packet)) for packet in ogg.silence(place - end)]
        stream += [(packet, ogg.FRAME) for packet in packets]
        end = place + len(packets) * ogg.FRAME
    duration = _duration(clips, places)
    return ogg.file(stream, clips[0].lead, duration), duration


def _linear(clips: Sequence[PreparedClip], pauses_ms: Sequence[int], profile: Profile) -> tuple[bytes, int]:
    """Samples in a row, with the code of 0 between."""
    (width, zero), step = LINEAR[profile.codec], RATE // profile.rate
    places = _place(clips, pauses_ms, step, lambda clip: len(clip.payload) // width * step)
    parts: list[bytes] = []
    end = 0
    for place, clip in zip(places, clips, strict=True):
        parts += (zero * ((place - end) // step), clip.payload)
        end = place + len(clip.payload) // width * step
    samples = b"".join(parts)
    return samples if profile.raw else riff.wav(samples, profile.codec, profile.rate), end


_JOINS = {"mp3": _mp3, "opus": _opus}
