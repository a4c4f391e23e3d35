"""Whether a package that is deployed has a published hole, by PyPI's and npm's advisories; what is accepted has an end.

The databases are theirs: where one cannot be reached, the scan fails and says so. PyPI's knows packages, and not the
program inside of `imageio-ffmpeg`: docs/security.md has what is known of that.
"""

import datetime
import json
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.delivery.store import DeliveryError
from tools.delivery.template import parts

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
    status = subprocess.run([*command, *files, *ignores], check=False).returncode
    for folder in (root / part.folder for part in parts(root) if part.language == "typescript"):
        # The lock file says what is deployed, without what only builds.
        audit = ["npm", "audit", "--json", "--omit=dev", "--package-lock-only"]
        told = subprocess.run(audit, cwd=folder, capture_output=True, text=True, check=False).stdout
        for hole in npm_holes(told, ignored):
            print(f"{folder.relative_to(root)}: {hole}")
            status = 1
    return status


def npm_holes(report: str, ignored: list[str]) -> list[str]:
    """The holes that a report of `npm audit --json` names, but for those that are accepted by their GHSA-… name.

    Raises `DeliveryError` where it is no such report: npm could not ask.
    """
    try:
        found = json.loads(report)["vulnerabilities"]
    except (ValueError, KeyError):
        raise DeliveryError(f"npm audit could not ask for advisories: {report.strip()[:300]}") from None
    holes = {
        (via["url"].rpartition("/")[2], f"{via['name']} {via['range']}: {via['title']} ({via['url']})")
        for package in found.values()
        for via in package["via"]
        if isinstance(via, dict)  # a text is the name of another package of the report
    }
    return sorted(text for name, text in holes if name not in ignored)
