"""The first step of a campaign: its rows become distinct messages in chunks, and a number for each row."""

import array
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stitcher.campaigns.messages import Message, Numbers, Reader, chunk_bytes
from stitcher.campaigns.table import Row
from stitcher.errors import StitchError

CHUNK = 300
"""Messages of a chunk: measured (docs/campaigns.md)."""
REFUSED = 2**32 - 1
"""The number of a row that is no message."""
HELD = 65_536
"""Numbers that are written at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of the table, those that are no message, distinct messages, and chunks of these."""

    rows: int
    refused: int
    distinct: int
    chunks: int


def split(
    rows: Iterable[Row], reader: Reader, numbers: BinaryIO, save: Callable[[int, bytes], None], size: int = CHUNK
) -> Counts:
    """Split a table, row by row, in memory that does not grow with it.

    Parameters
    ----------
    numbers
        Gets four bytes for each row, little-endian: the number of its message in order of first appearance, or
        `REFUSED`. Message n is in chunk n // size, at n % size.
    save
        Stores a chunk under its number.
    """
    counted = refused = chunks = 0
    chunk: list[Message] = []
    held = array.array("I")
    with Numbers() as known:
        for row in rows:
            counted += 1
            try:
                message = reader.message(row)
            except StitchError:
                refused += 1
                held.append(REFUSED)
            else:
                before = known.count
                held.append(known.of(message.digest))
                if known.count > before:
                    chunk.append(message)
                    if len(chunk) == size:
                        save(chunks, chunk_bytes(chunk))
                        chunks, chunk = chunks + 1, []
            if len(held) == HELD:
                _write(held, numbers)
        distinct = known.count
    _write(held, numbers)
    if chunk:
        save(chunks, chunk_bytes(chunk))
        chunks += 1
    return Counts(counted, refused, distinct, chunks)


def _write(held: "array.array[int]", numbers: BinaryIO) -> None:
    if sys.byteorder == "big":
        held.byteswap()
    numbers.write(held.tobytes())
    del held[:]


def read_numbers(numbers: BinaryIO) -> Iterator[int]:
    """The numbers that `split` wrote."""
    while data := numbers.read(4 * HELD):
        held = array.array("I", data)
        if sys.byteorder == "big":
            held.byteswap()
        yield from held
