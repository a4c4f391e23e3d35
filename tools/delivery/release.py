"""Package what `sam build` made, once, into the artifact bucket: parts by their content, and a release of them."""

import hashlib
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tools.delivery.sbom import sbom
from tools.delivery.sign import signed
from tools.delivery.store import DeliveryError, Release, Store
from tools.delivery.template import parts

PACKAGED, SBOM, RELEASE = "packaged.yaml", "sbom.cdx.json", "release.json"


def package(store: Store, root: Path, build: Path) -> Release:
    """Upload the parts of a build that the bucket lacks, and the release; returns it.

    SIGNING_PROFILE, a variable, names the profile that signs the code; without it, the release is not signed. A release
    that exists is not written again. Its three files are left in `release/` beside the build, for the
    attestation.

    Raises
    ------
    DeliveryError
        Where there is no build, where `sam package` or the signature fails, or where the bucket holds the same keys
        with other bytes.
    """
    wanted = [part.name for part in parts(root)]
    if lacking := [name for name in ("template.yaml", *wanted) if not (build / name).exists()]:
        raise DeliveryError(f"the build lacks {', '.join(lacking)}: run `make build` first")
    folder = build.parent / "release"
    folder.mkdir(exist_ok=True)
    template = _sam_package(store, build, folder / PACKAGED)
    if profile := os.environ.get("SIGNING_PROFILE"):
        template = signed(store, template.decode(), profile).encode()
        (folder / PACKAGED).write_bytes(template)
    listing = sbom(root, build)
    name = hashlib.sha256(template).hexdigest()[:12]
    keys = sorted(set(re.findall(r"\bpackages/[0-9a-f]{32}\b[\w./-]*", template.decode())))
    files = {key: store.digest(key) for key in keys}
    for file, data in ((PACKAGED, template), (SBOM, listing)):
        store.write_once(f"releases/{name}/{file}", data)
        files[f"releases/{name}/{file}"] = hashlib.sha256(data).hexdigest()
    release = store.release(name)
    if release is None:
        release = Release(name, *commit_of(root), files)
        store.write_once(f"releases/{name}/{RELEASE}", release.to_json())
    elif release.files != files:
        raise DeliveryError(f"release {name} is there already, made of other files: look who wrote to {store.bucket}")
    (folder / SBOM).write_bytes(listing)
    (folder / RELEASE).write_bytes(release.to_json())
    return release


def _sam_package(store: Store, build: Path, output: Path) -> bytes:
    """Raises `DeliveryError` with what sam said."""
    command = ["sam", "package", "--template-file", str(build / "template.yaml"), *store.sam_options]
    command += ["--s3-prefix", "packages", "--output-template-file", str(output), "--no-progressbar"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise DeliveryError(f"sam package failed:\n{done.stdout}")
    return output.read_bytes()


def commit_of(root: Path) -> tuple[str, str]:
    """The commit that is checked out, marked where the folder differs from it, and its time (UTC, ISO 8601)."""
    command = ["git", "-C", str(root), "show", "--no-patch", "--format=%H %cI", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeliveryError(f"the commit to release cannot be told: {done.stderr.strip()}")
    commit, time = done.stdout.split()
    changed = subprocess.run(["git", "-C", str(root), "status", "--porcelain"], capture_output=True, check=True).stdout
    moment = datetime.fromisoformat(time).astimezone(UTC)
    return commit + ("-changed" if changed else ""), f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def verify(store: Store, name: str, root: Path) -> None:
    """Ask GitHub whether this repository's workflow `release` made a release on `main`; needs `gh`, signed in.

    Raises
    ------
    DeliveryError
        Where there is no such release, or no such provenance.
    """
    release, repository = store.release(name), os.environ.get("GITHUB_REPOSITORY", "")
    if release is None:
        raise DeliveryError(f"there is no release {name!r} in {store.bucket}")
    if not repository:
        raise DeliveryError("GITHUB_REPOSITORY is not set: owner/name of the repository that makes the releases")
    file = root / ".aws-sam" / RELEASE
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(release.to_json())
    command = ["gh", "attestation", "verify", str(file), "--repo", repository, "--source-ref", "refs/heads/main"]
    command += ["--signer-workflow", f"{repository}/.github/workflows/release.yml", "--deny-self-hosted-runners"]
    if subprocess.run(command, check=False).returncode:
        raise DeliveryError(f"release {name} was not made by the workflow `release` on main: it is not deployed")
