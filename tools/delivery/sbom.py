"""The bill of materials of a build, in CycloneDX 1.6: the packages of each part, in the build's folders.

The same build gives the same bytes: it carries no time and no random number.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.delivery.store import DeliveryError
from tools.delivery.template import Part, parts, read


def sbom(root: Path, build: Path) -> bytes:
    """The bill of materials of `build` (a folder of `sam build`), made from the template and lock files in `root`.

    Raises `DeliveryError` if nothing is built.
    """
    resources = read(root / "template.yaml")["Resources"]
    bom = Bom()
    for part in parts(root):
        folder = build / part.name
        if folder.is_dir():
            description = resources[part.name]["Properties"].get("Description")
            component = Component(
                name=part.name, type=ComponentType.APPLICATION, bom_ref=part.name, description=description
            )
            component.components.update(_contents(part, root, folder))
            bom.components.add(component)
    if not bom.components:
        raise DeliveryError(f"{build} holds no part of the template: run `make build` first")
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]  # the time and the tool
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(document["components"])).urn
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def _contents(part: Part, root: Path, folder: Path) -> Iterator[Component]:
    """Packages from PyPI that lie in the folder; npm's from the lock file, because a bundle is one file; else files."""
    if part.language == "python":
        for package in sorted(distributions(path=[str(folder)]), key=lambda package: package.name):
            yield _python_package(part, package)
    elif part.language == "typescript":
        for path, entry in sorted(
            json.loads((root / part.folder / "package-lock.json").read_text())["packages"].items()
        ):
            if path and not entry.get("dev"):
                yield _npm_package(part, path.rpartition("node_modules/")[2], entry)
    else:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = str(file.relative_to(folder))
            digest = HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(file.read_bytes()).hexdigest())
            yield Component(name=name, type=ComponentType.FILE, bom_ref=f"{part.name}/{name}", hashes=[digest])


def _python_package(part: Part, package: Distribution) -> Component:
    url = PackageURL("pypi", name=package.name.lower().replace("_", "-"), version=package.version)
    metadata: Any = package.metadata
    said = metadata.get("License-Expression") or metadata.get("License") or ""
    licenses = [LicenseFactory().make_from_string(said)] if 0 < len(said) < 100 else []
    return _library(part, url, licenses=licenses)


def _npm_package(part: Part, name: str, entry: dict[str, Any]) -> Component:
    scope, _, short = name.rpartition("/")
    url = PackageURL("npm", namespace=scope or None, name=short, version=entry["version"])
    algorithm, _, digest = entry.get("integrity", "").partition("-")
    hashes = (
        [HashType(alg=HashAlgorithm.SHA_512, content=base64.b64decode(digest).hex())] if algorithm == "sha512" else []
    )
    licenses = [LicenseFactory().make_from_string(entry["license"])] if "license" in entry else []
    return _library(part, url, hashes=hashes, licenses=licenses)


def _library(part: Part, url: PackageURL, **more: Any) -> Component:
    name = f"{url.namespace}/{url.name}" if url.namespace else url.name
    reference = f"{part.name}/{url}"
    return Component(name=name, version=url.version, type=ComponentType.LIBRARY, purl=url, bom_ref=reference, **more)
