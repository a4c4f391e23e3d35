"""Single calls of the functions going wrong: a quick selection of what `make chaos` tries (tools/chaos/trials.py)."""

from collections.abc import Iterator

import pytest
from tools.chaos.lab import Lab
from tools.chaos.trials import PATHS, Case, learn, list_calls, trial
from tools.local.stack import Stack

PATH = {path.name: path for path in PATHS}


@pytest.fixture(scope="module")
def lab(embedded: Stack) -> Iterator[Lab]:
    """The embedded stack, where clips are not prepared when they are put."""
    lab = Lab(embedded)
    lab.events(on=False)
    try:
        learn(lab)
        list_calls(lab, PATH["plan"], "list-plan")
        yield lab
    finally:
        lab.arm(None)
        lab.events(on=True)


# The call that goes wrong, how, and what the caller gets.
CASES = [
    (Case(PATH["hit"], "api", "StartSyncExecution", 1, "slow_down"), 429),
    (Case(PATH["warm"], "workflow", "Stitch", 1, "throttled"), 200),
    (Case(PATH["hit"], "CacheLookup", "ListObjectsV2", 1, "cut"), 200),
    (Case(PATH["hit"], "CacheLookup", "HeadObject", 1, "stalled"), 200),
    (Case(PATH["hit"], "CacheLookup", "HeadObject", 1, "internal_error", times=0), 500),
    (Case(PATH["warm"], "Stitch", "GetObject", 1, "truncated"), 200),
    (Case(PATH["warm"], "Stitch", "PutObject", 1, "killed_after"), 500),
    (Case(PATH["cold"], "FetchClips", "PutObject", 1, "lost"), 200),
    (Case(PATH["warm"], "Publish", "CopyObject", 1, "lost"), 200),
    (Case(PATH["warm"], "Publish", "CopyObject", 1, "overrun"), 500),
    (Case(PATH["plan"], "Plan", "HeadObject", 1, "killed"), 500),
    (Case(PATH["event"], "PrepareClip", "PutObject", 1, "slow_down"), 200),
]


@pytest.mark.parametrize(
    ("case", "status"), CASES, ids=lambda it: f"{it.call} {it.kind}" if isinstance(it, Case) else ""
)
def test_whatever_fails_the_promises_are_kept(lab: Lab, case: Case, status: int) -> None:
    outcome = trial(lab, case, f"chaos{CASES.index((case, status))}")  # a voice that no function remembers
    assert (outcome.status, outcome.broken) == (status, [])


def test_a_fault_that_is_none_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match="no such kind: fire"):
        lab.arm({"by": "Stitch", "operation": "GetObject", "kind": "fire"})


def test_a_second_writer_is_told_that_the_first_was_there(lab: Lab) -> None:
    lab.put_cached()
    s3 = lab.s3
    s3.put_object(Bucket=lab.output, Key="work/second", Body=b"another")
    source = {"Bucket": lab.output, "Key": "work/second"}
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.copy_object(Bucket=lab.output, Key=lab.key, CopySource=source, IfNoneMatch="*")
    assert lab.cached()[lab.key][0] == lab.audio
    lab.forget("chaos")
