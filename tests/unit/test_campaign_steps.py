"""The steps of a campaign: distinct messages in chunks, their results, and the table with what became of each row."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.api.campaigns import CampaignRequest
from stitcher.campaigns.join import COLUMNS, FAILED, Join, Summary, free_names
from stitcher.campaigns.messages import (
    Message,
    Numbers,
    Reader,
    Settings,
    chunk_bytes,
    chunk_messages,
)
from stitcher.campaigns.say import Result, Speaker, result_bytes, results_of
from stitcher.campaigns.split import REFUSED, Counts, read_numbers, split
from stitcher.campaigns.table import CampaignFault, Row, Table
from stitcher.clip import Clip
from stitcher.clips.prepared import PreparedClip
from stitcher.errors import InvalidRequest, MessageTooLong, UnusableClip
from stitcher.planning.catalogue import Catalogue
from stitcher.storage import Stored
from tests.examples import of_usual

HEADER = ("name", "place")


def rows_of(*cells: Sequence[str], header: Sequence[str] = HEADER) -> list[Row]:
    return [Row(line, dict(zip(header, row, strict=False)), "", row) for line, row in enumerate(cells, 2)]


def parted(rows: list[Row], reader: Reader, size: int = 2) -> tuple[Counts, list[list[Message]], list[int]]:
    chunks: list[list[Message]] = []
    numbers = io.BytesIO()
    counts = split(rows, reader, numbers, lambda _number, data: chunks.append(chunk_messages(data)), size)
    numbers.seek(0)
    return counts, chunks, list(read_numbers(numbers))


def reader_of(template: str = "hello {name}: rain in {place}", **others: Any) -> Reader:
    return Reader(Settings(template=template, **others), HEADER)


# Split


def test_equal_messages_are_one_and_every_row_knows_its_number() -> None:
    rows = rows_of(("ram", "pune"), ("sita", "pune"), ("ram", "pune"), ("vijay", "satara"))
    counts, chunks, numbers = parted(rows, reader_of())
    assert counts == Counts(rows=4, refused=0, distinct=3, chunks=2)
    assert [[message.text for message in chunk] for chunk in chunks] == [
        ["hello ram: rain in pune", "hello sita: rain in pune"],
        ["hello vijay: rain in satara"],
    ]
    assert numbers == [0, 1, 0, 2]


def test_a_row_that_is_no_message_is_counted_and_in_no_chunk() -> None:
    rows = [*rows_of(("ram", "")), Row(3, {}, "a quote is opened and never closed"), *rows_of(("ram", "pune"))]
    counts, chunks, numbers = parted(rows, reader_of())
    assert (counts.rows, counts.refused, counts.distinct) == (3, 2, 1)
    assert numbers == [REFUSED, REFUSED, 0]
    assert len(chunks) == 1


def test_a_table_without_a_message_has_no_chunk() -> None:
    counts, chunks, numbers = parted(rows_of(("", "")), reader_of())
    assert (counts.distinct, counts.chunks, chunks, numbers) == (0, 0, [], [REFUSED])


@pytest.mark.parametrize(
    "others",
    [
        {"format": "opus"}, {"gap_ms": 5}, {"gap_ms": 0}, {"missing": "skip"}, {"read_numbers": "strict"},
        {"voice": "hindi"},
    ],
)  # fmt: skip
def test_what_changes_the_sound_changes_the_digest(others: dict[str, Any]) -> None:
    (row,) = rows_of(("ram", "pune"))
    assert reader_of(**others).message(row).digest != reader_of().message(row).digest


def test_two_voices_of_one_table_are_two_messages() -> None:
    header = ("message", "voice")
    reader = Reader(Settings(), header)
    rows = rows_of(("hello", ""), ("hello", "hindi"), ("hello", " hindi "), header=header)
    counts, chunks, numbers = parted(rows, reader)
    assert [(message.voice, message.text) for chunk in chunks for message in chunk] == [
        ("", "hello"),
        ("hindi", "hello"),
    ]
    assert (counts.distinct, numbers) == (2, [0, 1, 1])


@pytest.mark.parametrize("voice", ["../other", "a/b", "x" * 65, "\n"])
def test_a_voice_that_is_none_is_refused_with_its_row(voice: str) -> None:
    header = ("message", "voice")
    row = Row(2, {"message": "hello", "voice": f"{voice}x/"}, "", ())
    with pytest.raises(InvalidRequest, match="is not a voice's name"):
        Reader(Settings(), header).message(row)


def test_a_message_that_is_too_long_fills_no_chunk() -> None:
    with pytest.raises(MessageTooLong, match="2020 characters; the limit is 2000"):
        reader_of().message(rows_of(("x" * 2_000, "pune"))[0])


@pytest.mark.parametrize("settings", [Settings(voice="a/b"), Settings(missing="fallback:a/b")])
def test_a_campaign_for_a_voice_that_is_none_is_refused_at_once(settings: Settings) -> None:
    with pytest.raises(InvalidRequest):
        Reader(settings, ["message"])


def test_a_fallback_to_the_default_voice_is_written_as_in_a_single_message() -> None:
    assert CampaignRequest.of({"name": "a", "voice": "hindi", "missing": "fallback:-"}).missing == "fallback:-"
    Reader(Settings(voice="hindi", missing="fallback:-"), ["message"])
    for missing in ("fallback:", "fallback", "fallback:a/b", "ship"):
        with pytest.raises(InvalidRequest):
            CampaignRequest.of({"name": "a", "missing": missing})


def test_the_default_voice_says_what_another_one_lacks() -> None:
    hello = Catalogue.of("", [Stored("hello.wav", "1", 1)])
    asked: list[str] = []

    def load(clips: Sequence[Clip], _form: str) -> list[PreparedClip]:
        asked.extend(clip.key for clip in clips)
        raise UnusableClip(("hello.wav", "the file is empty"))

    speaker = Speaker({"": hello, "hindi": Catalogue("hindi")}.__getitem__, load, Settings(missing="fallback:-"))
    (result,) = speaker.check([Message("0" * 32, "hindi", "hello")])
    assert asked == ["hello.wav"]
    assert (result.status, "the file is empty" in result.reason) == ("refused", True)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        (Settings(), ["message", "Voice", "VOICE"]),
        (Settings(), ["Message", "MESSAGE"]),
        (Settings(column="text"), ["Text", "TEXT", "tExt"]),
        (Settings(template="hello {id}"), ["ID", "Id"]),
    ],
)
def test_columns_that_differ_in_capital_letters_only_are_both_named(settings: Settings, header: list[str]) -> None:
    with pytest.raises(CampaignFault, match=r"the table has \d columns '\w+': 'ID' and 'Id'|'Voice' and|'M|'Text' and"):
        Reader(settings, header)
    Reader(Settings(template="hello {id}"), ["ID", "id"])


def test_a_template_and_a_column_exclude_each_other() -> None:
    with pytest.raises(CampaignFault, match="not both"):
        Reader(Settings(template="hello", column="name"), HEADER)


@given(st.lists(st.integers(0, 40), max_size=200), st.integers(1, 7))
@of_usual(40)
def test_numbers_are_those_of_first_appearance(values: list[int], kept: int) -> None:
    with pytest.MonkeyPatch.context() as patched, Numbers() as numbers:
        patched.setattr("stitcher.campaigns.messages.KNOWN", kept)
        found = [numbers.of(f"{value:032x}") for value in values]
        first = list(dict.fromkeys(values))
        assert found == [first.index(value) for value in values]
        assert numbers.count == len(first)
        assert len(numbers._known) <= kept


@given(st.text(max_size=20), st.text(max_size=5))
@of_usual(40)
def test_a_chunk_is_read_as_it_was_written(text: str, voice: str) -> None:
    messages = [Message("0" * 32, voice, text, ((0, len(text)),)), Message("1" * 32, "", "x")]
    if text.isprintable():
        assert chunk_messages(chunk_bytes(messages)) == messages
    else:
        assert len(chunk_messages(chunk_bytes(messages[1:]))) == 1


def test_results_are_read_as_they_were_written() -> None:
    results = [
        Result("a" * 32, "", "made", "audio/x.mp3", 1_200),
        Result("b" * 32, "hindi", "refused", missing=("कल",), reason="no clip says 'कल'",
               to_record=(("कल", (("बारिश ", False), ("कल", True))),), language="hi"),
    ]  # fmt: skip
    assert results_of(result_bytes(results)) == results


# Join


def joined(
    tmp_path: Path, content: str, results: Sequence[Result | None], template: str | None = None
) -> tuple[list[list[str]], Summary]:
    file = tmp_path / "campaign.csv"
    file.write_text(content)
    with Table(file) as table:
        reader = Reader(Settings(template=template), table.header)
        numbers = io.BytesIO()
        counts = split(table.rows(), reader, numbers, lambda _number, _data: None)
        numbers.seek(0)
        with Join(table, counts.distinct, numbers, results, lambda file: f"https://x/{file}") as join:
            text = b"".join(join.manifest(reader)).decode("utf-8-sig")
            separator = table.delimiter if len(table.header) > 1 else ","
            return list(csv.reader(io.StringIO(text), delimiter=separator)), join.summary


def result(text: str, status: Any = "made", **others: Any) -> Result:
    return Result(text, "", status, f"audio/{text}.mp3" if status == "made" else "", 900, **others)


def test_the_manifest_has_the_table_first_and_then_what_became_of_each_row(tmp_path: Path) -> None:
    refused = result("b", "refused", missing=("zebra",), reason="no clip says 'zebra'")
    rows, summary = joined(
        tmp_path, "phone,message\n+91,hello\n00 91,zebra\n-5,hello\n,gone\n", [result("a"), refused, None]
    )
    assert rows == [
        ["phone", "message", *COLUMNS],
        ["+91", "hello", "made", "audio/a.mp3", "https://x/audio/a.mp3", "900", "", ""],
        ["00 91", "zebra", "refused", "", "", "", "zebra", "no clip says 'zebra'"],
        ["-5", "hello", "made", "audio/a.mp3", "https://x/audio/a.mp3", "900", "", ""],
        ["", "gone", "failed", "", "", "", "", FAILED],
    ]
    assert (summary.rows, summary.distinct, summary.made, summary.refused, summary.failed) == (4, 3, 2, 1, 1)


def test_a_row_that_is_no_message_says_its_line_and_the_reason(tmp_path: Path) -> None:
    rows, summary = joined(
        tmp_path, "name;place\nram;\nram;pune;more\nram;pune\n", [result("a")], "hi {name} in {place}"
    )
    assert [row[2] for row in rows[1:]] == ["refused", "refused", "made"]
    assert rows[1][-1] == "line 2: its column 'place' is empty: the message would have a gap"
    assert rows[2][:2] == ["ram", "pune"]
    assert rows[2][-1].startswith("line 3: it has 3 cells")
    assert (summary.rows, summary.refused, summary.made) == (3, 2, 1)


def test_columns_without_a_name_and_short_rows_keep_their_cells(tmp_path: Path) -> None:
    rows, _ = joined(tmp_path, "message,,\nhello,x,y\nhello\n", [result("a")])
    assert [row[:4] for row in rows] == [
        ["message", "", "", "status"],
        ["hello", "x", "y", "made"],
        ["hello", "", "", "made"],
    ]


def test_words_of_others_are_no_formula_in_our_columns(tmp_path: Path) -> None:
    rows, _ = joined(tmp_path, "message\n=x\n", [result("a", "refused", missing=("=x",), reason="=y")])
    assert rows[1][-2:] == ["'=x", "'=y"]


def test_a_cell_of_the_table_is_no_formula_either_and_numbers_stay(tmp_path: Path) -> None:
    formulas = ["=CMD|'/C calc'!A0", "@SUM(1)", "+1+cmd|x!A0", "\t=1", "－1"]
    others = ["+91 (98) 22-33", "-5", "+1,000.5", "- ", "x=1"]
    rows, _ = joined(
        tmp_path, "message,=note\n" + "".join(f'hello,"{cell}"\n' for cell in [*formulas, *others]), [result("a")]
    )
    assert rows[0][:2] == ["message", "'=note"]
    assert [row[1] for row in rows[1:]] == [*(f"'{cell}" for cell in formulas), *others]


def test_a_manifest_can_be_a_table_again() -> None:
    assert free_names(["Status", "link", "link 2"]) == [
        "status 2",
        "file",
        "link 3",
        "duration_ms",
        "missing",
        "reason",
    ]


def test_what_is_to_record_counts_rows_not_messages(tmp_path: Path) -> None:
    lacking = result("b", "refused", missing=("zebra",), to_record=(("zebra", (("zebra", True),)),))
    _, summary = joined(tmp_path, "message\nzebra\nhello\nzebra\n", [lacking, result("a")])
    assert [(one.words, one.messages) for one in summary.to_record] == [("zebra", 2)]
    assert [(one.messages, one.ready) for one in summary.sessions] == [(3, 1)]


def test_another_table_than_the_one_that_was_split_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "campaign.csv"
    file.write_text("message\nhello\nhello\n")
    for numbers in (b"\0" * 4, b"\0" * 12):
        with (
            Table(file) as table,
            Join(table, 1, io.BytesIO(numbers), [result("a")]) as join,
            pytest.raises(CampaignFault, match="has changed"),
        ):
            list(join.manifest(Reader(Settings(), table.header)))
