"""The template as CloudFormation gets it."""

import copy
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from tests.paths import ROOT

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
MONITORING: dict[str, Any] = yaml_parse((ROOT / "infra" / "monitoring.yaml").read_text())
"""The stack inside the service's, where the service is watched."""


def with_monitoring(resources: dict[str, Any]) -> dict[str, Any]:
    """The resources of both stacks; those of the inner one are where that one is."""
    outer = resources["Monitoring"].get("Condition")
    inner = {name: {"Condition": outer, **resource} for name, resource in MONITORING["Resources"].items()}
    assert not inner.keys() & resources.keys()
    return resources | inner


class ManagedPolicies:
    """The translator asks for the managed policies' ARNs."""

    def load(self) -> dict[str, str]:
        names = ["AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"]
        return {name: f"arn:aws:iam::aws:policy/{name}" for name in names}


def whole(template: dict[str, Any] = TEMPLATE, stage: str = "dev") -> dict[str, Any]:
    """The template that CloudFormation gets; code lies in S3, as `sam package` puts it there."""
    document = copy.deepcopy(template)
    for resource in document["Resources"].values():
        properties = resource.get("Properties", {})
        for place in ("CodeUri", "ContentUri", "DefinitionUri"):
            if place in properties:
                properties[place] = f"s3://artifacts/{properties[place]}"
    parameters = {"Stage": stage, "AWS::Region": "ap-south-1", "AWS::Partition": "aws"}
    made: dict[str, Any] = transform(document, parameters, ManagedPolicies())
    return made


def translated(template: dict[str, Any] = TEMPLATE, stage: str = "dev") -> dict[str, Any]:
    """The resources that CloudFormation gets."""
    resources: dict[str, Any] = whole(template, stage)["Resources"]
    return resources


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    found = {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}
    assert found, f"no {kind}"
    return found
