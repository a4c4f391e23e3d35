"""Terraform's providers are those whose hashes are in the repository.

Terraform would keep the hashes in `.terraform.lock.hcl`. That file names a registry's host, so it is not committed:
`infra/provider-hashes.txt` has the same hashes. The hash `h1` is of the installed files, from any source.
"""

import re
import sys
from pathlib import Path

FOUND, KNOWN = Path("infra") / ".terraform.lock.hcl", Path("infra") / "provider-hashes.txt"


def main(root: Path) -> int:
    """Compare what `terraform init` installed; returns 1 and says why where a provider is not in the list."""
    faults = [fault for block in _blocks(root) if (fault := _fault(block, _known(root)))]
    if not _blocks(root):
        faults = [f"{FOUND} names no provider: run `terraform init` first"]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _blocks(root: Path) -> list[tuple[str, str]]:
    """Address and body of each provider of the lock file."""
    text = (root / FOUND).read_text() if (root / FOUND).exists() else ""
    return re.findall(r'^provider "([^"]+)" \{(.*?)^\}', text, re.MULTILINE | re.DOTALL)


def _known(root: Path) -> set[tuple[str, ...]]:
    """Provider, version, platform and hash of each line."""
    lines = (root / KNOWN).read_text().splitlines()
    return {tuple(line.split()) for line in lines if line.strip() and not line.startswith("#")}


def _fault(block: tuple[str, str], known: set[tuple[str, ...]]) -> str | None:
    address, body = block
    name = address.split("/", 1)[-1]
    version = "".join(re.findall(r'^\s+version\s+= "([^"]+)"', body, re.MULTILINE))
    hashes = set(re.findall(r'"(h1:[^"]+)"', body))
    if any((provider, release) == (name, version) and digest in hashes for provider, release, _, digest in known):
        return None
    return (
        f"{name} {version} has the hashes {', '.join(sorted(hashes)) or '(none)'}, which are not in {KNOWN}. "
        "If you chose this version or this platform, add a line for it. If you did not, do not run it."
    )
