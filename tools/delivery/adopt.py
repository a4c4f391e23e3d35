"""Give the buckets of a deleted stack a stack again, with all that is in them.

Buckets outlive their stack. A new deployment would fail on their names: CloudFormation has to import them first. It
does that by itself for fixed names only ("Import AWS resources into a CloudFormation stack automatically"), and ours
hold the account's number. So the import is a change set of its own, of the buckets and nothing else; the next
deployment adds all the rest.
"""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError
from tools.delivery.template import read

BUCKET = "AWS::S3::Bucket"
CHANGES = "adopt-buckets"


def adopt(stage: Stage, root: Path) -> list[str]:
    """Import the stage's buckets that exist into a new stack; returns their names.

    Raises
    ------
    DeliveryError
        If the stack exists, if none of its buckets exists, or if CloudFormation refuses.
    """
    if (status := stage.status()) is not None:
        raise DeliveryError(f"{stage.stack} is {status}: only a stack that is not there can be made of buckets")
    template = read(root / "template.yaml")
    account = stage.client("sts").get_caller_identity()["Account"]
    names = {
        logical: _name(resource["Properties"]["BucketName"], stage, account)
        for logical, resource in template["Resources"].items()
        if resource["Type"] == BUCKET
    }
    found = {logical: name for logical, name in names.items() if _exists(stage, name)}
    if not found:
        raise DeliveryError(f"none of {', '.join(names.values())} is there: deploy as to an empty account")
    # Without the transform, which an import does not take, and without outputs, which it may not add.
    kept = {"AWSTemplateFormatVersion", "Parameters", "Mappings", "Conditions"}
    document = {part: value for part, value in template.items() if part in kept}
    document["Resources"] = {logical: template["Resources"][logical] for logical in found}
    cloudformation = stage.client("cloudformation")
    request = {"StackName": stage.stack, "ChangeSetName": CHANGES}
    parameters = {name: value for name, value in stage.parameters.items() if name in document["Parameters"]}
    try:
        cloudformation.create_change_set(
            **request,
            ChangeSetType="IMPORT",
            TemplateBody=json.dumps(document),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            ResourcesToImport=[
                {"ResourceType": BUCKET, "LogicalResourceId": logical, "ResourceIdentifier": {"BucketName": name}}
                for logical, name in found.items()
            ],
        )
        cloudformation.get_waiter("change_set_create_complete").wait(**request)
        cloudformation.execute_change_set(**request)
        cloudformation.get_waiter("stack_import_complete").wait(StackName=stage.stack)
    except (ClientError, WaiterError) as error:
        raise DeliveryError(f"CloudFormation did not import {', '.join(found.values())}: {error}") from error
    return list(found.values())


def main(stage: Stage, root: Path) -> int:
    """Import the buckets and name them."""
    print(f"{stage.stack} has {', '.join(adopt(stage, root))}: deploy to it now")
    return 0


def _name(composed: Any, stage: Stage, account: str) -> str:
    """A bucket's name, as the template composes it (`Fn::Sub`)."""
    text = str(composed["Fn::Sub"])
    for name, value in {**stage.parameters, "AWS::AccountId": account}.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _exists(stage: Stage, bucket: str) -> bool:
    try:
        stage.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise DeliveryError(f"whether s3://{bucket} is there cannot be told: {error}") from error
        return False
    return True
