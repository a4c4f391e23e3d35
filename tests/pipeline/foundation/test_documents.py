"""Laws of all policy documents of the foundation."""

import json

from tests.pipeline.foundation.documents import (
    ACCOUNTS,
    CALLERS,
    FOUNDATION,
    MAY,
    ROLES,
    STAGES,
    artifact_policy,
    listed,
    rendered,
)
from tests.pipeline.foundation.iam import Document

# Quotas of AWS, in characters without white space.
TRUST, MANAGED, BUCKET, KEY = 2048, 6144, 20 * 1024, 32 * 1024
ATTACHED = 10
ROOM = 500
"""Characters that stay free in each managed policy: a right more must not need another policy first."""


def size(document: Document) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def test_every_document_has_room_below_the_length_that_aws_takes() -> None:
    for role in ROLES.values():
        assert size(role.trust) <= TRUST, role.arn
        for name, document in {**role.policies, "boundary": role.boundary}.items():
            assert size(document) <= MANAGED - ROOM, f"{name}: split it (roles.tf)"
        assert len(role.policies) <= ATTACHED, role.arn
    for name in ("boundary", *CALLERS):
        assert max(size(rendered(name, ACCOUNTS[stage], stage)) for stage in STAGES) <= MANAGED - ROOM, name
    assert size(artifact_policy("bucket").document) <= BUCKET
    assert size(artifact_policy("key").document) <= KEY


def test_what_is_allowed_is_named_actions_on_named_resources() -> None:
    for role in ROLES.values():
        for name, document in role.policies.items():
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    assert not any(action.endswith("*:*") or action == "*" for action in listed(statement["Action"]))
                    assert not any(action.endswith(":*") for action in listed(statement["Action"])), (role.arn, name)
                    unnamed = "*" in listed(statement["Resource"])
                    assert unnamed == (statement["Sid"] == "WhatHasNoResourceToName"), (role.arn, name)


def test_every_document_is_used() -> None:
    used = {f"{kind}.trust" for kind in MAY} | {document for documents in MAY.values() for document in documents}
    used |= {"boundary", "deployment-boundary", *CALLERS}
    used |= {f"artifact-{of}{part}" for of in ("bucket", "key") for part in ("", "-stage")}
    there = {path.name.removesuffix(".json.tftpl") for path in (FOUNDATION / "policies").iterdir()}
    assert there == used


def test_each_kind_of_caller_may_do_what_the_one_before_may_and_more() -> None:
    allowed = [
        {
            resource
            for statement in rendered(kind, ACCOUNTS["dev"], "dev")["Statement"]
            for resource in statement["Resource"]
        }
        for kind in CALLERS
    ]
    assert CALLERS == ("listener", "recorder", "editor")
    assert allowed[0] < allowed[1] < allowed[2]
