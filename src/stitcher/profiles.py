"""How the output is encoded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """A name callers choose by `format`, its file name ending, and its media type (RFC 6838)."""

    name: str
    suffix: str
    content_type: str


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("mp3", ".mp3", "audio/mpeg"),  # 48 kHz mono, 64 kbit/s
        Profile("wav", ".wav", "audio/wav"),  # 48 kHz mono, 16 bit PCM
    )
}
