"""What is built fits into Lambda, and starts there without compiling anything."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.bench.handlers import ENVIRONMENT, LAMBDA
from tools.bench.report import EACH_MESSAGE, ZIPPED_MB
from tools.bench.starts import starts
from tools.local.stack import HOME, Stack

from tests.template import TEMPLATE, of_type

UNZIPPED = 250 * 1024 * 1024
"""Bytes of a function's package with all of its layers: Lambda guide, "Lambda quotas"."""
FUNCTIONS = of_type(TEMPLATE["Resources"], "AWS::Serverless::Function")


def size(folder: Path) -> int:
    """Bytes of all files; a link is as large as what it leads to, as in the package."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def built(stack: Stack) -> Path:
    """What the stack was deployed from."""
    return HOME / "build"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_and_its_layers_are_under_250_mb(built: Path, name: str) -> None:
    layers = [layer["Ref"] for layer in FUNCTIONS[name].get("Layers", [])]
    parts = {part: size(built / part) for part in (name, *layers)}
    assert all(parts.values()), parts
    assert sum(parts.values()) < UNZIPPED, parts


def test_the_steps_of_each_message_are_small_and_start_as_the_bench_starts_them(built: Path) -> None:
    found = starts(built, EACH_MESSAGE, rounds=1)
    assert {name for name, one in found.items() if one.zipped_mb > ZIPPED_MB} == set()
    assert all(one.ms > 0 for one in found.values())


STARTED = """
import gc, json, sys
sys.path.insert(0, sys.argv[1])
import app, handlers.buckets
specs = [module.__spec__ for module in sys.modules.values() if getattr(module, "__spec__", None)]
ours = {spec.name: spec.cached for spec in specs if spec.has_location and spec.origin.startswith(sys.argv[1])}
clients, collects, frozen = handlers.buckets.client.cache_info().currsize, gc.isenabled(), gc.get_freeze_count()
print(json.dumps({"bytecode": ours, "clients": clients, "collects": collects, "frozen": frozen}))
"""


def started(folder: Path) -> Any:
    """A function's start in a process that has its package and Python's own library, as on Lambda."""
    command = [sys.executable, "-I", "-S", "-B", "-c", STARTED, str(folder)]
    done = subprocess.run(
        command, env=ENVIRONMENT | LAMBDA | {"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", EACH_MESSAGE)
def test_a_step_of_each_message_starts_with_its_client_and_nothing_that_it_does_not_need(
    built: Path, name: str
) -> None:
    found = started(built / name)
    modules = found["bytecode"]
    assert [name for name, cached in modules.items() if cached and not Path(cached).exists()] == []
    assert found["clients"] == 1
    assert found["collects"]
    assert found["frozen"] > 10_000  # objects: all that the start loaded
    assert {"aws_xray_sdk.core", "aws_lambda_powertools.logging", "botocore.client"} <= modules.keys()
    assert not {"pydantic", "boto3", "numpy", "stitcher.numbers.reading"} & modules.keys()
