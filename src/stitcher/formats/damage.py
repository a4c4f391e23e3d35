"""What is damaged or missing in a recording: by the decoder's errors and by the length that its container claims."""

import re
import struct

from stitcher.formats.ffmpeg import Decoded

UNKNOWN_BYTES = 0x7FFF0000
"""A data size from here on, or 0, is what a writer puts that cannot know it: a pipe, a recorder that was not closed."""
LONGEST_CLAIM = 3600.0
"""A claim of more seconds is no length of a recording that anybody sends as a clip."""
SHORT_SECONDS = 0.05
MP3_SHORT_SECONDS = 0.25
"""Codecs pad both ends; MP3 at 8 kHz by up to two frames of 72 ms and a decoder's delay."""

ASF_HEADER = bytes.fromhex("3026b275")
ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)(?:, start: (-?[\d.]+))?")
_GUESSED = "Estimating duration from bitrate"
_ERROR = re.compile(r"\[(?:error|fatal|panic)\]")
_SHORT_PACKET = re.compile(r"orrupt (?:input packet|\(stream)|Packet corrupt")
"""A last packet that is not whole; in a WAV whose size is not known every last one is called so."""
_HARMLESS = re.compile(r"invalid new backstep|overread|Header missing")
"""An MP3 that was cut out of a longer one begins with frames that need what was before them."""


def damage(data: bytes, decoded: Decoded, seconds: float) -> tuple[str, ...]:
    """Warnings, in sentences, about what could not be read.

    Parameters
    ----------
    seconds
        What was decoded.
    """
    claimed = _claimed_seconds(data, decoded.log, seconds)
    tolerance = MP3_SHORT_SECONDS if "Input #0, mp3" in decoded.log else SHORT_SECONDS
    if claimed is not None and claimed <= LONGEST_CLAIM and seconds < claimed - tolerance:
        return (f"it is damaged: only {seconds:.1f} s of {claimed:.1f} s could be read",)
    if _is_cut_ogg(data) or _is_cut_asf(data) or "ended prematurely" in decoded.log:
        return (f"it is damaged: the file is cut off after {seconds:.1f} s",)
    short = _SHORT_PACKET.search(decoded.log) and not _is_wav(data)
    errors = any(_ERROR.search(line) and not _HARMLESS.search(line) for line in decoded.log.splitlines())
    return ("it is damaged: parts of it could not be read",) if short or errors else ()


def _is_wav(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def _claimed_seconds(data: bytes, log: str, seconds: float) -> float | None:
    """The length by the container; None where it says none. `seconds` is what was decoded."""
    if _is_wav(data):
        return _riff_seconds(data, seconds)
    if _GUESSED in log or (found := _DURATION.search(log)) is None:
        return None
    hours, minutes, rest, start = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(rest) - max(0.0, float(start or 0.0))


def _riff_seconds(data: bytes, seconds: float) -> float | None:
    """By the size of the data chunk, where not all of it is there: the header's bytes a second are wrong for ADPCM."""
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"data":
            present = len(data) - position
            return seconds * size / present if 0 < present < size < UNKNOWN_BYTES else None
        position += size + (size & 1)
    return None


def _is_cut_ogg(data: bytes) -> bool:
    """Whether the last page of an Ogg file is not all there (RFC 3533, section 6)."""
    start = data.rfind(b"OggS")
    if data[:4] != b"OggS" or start < 0:
        return False
    if start + 27 > len(data) or start + 27 + data[start + 26] > len(data):
        return True
    lacing = data[start + 27 : start + 27 + data[start + 26]]
    return start + 27 + len(lacing) + sum(lacing) > len(data)


def _is_cut_asf(data: bytes) -> bool:
    """Whether a WMA file is shorter than it says (ASF specification, 3.2: File Properties Object, File Size)."""
    start = data.find(ASF_FILE_PROPERTIES, 0, 65_536)
    if data[:4] != ASF_HEADER or start < 0 or start + 48 > len(data):
        return False
    size: int = struct.unpack_from("<Q", data, start + 40)[0]
    return len(data) < size < UNKNOWN_BYTES
