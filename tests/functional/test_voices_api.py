"""`GET /voices` and `GET /voices/{voice}/clips` as callers see them, here and deployed."""

import pytest
from tools.client import Caller

from tests.functional.test_stitch_api import made, refused


def test_the_default_voice_is_the_first(caller: Caller) -> None:
    assert made(caller.get("/voices"))["voices"][0]["voice"] == ""


def test_the_pages_of_voices_follow_each_other(caller: Caller) -> None:
    first = made(caller.get("/voices", limit=20))  # there may be any number of voices where this is deployed
    page = made(caller.get("/voices", limit=1))
    found = page["voices"]
    while page["next"] is not None and len(found) < len(first["voices"]):
        page = made(caller.get("/voices", limit=1, after=page["next"]))
        found += page["voices"]
    assert found == first["voices"]


def test_a_clip_is_listed_with_what_preparing_found(caller: Caller, voice: str) -> None:
    made(caller.post("/stitch", {"message": "hello, shreeshail"}))  # so that both are prepared
    page = made(caller.get(f"/voices/{voice}/clips", limit=200))
    entries = list(page["clips"])
    while page["next"] is not None:
        page = made(caller.get(f"/voices/{voice}/clips", limit=200, after=page["next"]))
        entries += page["clips"]
    by_phrase = {entry["phrase"]: entry for entry in entries}
    for phrase in ("hello", "shreeshail"):
        entry = by_phrase[phrase]
        assert entry["prepared"] is True
        assert entry["duration_ms"] > 100
        assert -60 < entry["loudness_lufs"] < 0
        assert isinstance(entry["warnings"], list)
        assert entry["size"] > 100


def test_the_pages_of_clips_follow_each_other_whatever_their_names(caller: Caller) -> None:
    for voice in (entry["voice"] or "-" for entry in made(caller.get("/voices"))["voices"][:3]):
        expected = [entry["key"] for entry in made(caller.get(f"/voices/{voice}/clips", limit=8))["clips"]]
        page = made(caller.get(f"/voices/{voice}/clips", limit=3))
        found = [entry["key"] for entry in page["clips"]]
        while page["next"] is not None and len(found) < 8:
            page = made(caller.get(f"/voices/{voice}/clips", limit=3, after=page["next"]))
            found += [entry["key"] for entry in page["clips"]]
        assert found[:8] == expected


def test_a_voices_name_may_be_in_any_script(caller: Caller) -> None:
    problem = refused(caller.get("/voices/ግብርና_ምክር/clips"), 404)
    assert "there is no voice 'ግብርና_ምክር'" in problem["detail"]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "all"}, {"page": 2}, {"after": "../x"}])
@pytest.mark.parametrize("path", ["/voices", "/voices/-/clips"])
def test_a_page_that_cannot_be_is_refused_with_a_reason(caller: Caller, path: str, query: dict[str, str | int]) -> None:
    assert len(refused(caller.get(path, **query), 400)["detail"]) > 10


@pytest.mark.parametrize("voice", ["a b", "a.b", "%", "x" * 65])
def test_a_name_that_is_no_voices_is_refused(caller: Caller, voice: str) -> None:
    refused(caller.get(f"/voices/{voice}/clips"), 400)


@pytest.mark.parametrize("path", ["/voices", "/voices/-/clips"])
def test_nobody_is_let_in_unsigned_or_with_a_wrong_signature(nobody: Caller, impostor: Caller, path: str) -> None:
    refused(nobody.get(path), 403)
    refused(impostor.get(path, limit=3), 403)


def test_the_catalogue_is_only_read(caller: Caller) -> None:
    refused(caller.post("/voices", {"voice": "mine"}), 403)
