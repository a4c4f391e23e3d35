"""The clips that a new voice records first say all numbers, and what is said with them."""

from pathlib import Path

import pytest

from stitcher.campaigns.script import file_name
from stitcher.campaigns.starter import KINDS, needed_by, starter
from stitcher.cli import main
from stitcher.errors import InvalidRequest, UncertainNumbers
from stitcher.numbers.spoken import supported
from stitcher.planning.catalogue import Catalogue
from stitcher.planning.plan import plan_message
from stitcher.planning.settings import VoiceSettings
from stitcher.storage import Stored

SAID = ["7", "42", "100", "1 kg", "25 ml", "11 kg", "6:30 am", "11:05 pm", "2026-03-31", "50%"]


@pytest.mark.parametrize("language", ["en", "en-IN", "hi", "sw", "am", "ta", "mr", "fr", "ar", "gu", "ml", "ne"])
def test_with_the_clips_of_a_starter_the_language_says_its_numbers(language: str) -> None:
    found = starter(language, 2100, KINDS)
    names = [file_name(one.words) for one in found.to_record]
    voice = Catalogue.of("", [Stored(name, name, 1) for name in names], VoiceSettings(language=language))
    for message in [*SAID, *map(str, range(0, 2101, 7))]:
        try:
            assert plan_message(message, voice).clips
        except UncertainNumbers:
            continue  # the language does not say it


@pytest.mark.parametrize("language", supported())
def test_a_starter_is_there_for_every_language_most_useful_first(language: str) -> None:
    found = starter(language, 100, ["prices", "units"])
    counts = [one.messages for one in found.to_record]
    assert counts == sorted(counts, reverse=True)
    assert all(counts)
    assert len({one.words for one in found.to_record}) == len(found.to_record)
    assert found.expressions > found.refused


def test_nothing_is_in_the_list_that_no_number_needs() -> None:
    assert {one.words for one in starter("en", 3, []).to_record} == {"zero", "one", "two", "three"}


@pytest.mark.parametrize(
    ("language", "up_to", "kinds", "reason"),
    [
        ("xx", 9, [], "no table"),
        ("en", -1, [], "not between"),
        ("en", 10**6, [], "not between"),
        ("en", 9, ["songs"], "songs"),
    ],
)
def test_what_cannot_be_listed_is_refused(language: str, up_to: int, kinds: list[str], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        starter(language, up_to, kinds)


def test_a_table_of_messages_decides_the_order(tmp_path: Path) -> None:
    table = tmp_path / "messages.csv"
    table.write_text("message\n" + "give 3 kg\n" * 5 + "give 2 kg\n", encoding="utf-8")
    counted = needed_by(table, "en", column=None, template=None)
    found = starter("en", 10, ["units"], counted)
    assert [(one.words, one.messages) for one in found.to_record[:3]] == [("kilograms", 6), ("three", 5), ("two", 1)]


def test_the_command_writes_both_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--language", "sw", "--up-to", "20", "--with", "times, dates", "--output", str(tmp_path)]
    assert main(["starter", *options, "--date", "2026-06-01"]) == 0
    told = capsys.readouterr().out
    assert "to record" in told
    assert (tmp_path / "recording-script.csv").read_bytes().startswith(b"\xef\xbb\xbffile,words")
    assert "2026-06-01" in (tmp_path / "recording-script.html").read_text(encoding="utf-8")
    assert main(["starter", "--language", "xx"]) == 2
