"""Users of the embedded stack with the rights that infra/ gives to people."""

import contextlib
from collections.abc import Iterator
from string import Template

from botocore.credentials import Credentials
from tools.client import Caller
from tools.local.stack import REGION, Stack

from tests.paths import ROOT

CALLERS = ("listener", "recorder", "editor")
"""Each may do what the one before may."""


@contextlib.contextmanager
def people_of(stack: Stack) -> Iterator[dict[str, Caller]]:
    """A user for each kind, with the policy of its kind, for as long as the context lasts."""
    iam, made = stack.client("iam"), {}
    try:
        for kind in CALLERS:
            iam.create_user(UserName=kind)
            policy = (ROOT / "infra" / "policies" / f"{kind}.json.tftpl").read_text()
            document = Template(policy).substitute(region=REGION, account="000000000000", stage="local")
            iam.put_user_policy(UserName=kind, PolicyName=kind, PolicyDocument=document)
            key = iam.create_access_key(UserName=kind)["AccessKey"]
            credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
            made[kind] = Caller(stack.api_url, REGION, credentials)
        yield made
    finally:
        for kind, caller in made.items():
            assert caller.credentials
            iam.delete_access_key(UserName=kind, AccessKeyId=caller.credentials.access_key)
            iam.delete_user_policy(UserName=kind, PolicyName=kind)
            iam.delete_user(UserName=kind)
