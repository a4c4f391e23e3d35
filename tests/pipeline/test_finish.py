"""What is made of a build: bytecode that is the same in every build, and a botocore that still makes every call."""

import ast
import importlib.util
import marshal
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.session import Session
from tools.delivery import finish
from tools.delivery.store import DeliveryError

from tests.paths import ROOT
from tests.template import TEMPLATE, of_type

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
DATA = Path(botocore.__file__).parent / "data"
FUNCTIONS = {
    name: ROOT / properties["CodeUri"]
    for name, properties in of_type(TEMPLATE["Resources"], "AWS::Serverless::Function").items()
    if (ROOT / properties["CodeUri"] / "requirements.txt").exists()
}
CODE = {name: "\n".join(finish._own_code(source)) for name, source in FUNCTIONS.items()}
SERVICES = {"sts", "dynamodb"}.union(*map(finish.CLIENT.findall, CODE.values()))
"""Those that any function calls, and two that none does."""
SIGNED_AS = {"bedrock": "bedrock-runtime", "states": "stepfunctions"}
"""Rights of IAM whose service has another name in botocore."""
BY_ACTION = {
    "s3:ListBucket": {"list_objects_v2"},
    "s3:GetObject": {"get_object", "head_object"},
    "s3:PutObject": {"put_object", "copy_object"},
    "s3:DeleteObject": {"delete_object", "delete_objects"},
    "bedrock:InvokeModel": {"converse"},
}
"""Rights of IAM that several operations need, or one of another name."""
NO_CALL = {
    *("bedrock:ApplyGuardrail", "s3:GetObjectVersion", "s3:ListBucketVersions"),  # calls of other names need them, too
    *(
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    ),  # Lambda calls these with the function's role
}
"""Rights that belong to no call of a function's own."""


def modules_of(source: Path) -> list[Path]:
    return [path for entry in source.iterdir() for path in ([entry] if entry.suffix == ".py" else entry.rglob("*.py"))]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For each function, botocore's data as its package has it."""
    found = {}
    for name, code in CODE.items():
        data = tmp_path_factory.mktemp(name) / "botocore" / "data"
        for service in SERVICES:
            shutil.copytree(DATA / service, data / service)
        for path in DATA.glob("*.json"):
            shutil.copy(path, data)
        finish._only_called(data.parents[1], code)
        found[name] = data
    return found


@cache
def client(data: Path, service: str, region: str = "ap-south-1") -> Any:
    class Packaged(Loader):
        BUILTIN_DATA_PATH = str(data)  # elsewhere it would be a customer's own, and addresses would not be looked up

    session: Any = Session()
    session.register_component(
        "data_loader", Packaged(extra_search_paths=[str(data)], include_default_search_paths=False)
    )
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return session.create_client(service, region_name=region, **keys)


def actions(name: str) -> set[str]:
    found: set[str] = set()
    for policy in TEMPLATE["Resources"][name]["Properties"]["Policies"]:
        for statement in policy.get("Statement", ()) if isinstance(policy, dict) else ():
            said = statement["Action"]
            found |= {said} if isinstance(said, str) else set(said)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_call_that_a_function_has_a_right_to_is_in_its_package(cut: dict[str, Path], name: str) -> None:
    """Whoever gives a function a new right finds out here whether its package can make the call."""
    for action in sorted(actions(name) - NO_CALL):
        service, operation = action.split(":")
        made = client(cut[name], SIGNED_AS.get(service, service))
        assert any(hasattr(made, one) for one in BY_ACTION.get(action, {xform_name(operation)})), action


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_call_in_a_functions_code_is_in_its_package(cut: dict[str, Path], name: str) -> None:
    """The code is read here as syntax: an attribute, or a text, that is the name of an operation."""
    kept = {path.name for path in cut[name].iterdir() if path.is_dir()}
    assert "s3" in kept
    assert kept < SERVICES, "what nobody calls is left out"
    said: set[str] = set()
    for path in modules_of(FUNCTIONS[name]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                said.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    for service in kept:
        whole, ours = client(DATA, service), client(cut[name], service)
        operations = {xform_name(operation) for operation in whole.meta.service_model.operation_names}
        assert {one for one in operations & said if not hasattr(ours, one)} == set()


def test_what_is_left_of_a_service_signs_pages_and_answers_as_before(cut: dict[str, Path]) -> None:
    whole, ours = client(DATA, "s3"), client(cut["CacheLookupFunction"], "s3")
    signed = [
        one.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}).partition("?")[0]
        for one in (whole, ours)
    ]
    assert signed[0] == signed[1]
    assert ours.meta.endpoint_url == whole.meta.endpoint_url
    for operation in ours.meta.service_model.operation_names:
        assert shape(ours, operation) == shape(whole, operation)
    assert (
        ours.get_paginator("list_objects_v2")._pagination_cfg == whole.get_paginator("list_objects_v2")._pagination_cfg
    )


