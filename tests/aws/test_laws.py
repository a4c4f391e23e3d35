"""Every law holds in every stage, with the defaults and with every optional setting."""

import functools

import pytest

from tests.aws import alarm_laws, api_laws, rights_laws, stack_laws, step_laws  # noqa: F401 - they are the laws
from tests.aws.deployment import FILLED, STAGES, Deployment, deployment
from tests.aws.law import LAWS

GIVEN = {"defaults": {}, "everything": FILLED}


@functools.cache
def made(stage: str, given: str) -> Deployment:
    return deployment(stage, GIVEN[given])


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("stage", STAGES)
def test_a_law_holds(stage: str, given: str, name: str) -> None:
    assert list(LAWS[name].check(made(stage, given))) == [], LAWS[name].page
