"""A release's name as a tag of the commit that it was first made of.

Needs nothing but Python and git, signed in by `gh` where the repository asks for it, as a private one does.
"""

import subprocess
import sys
from pathlib import Path

SIGNED_IN = ("-c", "credential.helper=!gh auth git-credential")
ABSENT = 2
"""What `git ls-remote --exit-code` returns where there is no such tag. Anything else is no answer."""


def main(release: str, root: Path) -> int:
    """Put the tag `release-<name>` on the commit that is checked out, unless the repository has it; the exit code."""
    name = f"refs/tags/release-{release}"
    found = _git(root, *SIGNED_IN, "ls-remote", "--exit-code", "--tags", "origin", name)
    if found == 0:
        print(f"release-{release} is there already")
        return 0
    if found != ABSENT:
        print(f"error: whether there is a tag release-{release} cannot be told", file=sys.stderr)
        return 1
    return _git(root, *SIGNED_IN, "push", "origin", f"HEAD:{name}")


def _git(root: Path, *arguments: str) -> int:
    return subprocess.run(["git", "-C", str(root), *arguments], check=False).returncode
