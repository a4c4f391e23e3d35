"""The prepared clip and the file it is kept in.

A prepared clip's file (numbers little-endian):

    offset  bytes  what
    0       4      magic "STPC"
    4       2      format version, 3
    6       2      zero
    8       8      profile, padded with zeros
    16      16     samples, lead, begin, end: signed, 4 bytes each
    32      44     report: duration 4, then five numbers of 8 (IEEE 754), in `Report`'s order
    76      4      length of the warnings, n; 0 where there is none
    80      n      warnings, UTF-8 JSON
    80 + n  …      payload: the clip encoded for its profile
    end-4   4      CRC-32 (zlib) of everything before it

The payload by codec, all mono: `pcm` signed 16 bit samples, `ulaw` and `alaw` codes of a byte, at the profile's rate;
`mp3` whole frames without bit reservoir; `opus` packets of 20 ms, each after its length in two bytes.

It needs only the standard library to be read.
"""

import json
import struct
import zlib
from dataclasses import dataclass

from stitcher.clip import Clip
from stitcher.formats import mp3, ogg
from stitcher.formats.profiles import FORMS, LINEAR, PCM, PROFILES, RATE

MAGIC = b"STPC"
VERSION = 3
_HEAD = struct.Struct("<4sHH8s4iI5dI")


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
        Its form, one of `profiles.FORMS`.
    payload
        What is joined; its form is the codec's (see the module).
    samples
        Length of the speech at 48 kHz.
    lead
        Samples (48 kHz) that the payload decodes to before the speech's first one.
    begin, end
        The audible part, in samples from the speech's first: 0 <= begin < end <= samples. Pauses are timed between.
        It is what is heard in the band that the profile carries.
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
        report = self.report
        warnings = json.dumps(report.warnings, ensure_ascii=False).encode() if report.warnings else b""
        body = b"".join(
            (
                _HEAD.pack(
                    *(MAGIC, VERSION, 0, self.profile.encode(), self.samples, self.lead, self.begin, self.end),
                    *(report.duration_ms, report.loudness_lufs, report.gain_db, report.noise_floor_db),
                    *(report.peak_db, report.limited_db, len(warnings)),
                ),
                warnings,
                self.payload,
            )
        )
        return body + struct.pack("<I", zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "PreparedClip":
        """The reverse of `to_bytes`. Raises `CorruptPrepared` on anything else."""
        if len(data) < _HEAD.size + 4:
            raise CorruptPrepared(f"only {len(data)} bytes")
        magic, version, zero, name, samples, lead, begin, end, *numbers, length = _HEAD.unpack_from(data)
        duration_ms, loudness, gain, noise_floor, peak, limited = numbers
        if magic != MAGIC or version != VERSION or zero:
            raise CorruptPrepared(f"begins with {magic!r}, version {version}")
        body = data[:-4]
        if zlib.crc32(body) != struct.unpack_from("<I", data, len(body))[0]:
            raise CorruptPrepared("the checksum does not match")
        start = _HEAD.size + length
        if start > len(body):
            raise CorruptPrepared("the warnings are cut off")
        try:
            warnings = json.loads(body[_HEAD.size : start].decode()) if length else []
            profile = name.rstrip(b"\0").decode()
        except (ValueError, RecursionError) as error:
            raise CorruptPrepared(f"the header cannot be read: {error}") from error
        if not isinstance(warnings, list) or not all(isinstance(warning, str) for warning in warnings):
            raise CorruptPrepared("the header cannot be read: warnings that are no list of texts")
        report = Report(duration_ms, loudness, gain, noise_floor, peak, limited, tuple(warnings))
        clip = cls(profile, body[start:], samples, lead, begin, end, report)
        if clip.profile not in FORMS or not 0 <= begin < end <= samples or lead < 0:
            raise CorruptPrepared("the header does not fit the audio")
        if clip.profile == PCM and len(clip.payload) != 2 * samples:
            raise CorruptPrepared("the header does not fit the audio")
        return clip


def length_of(clip: PreparedClip) -> int:
    """What a clip's payload decodes to, in samples at 48 kHz."""
    profile = PROFILES[clip.profile]
    if profile.codec == "mp3":
        return len(clip.payload) // mp3.frame_bytes(profile.kbps) * mp3.FRAME
    if profile.codec == "opus":
        return len(ogg.unpack(clip.payload)) * ogg.FRAME
    width, _ = LINEAR[profile.codec]
    return len(clip.payload) // width * (RATE // profile.rate)


def prepared_key(clip: Clip, form: str) -> str:
    """Where a clip's prepared form lies in the output bucket: by format version, voice, form and source's ETag."""
    folder = clip.key.rpartition("/")[0]
    return f"prepared/v{VERSION}/{folder or '-'}/{form}/{clip.etag}.clip"
