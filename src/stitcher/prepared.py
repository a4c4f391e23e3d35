"""The prepared clip and the file it is kept in.

A prepared clip's file (numbers little-endian):

    offset  bytes  what
    0       4      magic "STPC"
    4       2      format version, 1
    6       2      zero
    8       4      length of the header, n
    12      n      header, UTF-8 JSON: profile, samples, lead, audible [begin, end], report
    12 + n  …      payload: the clip encoded for its profile
    end-4   4      CRC-32 (zlib) of everything before it

The payload by codec: `wav` signed 16 bit samples, mono, 48 kHz; `ulaw` µ-law codes, mono, 8 kHz; `mp3` whole frames
without bit reservoir; `opus` packets of 20 ms, each after its length in two bytes.

It needs only the standard library to be read.
"""

import json
import struct
import zlib
from dataclasses import asdict, dataclass

from stitcher.catalogue import Clip
from stitcher.profiles import PCM, SPLICED

MAGIC = b"STPC"
VERSION = 1
_HEAD = struct.Struct("<4sHHI")


class CorruptPrepared(Exception):
    """A prepared clip's file is not what was written: a fault of storage or of an older version."""


@dataclass(frozen=True, slots=True)
class Report:
    """What preparing found: for staff who record, and for logs.

    Durations in ms, loudness in LUFS, the rest in dB (gain applied, noise floor and peak relative to full scale,
    reduction by the limiter). `warnings` are sentences about a poor recording.
    """

    duration_ms: int
    loudness_lufs: float
    gain_db: float
    noise_floor_db: float
    peak_db: float
    limited_db: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """A clip's speech at equal loudness, encoded for a profile, and where in it the audible part begins and ends.

    Parameters
    ----------
    profile
        A key of `profiles.PROFILES` that is spliced.
    payload
        What is joined; its form is the codec's (see the module).
    samples
        Length of the speech at 48 kHz.
    lead
        Samples (48 kHz) that the payload decodes to before the speech's first one.
    begin, end
        The audible part, in samples from the speech's first: 0 <= begin < end <= samples. Pauses are timed between.
    """

    profile: str
    payload: bytes
    samples: int
    lead: int
    begin: int
    end: int
    report: Report

    def to_bytes(self) -> bytes:
        """The file's content, the same bytes for the same clip."""
        header = {
            "profile": self.profile,
            "samples": self.samples,
            "lead": self.lead,
            "audible": [self.begin, self.end],
            "report": asdict(self.report),
        }
        text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        body = _HEAD.pack(MAGIC, VERSION, 0, len(text)) + text + self.payload
        return body + struct.pack("<I", zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "PreparedClip":
        """The reverse of `to_bytes`. Raises `CorruptPrepared` on anything else."""
        if len(data) < _HEAD.size + 4:
            raise CorruptPrepared(f"only {len(data)} bytes")
        magic, version, zero, length = _HEAD.unpack_from(data)
        if magic != MAGIC or version != VERSION or zero:
            raise CorruptPrepared(f"begins with {magic!r}, version {version}")
        if zlib.crc32(memoryview(data)[:-4]) != struct.unpack("<I", data[-4:])[0]:
            raise CorruptPrepared("the checksum does not match")
        if _HEAD.size + length > len(data) - 4:
            raise CorruptPrepared("the header is cut off")
        try:
            header = json.loads(data[_HEAD.size : _HEAD.size + length].decode())
            begin, end = map(int, header["audible"])
            header["report"]["warnings"] = tuple(header["report"]["warnings"])
            report = Report(**header["report"])
            samples, lead = int(header["samples"]), int(header["lead"])
            clip = cls(str(header["profile"]), data[_HEAD.size + length : -4], samples, lead, begin, end, report)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise CorruptPrepared(f"the header cannot be read: {error}") from error
        if clip.profile not in SPLICED or not 0 <= begin < end <= samples or lead < 0:
            raise CorruptPrepared("the header does not fit the audio")
        if clip.profile == PCM and len(clip.payload) != 2 * samples:
            raise CorruptPrepared("the header does not fit the audio")
        return clip


def prepared_key(clip: Clip, profile: str) -> str:
    """Where a clip's prepared form lies in the output bucket: by format version, voice, profile and source's ETag."""
    folder = clip.key.rpartition("/")[0]
    return f"prepared/v{VERSION}/{folder or '-'}/{profile}/{clip.etag}.clip"
