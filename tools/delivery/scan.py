"""Whether a package that is deployed has a published hole, by PyPI's advisories; what is accepted has an end.

The database is pypi.org's: where it cannot be reached, the scan fails and says so. It knows packages, and not the
program inside of `imageio-ffmpeg`: docs/security.md has what is known of that.
"""

import datetime
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.delivery.store import DeliveryError

EXCEPTIONS = Path("tools") / "delivery" / "accepted.toml"
SCANNED = ("functions/hashes.txt", "layers/ffmpeg/requirements.txt")


def accepted(root: Path, file: Path, today: datetime.date) -> list[str]:
    """What a file accepts today. Raises `DeliveryError` where an entry has no reason, or its time is over."""
    found = []
    for name, entry in tomllib.loads((root / file).read_text()).items():
        until, reason = entry.get("until"), entry.get("reason")
        if not isinstance(until, datetime.date) or not reason:
            raise DeliveryError(f"{file}: {name} needs a date `until` and a `reason`")
        if until < today:
            raise DeliveryError(f"{file}: {name} was accepted until {until}: mend it, or decide anew")
        found.append(name)
    return found


def main(root: Path) -> int:
    """Ask for every package that is deployed; the exit code is not 0 where one has a hole that is not accepted."""
    ignored = accepted(root, EXCEPTIONS, datetime.datetime.now(datetime.UTC).date())
    files = [option for name in SCANNED for option in ("--requirement", str(root / name))]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--strict"]
    ignores = [option for advisory in ignored for option in ("--ignore-vuln", advisory)]
    return subprocess.run([*command, *files, *ignores], check=False).returncode
