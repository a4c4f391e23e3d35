"""One part of the template on its own: built as the release builds it, and tested where it brings tests along."""

import subprocess
from pathlib import Path

from tools.delivery.store import DeliveryError
from tools.delivery.template import parts


def main(name: str, root: Path) -> int:
    """Build a part, and run `npm test` where it is TypeScript. Raises `DeliveryError` where something fails."""
    named = {part.name: part for part in parts(root)}
    if name not in named:
        raise DeliveryError(f"the template has no part {name!r} to build: choose one of {', '.join(named)}")
    part = named[name]
    if part.language == "typescript":
        _run("npm", "ci", folder=root / part.folder)
        _run("npm", "test", "--if-present", folder=root / part.folder)
    # Not where a release is packaged from: that must hold every part.
    _run("sam", "build", name, "--build-dir", ".aws-sam/service", folder=root)
    return 0


def _run(*command: str, folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, check=False)
    except FileNotFoundError:
        raise DeliveryError(f"{command[0]} is not installed, and {folder} needs it") from None
    if done.returncode:
        raise DeliveryError(f"`{' '.join(command)}` failed in {folder}")
