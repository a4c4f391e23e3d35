"""The render path: prepared clips joined as PCM and encoded once, by pydub and ffmpeg."""

import io
import sys
import warnings
from array import array
from collections.abc import Sequence

from stitcher.ffmpeg import ffmpeg_path
from stitcher.prepared import PreparedClip
from stitcher.profiles import PROFILES

with warnings.catch_warnings():
    # pydub looks for ffmpeg and ffplay on PATH when imported and warns; the one it shall use is set below.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

RATE = 48_000
MP3_BITRATE = "64k"


def render(clips: Sequence[PreparedClip], pauses_ms: Sequence[int], profile: str) -> tuple[bytes, int]:
    """One audio file that says the clips in order.

    Parameters
    ----------
    pauses_ms
        Silence before each clip but the first, between audible edges; one fewer than the clips.
    profile
        A key of `profiles.PROFILES`.

    Returns
    -------
    (bytes, int)
        The file's content and its duration in ms.
    """
    pcm = join(clips, pauses_ms)
    segment = AudioSegment(data=pcm.tobytes(), sample_width=2, frame_rate=RATE, channels=1)
    out = io.BytesIO()
    if profile == "mp3":
        AudioSegment.converter = ffmpeg_path()
        # Without metadata and version strings the same message is the same file everywhere.
        exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-id3v2_version", "0"]
        segment.export(out, format="mp3", bitrate=MP3_BITRATE, parameters=exact)
    else:
        segment.export(out, format=PROFILES[profile].name)
    return out.getvalue(), round(1000 * len(pcm) / RATE)


def join(clips: Sequence[PreparedClip], pauses_ms: Sequence[int]) -> "array[int]":
    """The clips' PCM in order (16 bit, mono, 48 kHz), each pause timed from audible edge to audible edge.

    Where a pause is shorter than what two clips carry outside their audible parts, those are mixed.
    """
    joined = array("h")
    edge = 0  # where the last clip's audible part ends
    for index, clip in enumerate(clips):
        pcm = array("h")
        pcm.frombytes(clip.pcm)
        if sys.byteorder == "big":
            pcm.byteswap()
        # Never before the last clip's audible end, or before the beginning.
        start = max(0, edge + pauses_ms[index - 1] * RATE // 1000 - clip.begin) if index else 0
        overlap = min(max(0, len(joined) - start), len(pcm))
        for offset in range(overlap):
            mixed = joined[start + offset] + pcm[offset]
            joined[start + offset] = max(-32768, min(32767, mixed))
        joined.extend(array("h", bytes(2 * max(0, start - len(joined)))))
        joined.extend(pcm[overlap:])
        edge = start + clip.end
    return joined
