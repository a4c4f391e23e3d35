"""A voice's settings: the optional file `voice.toml` in its folder.

language = "hi"                        # how numbers are said; without it they need clips as they are written
gap_ms = 120                           # between words, where a request does not say
aliases = ["hello = hi = namaste"]     # phrases that the same clip says

[pauses]                               # milliseconds after punctuation
comma = 250

[numbers]                              # overrides of the language's table, in its form (docs/languages.md)
"""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stitcher import limits
from stitcher.errors import UnusableClip
from stitcher.numbers.tables import BadRule, table
from stitcher.text.words import phrase

FILE = "voice.toml"
Milliseconds = Annotated[int, Field(ge=0, le=limits.GAP_MS)]


class Pauses(BaseModel):
    """Milliseconds of silence after punctuation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    comma: Milliseconds = 250
    colon: Milliseconds = 300
    stop: Milliseconds = 500
    question: Milliseconds = 500
    newline: Milliseconds = 700


class VoiceSettings(BaseModel):
    """The settings of a voice; each has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] | None = None
    gap_ms: Annotated[int, Field(ge=-limits.CROSSFADE_MS, le=limits.GAP_MS)] = limits.DEFAULT_GAP_MS
    aliases: list[str] = Field(default_factory=list)
    pauses: Pauses = Pauses()
    numbers: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def groups(self) -> list[list[str]]:
        """The aliases as groups of phrases that mean the same."""
        return [[phrase(name) for name in line.split("=")] for line in self.aliases]


def voice_of(key: str, data: bytes) -> VoiceSettings:
    """The settings in the file's content. Raises `UnusableClip`, naming the file, where they cannot be read."""
    try:
        voice = VoiceSettings.model_validate(tomllib.loads(data.decode()))
        if voice.language and voice.numbers:
            table(voice.language, voice.numbers)
    except BadRule as error:
        raise UnusableClip((key, str(error))) from None
    except UnicodeDecodeError:
        raise UnusableClip((key, "it is not UTF-8 text")) from None
    except tomllib.TOMLDecodeError as error:
        raise UnusableClip((key, f"it is not TOML: {error}")) from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        reason = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        raise UnusableClip((key, reason)) from None
    return voice
