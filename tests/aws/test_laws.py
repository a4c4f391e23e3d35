"""Every law holds in every stage, with the defaults and with every optional setting."""

import pytest

from tests.aws import alarm_laws, api_laws, rights_laws, stack_laws, step_laws  # noqa: F401 - they are the laws
from tests.aws.deployment import Deployment, deployments
from tests.aws.law import LAWS

DEPLOYMENTS = {f"{one.stage}{'-everything' if len(one.given) > 1 else ''}": one for one in deployments()}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("of", DEPLOYMENTS.values(), ids=DEPLOYMENTS.keys())
def test_a_law_holds(of: Deployment, name: str) -> None:
    assert list(LAWS[name].check(of)) == [], LAWS[name].page
