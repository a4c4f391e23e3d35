"""What `make campaign` saves: only files of the service, only below its folder, whatever the columns are called."""

import csv
from pathlib import Path
from typing import Any

import pytest
from tools.client import Response
from tools.local import campaign
from tools.local.campaign import clear, save, settings_of
from tools.local.stack import StackError

HOST = "http://out.s3.localhost:4566"
FOUND = {name: f"{HOST}/campaigns/c/runs/r/{file}?sig=1" for name, file in campaign.FILES.items()}
LINK = f"{HOST}/campaigns/c/audio/1.mp3?sig=2"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the service has, by URL; everything else is not there."""
    there = {FOUND["recording_script"]: b"script", FOUND["recording_script_page"]: b"page", LINK: b"audio"}

    def fetched(url: str) -> Response:
        return Response(200, {}, there[url]) if url in there else Response(404, {}, b"<Error/>")

    monkeypatch.setattr(campaign, "fetch", fetched)
    return there


def saved(service: dict[str, bytes], folder: Path, header: str, *rows: str, table: str = "") -> list[list[str]]:
    """The manifest that is saved, of one that the service has."""
    source = folder / "table.csv"
    source.write_text(table or f"{header}\nx\n")
    delimiter = campaign.delimiter_of(source)
    ours = delimiter.join(("status", "file 2", "link 2", "duration_ms", "missing", "reason"))
    manifest = "\r\n".join([f"{header}{delimiter}{ours}", *rows, ""])
    service[FOUND["manifest"]] = b"\xef\xbb\xbf" + manifest.encode()
    save(FOUND, source, folder / "out")
    text = (folder / "out" / "manifest.csv").read_text("utf-8-sig").splitlines()
    return list(csv.reader(text, delimiter=delimiter))[1:]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_columns_that_are_called_as_ours_are_the_users(
    service: dict[str, bytes], tmp_path: Path, delimiter: str
) -> None:
    cells = ["../../evil.txt", "http://elsewhere/x", "hello", "made", "audio/1.mp3", LINK, "400", "", ""]
    header = delimiter.join(("file", "link", "message"))
    rows = saved(service, tmp_path, header, delimiter.join(cells), table=f"sep={delimiter}\n{header}\n")
    assert rows == [[*cells[:5], "", *cells[6:]]]
    assert (tmp_path / "out" / "audio" / "1.mp3").read_bytes() == b"audio"
    assert {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()} == {
        "1.mp3", *campaign.FILES.values(),
    }  # fmt: skip


@pytest.mark.parametrize("header", ["message", '"two\nlines"'])
def test_a_table_of_one_column_and_rows_without_a_file_are_saved(
    service: dict[str, bytes], tmp_path: Path, header: str
) -> None:
    saved(service, tmp_path, header, "hello,refused,,,,,no words", f"hello,made,audio/1.mp3,{LINK},400,,")
    assert [path.name for path in (tmp_path / "out" / "audio").iterdir()] == ["1.mp3"]


ODD = [
    ("../../evil.mp3", f"{HOST}/campaigns/c/../../evil.mp3"), ("audio/../1.mp3", LINK), ("audio/..", LINK),
    ("/etc/evil", LINK), ("audio/1.mp3", "http://elsewhere/campaigns/c/audio/1.mp3"), ("audio/1.mp3", ""),
    ("audio/1.mp3", f"{HOST}/campaigns/other/audio/1.mp3"), ("audio/2.mp3", f"{HOST}/campaigns/c/audio/2.mp3"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "link"), ODD)
def test_what_is_not_the_services_is_not_fetched_and_not_written(
    service: dict[str, bytes], tmp_path: Path, file: str, link: str
) -> None:
    service.update(
        {"http://elsewhere/campaigns/c/audio/1.mp3": b"evil", f"{HOST}/campaigns/other/audio/1.mp3": b"evil"}
    )
    with pytest.raises(StackError):
        saved(service, tmp_path, "message", f"hello,made,{file},{link},400,,")
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".mp3"] == []


def test_a_link_that_leads_nowhere_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_url: str) -> Any:
        raise OSError("connection refused")

    monkeypatch.setattr(campaign, "fetch", unreachable)
    with pytest.raises(StackError, match="cannot be fetched: connection refused"):
        save(FOUND, tmp_path / "table.csv", tmp_path / "out")


@pytest.mark.parametrize("text", ["{", "[]", "1", "\udcff", "[" * 100_000])
def test_settings_that_are_no_object_are_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StackError, match=r"t\.json is no"):
        settings_of(tmp_path / "t.csv")
    assert settings_of(tmp_path / "other.csv") == {}


def test_what_an_earlier_campaign_left_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    for name in ("manifest.csv", "audio/1.mp3", "mine.txt"):
        (tmp_path / name).touch()
    clear(tmp_path)
    clear(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
