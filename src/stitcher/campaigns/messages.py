"""A campaign's messages: what each row says, and by which digest equal messages are known."""

import hashlib
import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Literal, Self

from stitcher import limits
from stitcher.campaigns.campaign import voice_of
from stitcher.campaigns.script import Span
from stitcher.campaigns.table import CampaignFault, Row
from stitcher.campaigns.template import Filled, Template, column_named
from stitcher.errors import InvalidRequest, MessageTooLong
from stitcher.formats.platforms import chosen
from stitcher.formats.profiles import PROFILES, Profile
from stitcher.planning.catalogue import voice_prefix
from stitcher.planning.plan import ReadNumbers
from stitcher.planning.policies import fallback_of

VOICE_COLUMN, MESSAGE_COLUMN = "voice", "message"
DIGEST_BYTES = 16
KNOWN = 65_536
"""Digests whose numbers are kept in memory; the others are on disk."""
CACHE_KIB = 16 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """How a campaign's rows become messages, and how these are said.

    Attributes
    ----------
    voice
        The voice of rows that name none.
    template, column
        The message with columns in braces, or the column that has the whole message; at most one of them. With
        neither, the column is `message`.
    format, gap_ms, missing, read_numbers
        As in a request for one message (`stitcher.api.requests.StitchRequest`): a format is a profile or a platform.
    on_refusal
        Where rows cannot be said: `report` makes the others, `stop` makes none.
    """

    voice: str = ""
    template: str | None = None
    column: str | None = None
    format: str = "mp3"
    gap_ms: int | None = None
    missing: str = "error"
    read_numbers: ReadNumbers | None = None
    on_refusal: Literal["report", "stop"] = "report"

    @property
    def profile(self) -> Profile:
        """How the audio is encoded. Raises `InvalidRequest` where there is no such format."""
        return PROFILES[chosen(self.format)[0]]

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Message:
    """A distinct message: its digest (32 hexadecimal digits), its voice, its text, and its columns' values in it."""

    digest: str
    voice: str
    text: str
    values: tuple[Span, ...] = ()

    @property
    def filled(self) -> Filled:
        """The text with the places of its values."""
        return Filled(self.text, self.values)


class Reader:
    """Makes messages of rows.

    Raises
    ------
    CampaignFault
        The template is broken, or the table lacks a column.
    InvalidRequest
        The campaign's voice, or its fallback, is no voice's name.
    """

    def __init__(self, settings: Settings, header: Sequence[str]) -> None:
        if settings.template is not None and settings.column is not None:
            raise CampaignFault("a campaign has a template or a column, not both")
        for voice in (settings.voice, fallback_of(settings.missing) or ""):
            voice_prefix(voice)
        self._voice = settings.voice
        self._voice_column = column_named(header, VOICE_COLUMN)
        self._template = (
            Template.of_column(MESSAGE_COLUMN if settings.column is None else settings.column, header)
            if settings.template is None
            else Template(settings.template, header)
        )
        said = [settings.format, settings.gap_ms, settings.missing, settings.read_numbers]
        self._how = hashlib.sha256(json.dumps(said).encode())

    def message(self, row: Row) -> Message:
        """The row's message.

        Raises
        ------
        InvalidRequest
            The row cannot be read, lacks a value, or names what is no voice.
        MessageTooLong
            It has more characters than a message may have.
        """
        if row.fault:
            raise InvalidRequest(row.fault)
        filled = self._template.fill(row.cells)
        if len(filled.text) > limits.MESSAGE_CHARACTERS:
            raise MessageTooLong(limits.too_many_characters(len(filled.text)))
        voice = voice_of(row, self._voice_column, self._voice)
        voice_prefix(voice)
        digest = self._how.copy()
        digest.update(f"{voice}\0{filled.text}".encode())
        return Message(digest.hexdigest()[: 2 * DIGEST_BYTES], voice, filled.text, filled.values)


class Numbers:
    """Numbers distinct digests in the order in which they come, in memory that does not grow with them.

    They lie in a temporary database that SQLite removes by itself. A context manager.
    """

    def __init__(self) -> None:
        self.count = 0
        self._known: OrderedDict[str, int] = OrderedDict()
        self._disk = sqlite3.connect("", isolation_level=None)
        self._disk.execute("PRAGMA journal_mode=OFF")
        self._disk.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._disk.execute("CREATE TABLE numbers(digest BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID")
        self._disk.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._disk.close()

    def of(self, digest: str) -> int:
        """The digest's number; one that is `count` before this call is new."""
        number = self._known.get(digest)
        if number is None:
            number = self._stored(bytes.fromhex(digest))
            self._known[digest] = number
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return number

    def _stored(self, digest: bytes) -> int:
        new = self._disk.execute("INSERT OR IGNORE INTO numbers VALUES (?, ?)", (digest, self.count))
        if new.rowcount:
            self.count += 1
            return self.count - 1
        found: int = self._disk.execute("SELECT number FROM numbers WHERE digest = ?", (digest,)).fetchone()[0]
        return found


def to_lines(documents: Iterable[dict[str, Any]]) -> bytes:
    """Documents as JSON Lines, in UTF-8."""
    return b"".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for one in documents)


def of_lines(data: bytes) -> Iterator[dict[str, Any]]:
    """The reverse of `to_lines`."""
    return (json.loads(line) for line in data.split(b"\n") if line)


def chunk_bytes(messages: Iterable[Message]) -> bytes:
    """A chunk of messages as it is stored."""
    return to_lines(asdict(message) for message in messages)


def chunk_messages(data: bytes) -> list[Message]:
    """The reverse of `chunk_bytes`."""
    return [
        Message(one["digest"], one["voice"], one["text"], tuple((start, end) for start, end in one["values"]))
        for one in of_lines(data)
    ]
