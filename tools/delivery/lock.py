"""Pin the versions that the functions' own pins leave open, from a build.

A function's `requirements.txt` pins the packages that the code uses; `functions/constraints.txt` pins the packages
that those need. With both, a build of the same commit is the same build at any time.
"""

import re
from importlib.metadata import distributions
from pathlib import Path

from tools.delivery.store import DeliveryError
from tools.delivery.template import parts

FILE = Path("functions") / "constraints.txt"
HEADER = """\
# The packages that the functions' requirements.txt bring along, in the deployed versions. Written by `make lock`.
"""
BUILDERS = ("setuptools", "wheel")
"""They build source distributions and write their version into them. Their pins stay."""


def main(root: Path, build: Path) -> int:
    """Write the constraints anew from a build of all functions. Raises `DeliveryError` if two functions differ."""
    python = [part for part in parts(root) if part.language == "python"]
    pinned = {
        _normal(re.split(r"[=\[;\s]", line)[0])
        for part in python
        for line in (root / part.folder / "requirements.txt").read_text().splitlines()
    }
    found: dict[str, str] = {}
    for part in python:
        for package in distributions(path=[str(build / part.name)]):
            name = _normal(package.name)
            if name not in pinned and found.setdefault(name, package.version) != package.version:
                raise DeliveryError(f"functions hold {name} {found[name]} and {package.version}: build them all anew")
    old = (root / FILE).read_text().splitlines() if (root / FILE).exists() else []
    lines = [line for line in old if line.startswith(BUILDERS)]
    lines += [f"{name}=={version}" for name, version in found.items()]
    (root / FILE).write_text(HEADER + "".join(f"{line}\n" for line in sorted(lines)))
    return 0


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
