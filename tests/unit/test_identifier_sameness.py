"""A model that answers every picture alike is found; a herd is not taken for one."""

import random
from typing import Any

from identifier.prompt import read_prompt
from identifier.sameness import LEAST, WINDOW, Sameness
from tests.paths import ROOT

SCHEMA = read_prompt((ROOT / "prompts" / "animal" / "2.json").read_bytes()).answer_schema


def answer(animal: str = "cattle", count: int = 1, notes: str = "", **more: Any) -> dict[str, Any]:
    return {"animal": animal, "name": "", "count": count, "signs": [], "confidence": "high", "notes": notes} | more


def test_sixty_answers_that_differ_in_their_notes_alone_are_one_answer() -> None:
    same = Sameness()
    shares = [same.add("animal", SCHEMA, answer(notes=str(number)), str(number)) for number in range(60)]
    assert shares[: LEAST - 1] == [None] * (LEAST - 1)
    assert shares[LEAST - 1 :] == [100] * (60 - LEAST + 1)


def test_a_healthy_herd_is_not_one_answer() -> None:
    chance, same, shares = random.Random(1), Sameness(), []  # noqa: S311 - repeatable
    for number in range(300):
        animal = "cattle" if chance.random() < 0.95 else "goat"
        shares.append(same.add("animal", SCHEMA, answer(animal, chance.randint(1, 4)), str(number)) or 0)
    assert max(shares) < 60


def test_the_same_picture_again_counts_once() -> None:
    same = Sameness(least=2)
    assert [same.add("animal", SCHEMA, answer(), "one") for _ in range(60)] == [None] * 60
    assert same.add("animal", SCHEMA, answer("goat"), "other") == 50


def test_lists_of_enumerated_values_count() -> None:
    same = Sameness(least=2)
    same.add("animal", SCHEMA, answer(signs=["wound"]), "one")
    assert same.add("animal", SCHEMA, answer(signs=["swelling"]), "other") == 50


def test_prompts_are_counted_apart_and_old_answers_forgotten() -> None:
    same = Sameness(least=2)
    for number in range(WINDOW):
        same.add("animal", SCHEMA, answer(), str(number))
    assert same.add("form", SCHEMA, answer(), "x") is None
    for number in range(WINDOW):
        share = same.add("animal", SCHEMA, answer("goat", number), f"new {number}")
    assert share == 1
