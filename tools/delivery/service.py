"""One part of the template on its own: built as the release builds it.

Python has `make lint` and the suites. What is in TypeScript brings its checks along, and they run before the build.
"""

import json
import subprocess
from pathlib import Path

from tools.delivery.finish import finish
from tools.delivery.store import DeliveryError
from tools.delivery.template import parts

SCRIPTS = ("check", "test")
"""Of a function in TypeScript: its types (and its style, if it has rules), and its tests."""


def main(name: str, root: Path) -> int:
    """Build a part; one in TypeScript is checked and tested before. Raises `DeliveryError` if something fails."""
    named = {part.name: part for part in parts(root)}
    if name not in named:
        raise DeliveryError(f"the template has no part {name!r} to build: choose one of {', '.join(named)}")
    part = named[name]
    if part.language == "typescript":
        scripts = json.loads((root / part.folder / "package.json").read_text()).get("scripts", {})
        if lacking := [script for script in SCRIPTS if script not in scripts]:
            raise DeliveryError(f"{part.folder}/package.json has no script {' and no '.join(lacking)}: add it")
        _run("npm", "ci", folder=root / part.folder)
        for script in SCRIPTS:
            _run("npm", "run", script, folder=root / part.folder)
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
