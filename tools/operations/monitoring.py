"""Writes `infra/monitoring.yaml`: alarms that tell somebody, and dashboards, as a stack inside the service's."""

from pathlib import Path
from typing import Any

import yaml

from tools.operations.alarms import burn_alarms
from tools.operations.dashboards import DEPLOYMENT_ALARMS, FUNCTIONS, dashboards
from tools.operations.objectives import OBJECTIVES
from tools.operations.tickets import LIVE_FUNCTIONS, ticket_alarms

Json = dict[str, Any]

MONITORING = Path(__file__).parents[2] / "infra" / "monitoring.yaml"
HEAD = "# Made by `make operations` of tools/operations/objectives.py and dashboards.py: a change here is lost.\n"
MACHINES = ("StitchStateMachine", "IdentifyStateMachine", "CampaignStateMachine")
OF_THE_SERVICE = ("Prefix", "Stage", "AlarmTopic", *MACHINES)
RULE = "PrepareClipFunctionClipPut"
WATCHED = dict.fromkeys((*FUNCTIONS, *LIVE_FUNCTIONS, "CheckAnswers"))
PARAMETERS = (*OF_THE_SERVICE, *(f"{name}Function" for name in WATCHED), RULE, *DEPLOYMENT_ALARMS)
"""Each is named as what template.yaml gives for it: a parameter, a resource (its `Ref`), or an alarm (its ARN)."""


def monitoring() -> Json:
    """The template, as CloudFormation's JSON."""
    resources: Json = {}
    for objective in OBJECTIVES:
        resources |= burn_alarms(objective)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Audio Stitcher: alarms that tell somebody, and dashboards; made of tools/operations",
        "Parameters": {name: {"Type": "String"} for name in PARAMETERS},
        "Resources": resources | ticket_alarms() | dashboards(),
    }


def written() -> str:
    """The file's text."""
    text: str = yaml.dump(monitoring(), Dumper=_Dumper, sort_keys=False, width=160, allow_unicode=True)
    return HEAD + text


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml has no types
    """Texts of several lines as blocks; nothing by reference, which CloudFormation does not read."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
