"""Laws of IAM, over the template's policies and those of infra/."""

import functools
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

from tests.aws.deployment import ACCOUNT, Deployment, Json, inside, listed
from tests.aws.law import law
from tests.pipeline.foundation.documents import ACCOUNTS, FOUNDATION, rendered

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # parliament finds its data with pkg_resources
    from parliament import analyze_policy_string

Named = Iterator[tuple[str, Json]]


def trusts(of: Deployment) -> Named:
    """Who may take on a role."""
    for name, role in of.of_type("AWS::IAM::Role").items():
        yield f"{name} (trust)", role["AssumeRolePolicyDocument"]


def rights(of: Deployment) -> Named:
    """What roles of the application may do, and roles of infra/ in this stage."""
    for name, role in of.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            yield f"{name}.{policy['PolicyName']}", policy["PolicyDocument"]
    if of.stage in ACCOUNTS:
        for path in sorted((FOUNDATION / "policies").glob("*.tftpl")):
            document = path.name.removesuffix(".json.tftpl")
            if not document.endswith(".trust") and not document.startswith("artifact-"):
                yield f"infra: {document}", rendered(document, ACCOUNTS[of.stage], of.stage)


def of_resources(of: Deployment) -> Named:
    """Policies of buckets, queues and topics."""
    kinds = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    for name, properties in of.of_type(*kinds).items():
        yield name, properties["PolicyDocument"]


def statements(documents: Named) -> Named:
    for name, document in documents:
        for number, statement in enumerate(listed(document["Statement"])):
            yield f"{name}: {statement.get('Sid', number)}", statement


@law('Step Functions: "Authorization for versions and aliases in Step Functions workflows"')
def workflows_are_named_by_their_own_arn(of: Deployment) -> Iterator[str]:
    """Step Functions asks IAM about the state machine; a right on a version or an alias allows nothing."""
    for name, statement in statements(rights(of)):
        if any(action.startswith("states:") for action in listed(statement.get("Action", []))):
            for resource in listed(statement["Resource"]):
                if re.search(r":stateMachine:[^:]+:", resource):
                    yield f"{name}: {resource}"


@law('Lambda: "Using resources and conditions in policies": a qualified call needs a right on the qualified ARN')
def functions_are_named_with_a_version_or_an_alias(of: Deployment) -> Iterator[str]:
    """With Lambda it is the other way round, and everything here calls a version or an alias."""
    for name, statement in statements(rights(of)):
        if "lambda:InvokeFunction" in listed(statement.get("Action", [])) and not name.startswith("infra"):
            for resource in listed(statement["Resource"]):
                if not re.search(r":function:[^:]+:.+", resource):
                    yield f"{name}: {resource}"
    for name, permission in of.of_type("AWS::Lambda::Permission").items():
        if not re.search(r":function:[^:]+:.+", permission["FunctionName"]):
            yield f"{name}: {permission['FunctionName']}"


# What parliament 1.6.4 says and AWS does not, each with the reason.
NOT_SO = (
    # It asks for a resource of every kind that an action takes; IAM asks for one of the request's kind.
    re.compile(r"RESOURCE_MISMATCH .*'(bedrock:InvokeModel|iam:PassRole|states:(Describe|Stop)Execution)'"),
    # It reads an ARN's key as of another kind than text; IAM compares ARNs with StringEquals, too.
    re.compile(r"MISMATCHED_TYPE_BUT_USABLE"),
    # SAM's transform belongs to the account "aws".
    re.compile(r"INVALID_ARN Account expected"),
    # How much is allowed is for the tests of roles and of infra/ to say.
    re.compile(r"RESOURCE_STAR|RESOURCE_POLICY_PRIVILEGE_ESCALATION"),
    # An action that came after its data, and a key of the resource, which it looks for at the action.
    re.compile(r"UNKNOWN_ACTION .*application-signals:BatchUpdateExclusionWindows"),
    re.compile(r"UNKNOWN_CONDITION_FOR_ACTION .*kms:ResourceAliases"),
)


