"""One part of the template on its own: built as the release builds it.

Python has `make lint` and the suites. TypeScript is checked and tested before the build, because esbuild looks at no
types.
"""

import subprocess
from pathlib import Path

from tools.delivery.finish import finish
from tools.delivery.store import DeliveryError
from tools.delivery.template import parts


def main(name: str, root: Path) -> int:
    """Build a part; one in TypeScript is checked and tested before. Raises `DeliveryError` if something fails."""
    named = {part.name: part for part in parts(root)}
    if name not in named:
        raise DeliveryError(f"the template has no part {name!r} to build: choose one of {', '.join(named)}")
    part = named[name]
    if part.language == "typescript":
        if not (root / part.folder / "package.json").exists():
            raise DeliveryError(f"{part.folder} has no package.json: nothing checks or tests it")
        _run("make", "typescript", folder=root)
    # Not where a release is packaged from: that must hold every part.
    build = Path(".aws-sam") / "service"
    _run("sam", "build", name, "--build-dir", str(build), folder=root)
    finish(root, root / build)
    return 0


def _run(*command: str, folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, check=False)
    except FileNotFoundError:
        raise DeliveryError(f"{command[0]} is not installed, and {folder} needs it") from None
    if done.returncode:
        raise DeliveryError(f"`{' '.join(command)}` failed in {folder}")
