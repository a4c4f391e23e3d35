"""Telephony systems and messengers as names for `format`, with their limits: what `platforms.toml` says."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stitcher.errors import InvalidRequest, MessageTooLong, shown
from stitcher.formats.profiles import PROFILES


@dataclass(frozen=True, slots=True)
class Platform:
    """A system that plays messages: the profile that it takes, and its limits, 0 where it has none.

    Parameters
    ----------
    format
        A key of `PROFILES`.
    rate
        Of that profile, in Hz.
    documentation
        The title of the page that says so.
    under_seconds, under_bytes
        Its messages are shorter, its files smaller than this.
    voice_note_bytes
        The largest file that a messenger shows as a voice note.
    """

    name: str
    format: str
    rate: int
    documentation: str
    under_seconds: int = 0
    under_bytes: int = 0
    voice_note_bytes: int = 0

    def check(self, duration_ms: int, size: int = 0) -> None:
        """Refuse a message that the platform would not play.

        Parameters
        ----------
        size
            Of the file in bytes; 0 where that is not known yet: then it is taken from the duration, where that says it.

        Raises
        ------
        MessageTooLong
            The sentence names the limit.
        """
        size = size or PROFILES[self.format].least_bytes(duration_ms)
        if self.under_seconds and duration_ms >= 1000 * self.under_seconds:
            limit = f"plays messages under {self.under_seconds} s"
        elif self.under_bytes and size >= self.under_bytes:
            limit = f"takes files under {self.under_bytes / 1e6:g} MB"
        else:
            return
        raise MessageTooLong(f"{self.name} {limit}: say it in several messages")


PLATFORMS = {
    name: Platform(name, **told)
    for name, told in tomllib.loads(Path(__file__).with_name("platforms.toml").read_text(encoding="utf-8")).items()
}
FORMATS = (*PROFILES, *PLATFORMS)
"""All that callers may ask for by `format`."""


def chosen(format: str) -> tuple[str, str]:
    """The names of the profile and of the platform, "" for none, that a caller's `format` stands for.

    Raises
    ------
    InvalidRequest
        There is none of that name; all are listed.
    """
    if format in PROFILES:
        return format, ""
    if format in PLATFORMS:
        return PLATFORMS[format].format, format
    raise InvalidRequest(f"format '{shown(format)}' is not one of {', '.join(FORMATS)}")


def check(profile: str, platform: str, duration_ms: int, size: int = 0) -> None:
    """As `Platform.check`, and with the limit of the profile; without a platform ("") that is the only one."""
    if 0 < 1000 * PROFILES[profile].under_seconds <= duration_ms:
        limit = f"{profile} is made of messages under {PROFILES[profile].under_seconds} s"
        raise MessageTooLong(f"{limit}: say it in several messages, or in another format")
    if platform:
        PLATFORMS[platform].check(duration_ms, size)


def warnings(profile: str, platform: str, size: int) -> list[str]:
    """What is poor about a file of `size` bytes, in sentences: for its platform, or all that take its profile."""
    return list(_warnings([PLATFORMS[platform]] if platform else PLATFORMS.values(), profile, size))


def _warnings(platforms: Iterable[Platform], profile: str, size: int) -> Iterator[str]:
    for each in platforms:
        if each.format == profile and 0 < each.voice_note_bytes < size:
            yield (
                f"the file has {size / 1024:.0f} KB: {each.name} shows a voice note with a play button "
                f"up to {each.voice_note_bytes // 1024} KB"
            )
