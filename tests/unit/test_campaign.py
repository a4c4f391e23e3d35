"""Campaigns: tables read as they are written, and what still has to be recorded."""

import csv
import io
import os
from collections.abc import Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.campaigns.campaign import Campaign
from stitcher.campaigns.needs import Needs
from stitcher.campaigns.script import Session, ToRecord, direction, example, file_name, guarded, script_csv, script_html
from stitcher.campaigns.table import CampaignFault, Row, Table, opened
from stitcher.campaigns.template import Template
from stitcher.planning.catalogue import clip_of
from stitcher.storage import LocalRepo, Stored
from stitcher.text.words import phrase
from tests.examples import of_usual

CLIPS = ("hello", "good_morning", "rain", "in", "pune", "ram", "hindi/नमस्ते")


@pytest.fixture
def repo(tmp_path: Path) -> LocalRepo:
    """Clips of two voices; planning reads their names only."""
    for name in CLIPS:
        file = tmp_path / "clips" / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    return LocalRepo(tmp_path / "clips")


def table_of(tmp_path: Path, content: str | bytes) -> tuple[list[str], list[Row]]:
    file = tmp_path / "campaign.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with Table(file) as table:
        return table.header, list(table.rows())


def checked(
    repo: LocalRepo, template: str, *rows: Sequence[str], header: Sequence[str] = ("name", "place")
) -> Campaign:
    campaign = Campaign(repo, Template(template, header), voice_column="voice")
    for line, row in enumerate(rows, 2):
        campaign.add(Row(line, dict(zip(header, row, strict=False))))
    return campaign


def needed(campaign: Campaign) -> list[tuple[str, int]]:
    return [(one.words, one.messages) for one in campaign.to_record]


# Tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path: Path, delimiter: str, bom: bytes, newline: str) -> None:
    lines = [["name", "place"], ["राम", '"a, b; c"'], ["", ""], ["Sita", "pune"]]
    content = newline.join(delimiter.join(line) for line in lines) + newline
    header, rows = table_of(tmp_path, bom + content.encode())
    assert header == ["name", "place"]
    assert [(row.line, row.cells) for row in rows] == [
        (2, {"name": "राम", "place": "a, b; c"}),
        (4, {"name": "Sita", "place": "pune"}),
    ]


def test_a_comma_separates_nothing_in_the_only_column(tmp_path: Path) -> None:
    _, rows = table_of(tmp_path, "message\nhello, shreeshail\n")
    assert [row.cells for row in rows] == [{"message": "hello, shreeshail"}]


def test_a_row_is_known_by_the_line_that_it_begins_in(tmp_path: Path) -> None:
    _, rows = table_of(tmp_path, 'a,b\n"one\ntwo",x\n\nlast,y\n')
    assert [(row.line, row.cells["a"]) for row in rows] == [(2, "one\ntwo"), (5, "last")]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("hello, ram,pune", "3 cells but there are 2 columns: a cell with a comma"),
        ('"hello" ram,pune', "it is not CSV"),
        ('"hello', "a quote is opened and never closed"),
        ("x" * 131_073, "a cell has over 131,072 characters"),
        ("x" * 2_500_000, "its line has over 1,000,000 characters"),
    ],
)
def test_a_row_that_is_not_right_is_told_and_not_guessed(tmp_path: Path, line: str, fault: str) -> None:
    _, rows = table_of(tmp_path, f"message,place\nhello,pune\n{line}\n")
    assert rows[0].fault == ""
    assert rows[1].line == 3
    assert fault in rows[1].fault


def test_the_rows_behind_a_line_that_is_too_long_are_read(tmp_path: Path) -> None:
    _, rows = table_of(tmp_path, "a,b\n" + "x" * 1_000_000 + "\n1,2\n" + "x" * 999_999 + "\n3,4\n")
    assert [(row.line, row.cells, bool(row.fault)) for row in rows] == [
        (2, {}, True),
        (3, {"a": "1", "b": "2"}, False),
        (4, {}, True),
        (5, {"a": "3", "b": "4"}, False),
    ]


