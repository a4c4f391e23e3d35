"""The signed copies of a release's code: AWS Signer makes them, and Lambda compares them with the stage's profiles.

A copy lies beside its part, `packages/<hash>-<profile>/…`, under the random name of its signing job. It is made once: a
part that has a copy keeps it, so that the same content is the same release.
"""

import re
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from tools.delivery.store import DeliveryError, Store

CODE = re.compile(r"\b(?:CodeUri|ContentUri): s3://[\w.-]+/(packages/[0-9a-f]{32})$", re.MULTILINE)
"""Code of a function or a layer in a packaged template. A workflow's definition, for example, is not signed."""


def signed(store: Store, template: str, profile: str) -> str:
    """A packaged template with the signed copies of its code. `profile` is the name of a signing profile.

    Raises
    ------
    DeliveryError
        If AWS Signer does not take a part, or does not sign it.
    """
    parts = sorted(set(CODE.findall(template)))
    copies = {part: store.first(f"{part}-{profile}/") for part in parts}
    try:
        signer: Any = boto3.client("signer")
        jobs = {part: _start(signer, store, part, profile) for part in parts if not copies[part]}
        for part, job in jobs.items():
            signer.get_waiter("successful_signing_job").wait(jobId=job, WaiterConfig={"Delay": 5, "MaxAttempts": 60})
            copies[part] = signer.describe_signing_job(jobId=job)["signedObject"]["s3"]["key"]
    except WaiterError as error:
        reason = error.last_response.get("statusReason", error)
        raise DeliveryError(f"AWS Signer did not sign s3://{store.bucket}/{part}: {reason}") from error
    except (BotoCoreError, ClientError) as error:
        raise DeliveryError(f"AWS Signer takes no code for the profile {profile!r}: {error}") from error
    return CODE.sub(lambda found: found[0].replace(found[1], str(copies[found[1]])), template)


def _start(signer: Any, store: Store, part: str, profile: str) -> str:
    bucket = {"bucketName": store.bucket}
    job: str = signer.start_signing_job(
        source={"s3": {**bucket, "key": part, "version": store.version(part)}},
        destination={"s3": {**bucket, "prefix": f"{part}-{profile}/"}},
        profileName=profile,
    )["jobId"]
    return job
