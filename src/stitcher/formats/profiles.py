"""How the output is encoded, and whether it can be spliced or has to be rendered."""

from dataclasses import dataclass

RATE = 48_000
"""Samples a second of all audio inside the engine; only encoded forms have others."""


def milliseconds(samples: int) -> int:
    """Samples at `RATE` as whole milliseconds."""
    return round(1000 * samples / RATE)


PCM, TELEPHONE = "wav", "ulaw"
"""The profile whose prepared clips are plain samples, what the render path works on; and the one that is heard under 4
kHz alone."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A name callers choose by `format`, its file name ending and media type, and what the encoder is told.

    All are mono. `kbps` is 0 where the codec has no bit rate to choose.
    """

    name: str
    suffix: str
    content_type: str
    codec: str
    rate: int = RATE
    kbps: int = 0
    spliced: bool = True

    @property
    def edges(self) -> str:
        """The profile whose prepared clips say what is heard in the band that this one carries."""
        return PCM if self.rate == RATE else TELEPHONE


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("mp3", ".mp3", "audio/mpeg", "mp3", kbps=64),
        Profile("mp3-96", ".mp3", "audio/mpeg", "mp3", kbps=96),
        Profile("opus", ".opus", "audio/ogg", "opus", kbps=40),
        Profile(TELEPHONE, ".wav", "audio/wav", "ulaw", rate=8_000),
        Profile(PCM, ".wav", "audio/wav", "wav"),
        Profile("wav-8k", ".wav", "audio/wav", "wav", rate=8_000, spliced=False),
        Profile("mp3-128", ".mp3", "audio/mpeg", "mp3", kbps=128, spliced=False),
        Profile("m4a", ".m4a", "audio/mp4", "aac", kbps=64, spliced=False),
        Profile("flac", ".flac", "audio/flac", "flac", spliced=False),
    )
}
SPLICED = tuple(profile.name for profile in PROFILES.values() if profile.spliced)
