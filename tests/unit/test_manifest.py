"""A campaign's manifest: read back, it is the table with six more columns, whatever the cells hold."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stitcher.campaigns.join import COLUMNS, Join
from stitcher.campaigns.messages import Reader, Settings
from stitcher.campaigns.say import Result
from stitcher.campaigns.script import guarded_own
from stitcher.campaigns.split import split
from stitcher.campaigns.table import Table
from tests.examples import of_usual

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=12) | st.sampled_from(
    [
        '"',
        '""',
        "a,b",
        "a;b;c;d;e;f;g;h;i;j",
        "a|b",
        "a\tb",
        "x\ny",
        "x\ry",
        "x\r\n=1+1",
        "x\r=1+1,2\r",
        "=1+1",
        "'",
        "",
    ]
)


def manifest(folder: Path, content: bytes) -> bytes:
    """The manifest of a table of refused messages."""
    file = folder / "table.csv"
    file.write_bytes(content)
    with Table(file) as table:
        reader, numbers = Reader(Settings(), table.header), io.BytesIO()
        counts = split(table.rows(), reader, numbers, lambda _number, _data: None)
        numbers.seek(0)
        results = [Result("0" * 32, "", "refused", reason="line\none\r\n=2")] * counts.distinct
        with Join(table, counts.distinct, numbers, results) as joined:
            return b"".join(joined.manifest(reader))


def rows_of(folder: Path, content: bytes) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a table, as cells."""
    file = folder / "read.csv"
    file.write_bytes(content)
    with Table(file) as table:
        return table.header, [list(row.in_order) for row in table.rows()]


@of_usual(80)
@given(
    st.lists(st.tuples(CELL, CELL), max_size=4),
    CELL.filter(lambda name: name.strip() not in ("", "message")),
    st.sampled_from(",;\t|"),
)
@example([("x\n=cmd,made,audio/x.mp3", "hello")], "note", ",")
@example([("x\ry", "hello\r\nyou")], "a;b;c;d;e;f;g;h;i;j", "|")
def test_a_manifest_read_as_a_table_has_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], name: str, delimiter: str
) -> None:
    folder, text = tmp_path_factory.mktemp("manifest"), io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([("message", name), *rows])
    content = f"sep={delimiter}\r\n{text.getvalue()}".encode()
    header, cells = rows_of(folder, content)
    written = manifest(folder, content)
    again, found = rows_of(folder, written)
    assert again[:2] == [guarded_own(name) for name in header]
    assert again[2:] == list(COLUMNS) or name.strip().casefold() in COLUMNS
    assert [row[:2] for row in found] == [[guarded_own(cell) for cell in row] for row in cells]
    assert all(row[2] == "refused" for row in found)
    # As spreadsheets read it, which take every line end outside quotes for a row's end.
    strict = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))
    assert len(strict) == len(rows_of(folder, content)[1]) + 1


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('7;"hello" ram', ["7", '"hello" ram']),
        ("8;" + "x" * 2_500_000, ["8", "x" * 20]),
        ("9;" + "x" * 140_000, ["9", "x" * 20]),
        ('10;"hello;ram"x;y', ["10", "hello;ramx"]),
    ],
)
def test_a_row_that_is_not_csv_keeps_its_cells_as_far_as_they_are_known(
    tmp_path: Path, line: str, kept: Sequence[str]
) -> None:
    _, rows = rows_of(tmp_path, manifest(tmp_path, f"id;message\n{line}\n11;hello\n".encode()))
    assert [row[0] for row in rows] == [kept[0], "11"]
    assert rows[0][1].replace('"', "").startswith(kept[1].replace('"', ""))
    assert rows[0][2] == "refused"
    assert rows[0][-1].startswith("line 2: ")
