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

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from stitcher import limits
from stitcher.errors import UnusableClip
from stitcher.fields import sentences
from stitcher.numbers.tables import BadRule, meant, supported, table
from stitcher.planning import rules
from stitcher.planning.catalogue import SETTINGS as FILE
from stitcher.storage import NotStored, Repo, Stored
from stitcher.text.words import phrase

FAULTS, INPUT = 5, 80
"""Faults of a file that are named, and characters of it in one of them."""
DOTS = 64
"""Full stops in one line: the time of Python's reader of TOML grows with the square of a dotted name's parts."""
VALUES, DEPTH = 4_000, 6
Alias = Annotated[str, Field(max_length=300)]
Milliseconds = Annotated[StrictInt, Field(ge=0, le=limits.GAP_MS)]


_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def _is_code(language: str) -> str:
    """Raises ValueError where the language is no code."""
    if _CODE.fullmatch(language):
        return language
    known = f"one of {', '.join(supported())}, say" if not (found := meant(language)) else ""
    hint = known or "; ".join(f"did you mean '{code}'?" for code in found[:1])
    raise ValueError(f"'{language[:INPUT]}' is not the code of a language, which is like 'en' or 'en-IN': {hint}")


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

    language: Annotated[str, AfterValidator(_is_code)] | None = None
    gap_ms: Annotated[StrictInt, Field(ge=-limits.CROSSFADE_MS, le=limits.GAP_MS)] = limits.DEFAULT_GAP_MS
    aliases: list[Alias] = Field(default_factory=list)
    pauses: Pauses = Pauses()
    read_numbers: Literal["likely", "strict"] = "likely"
    """Whether a number that can be read in two ways is said in the likelier one, or refused."""

    # Sections of the language's table: what is here wins.
    numbers: rules.Numbers = Field(default_factory=lambda: rules.Numbers())
    style: rules.Style = Field(default_factory=lambda: rules.Style())
    templates: rules.Named = Field(default_factory=dict)
    fractions: rules.Named = Field(default_factory=dict)
    mixed: rules.Named = Field(default_factory=dict)
    mixed_unit: rules.Named = Field(default_factory=dict)
    units: rules.Counted = Field(default_factory=dict)
    per: rules.Named = Field(default_factory=dict)
    currencies: rules.Counted = Field(default_factory=dict)
    ordinals: Annotated[dict[rules.Name, rules.Ordinal], Field(max_length=rules.LIST)] = Field(default_factory=dict)
    time: rules.Time = Field(default_factory=lambda: rules.Time())
    signs: rules.Signs = Field(default_factory=lambda: rules.Signs())
    abbreviations: rules.Lists = Field(default_factory=dict)
    multipliers: rules.Named | rules.Texts = Field(default_factory=dict)
    months: Annotated[list[rules.Word], Field(min_length=12, max_length=12)] | None = None
    feminine: rules.Texts | None = None
    singular_below: Annotated[float, Field(gt=0, le=1_000, strict=True)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _lifted(cls, document: Any) -> Any:
        """A section of the table that stands under `[numbers]`, as earlier versions had it, holds as well."""
        numbers = document.get("numbers") if isinstance(document, dict) else None
        if not isinstance(numbers, dict):
            return document
        inner = {name: numbers[name] for name in numbers if name in SECTIONS and name != "numbers"}
        return inner | document | {"numbers": {name: numbers[name] for name in numbers if name not in inner}}

    @cached_property
    def groups(self) -> list[list[str]]:
        """The aliases as groups of phrases that mean the same."""
        return [[phrase(name, glottal=self.glottal) for name in line.split("=")] for line in self.aliases]

    @property
    def glottal(self) -> bool:
        """Whether an apostrophe before "y" is part of a letter, as in Hausa."""
        return (self.language or "").split("-")[0] == "ha"

    @cached_property
    def rules(self) -> Mapping[str, Any]:
        """The voice's own rules, in the form of a language's table."""
        return {name: rule for name in SECTIONS if (rule := getattr(self, name)) not in ({}, None)}


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
    """The settings in the file's content.

    Raises
    ------
    UnusableClip
        Naming the file, with the reason, if it cannot be read, with any content: everybody who may upload clips may
        write it.
    """
    try:
        document = _document(data)
        voice = VoiceSettings.model_validate(document)
        if voice.rules:
            _checked(voice)
    except _Fault as error:
        raise UnusableClip((key, str(error))) from None
    except BadRule as error:
        raise UnusableClip((key, str(error)[: 3 * INPUT])) from None
    except ValidationError as error:
        named = sentences(error, VoiceSettings, document, "setting")
        more = [f"and {len(named) - FAULTS} more"] if len(named) > FAULTS else []
        raise UnusableClip((key, "; ".join([*(one[: 3 * INPUT] for one in named[:FAULTS]), *more]))) from None
    return voice


def read_settings(repo: Repo, item: Stored) -> VoiceSettings:
    """The settings in a listed file, in the version that was listed. Raises `UnusableClip`, and `NotStored`."""
    if item.size > limits.SETTINGS_BYTES:  # said without reading it
        raise UnusableClip((item.key, _too_large(item.size)))
    return voice_of(item.key, repo.read(item.key, item.etag))


def find_settings(repo: Repo, prefix: str) -> VoiceSettings:
    """The settings of the folder `prefix`, by one request for its listing; the defaults where it has no file of them.

    Raises `UnusableClip`.
    """
    key = prefix + FILE
    item = next(iter(repo.list(prefix, key[:-1])), None)
    if item is None or item.key != key:
        return VoiceSettings()
    try:
        return read_settings(repo, item)
    except NotStored:  # gone, or replaced, since it was listed
        return VoiceSettings()


class _Fault(Exception):
    """What is wrong with the file as a whole."""


def _too_large(size: int) -> str:
    return f"it has {size} bytes; the limit is {limits.SETTINGS_BYTES // 1024} KiB"


def _document(data: bytes) -> dict[str, Any]:
    """The TOML in a file. Raises `_Fault` for whatever is none, or so deep or so long that nobody would write it."""
    if len(data) > limits.SETTINGS_BYTES:
        raise _Fault(_too_large(len(data)))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _Fault("it is not UTF-8 text") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > DOTS:
            raise _Fault(f"line {number} has over {DOTS} full stops: divide it into lines")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise _Fault("its lists and tables lie too deep in one another") from None
    except ValueError as error:  # TOMLDecodeError, and what Python says of numbers that are too long
        hint = ": put a text in quotes" if str(error).startswith("Invalid value") else ""
        raise _Fault(f"it is not TOML: {error}"[: 3 * INPUT] + hint) from None
    count, deepest = rules.places(document)
    if deepest > DEPTH:
        raise _Fault("its lists and tables lie too deep in one another")
    if count > VALUES:
        raise _Fault(f"it has {count} values; the limit is {VALUES}")
    return document
