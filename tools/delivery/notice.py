"""Tell the people who get a stage's alarms that a job of the pipeline failed."""

import os

import boto3
from botocore.exceptions import ClientError

from tools.delivery.stage import Stage

SUBJECT_LENGTH = 100
"""Characters of a subject that SNS takes (API Reference, Publish)."""


def main(stage: Stage, what: str) -> int:
    """Send one message to the topic of the stage's alarms. A stage without that topic is said, and is no failure."""
    account = boto3.client("sts", region_name=stage.region).get_caller_identity()["Account"]
    topic = f"arn:aws:sns:{stage.region}:{account}:{stage.parameters['Prefix']}-alarms-{stage.name}"
    subject = f"{what} failed in {stage.name}"[:SUBJECT_LENGTH]
    try:
        stage.client("sns").publish(TopicArn=topic, Subject=subject, Message=f"{subject}\n{_run()}\n")
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFound":
            raise
        print(f"{stage.name} has no topic for alarms: nobody is told")
        return 0
    print(f"told: {subject}")
    return 0


def _run() -> str:
    """Where to read more: the workflow's run, in GitHub's own variables."""
    parts = [os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else "Run by hand."