@law("Service Authorization Reference: actions, resources and condition keys; read by parliament")
def the_linter_finds_nothing(of: Deployment) -> Iterator[str]:
    for name, statement in statements(rights(of)):
        wild = any(
            "*" in action for action in listed(statement.get("Action", []))
        )  # then some are not for the resource
        for said in _linted(json.dumps({"Version": "2012-10-17", "Statement": [statement]})):
            if not any(one.match(said) for one in NOT_SO) and not (wild and said.startswith("RESOURCE_MISMATCH")):
                yield f"{name}: {said}"


@functools.cache
def _linted(document: str) -> tuple[str, ...]:
    return tuple(f"{finding.issue} {finding.detail}" for finding in analyze_policy_string(document).findings)


@law("IAM and AWS STS quotas; Bucket policies; quotas of SQS")
def policies_are_whole_and_small_enough(of: Deployment) -> Iterator[str]:
    inline: dict[str, int] = {}
    for name, document in [*trusts(of), *rights(of), *of_resources(of)]:
        size = len(re.sub(r"\s", "", json.dumps(document)))
        if document.get("Version", "2012-10-17") != "2012-10-17":
            yield f"{name}: Version"
        sids = [one["Sid"] for one in listed(document["Statement"]) if "Sid" in one]
        if len(set(sids)) < len(sids) or not all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids):
            yield f"{name}: Sid"
        if size > (2_048 if "(trust)" in name else 6_144 if name.startswith("infra") else 20_480):
            yield f"{name}: {size} characters"
        if not name.startswith("infra") and "(trust)" not in name:
            role = name.partition(".")[0]
            inline[role] = inline.get(role, 0) + size
        for _, value in inside(document):
            if isinstance(value, dict) and "Effect" in value and not ({"Action", "NotAction"} & value.keys()):
                yield f"{name}: no action"
    yield from (f"{name}: {size} characters of inline policies" for name, size in inline.items() if size > 10_240)


SOURCE_ACCOUNT = {
    "states.amazonaws.com": 'Step Functions: "Prevent cross-service confused deputy issue"',
    "events.amazonaws.com": 'EventBridge: "Amazon EventBridge target role", as its console makes it',
    "lambda.amazonaws.com": 'Lambda: "Working with AWS managed policies in the execution role"',
}


@law("The confused deputy problem: " + "; ".join(SOURCE_ACCOUNT.values()))
def a_service_takes_a_role_for_this_account_only(of: Deployment) -> Iterator[str]:
    for name, statement in statements(trusts(of)):
        service = statement["Principal"].get("Service")
        condition: Any = statement.get("Condition", {}).get("StringEquals", {})
        if service in SOURCE_ACCOUNT and condition.get("aws:SourceAccount") != ACCOUNT:
            yield name


@law('EventBridge: "Using dead-letter queues to process undelivered events"; SQS: "Amazon SQS policy examples"')
def a_service_may_send_for_named_resources_only(of: Deployment) -> Iterator[str]:
    """A queue or a topic takes what a service sends for a resource of this stack, and for every rule that names it."""
    rules = of.of_type("AWS::Events::Rule")
    for name, statement in statements(of_resources(of)):
        service = statement["Principal"].get("Service") if isinstance(statement["Principal"], dict) else None
        sources = [
            source
            for operator, keys in statement.get("Condition", {}).items()
            if operator.startswith("Arn")
            for source in listed(keys.get("aws:SourceArn", []))
        ]
        if service and not sources:
            yield f"{name}: anybody's {service}"
        for rule, properties in rules.items() if service == "events.amazonaws.com" else ():
            dead = {one.get("DeadLetterConfig", {}).get("Arn") for one in properties["Targets"]}
            if set(listed(statement["Resource"])) & dead and not any(
                one.endswith(f"rule/{of.name(rule)}") for one in sources
            ):
                yield f"{name}: not for {rule}"
