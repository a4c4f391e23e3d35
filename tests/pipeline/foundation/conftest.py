"""Fixtures of the foundation's tests."""

from collections.abc import Iterator

import pytest

from tests.pipeline.foundation.iam import Iam


@pytest.fixture(scope="session")
def iam() -> Iterator[Iam]:
    """IAM, as it would decide on AWS."""
    with Iam.running() as running:
        yield running
