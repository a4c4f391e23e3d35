"""The buckets of a deleted stack get a stack again, with what is in them (the embedded AWS's CloudFormation)."""

from typing import Any

import boto3
import pytest
from tools.delivery.adopt import BUCKET, adopt
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

from tests.paths import ROOT
from tests.pipeline.conftest import REGION
from tests.template import TEMPLATE

BUCKETS = {name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == BUCKET}


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service)


def names() -> list[str]:
    """What a deployment to dev calls its buckets."""
    account = client("sts").get_caller_identity()["Account"]
    return [f"stitcher-{of}-dev-{account}" for of in ("audios", "output", "images", "results", "prompts")]


def test_the_buckets_that_a_deleted_stack_left_belong_to_a_stack_again(empty_aws: str) -> None:
    s3, dev = client("s3"), Stage.of("dev", ROOT)
    with pytest.raises(DeliveryError, match="deploy as to an empty account"):
        adopt(dev, ROOT)
    for name in names():
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=names()[0], Key="hello.wav", Body=b"what somebody recorded")

    assert adopt(dev, ROOT) == names()
    assert dev.status() == "IMPORT_COMPLETE"
    resources = client("cloudformation").list_stack_resources(StackName=dev.stack)["StackResourceSummaries"]
    assert {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}.keys() == BUCKETS
    assert {each["PhysicalResourceId"] for each in resources} == set(names())
    assert s3.get_object(Bucket=names()[0], Key="hello.wav")["Body"].read() == b"what somebody recorded"

    with pytest.raises(DeliveryError, match="only a stack that is not there"):
        adopt(dev, ROOT)


def test_every_bucket_outlives_its_stack_and_can_be_imported() -> None:
    """CloudFormation imports only what it is told to keep ("Import AWS resources into a CloudFormation stack")."""
    assert len(BUCKETS) == 5, "the number that README.md and docs/aws.md name"
    for name in BUCKETS:
        assert TEMPLATE["Resources"][name]["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}, name
        assert "Condition" not in TEMPLATE["Resources"][name], name
