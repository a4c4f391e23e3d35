"""`stitcher-prompts evaluate`: exact arithmetic on labelled pictures, as table, JSON and page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tools.local.model import StandIn, serving

from identifier import prompts_cli
from identifier.asking import Asked
from identifier.errors import InvalidPrompt, Rejected
from identifier.evaluating import NO_ANSWER, Labelled, Measured, labelled, measure
from identifier.model import Reply
from identifier.picture import Picture
from identifier.prompt import Prompt, read_prompt
from identifier.share import Share
from tests.paths import ROOT

ANIMAL = ROOT / "prompts" / "animal" / "1.json"
PROMPT = read_prompt(ANIMAL.read_bytes())


def pictures(folder: Path, **labels: int) -> Path:
    """Pictures in folders named as the labels, each of another colour."""
    for place, (label, count) in enumerate(labels.items()):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (40, 30), (place * 40, number * 5, 7)).save(folder / label / f"{number:03}.png")
    return folder


@pytest.fixture
def in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are asked about one after the other, as `answering` needs it."""
    monkeypatch.setattr("identifier.evaluating.AT_ONCE", 1)


def answering(*animals: str | None) -> Any:
    """A model that gives these answers in turn; None is a rejection."""
    left = iter(animals)

    def ask(prompt: Prompt, _picture: Picture) -> Asked:
        animal = next(left)
        outcome: Any = Rejected("max_tokens", "cut off")
        if animal:
            outcome = Reply({"animal": animal, "confidence": "high"}, 1, 1, 1, "tool_use")
        return Asked(outcome, prompt.model, 1, 1_000, 100, 5, 0.0001)

    return ask


@pytest.mark.usefixtures("in_turn")
def test_every_number_of_an_evaluation_is_exact(tmp_path: Path) -> None:
    folder = pictures(tmp_path, cattle=4, goat=3, none=1)
    answers = ["cattle", "cattle", "buffalo", "cattle", "goat", None, "sheep", "none"]
    (found,) = measure([PROMPT], labelled(folder, PROMPT), answering(*answers))
    assert found.all_right == found.fields["animal"] == Share(5, 8)
    assert found.unanswered == 1
    assert found.cost_usd == pytest.approx(0.0008)
    assert found.confused["animal"] == {
        ("cattle", "cattle"): 3, ("cattle", "buffalo"): 1, ("goat", "goat"): 1, ("goat", NO_ANSWER): 1,
        ("goat", "sheep"): 1, ("none", "none"): 1,
    }  # fmt: skip
    assert found.summary == "animal@1: 5 of 8 pictures right (62.5%, 95 % interval 30.6% to 86.3%)"


@pytest.mark.parametrize(
    ("right", "of", "interval"),
    [(0, 10, (0, 0.2775)), (10, 10, (0.7225, 1)), (5, 10, (0.2366, 0.7634)), (1, 1, (0.2065, 1)), (0, 0, (0, 1))],
)
def test_the_interval_is_wilsons(right: int, of: int, interval: tuple[float, float]) -> None:
    """Golden: Newcombe, "Two-sided confidence intervals for the single proportion" (1998), method 3."""
    assert Share(right, of).interval == pytest.approx(interval, abs=5e-5)


@pytest.mark.usefixtures("in_turn")
def test_labels_come_from_a_table_too_and_may_be_of_several_fields(tmp_path: Path) -> None:
    pictures(tmp_path, a=2)
    (tmp_path / "labels.csv").write_text(
        "file,animal,condition\na/000.png,cattle,no_visible_problem\na/001.png,goat,\n"
    )
    found = labelled(tmp_path, PROMPT)
    assert [picture.right for picture in found] == [
        {"animal": "cattle", "condition": "no_visible_problem"}, {"animal": "goat"},
    ]  # fmt: skip
    measured = Measured(PROMPT, measure([PROMPT], found, answering("cattle", "goat"))[0].shown)
    assert measured.fields == {"animal": Share(2, 2), "condition": Share(0, 1)}
    assert measured.all_right == Share(1, 2)


BAD = [
    ("file,animal\nnone.png,cattle\n", "line 2: there is no file"),
    ("file,animal\na/000.png,\n", "line 2: the picture has no label"),
    ("file,animal\na/000.png,cow\n", "animal is never 'cow'"),
    ("file,species\na/000.png,cow\n", "the answer has no field species"),
    ("file,animal\n", "no labelled pictures"),
    ("animal\ncattle\n", "there is no file"),
]


@pytest.mark.parametrize(("table", "said"), BAD)
def test_labels_that_cannot_be_are_refused_before_a_model_is_paid(tmp_path: Path, table: str, said: str) -> None:
    pictures(tmp_path, a=1)
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(InvalidPrompt, match=said):
        labelled(tmp_path, PROMPT)


def test_a_folder_that_is_no_answer_is_refused_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    pictures(tmp_path, cattle=1)
    (tmp_path / ".cache").mkdir()
    (tmp_path / "cattle" / ".DS_Store").write_bytes(b"x")
    assert len(labelled(tmp_path, PROMPT)) == 1
    pictures(tmp_path, cow=1)
    with pytest.raises(InvalidPrompt, match="animal is never 'cow'; it is one of cattle, buffalo"):
        labelled(tmp_path, PROMPT)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with serving() as model:
        model.invents = True
        yield model


def test_two_prompts_are_compared_side_by_side_as_table_json_and_page(
    stand_in: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pictures(tmp_path / "labelled", cattle=2, goat=1)
    (folder / "goat" / "<b>.txt").write_text("no picture")
    second = tmp_path / "2.json"
    second.write_text(json.dumps(json.loads(ANIMAL.read_text()) | {"version": 2, "text": "Which animal?"}))
    numbers, html = tmp_path / "out.json", tmp_path / "out.html"
    arguments = ["evaluate", ANIMAL, second, folder, "--endpoint", stand_in.url, "--json", numbers, "--html", html]
    assert prompts_cli.main(list(map(str, arguments))) == 0
    assert len(stand_in.calls) == 6
    first, other = json.loads(numbers.read_text())
    assert (first["version"], other["version"], first["pictures"], first["unanswered"]) == (1, 2, 4, 1)
    assert first["accuracy"]["of"] == sum(row["count"] for row in first["fields"]["animal"]["confusion"]) == 4
    out = capsys.readouterr().out
    assert first["summary"] in out
    assert other["summary"] in out
    text = html.read_text()
    assert text.count("data:image/jpeg;base64,") == 3
    assert "&lt;b&gt;.txt" in text
    assert "animal@2" in text


def test_a_version_that_is_not_good_enough_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    numbers = tmp_path / "out.json"
    shown = measure([PROMPT], [Labelled(ROOT / "README.md", {"animal": "goat"})], answering())[0].as_json()
    numbers.write_text(json.dumps([shown]))
    place = ["--bucket", "b", "--pointers", "/p/", "--models", "a.b.c,a.b.d", "--why", "x"]
    for demand, said in (("0.9", "0 of 1 pictures right"), ("0", "this environment may not")):
        demanded = ["--measured", str(numbers), "--demand", demand, "--no-call"]
        assert prompts_cli.main(["publish", str(ANIMAL), *demanded, *place]) == 2
        assert said in capsys.readouterr().err
    other = ["publish", str(ROOT / "prompts" / "form" / "1.json"), "--measured", str(numbers), "--no-call", *place]
    assert prompts_cli.main(other) == 2
    assert "says nothing about form version 1" in capsys.readouterr().err
