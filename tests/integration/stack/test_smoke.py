"""`make smoke` against the embedded stack: every step that this AWS can take, and the others by name."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.client import ambient_caller
from tools.delivery import smoke
from tools.delivery.stage import Stage
from tools.local.pictures import put_prompts
from tools.local.root import variables
from tools.local.stack import REGION, Stack

from tests.paths import ROOT

NOT_HERE = {"an alarm fires and is told", "a rollback, and forward again"}
BUCKETS = ("InputBucketName", "OutputBucketName", "ImagesBucketName", "ResultsBucketName")


@pytest.fixture
def local(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage, as its administrator sees it."""
    for name, value in {
        "AWS_ENDPOINT_URL": stack.endpoint,
        **variables(stack.root),
        "AWS_DEFAULT_REGION": REGION,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }.items():
        monkeypatch.setenv(name, value)
    return Stage.of("local", ROOT)


def objects(stack: Stack) -> set[tuple[str, str]]:
    """Every version of every object but what goes or is written by itself: cache, work, claims, counts, catalogues."""
    s3: Any = stack.client("s3")
    return {
        (version["Key"], version["VersionId"])
        for name in BUCKETS
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=stack.outputs[name])
        for version in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if not version["Key"].startswith(("cache/", "work/", "claims/", "calls/", "catalogues/"))
    }


def test_every_step_works_or_is_named_as_not_here(
    stack: Stack, local: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    put_prompts(stack)
    before = objects(stack)
    assert smoke.main(ambient_caller(stack.api_url), local, None, ROOT) == 0
    said = capsys.readouterr().out.splitlines()
    outcomes: dict[str, str] = {}
    for line in said:
        if found := re.fullmatch(r"(ok|not on the embedded AWS)  (.+?): .+", line):
            outcomes[found[2]] = found[1]
    assert {name for name, outcome in outcomes.items() if outcome == smoke.NOT_HERE} == NOT_HERE
    assert len(outcomes) == len(said) == 27
    assert objects(stack) == before
