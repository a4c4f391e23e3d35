"""What a law is, and the list of all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.aws.deployment import Deployment

Check = Callable[[Deployment], Iterator[str]]
LAWS: dict[str, "Law"] = {}
"""By name."""


@dataclass(frozen=True)
class Law:
    """What AWS refuses, and where it says so."""

    check: Check
    """Says each breach of the law in a deployment."""
    page: str
    """Title of the page of AWS's documentation."""


def law(page: str) -> Callable[[Check], Check]:
    """Adds a function to the laws, by its name."""

    def added(check: Check) -> Check:
        LAWS[check.__name__] = Law(check, page)
        return check

    return added