@pytest.mark.parametrize(
    "content",
    [
        'a,b\n1,"x\n2,y\n3,z\n',  # never closed
        'a,b\n1,"x\n2,y\n3,"z"\n',  # another cell's quote closes it
        'a,b\n1,"x\n' + "2,y\n" * 50_000,
    ],
)
def test_a_quote_that_swallows_rows_is_a_fault_of_the_table(tmp_path: Path, content: str) -> None:
    with pytest.raises(CampaignFault, match="rows that cannot be told apart, from line 2 on"):
        table_of(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "has no header row"),
        (b",,\n", "has no header row"),
        (b"a,a\n1,2\n", "two columns called 'a'"),
        ("a,b\nनमस्ते,x\n".encode("utf-16"), "is not UTF-8"),
        ("a,b\nhello,x\n".encode("utf-16-le"), "is not UTF-8"),
        (b"a,b\n" + b"x,y\n" * 1_000 + b"\0" * 512, "is not UTF-8"),
        (b'"a,b\nx,y\n', "no header row: a quote is opened and never closed"),
        (b"," * 16_384 + b"a\n", "has 16,385 columns; the limit is 16,384"),
        (",".join(f"c{n}" for n in range(250_000)).encode(), "no header row: its line has over 1,000,000 characters"),
        (b"a,b\n" + b"x,y\n" * 10_000 + b"caf\xe9,x\n", "is not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_is_a_fault(tmp_path: Path, content: bytes, fault: str) -> None:
    with pytest.raises(CampaignFault, match=fault):
        table_of(tmp_path, content)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=12) | st.sampled_from(
    ['"', '""', "a,b", "a;b", "a\tb", "x\ny", "x\r\ny", "=1+1", "@a", "👩‍🌾", "नमस्ते", " spaced ", "'"]
)


@of_usual(60)
@given(rows=st.lists(st.tuples(CELL, CELL), max_size=5), delimiter=st.sampled_from(",;\t"))
def test_any_cell_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([("a", "b"), *rows])
    _, read = table_of(tmp_path_factory.mktemp("table"), text.getvalue())
    assert [(row.cells["a"], row.cells["b"]) for row in read] == [row for row in rows if "".join(row).strip()]


def test_a_table_that_is_written_to_while_it_is_read_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("message\nhello\n")
    with Table(file) as table:
        assert len(list(table.rows())) == 1
        file.write_text("message\nhullo\n")
        os.utime(file, ns=(0, 0))
        with pytest.raises(CampaignFault, match="was changed while it was read"):
            list(table.rows())


def test_a_table_may_come_from_a_pipe_or_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"message\nhello\n")
    os.close(writing)
    given = io.TextIOWrapper(io.BytesIO(b"message\nhello\n"))
    monkeypatch.setattr("sys.stdin", given)
    for path in (f"/dev/fd/{reading}", "-"):
        with opened(Path(path)) as table:
            for _ in range(2):
                assert [row.cells for row in table.rows()] == [{"message": "hello"}]
    os.close(reading)
    for none in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(OSError, match=none.name), opened(none):
            pass


# Templates


def test_a_template_is_filled_with_the_cells_as_they_are() -> None:
    template = Template("{{hello}} {name}: rain in { place }", ["name", "place"])
    assert template.fill({"name": "{place}", "place": "pune"}).text == "{hello} {place}: rain in pune"


@pytest.mark.parametrize("template", ["hello {name", "hello name}", "{name}}", "{{name}"])
def test_a_brace_without_the_other_is_a_fault(template: str) -> None:
    with pytest.raises(CampaignFault, match="without its other brace"):
        Template(template, ["name"])


