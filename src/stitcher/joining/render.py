"""The render path: prepared clips joined as samples and encoded once, by pydub and ffmpeg.

For messages that cannot be spliced: pauses shorter than a codec's frames allow, crossfades, and formats whose files are
not rows of frames.
"""

import io
import sys
import warnings
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from stitcher.clips.prepared import PreparedClip
from stitcher.formats import gsm
from stitcher.formats.ffmpeg import ffmpeg_path
from stitcher.formats.profiles import LINEAR, PROFILES, RATE, milliseconds
from stitcher.formats.wav import wav

with warnings.catch_warnings():
    # pydub looks for ffmpeg and ffplay on PATH when imported and warns; the one it shall use is set below.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

# Without metadata and version strings the same message is the same file everywhere.
_SAME_EVERYWHERE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
# How pydub has to ask ffmpeg for each codec: container and encoder. Samples get their header, if any, from us.
_ENCODERS = {
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("opus", "libopus"),
    "aac": ("ipod", "aac"),
    "flac": ("flac", "flac"),
    "pcm": ("s16le", "pcm_s16le"),
    "ulaw": ("mulaw", "pcm_mulaw"),
    "alaw": ("alaw", "pcm_alaw"),
    "gsm": ("s16le", "pcm_s16le"),
    "amr": ("amr", "libopencore_amrnb"),
    "amr-wb": ("amr", "libvo_amrwbenc"),
}


class _Amr(NamedTuple):
    """The highest bit rate, and bytes of the header and of a frame with its own head (RFC 4867, 5)."""

    rate: str
    head: int
    frame: int


_AMR = {"amr": _Amr("12.2k", 6, 32), "amr-wb": _Amr("23.85k", 9, 61)}


def render(clips: Sequence[PreparedClip], pauses_ms: Sequence[int], profile: str) -> tuple[bytes, int]:
    """One audio file that says the clips in order.

    Parameters
    ----------
    clips
        Prepared in the form `wav`.
    pauses_ms
        Silence before each clip but the first, between audible edges; one fewer than the clips. Less than 0 overlaps
        the audible parts with a crossfade.
    profile
        A key of `profiles.PROFILES`.

    Returns
    -------
    (bytes, int)
        The file's content and its duration in ms.
    """
    chosen = PROFILES[profile]
    samples = join(clips, pauses_ms)
    held = chosen.holds(len(samples))
    samples.extend(array("h", bytes(2 * (held - len(samples)))))
    segment = AudioSegment(data=samples.tobytes(), sample_width=2, frame_rate=RATE, channels=1)
    container, encoder = _ENCODERS[chosen.codec]
    options = [*_SAME_EVERYWHERE]
    if container == "mp3":
        options += ["-id3v2_version", "0"]  # no tag before the first frame
    if chosen.rate != RATE:
        options += ["-af", f"aresample={chosen.rate}:resampler=soxr:precision=28"]
    out = io.BytesIO()
    AudioSegment.converter = ffmpeg_path()
    bitrate = _AMR[chosen.codec].rate if chosen.codec in _AMR else f"{chosen.kbps}k" if chosen.kbps else None
    segment.export(out, format=container, codec=encoder, bitrate=bitrate, parameters=options)
    made = out.getvalue()
    if chosen.codec in LINEAR and not chosen.raw:
        made = wav(made, chosen.codec, chosen.rate)
    if chosen.codec == "gsm":
        made = gsm.encode(made)
    if chosen.codec in _AMR:  # the encoder may add a frame of its own
        made = made[: _AMR[chosen.codec].head + _AMR[chosen.codec].frame * (held // chosen.frame)]
    return made, milliseconds(held)


def join(clips: Sequence[PreparedClip], pauses_ms: Sequence[int]) -> "array[int]":
    """The clips' samples in order (16 bit, mono, 48 kHz), each pause timed from audible edge to audible edge.

    Where a pause is shorter than what two clips carry outside of their audible parts, those are mixed; where it is less
    than 0, the audible parts overlap by so much, one fading out while the other fades in. They never overlap by more
    than half of either: a short word would be said inside of its neighbour, and break off.
    """
    joined = array("h")
    edge = heard = 0  # where the last clip's audible part ends, and how long it is
    for index, clip in enumerate(clips):
        samples = array("h")
        samples.frombytes(clip.payload)
        if sys.byteorder == "big":
            samples.byteswap()
        pause = pauses_ms[index - 1] * RATE // 1000 if index else 0
        pause = max(pause, -(min(heard, clip.end - clip.begin) // 2))
        # Never before the beginning.
        start = max(0, edge + pause - clip.begin) if index else 0
        overlap = min(max(0, len(joined) - start), len(samples))
        fade_from, fade_to = start + clip.begin, edge
        for place in range(start, start + overlap):
            # The share of the new clip: all of both, but for the fade.
            share = 1.0
            if fade_from < fade_to:
                share = min(1.0, max(0.0, (place - fade_from) / (fade_to - fade_from)))
                joined[place] = round(joined[place] * (1.0 - share))
            mixed = joined[place] + round(samples[place - start] * share)
            joined[place] = max(-32768, min(32767, mixed))
        joined.extend(array("h", bytes(2 * max(0, start - len(joined)))))
        joined.extend(samples[overlap:])
        edge, heard = start + clip.end, clip.end - clip.begin
    return joined
