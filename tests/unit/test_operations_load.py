"""The mix of calls, and what is made of the answers."""

from itertools import islice

from tools.operations.load import EXPECTED, WEIGHTS, Tally, problems, report, requests

CLIPS = ["hello.wav", "shreeshail.wav", "rain.mp3"]


def test_the_mix_is_the_same_every_time_and_has_every_kind() -> None:
    once, again = (list(islice(requests(CLIPS, "", seed=3), 300)) for _ in range(2))
    assert once == again
    assert {kind for kind, _ in once} == set(WEIGHTS) == set(EXPECTED)


def test_hits_repeat_and_new_messages_do_not() -> None:
    mix = list(islice(requests(CLIPS, "", seed=3), 300))
    hits = {str(body) for kind, body in mix if kind == "hit"}
    new = [str(body) for kind, body in mix if kind == "made"]
    assert len(hits) <= 5
    assert len(set(new)) > 0.95 * len(new)


def test_an_answer_that_was_not_expected_is_a_problem() -> None:
    assert problems(Tally(unexpected=["hit: 500 …", "hit: 500 …"])) == ["hit: 500 …"]
    assert problems(Tally()) == []


def test_memory_that_grows_without_bound_is_a_problem_and_warming_up_is_none() -> None:
    assert "grew" in problems(Tally(memory_mb=[100.0 * step for step in range(1, 31)]))[0]
    assert problems(Tally(memory_mb=[300.0, 400.0, 420.0] * 3 + [430.0] * 21)) == []


def test_the_report_has_a_line_for_each_kind_and_percentiles() -> None:
    tally = Tally(seconds={"hit": [0.1] * 99 + [1.0], "made": [0.5, 0.5], "missing word": [], "malformed": []})
    lines = report(tally, 10, 4).splitlines()
    assert lines[1].split() == ["hit", "100", "10.0", "100", "100", "109"]
    assert lines[-1].endswith("unexpected answers: 0")
