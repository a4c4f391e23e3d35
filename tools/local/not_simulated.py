"""Resources that the embedded AWS takes and does nothing with, so that a stage's own template can be deployed to it.

`make rehearse` lists them as "not simulated". A type that is neither here nor in MiniStack is refused, as a typo is.
"""

import json
import os
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

TYPES = {
    "AWS::CloudWatch::CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{id}",
    "AWS::CodeDeploy::Application": "codedeploy:{region}:{account}:application:{id}",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy:{region}:{account}:deploymentgroup:{id}",
    "AWS::Lambda::CodeSigningConfig": "lambda:{region}:{account}:code-signing-config:{id}",
    "AWS::Logs::QueryDefinition": "logs:{region}:{account}:query-definition:{id}",
    "AWS::WAFv2::WebACLAssociation": "wafv2:{region}:{account}:association/{id}",
}
"""By type, its ARN without `arn:aws:`."""


def install() -> None:
    """Let CloudFormation take these types; each is written into the file NOT_SIMULATED names, if it names one."""
    for kind, arn in TYPES.items():
        if kind not in _RESOURCE_HANDLERS:
            _RESOURCE_HANDLERS[kind] = {"create": _taken(kind, arn), "update": _updated, "delete": lambda *_: None}
    alarms = _RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    alarms["create"] = _unless_of_several_metrics(alarms["create"])


def _unless_of_several_metrics(create: Any) -> Any:
    """MiniStack refuses alarms on an expression of metrics: they are taken as the types above."""
    take = _taken("AWS::CloudWatch::Alarm on an expression of metrics", TYPES["AWS::CloudWatch::CompositeAlarm"])

    def create_or_take(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        return (take if "Metrics" in properties else create)(logical_id, properties, stack)

    return create_or_take


def _taken(kind: str, arn: str) -> Any:
    def create(logical_id: str, _properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        name = f"{stack}-{logical_id}-{new_uuid()[:8]}"
        if file := os.environ.get("NOT_SIMULATED"):
            with Path(file).open("a") as lines:
                lines.write(json.dumps({"type": kind, "resource": logical_id}) + "\n")
        return name, {"Arn": "arn:aws:" + arn.format(region=get_region(), account=get_account_id(), id=name)}

    return create


def _updated(name: str, *_: Any) -> tuple[str, dict[str, str]]:
    return name, {}
