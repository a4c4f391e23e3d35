"""A voice's settings: the optional file `voice.toml` in its folder.

language = "hi"                        # how numbers are said; without it they need clips as they are written
gap_ms = 120                           # between words, where a request does not say
aliases = ["hello = hi = namaste"]     # phrases that the same clip says

[pauses]                               # milliseconds after punctuation
comma = 250

[numbers]                              # overrides of the language's table, in its form (docs/languages.md)
minus = "माइनस"

[templates]                            # and so each of its other sections
range = "{a} से {b} तक"
"""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stitcher import limits
from stitcher.errors import UnusableClip
from stitcher.numbers.tables import BadRule, table
from stitcher.text.words import phrase

FILE = "voice.toml"
Section = Mapping[str, Any]
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
    read_numbers: Literal["likely", "strict"] = "likely"
    """Whether a number that can be read in two ways is said in the likelier one, or refused."""

    # Sections of the language's table: what is here wins.
    numbers: Section = Field(default_factory=dict)
    style: Section = Field(default_factory=dict)
    templates: Section = Field(default_factory=dict)
    fractions: Section = Field(default_factory=dict)
    mixed: Section = Field(default_factory=dict)
    mixed_unit: Section = Field(default_factory=dict)
    units: Section = Field(default_factory=dict)
    per: Section = Field(default_factory=dict)
    currencies: Section = Field(default_factory=dict)
    ordinals: Section = Field(default_factory=dict)
    time: Section = Field(default_factory=dict)
    signs: Section = Field(default_factory=dict)
    abbreviations: Section = Field(default_factory=dict)
    multipliers: Section | list[str] = Field(default_factory=dict)
    months: list[str] = Field(default_factory=list)
    feminine: list[str] = Field(default_factory=list)
    singular_below: float | None = None

    @property
    def groups(self) -> list[list[str]]:
        """The aliases as groups of phrases that mean the same."""
        return [[phrase(name, glottal=self.glottal) for name in line.split("=")] for line in self.aliases]

    @property
    def glottal(self) -> bool:
        """Whether an apostrophe before "y" is part of a letter, as in Hausa."""
        return (self.language or "").split("-")[0] == "ha"

    @cached_property
    def rules(self) -> Mapping[str, Any]:
        """The voice's own rules, in the form of a language's table.

        A section of the table that stands under `[numbers]`, as earlier versions had it, holds as well.
        """
        own = {name: rule for name in SECTIONS if (rule := getattr(self, name)) not in ({}, [], None)}
        numbers = dict(own.pop("numbers", {}))
        for name in [name for name in numbers if name in SECTIONS and isinstance(numbers[name], Mapping | list)]:
            own.setdefault(name, numbers.pop(name))
        return own | ({"numbers": numbers} if numbers else {})


SECTIONS = tuple(
    name
    for name in VoiceSettings.model_fields
    if name not in ("language", "gap_ms", "aliases", "pauses", "read_numbers")
)
"""The settings that override the language's table."""


def _checked(voice: VoiceSettings) -> None:
    """Raises `BadRule` where a voice's rules override nothing, or have another form than the language's."""
    if not voice.language:
        raise BadRule(f"[{next(iter(voice.rules))}] needs a language")
    if table(voice.language, voice.rules) is None:
        raise BadRule(f"there are no numbers of the language '{voice.language}' to override")


def voice_of(key: str, data: bytes) -> VoiceSettings:
    """The settings in the file's content. Raises `UnusableClip`, naming the file, where they cannot be read."""
    try:
        voice = VoiceSettings.model_validate(tomllib.loads(data.decode()))
        if voice.rules:
            _checked(voice)
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