def shape(of: Any, operation: str) -> list[Any]:
    """The members of what an operation takes and gives, as far down as they go."""
    model = of.meta.service_model.operation_model(operation)
    seen: list[Any] = []

    def walk(one: Any) -> None:
        if one is None or one.name in [name for name, *_ in seen]:
            return
        members = getattr(one, "members", {})
        seen.append((one.name, one.type_name, sorted(members), one.serialization))
        for inner in [*members.values(), *(getattr(one, part, None) for part in ("member", "key", "value"))]:
            walk(inner)

    walk(model.input_shape)
    walk(model.output_shape)
    return seen


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1"])
def test_addresses_are_the_same_in_every_region(cut: dict[str, Path], region: str) -> None:
    for service in ("s3", "sqs"):
        whole, ours = (client(data, service, region).meta for data in (DATA, cut["PrepareClipFunction"]))
        assert (ours.endpoint_url, ours.partition) == (whole.endpoint_url, whole.partition)


def package(folder: Path) -> Path:
    """A package with modules of one's own and of a library, whose tests nobody needs."""
    for name, text in {
        "app.py": "WORDS = {'hello', 'world', 'a', 'b'}\ndef said(word): return word in {'x', 'y', 'z'}\n",
        "library/__init__.py": "from library.one import ONE\n",
        "library/one.py": "ONE = 1\n",
        "library/tests/test_one.py": "assert False\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def compiled(folder: Path, seed: str = "0") -> dict[str, bytes]:
    command = [sys.executable, "-I", str(finish.BYTECODE), str(folder)]
    subprocess.run(command, env={"PYTHONHASHSEED": seed}, check=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.pyc"))}


def test_two_builds_have_the_same_bytecode_whatever_the_folder_and_the_time(tmp_path: Path) -> None:
    first, second = package(tmp_path / "one"), package(tmp_path / "another" / "two")
    os.utime(second / "app.py", (0, 0))
    (second / "__pycache__").mkdir()
    (second / "__pycache__" / "app.old.pyc").write_bytes(b"compiled here")
    assert compiled(first) == compiled(second)
    assert compiled(first) == compiled(second), "once more"
    assert len(compiled(first)) == 4


def test_bytecode_is_not_checked_when_it_is_loaded_and_names_its_place_on_lambda(tmp_path: Path) -> None:
    (data,) = (data for name, data in compiled(package(tmp_path)).items() if "app" in name)
    assert int.from_bytes(data[4:8], "little") == 0b01, "by hash, unchecked (PEP 552)"
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert marshal.loads(data[16:]).co_filename == "/var/task/app.py"  # noqa: S302 - compiled above


def test_a_module_that_cannot_be_compiled_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def broken(:\n")
    with pytest.raises(DeliveryError, match=r"could not be compiled: .*app\.py"):
        finish._compile([tmp_path], RUNTIME)


def test_a_build_without_the_functions_python_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"python3\.99 is not installed, and the functions run on it"):
        finish._compile([tmp_path], "python3.99")


def test_make_build_finishes_what_it_builds() -> None:
    text = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^build:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert recipe
    assert recipe[1].splitlines()[-1] == "\t@$(BIN)/python -m tools.delivery finish"
