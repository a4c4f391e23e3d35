"""Fixtures of the foundation's tests."""

from collections.abc import Iterator

import pytest

from tests.pipeline.foundation.documents import REGION, STAGES
from tests.pipeline.foundation.iam import Iam
from tests.pipeline.foundation.template_rights import Resources
from tests.template import translated, with_monitoring


@pytest.fixture(scope="session")
def iam() -> Iterator[Iam]:
    """IAM, as it would decide on AWS."""
    with Iam.running() as running:
        yield running


@pytest.fixture(scope="session")
def templates() -> dict[str, Resources]:
    """The resources of the service and its monitoring as CloudFormation gets them, of every stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        return {stage: with_monitoring(translated(stage=stage)) for stage in STAGES}
