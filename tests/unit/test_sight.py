"""What this machine itself tells of pictures: reports read by OCR's words, animals by a classifier's chances."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from tools.local.sight import animals
from tools.local.sight.efficientnet import _windows, read_weights
from tools.local.sight.forms import Words, understood

from identifier.prompt import read_prompt
from tests.paths import ROOT

FORM, ANIMAL = (
    read_prompt((ROOT / "prompts" / name / "2.json").read_bytes()).answer_schema for name in ("form", "animal")
)  # fmt: skip


def report(rows: dict[str, str], *, certainty: float = 0.99, beside: bool = True) -> list[Words]:
    """A report's words: a title, and a line for each row, the value beside the label or behind a colon."""
    words = [Words("DAILY MARKET PRICE REPORT", 90, 80, 800, 140, 0.98)]
    for number, (label, value) in enumerate(rows.items()):
        top, label = 200 + 100 * number, label.replace("_", " ").replace("Price kg", "Price, Rs per kg")
        if beside:
            words.append(Words(label, 90, top, 300, top + 40, 0.99))
            words += [Words(value, 560, top - 10, 800, top + 50, certainty)] if value else []
        else:
            words.append(Words(f"{label}: {value}", 90, top, 600, top + 40, certainty))
    return words


GOOD = {"Market": "Pune", "Date": "19/11/2026", "Commodity": "onion", "Price_kg": "20"}
READ = {"market": "Pune", "date": "2026-11-19", "commodity": "onion", "price_per_kilo": 20}


def told(words: list[Words]) -> dict[str, Any]:
    answer = understood(words, FORM)
    Draft202012Validator(FORM).validate(answer)
    return answer


@pytest.mark.parametrize("beside", [True, False])
def test_every_field_of_a_report_is_read(beside: bool) -> None:
    answer = told(report(GOOD, beside=beside))
    assert (answer["form"], answer["confidence"], answer["unreadable"]) == ("price_report", "high", [])
    assert {name: answer[name] for name in READ} == READ


@pytest.mark.parametrize(
    ("row", "value", "field", "expected"),
    [
        ("Date", "3.2.26", "date", "2026-02-03"),
        ("Date", "5th March 2026", "date", "2026-03-05"),
        ("Date", "2026-11-19", "date", "2026-11-19"),
        ("Date", "31/02/2026", "date", None),
        ("Date", "19/11", "date", None),
        ("Price_kg", "Rs. 1,250.50/-", "price_per_kilo", 1250.5),
        ("Price_kg", "20-25", "price_per_kilo", None),
        ("Price_kg", "2O", "price_per_kilo", None),
        ("Price_kg", "9999999", "price_per_kilo", None),
        ("Commodity", "Onions", "commodity", "onion"),
        ("Commodity", "Tur", "commodity", "pigeon_pea"),
        ("Commodity", "brinjal", "commodity", "other"),
        ("Commodity", "omion", "commodity", None),
        ("Commodity", "tornato", "commodity", None),
        ("Market", "Pune APMC", "market", "Pune"),
        ("Market", "---", "market", None),
        ("Market", "", "market", None),
    ],
)
def test_a_value_is_read_or_left_out_and_never_guessed(row: str, value: str, field: str, expected: Any) -> None:
    answer = told(report(GOOD | {row: value}))
    if expected is None:
        assert answer.get(field) in (None, "cannot_tell")
        assert (answer["unreadable"], answer["confidence"]) == ([field], "low")
    else:
        assert answer[field] == expected


def test_a_price_for_a_quintal_is_divided_and_one_without_a_unit_left_out() -> None:
    words = report(GOOD)
    at = next(number for number, piece in enumerate(words) if piece.text.startswith("Price,"))
    for text, price in (("Price per quintal", 0.2), ("Price", None)):
        words[at] = replace(words[at], text=text)
        assert told(words).get("price_per_kilo") == price


def test_what_ocr_is_not_sure_of_is_left_out() -> None:
    answer = told(report(GOOD, certainty=0.8))
    assert set(answer["unreadable"]) == {"market", "commodity", "price_per_kilo", "date"}
    assert told(report(GOOD, certainty=0.9))["confidence"] == "medium"


def test_another_form_and_no_form_are_told_apart() -> None:
    assert told(report({"Name": "A", "Age": "3", "Village": "B"}))["form"] == "other_form"
    assert told([])["form"] == "not_a_form"


@pytest.mark.parametrize(
    ("chances", "animal", "confidence"),
    [
        ({281: 0.5, 285: 0.4}, "cat", "medium"),
        ({345: 0.9}, "cattle", "low"),
        ({339: 0.9}, "horse", "low"),
        ({348: 0.9}, "cannot_tell", "low"),
        ({281: 0.59}, "cannot_tell", "low"),
        ({892: 0.99}, "cannot_tell", "low"),
    ],
)
def test_an_animal_is_named_above_the_threshold_only(
    monkeypatch: pytest.MonkeyPatch, chances: dict[int, float], animal: str, confidence: str
) -> None:
    class Network:
        def probabilities(self, _: Any) -> Any:
            found = np.zeros(1000)
            for number, chance in chances.items():
                found[number] = chance
            return found

    monkeypatch.setattr(animals, "_network", Network)
    answer = animals.answer(Image.new("RGB", (300, 200)), ANIMAL)
    Draft202012Validator(ANIMAL).validate(answer)
    assert (answer["animal"], answer["confidence"]) == (animal, confidence)
    assert answer["condition"] == "cannot_tell"


def test_weights_that_would_run_code_are_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (print, ("run",))

    file = tmp_path / "weights.pth"
    file.write_bytes(b"".join(map(pickle.dumps, [1, 2, {}, Evil()])))
    with pytest.raises(pickle.UnpicklingError, match="would make a builtins"):
        read_weights(file)


def test_a_kernel_sees_the_picture_with_tensorflows_padding() -> None:
    """Golden: `SAME` for 4 columns, kernel 3, stride 2 pads nothing before and one behind."""
    given = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    seen = dict(_windows(given, 3, 2))
    assert seen[0, 0][..., 0].tolist() == [[0, 2], [8, 10]]
    assert seen[2, 2][..., 0].tolist() == [[10, 0], [0, 0]]