@pytest.mark.parametrize("template", ["{nam}", "{name.__class__}", "{name!r}", "{0}", "{}"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(template: str) -> None:
    with pytest.raises(CampaignFault, match="not in the table; its columns are 'name', 'place'"):
        Template(template, ["name", "place"])


# What is needed


def test_words_are_counted_by_messages_and_the_most_needed_come_first(repo: LocalRepo) -> None:
    rows = [("zeta alpha",), ("zeta zeta",), ("hello",)]
    header = ["message"]
    campaign = Campaign(repo, Template.of_column("message", header))
    for line, row in enumerate(rows, 2):
        campaign.add(Row(line, dict(zip(header, row, strict=True))))
    assert needed(campaign) == [("zeta", 2), ("alpha", 1)]
    assert (campaign.rows, campaign.ready, campaign.not_ready, campaign.refused) == (3, 1, 2, 0)


def test_a_name_that_is_missing_as_a_whole_is_one_phrase(repo: LocalRepo) -> None:
    campaign = checked(repo, "hello, {name}: rain in {place}", ("Sita Patil", "pune"), ("Sita  Patil", "Navi Mumbai"))
    assert needed(campaign) == [("sita patil", 2), ("navi mumbai", 1)]


def test_of_a_name_that_is_said_in_part_the_other_words_are_missing(repo: LocalRepo) -> None:
    assert needed(checked(repo, "hello, {name}", ("Ram Kumar",))) == [("kumar", 1)]


def test_recording_what_is_asked_for_makes_every_message_ready(repo: LocalRepo) -> None:
    template = "hello, {name}: hail in {place}. [clip good_bye]"
    rows = [
        ("Sita Patil", "Navi Mumbai"),
        ("Ram Kumar", "ปูเน่"),
        ("O’Neil-Rao", "50% #1"),
        ("Dr. Rao", "पुणे"),
        ("con", "x"),
    ]
    for one in checked(repo, template, *rows).to_record:
        (repo.folder / file_name(one.words)).write_bytes(b"")
    again = checked(repo, template, *rows)
    assert (needed(again), again.ready) == ([], len(rows))


@pytest.mark.parametrize(
    ("template", "name", "words"),
    [
        ("hello, {name}'s rain", "Sita Patil", ["patil's", "sita"]),  # a part of a word
        ("hello {name}{name}", "Sita Patil", ["patil", "patilsita", "sita"]),
        ("hello {name}", "Sita. Patil", ["patil", "sita"]),  # two sentences
        ("hello [spell {name}]", "zq", ["q", "z"]),
        ("hello {name}", "x" * 120 + " " + "y" * 140, ["x" * 120, "y" * 140]),  # no name of a file
    ],
)
def test_what_cannot_be_one_clip_is_recorded_word_by_word(
    repo: LocalRepo, template: str, name: str, words: list[str]
) -> None:
    assert [one.words for one in checked(repo, template, (name, "")).to_record] == words


def test_words_that_are_written_together_are_recorded_one_by_one(repo: LocalRepo) -> None:
    campaign = checked(repo, "hello'{name}", ("<b>@final",), header=("name",))
    assert [one.words for one in campaign.to_record] == ["<", ">", "@", "b", "final"]
    campaign = checked(repo, "[clip 50%] hello雨です", ("",), header=("name",))
    assert [one.words for one in campaign.to_record] == ["50 %", "雨です"]


def test_the_voice_of_a_row_is_its_columns(repo: LocalRepo) -> None:
    rows = [("नमस्ते", "hindi"), ("नमस्ते", ""), ("hello", "hindi")]
    campaign = checked(repo, "{name}", *rows, header=("name", "voice"))
    assert [(one.voice, one.words) for one in campaign.to_record] == [("hindi", "hello"), ("", "नमस्ते")]
    assert [(s.voice, s.messages, s.ready) for s in campaign.sessions] == [("", 1, 0), ("hindi", 2, 1)]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("?!", ""), "no words"),
        (("hello " * 400, ""), "the limit is 2000"),
        (("hello [pause soon] rain", ""), "is no pause"),
        (("[clip tamil/hello]", ""), "of this voice"),
        (("hello [Clip / ]", ""), "of this voice"),
        (("hello", "../x"), "not a voice's name"),
        ((), "before its column 'message'"),
    ],
)
def test_a_row_that_cannot_be_planned_is_refused_by_its_line(
    repo: LocalRepo, cells: tuple[str, ...], reason: str
) -> None:
    campaign = checked(repo, "{message}", ("hello", ""), cells, header=("message", "voice"))
    assert (campaign.ready, campaign.refused, campaign.not_ready, campaign.to_record) == (1, 1, 0, [])
    assert [line for line, why in campaign.refusals if reason in why] == [3]


