"""The environment of one pull request on AWS: deployed from a build, and removed with all that it holds.

Its stack, its buckets and its layer carry the number of the pull request. The role that removes them may touch no other
names (infra/policies/preview.json.tftpl).
"""

import dataclasses
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError

from tools.delivery.deploy import put_clips, sam_deploy
from tools.delivery.output import say
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

STAGE = "preview"
AGE = timedelta(hours=3)
"""A job of the workflow ends long before; what is older has lost its job."""
PAGE = 1000
"""Objects in one request, the most that S3 takes."""


def preview(number: str, root: Path) -> Stage:
    """The stage of a pull request. Raises `DeliveryError` if the number is none."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise DeliveryError(f"{number!r} is not the number of a pull request")
    stage = Stage.of(STAGE, root)
    return dataclasses.replace(
        stage, stack=f"{stage.stack}-{number}", parameters={**stage.parameters, "Prefix": f"pr-{number}"}
    )


def deploy(number: str, root: Path) -> str:
    """Deploy the build that lies here, from an empty start; returns the API's address.

    `PACKAGES` names the bucket for packages, `EXECUTION_ROLE` CloudFormation's role. Raises `DeliveryError` if the
    deployment fails.
    """
    stage, template = preview(number, root), root / ".aws-sam" / "build" / "template.yaml"
    remove(number, root)  # what an earlier run left: a stack whose creation failed takes no change
    options = ["--stack-name", stage.stack, "--no-resolve-s3", "--s3-bucket", os.environ["PACKAGES"]]
    options += ["--s3-prefix", stage.parameters["Prefix"]]
    if sam_deploy(stage, template, root, options, role=os.environ["EXECUTION_ROLE"]):
        raise DeliveryError(f"{stage.stack} was not deployed; see above")
    outputs = stage.outputs()
    put_clips(stage, outputs["InputBucketName"], root)
    return outputs["ApiUrl"]


def remove(number: str, root: Path) -> None:
    """Delete the stack of a pull request, then what a deleted stack leaves: buckets with all versions, and layers.

    Nothing is there: nothing is done. Raises `DeliveryError` if CloudFormation does not delete the stack.
    """
    stage = preview(number, root)
    if stage.status() is not None:
        cloudformation = stage.client("cloudformation")
        cloudformation.delete_stack(StackName=stage.stack)
        try:
            cloudformation.get_waiter("stack_delete_complete").wait(StackName=stage.stack)
        except WaiterError as error:
            raise DeliveryError(f"{stage.stack} was not deleted: {error}") from error
    s3 = stage.client("s3")
    for name in _buckets(s3, stage):
        if name.startswith(f"{stage.parameters['Prefix']}-"):
            _delete_bucket(s3, name)
            print(f"removed s3://{name}", flush=True)
    functions = stage.client("lambda")
    layer = f"{stage.parameters['Prefix']}-ffmpeg-{STAGE}"
    for page in functions.get_paginator("list_layer_versions").paginate(LayerName=layer):
        for version in page["LayerVersions"]:
            functions.delete_layer_version(LayerName=layer, VersionNumber=version["Version"])
    print(f"{stage.stack} is removed", flush=True)


def sweep(root: Path, now: datetime | None = None) -> list[str]:
    """Remove the environments that lost their job, all that are older than `AGE`; returns their numbers."""
    stage, before = Stage.of(STAGE, root), (now or datetime.now(UTC)) - AGE
    pages = stage.client("cloudformation").get_paginator("list_stacks").paginate()
    stacks = [each for page in pages for each in page["StackSummaries"] if each["StackStatus"] != "DELETE_COMPLETE"]
    number = re.compile(rf"{stage.stack}-([1-9][0-9]*)")
    found = {name[1]: each["CreationTime"] for each in stacks if (name := number.fullmatch(each["StackName"]))}
    for bucket, made in _buckets(stage.client("s3"), stage).items():
        found.setdefault(bucket.split("-")[1], made)
    old = sorted((number for number, made in found.items() if made < before), key=int)
    for each in old:
        remove(each, root)
    return old


def _buckets(s3: Any, stage: Stage) -> dict[str, datetime]:
    """The buckets of all pull requests, with the times of their creation."""
    account = stage.client("sts").get_caller_identity()["Account"]
    pages = s3.get_paginator("list_buckets").paginate(Prefix="pr-")
    buckets = {each["Name"]: each["CreationDate"] for page in pages for each in page.get("Buckets", ())}
    ours = re.compile(rf"pr-[1-9][0-9]*-[a-z]+-{STAGE}-{account}")
    return {name: made for name, made in buckets.items() if ours.fullmatch(name)}


def _delete_bucket(s3: Any, name: str) -> None:
    while True:  # always the first page: what a page began with is deleted when the next one is asked for
        page = s3.list_object_versions(Bucket=name, MaxKeys=PAGE)
        listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if not listed:
            break
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]
        if kept := s3.delete_objects(Bucket=name, Delete={"Objects": objects}).get("Errors"):
            raise DeliveryError(f"s3://{name} was not emptied: {kept[0]['Key']}: {kept[0].get('Message')}")
    s3.delete_bucket(Bucket=name)


def main(number: str, root: Path) -> None:
    """Deploy, and tell the workflow the API's address."""
    say("api_url", deploy(number, root))
