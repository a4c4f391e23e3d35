"""Names in buckets: no two pictures share a result, and every name is one that S3 takes."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from identifier.keys import claim_key, latest_key, result_key, split_key

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
NASTY = st.text(st.sampled_from("ab/%.-\\ +~*é🐄न\x00\n\x7f25F"), max_size=12)
NAME = st.one_of(NASTY, TEXT, st.text("a/", min_size=300, max_size=400))
IMAGE_KEY = NAME.map(lambda name: f"inbox/{name}")
ANY_KEY = st.one_of(IMAGE_KEY, NAME)
VERSION = st.one_of(st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=40), NASTY)


def test_a_result_is_found_by_the_prompt_the_name_and_the_version() -> None:
    assert result_key("inbox/animal/cow.jpg", "v1") == "results/animal/cow.jpg/v1.json"
    assert result_key("inbox/animal/Pune/गाय 1+2.jpg", "v1") == "results/animal/Pune/गाय 1+2.jpg/v1.json"


@pytest.mark.parametrize(
    ("image_key", "key"),
    [
        ("inbox/animal/100%.jpg", "results/animal/100%25.jpg/v.json"),
        ("inbox/animal/a%20b.jpg", "results/animal/a%2520b.jpg/v.json"),
        ("inbox/animal/../../secret", "results/animal/%2E%2E/%2E%2E/secret/v.json"),
        ("inbox/animal/a//b.jpg", "results/animal/a/%-/b.jpg/v.json"),
        ("inbox/animal/a\\b\n.jpg", "results/animal/a%5Cb%0A.jpg/v.json"),
        ("inbox/cow.jpg", "results/cow.jpg/v.json"),
        ("inbox//cow.jpg", "results/%-/cow.jpg/v.json"),
    ],
)
def test_what_names_do_not_take_well_is_encoded(image_key: str, key: str) -> None:
    assert result_key(image_key, "v") == key


@given(one=st.tuples(ANY_KEY, VERSION), other=st.tuples(ANY_KEY, VERSION))
@example(one=("inbox/%~/a", "v"), other=("a", "v"))
@example(one=("inbox/a/b", "c"), other=("inbox/a", "b/c"))
@example(one=("inbox/a%2Fb", "v"), other=("inbox/a/b", "v"))
@example(one=("inbox/cow.jpg", "v"), other=("inbox//cow.jpg", "v"))
@example(one=("inbox/a/b", "c/d"), other=("inbox/a/b/c", "d"))
@example(one=("inbox/a/%-", "v"), other=("inbox/a/", "v"))
def test_different_pictures_have_different_results_and_claims(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (result_key(*one) == result_key(*other)) == (one == other)
    assert (claim_key(*one) == claim_key(*other)) == (one == other)


@given(ANY_KEY, VERSION)
def test_every_result_has_a_name_that_s3_and_its_tools_take(image_key: str, version: str) -> None:
    key = result_key(image_key, version)
    assert len(key.encode()) + len(".spoken") <= 1024
    assert key.startswith("results/")
    assert key.endswith(".json")
    assert not set(key) & {*map(chr, range(32)), "\x7f", "\\"}
    assert not set(key.split("/")) & {"", ".", ".."}


@given(IMAGE_KEY)
def test_the_name_in_a_key_ends_the_key_and_its_folder_has_no_slash(image_key: str) -> None:
    folder, name, in_inbox = split_key(image_key)
    assert in_inbox
    assert image_key.endswith(name)
    assert "/" not in folder


@pytest.mark.parametrize(
    ("image_key", "parts"),
    [
        ("inbox/animal/cow.jpg", ("animal", "cow.jpg", True)),
        ("Inbox/Animal/Pune/cow.jpg", ("animal", "Pune/cow.jpg", True)),
        ("canary/animal/cat.jpg", ("animal", "cat.jpg", True)),
        ("Canary/animal/cat.jpg", ("canary", "animal/cat.jpg", False)),
        ("INBOX/ crop-disease /a.jpg", ("crop-disease", "a.jpg", True)),
        ("animal/cow.jpg", ("animal", "cow.jpg", False)),
        ("photos/2026/cow.jpg", ("photos", "2026/cow.jpg", False)),
        ("inbox/cow.jpg", ("", "cow.jpg", True)),
        ("cow.jpg", ("", "cow.jpg", False)),
        ("inbox", ("", "inbox", False)),
        ("/cow.jpg", ("", "cow.jpg", False)),
    ],
)
def test_folders_are_read_in_any_case(image_key: str, parts: tuple[str, str, bool]) -> None:
    assert split_key(image_key) == parts


def test_a_result_of_a_picture_outside_of_the_inbox_has_a_folder_of_its_own() -> None:
    assert result_key("cow.jpg", "v") == "results/%~/cow.jpg/v.json"
    assert latest_key("Inbox/animal/cow.jpg") == "results/%~/Inbox/animal/cow.jpg/latest.json"
