"""What `sam build` makes fits into Lambda."""

from pathlib import Path

import pytest
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
