"""The prepared clip and the file it is kept in.

A prepared clip's file (numbers little-endian):

    offset  bytes  what
    0       4      magic "STPC"
    4       2      format version, 1
    6       2      zero
    8       4      length of the header, n
    12      n      header, UTF-8 JSON: samples, audible [begin, end], report
    12 + n  …      PCM, signed 16 bit, mono, 48 kHz: 2 x samples bytes
    end-4   4      CRC-32 (zlib) of everything before it

It needs only the standard library to be read.
"""

import json
import struct
import zlib
from dataclasses import asdict, dataclass

from stitcher.catalogue import Clip

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
    """A clip's speech at equal loudness: PCM (s16le, mono, 48 kHz) and where in it the audible part begins and ends.

    `begin` and `end` are sample indices, 0 <= begin < end <= samples; pauses are timed between them.
    """

    pcm: bytes
    begin: int
    end: int
    report: Report

    @property
    def samples(self) -> int:
        return len(self.pcm) // 2

    def to_bytes(self) -> bytes:
        """The file's content, the same bytes for the same clip."""
        header = {"samples": self.samples, "audible": [self.begin, self.end], "report": asdict(self.report)}
        text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        body = _HEAD.pack(MAGIC, VERSION, 0, len(text)) + text + self.pcm
        return body + struct.pack("<I", zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "PreparedClip":
        """The reverse of `to_bytes`. Raises `CorruptPrepared` on anything else."""
        if len(data) < _HEAD.size + 4:
            raise CorruptPrepared(f"only {len(data)} bytes")
        magic, version, _, length = _HEAD.unpack_from(data)
        if magic != MAGIC or version != VERSION:
            raise CorruptPrepared(f"begins with {magic!r}, version {version}")
        if zlib.crc32(memoryview(data)[:-4]) != struct.unpack("<I", data[-4:])[0]:
            raise CorruptPrepared("the checksum does not match")
        try:
            header = json.loads(data[_HEAD.size : _HEAD.size + length])
            report = Report(**header["report"] | {"warnings": tuple(header["report"]["warnings"])})
            begin, end = header["audible"]
            clip = cls(data[_HEAD.size + length : -4], int(begin), int(end), report)
            claimed = header["samples"]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise CorruptPrepared(f"the header cannot be read: {error}") from error
        if clip.samples != claimed or len(clip.pcm) % 2 or not 0 <= clip.begin < clip.end <= clip.samples:
            raise CorruptPrepared("the header does not fit the audio")
        return clip


def prepared_key(clip: Clip) -> str:
    """Where a clip's prepared form lies in the output bucket: by our format's version, its folder and its ETag."""
    folder = clip.key.rpartition("/")[0]
    return f"{prepared_prefix(folder)}{clip.etag}.clip"


def prepared_prefix(folder: str) -> str:
    """The folder of all prepared clips of a voice; `folder` is the voice's, "" for the default voice."""
    return f"prepared/v{VERSION}/{folder or '-'}/"