def test_a_mark_in_the_template_is_no_value(repo: LocalRepo) -> None:
    campaign = checked(repo, "hello [clip /] {name}", ("Sita Patil",))
    assert (campaign.refused, campaign.to_record) == (1, [])


def test_only_the_first_refusals_are_kept(repo: LocalRepo) -> None:
    campaign = checked(repo, "{name}", *[("?",)] * 50)
    assert (campaign.refused, len(campaign.refusals)) == (50, 20)


def test_the_example_shows_where_the_words_are_missing(repo: LocalRepo) -> None:
    campaign = checked(repo, "hello {name}\n rain: hail in {place}", ("Sita Patil", "pune"))
    assert {one.words: one.example for one in campaign.to_record} == {
        "sita patil": (("hello ", False), ("Sita Patil", True), (" rain: hail in pune", False)),
        "hail": (("hello Sita Patil rain: ", False), ("hail", True), (" in pune", False)),
    }


def test_of_a_long_message_the_example_is_what_stands_around_the_words() -> None:
    text = "a " * 300 + "hail" + " b" * 300
    pieces = example(text, [(600, 604)])
    assert ("hail", True) in pieces
    assert len("".join(piece for piece, _ in pieces)) < 220


# The script


@given(st.text(max_size=20).map(phrase).filter(bool) | st.sampled_from(["@ final", "a @ medial", "50 %", "= 1"]))
def test_a_file_is_named_so_that_it_says_the_words(words: str) -> None:
    name = file_name(words)
    clip = clip_of(Stored(name, "", 0)) if name else None
    assert not name or (clip and (clip.phrase, clip.take) == (words, ""))


def test_a_file_is_never_named_as_a_take() -> None:
    for words in ("mail@final", "@final"):
        clip = clip_of(Stored(file_name(words), "", 0))
        assert clip
        assert (clip.phrase, clip.take) == (phrase(words), "")


