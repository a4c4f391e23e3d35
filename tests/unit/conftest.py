"""Fixtures of the unit tests."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM's translator asks for one."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")


SLOW = (
    "operations",
    "loudness",
    "spelling",
    "invoke",
    "deployment",
    "template",
    "openapi",
    "protection",
    "ogg",
    "picture",
)
"""Of the files of this folder: what `make quick` leaves out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == FOLDER and any(word in item.path.name for word in SLOW):
            item.add_marker(pytest.mark.slow)
