"""A model that gives the same answer to every picture is noticed, though no single answer is wrong."""

from identifier.sameness import LEAST, WINDOW, Sameness

COW, GOAT = {"animal": "cattle", "count": 1}, {"animal": "goat", "count": 1}


def test_nothing_is_told_from_a_few_answers() -> None:
    sameness = Sameness()
    assert {sameness.add("animal", COW) for _ in range(LEAST - 1)} == {None}
    assert sameness.add("animal", COW) == 100


def test_the_share_is_that_of_the_most_frequent_answer() -> None:
    sameness = Sameness()
    shares = [sameness.add("animal", COW if number % 4 else GOAT) for number in range(20)]
    assert shares[-1] == 75


def test_the_order_of_fields_makes_no_other_answer_and_any_value_does() -> None:
    sameness = Sameness(least=2)
    sameness.add("animal", COW)
    assert sameness.add("animal", {"count": 1, "animal": "cattle"}) == 100
    assert sameness.add("animal", COW | {"count": 2}) == 100 * 2 / 3


def test_only_the_last_answers_count() -> None:
    sameness = Sameness()
    for _ in range(100):
        sameness.add("animal", COW)
    shares = [sameness.add("animal", {"animal": "goat", "count": number}) for number in range(WINDOW)]
    assert (shares[0], shares[24], shares[-1]) == (98, 50, 2)


def test_prompts_are_counted_apart() -> None:
    sameness = Sameness(least=2)
    sameness.add("animal", COW)
    assert sameness.add("form", COW) is None