@given(words=CELL, said=CELL)
def test_the_script_holds_any_cell_and_no_formula(words: str, said: str) -> None:
    data = script_csv([ToRecord(words, "v", ((said, False),), 3)])
    header, row = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert header == ["file", "words", "voice", "messages", "example"]
    assert row == [guarded(file_name(words)), guarded(words), "v", "3", guarded(said)]
    assert not any(cell.lstrip()[:1] in tuple("=+-@") for cell in row if cell.lstrip())


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_a_formula_is_made_text(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


class Page(HTMLParser):
    """What a browser would see: the tags, and the text outside of them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


EVIL = "<script>alert('x')</script>\" onload=\"x&amp;"


def test_the_page_escapes_everything() -> None:
    one = ToRecord(EVIL, EVIL, ((EVIL, False), (EVIL, True)), 2)
    page = Page(script_html([Session(EVIL, EVIL, 2, 0, [one])], date(2026, 6, 1)))
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "src"]
    assert page.text.count(EVIL) == 4


def test_the_page_says_who_records_what_and_how_far_it_is() -> None:
    sessions = [Session("", "en", 12, 3, [ToRecord("hail", "")]), Session("urdu", "ur", 2, 2, [])]
    page = Page(script_html(sessions, date(2026, 6, 1)))
    assert "Recording script: default voice1 to record · 3 of 12 messages are ready · 2026-06-01" in page.text
    assert "Recording script: urdu0 to record · 2 of 2 messages are ready" in page.text
    assert "nothing has to be recorded" in page.text
    assert [a["type"] for tag, a in page.tags if tag == "input"] == ["checkbox"]


@pytest.mark.parametrize(
    ("words", "way"), [("بارش", "rtl"), ("גשם", "rtl"), ("वर्षा", "ltr"), ("rain", "ltr"), ("50%", "ltr")]
)
def test_words_are_written_in_their_direction(words: str, way: str) -> None:
    page = Page(script_html([Session("v", "", 1, 0, [ToRecord(words, "v", ((words, True),), 1)])], date(2026, 6, 1)))
    assert [a["dir"] for tag, a in page.tags if tag in ("td", "p") and "dir" in a] == [way, way]
    assert direction(words) == way


# What would be said wrong is no ready message


@pytest.mark.parametrize("empty", ["", " ", "\u00a0"])
def test_a_row_with_an_empty_cell_is_refused(repo: LocalRepo, empty: str) -> None:
    campaign = checked(repo, "hello, {name}: rain in {place}", (empty, "pune"), ("ram", "pune"))
    assert (campaign.ready, campaign.refused) == (1, 1)
    assert campaign.refusals == [(2, "its column 'name' is empty: the message would have a gap")]


@pytest.mark.parametrize(
    ("template", "refused"),
    [("hello. {x}", 0), ("hello. {x} today.", 1), ("{x}. hello", 0), ("hello, {x}", 1), ("hello {x}.", 1), ("{x}", 0)],
)
def test_an_empty_cell_that_is_a_sentence_of_its_own_leaves_no_gap(
    repo: LocalRepo, template: str, refused: int
) -> None:
    campaign = checked(repo, template, ("",), header=("x",))
    assert campaign.refused == refused or template == "{x}"
    assert all("empty" in reason or template == "{x}" for _, reason in campaign.refusals)


def test_a_number_that_is_not_read_for_certain_is_refused_and_not_recorded(repo: LocalRepo) -> None:
    campaign = checked(repo, "hello rain {mm}", ("5/8",), ("10-15",), header=("mm",))
    assert (campaign.refused, campaign.to_record) == (2, [])
    assert "the number '5/8' is not said" in campaign.refusals[0][1]


def test_decoration_is_not_recorded(repo: LocalRepo) -> None:
    campaign = checked(repo, "*hello* {name} 😀", ("ram",), header=("name",))
    assert (campaign.ready, campaign.to_record) == (1, [])


@pytest.mark.parametrize("by", [";", ",", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_line_that_tells_the_separator_is_followed(tmp_path: Path, by: str, newline: str) -> None:
    content = newline.join([f"sep={by}", by.join(["name", "place"]), by.join(["ram", "pune"])]) + newline
    header, rows = table_of(tmp_path, content)
    assert header == ["name", "place"]
    assert [(row.line, row.cells) for row in rows] == [(3, {"name": "ram", "place": "pune"})]


@pytest.mark.parametrize("words", ["con", "aux", "nul", "com1", "lpt9", "*", "<", ">", "a * b", "a < b", "|"])
def test_a_suggested_name_is_one_that_windows_takes(words: str) -> None:
    name = file_name(words)
    assert not set('<>:"/\\|?*') & set(name)
    assert name.removesuffix(".wav") not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    clip = clip_of(Stored(name, "", 0))
    assert words == "|" or (clip and clip.phrase == words)


def test_each_distinct_message_is_planned_once(repo: LocalRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[str] = []
    real = Needs._plan

    def counted(self: Needs, voice: str, text: str, has_values: bool = False) -> object:
        planned.append(text)
        return real(self, voice, text, has_values)

    monkeypatch.setattr(Needs, "_plan", counted)
    rows = [(f"name{number % 50}",) for number in range(5_000)]
    campaign = checked(repo, "hello {name}", *rows, header=("name",))
    assert len(planned) <= 100
    assert sum(one.messages for one in campaign.to_record) == 5_000
