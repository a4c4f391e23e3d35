"""Fixtures of the laws' tests."""

from collections.abc import Iterator

import pytest

from tests.aws.deployment import REGION


@pytest.fixture(scope="session", autouse=True)
def _region() -> Iterator[None]:
    """SAM translates for the region of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        yield
