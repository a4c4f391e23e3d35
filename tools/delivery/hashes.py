"""SHA-256 of every file that a deployed function is built from, and their download with each of them checked.

`functions/hashes.txt` holds them for all runtimes and processors that the template takes. A build gets its packages
from the folder of checked files, and from nowhere else: `sam build` calls pip twice for another processor, and the
second call takes no hashes.
"""

import json
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from samcli.yamlhelper import yaml_parse

from tools.delivery.store import DeliveryError
from tools.delivery.template import parts

FILE, WHEELS, BUILT_HERE = (
    Path("functions") / "hashes.txt",
    Path(".aws-sam") / "wheels",
    Path("functions") / "wheels",
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
NEWER = ("manylinux_2_28", "manylinux_2_34")
"""What Amazon Linux 2023 takes besides; the runtime of Python 3.11 is Amazon Linux 2."""
HEADER = """\
# Every file that a deployed function is built from, on every runtime and processor. Written by `make lock`.
"""


def write(root: Path) -> None:
    """Write the hashes of the versions that requirements.txt and the constraints pin. Raises `DeliveryError`."""
    files: dict[str, set[str]] = defaultdict(set)
    pythons: dict[str, set[str]] = defaultdict(set)
    for python in PYTHONS:
        for machine in MACHINES:
            for package in _resolved(root, python, machine):
                metadata, info = package["metadata"], package["download_info"]["archive_info"]
                pin = f"{canonicalize_name(metadata['name'])}=={metadata['version']}"
                files[pin].add(info["hashes"]["sha256"])
                pythons[pin].add(python)
    lines = [
        f"{pin}{_marker(pythons[pin])}" + "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(files[pin]))
        for pin in sorted(files)
    ]
    (root / FILE).write_text(HEADER + "\n".join(lines) + "\n")


def download(root: Path, architecture: str, runtime: str = "") -> None:
    """Get the files for a runtime (the template's own by default), for this machine and for the functions' processor.

    Raises `DeliveryError` where one is not what its hash says.
    """
    python = (runtime or default_runtime(root)).removeprefix("python")
    machine = {"arm64": "aarch64"}.get(architecture, architecture)
    here = platform.machine().replace("arm64", "aarch64")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("\n".join(_entries((root / FILE).read_text(), python)) + "\n")
        for each in dict.fromkeys((here, machine)):
            _pip(
                *(root, "download", "--quiet", "--require-hashes", "--no-deps", "--requirement", str(wanted)),
                *("--dest", str(root / WHEELS), *_target(python, each)),
            )


def default_runtime(root: Path) -> str:
    """The runtime that the template names, like `python3.13`."""
    default: str = yaml_parse((root / "template.yaml").read_text())["Parameters"]["PythonRuntime"]["Default"]
    return default


def _entries(hashed: str, python: str) -> list[str]:
    """The entries of the file that hold for a Python, without their markers."""
    found = []
    for entry in hashed.replace("\\\n", " ").splitlines():
        pin, *options = entry.split(" --hash=")
        if not entry.startswith("#") and (wanted := _for(python, [pin.strip()])):
            found.append(" --hash=".join([*wanted, *(option.strip() for option in options)]))
    return found


def _resolved(root: Path, python: str, machine: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("".join(f"{line}\n" for line in _for(python, _requirements(root))))
        report = _pip(
            *(root, "install", "--dry-run", "--quiet", "--ignore-installed", "--ignore-requires-python"),
            *(
                "--target",
                folder,
                "--requirement",
                str(wanted),
                "--constraint",
                str(root / "functions/constraints.txt"),
            ),
            *("--report", "-", *_target(python, machine)),
        )
    found: list[dict[str, Any]] = json.loads(report)["install"]
    return found


def _requirements(root: Path) -> Iterable[str]:
    for part in parts(root):
        if part.language == "python":
            yield from (root / part.folder / "requirements.txt").read_text().splitlines()


def _for(python: str, requirements: Iterable[str]) -> list[str]:
    """The requirements of a Python; pip asks the markers of the one that it runs on."""
    found = set()
    for line in filter(None, requirements):
        one = Requirement(line)
        if not one.marker or one.marker.evaluate({"python_version": python}):
            one.marker = None
            found.add(str(one))
    return sorted(found)


def _target(python: str, machine: str) -> list[str]:
    tags = ("manylinux2014",) if python == "3.11" else ("manylinux2014", *NEWER)
    platforms = [option for tag in tags for option in ("--platform", f"{tag}_{machine}")]
    abis = [option for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for option in ("--abi", abi)]
    return ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, *abis, *platforms]


def _marker(pythons: set[str]) -> str:
    if pythons == set(PYTHONS):
        return ""
    return (
        f' ; python_version < "3.{len(pythons) + 11}"'
        if PYTHONS[0] in pythons
        else f' ; python_version >= "{min(pythons)}"'
    )


def _pip(root: Path, *arguments: str) -> str:
    links = ["--find-links", str(root / BUILT_HERE)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments, *links], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DeliveryError(f"pip {arguments[0]} failed: {done.stderr.strip()[-2_000:]}")
    return done.stdout
