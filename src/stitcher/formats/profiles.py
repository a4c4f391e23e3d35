"""How the output is encoded, and whether it can be spliced or has to be rendered."""

import re
from dataclasses import dataclass

RATE = 48_000
"""Samples a second of all audio inside the engine; only encoded forms have others."""


def milliseconds(samples: int) -> int:
    """Samples at `RATE` as whole milliseconds."""
    return round(1000 * samples / RATE)


PCM, TELEPHONE = "wav", "wav-8k"
"""The form of plain samples, what the render path works on; and a form that is heard under 4 kHz alone."""
LINEAR = {"pcm": (2, b"\0\0"), "ulaw": (1, b"\xff"), "alaw": (1, b"\xd5")}
"""Codecs whose samples stand in a row: the bytes of a sample, and the code of 0 (ITU-T G.711, tables 1a and 2a)."""
# With a letter: "rain 2.5" has none. Without a space: nor has "rain 2.5 mm".
_ENDING = re.compile(r"(?<=.)\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]+$")


def ending_of(name: str) -> str:
    """What a file name ends in, with the dot and in small letters; "" where it has no ending.

    Examples
    --------
    >>> ending_of("hello.WAV"), ending_of("rain 2.5 mm")
    ('.wav', '')
    """
    found = _ENDING.search(name)
    return found[0].lower() if found else ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A name callers choose by `format`, its file name endings and media type, and what the encoder is told.

    All are mono.

    Parameters
    ----------
    endings
        Of file names, with the dot; the first is the one that we give.
    codec
        A key of `LINEAR`, or the name of a codec that has frames.
    rate
        Samples a second of the file.
    kbps
        0 where the codec has no bit rate to choose.
    joins
        The profile whose prepared clips it joins, where these are not its own.
    raw
        The samples alone, without a header.
    frame, late
        Samples at `RATE`: the file holds whole frames, and its sound comes out so much later than it went in.
    under_seconds
        A message has to be shorter, because its encoder is slow; 0 where it is not.
    """

    name: str
    endings: tuple[str, ...]
    content_type: str
    codec: str
    rate: int = RATE
    kbps: int = 0
    spliced: bool = True
    joins: str = ""
    raw: bool = False
    frame: int = 1
    late: int = 0
    under_seconds: int = 0

    @property
    def suffix(self) -> str:
        """What the names of its files end in."""
        return self.endings[0]

    def holds(self, samples: int) -> int:
        """Samples at `RATE` that a rendered file has, padding included; `samples` are those of the sound."""
        return -(-(samples + self.late) // self.frame) * self.frame

    def least_bytes(self, duration_ms: int) -> int:
        """Bytes that a file of this length has at least; 0 where its bit rate varies."""
        if self.codec in LINEAR:
            return duration_ms * self.rate * LINEAR[self.codec][0] // 1000
        return duration_ms * self.kbps // 8 if self.codec == "mp3" else 0

    @property
    def form(self) -> str:
        """The prepared form that it joins; where it is rendered, the one with the edges of what its band carries."""
        if self.spliced:
            return self.joins or self.name
        return TELEPHONE if self.rate == 8_000 else PCM


_WAV, _MS = "audio/wav", RATE // 1000
PROFILES = {
    profile.name: profile
    for profile in (
        Profile("mp3", (".mp3",), "audio/mpeg", "mp3", kbps=64),
        Profile("mp3-96", (".mp3",), "audio/mpeg", "mp3", kbps=96),
        # Meta refuses the bare type audio/ogg.
        Profile("opus", (".ogg", ".opus", ".oga"), "audio/ogg; codecs=opus", "opus", kbps=40),
        Profile(PCM, (".wav", ".wave"), _WAV, "pcm"),
        Profile("wav-16k", (".wav", ".wav16", ".wave"), _WAV, "pcm", rate=16_000),
        Profile(TELEPHONE, (".wav", ".wave"), _WAV, "pcm", rate=8_000),
        Profile("ulaw", (".wav", ".wave"), _WAV, "ulaw", rate=8_000),
        Profile("alaw", (".wav", ".wave"), _WAV, "alaw", rate=8_000),
        # The types of VoiceXML 2.0, appendix E. None means little-endian samples, as Asterisk has them.
        Profile("ulaw-raw", (".ulaw", ".ul"), "audio/basic", "ulaw", rate=8_000, joins="ulaw", raw=True),
        Profile("alaw-raw", (".alaw", ".al"), "audio/x-alaw-basic", "alaw", rate=8_000, joins="alaw", raw=True),
        Profile("sln", (".sln",), "application/octet-stream", "pcm", rate=8_000, joins="wav-8k", raw=True),
        Profile("sln16", (".sln16",), "application/octet-stream", "pcm", rate=16_000, joins="wav-16k", raw=True),
        Profile("mp3-128", (".mp3",), "audio/mpeg", "mp3", kbps=128, spliced=False),
        Profile("m4a", (".m4a",), "audio/mp4", "aac", kbps=64, spliced=False),
        Profile("flac", (".flac",), "audio/flac", "flac", spliced=False),
        Profile("amr", (".amr",), "audio/amr", "amr", rate=8_000, spliced=False, frame=20 * _MS, late=10 * _MS),
        Profile(
            "amr-wb", (".awb",), "audio/amr-wb", "amr-wb", rate=16_000, spliced=False, frame=20 * _MS, late=10 * _MS
        ),
        # The encoder is ours, in Python: a second of sound takes 70 ms of a processor, and Stitch has 20 s.
        Profile("gsm", (".gsm",), "audio/gsm", "gsm", rate=8_000, spliced=False, frame=20 * _MS, under_seconds=120),
    )
}
SPLICED = tuple(profile.name for profile in PROFILES.values() if profile.spliced)
FORMS = tuple(name for name in SPLICED if PROFILES[name].form == name)
"""What a prepared clip is kept in: profiles that differ in their container alone share one."""
