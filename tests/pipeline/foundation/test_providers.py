"""Terraform runs only providers whose hashes are in the repository."""

from pathlib import Path

import pytest
from tools.delivery import providers

from tests.paths import ROOT

GOOD = "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0="
ZIP = "zh:" + 64 * "0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with this project's list of hashes, before `terraform init`."""
    (tmp_path / "infra").mkdir()
    (tmp_path / providers.KNOWN).write_text((ROOT / providers.KNOWN).read_text())
    return tmp_path


def locked(root: Path, *hashes: str, name: str = "hashicorp/aws", version: str = "5.100.0") -> None:
    """What `terraform init` writes."""
    lines = "".join(f'    "{one}",\n' for one in hashes)
    (root / providers.FOUND).write_text(
        f'# by terraform\n\nprovider "registry.invalid/{name}" {{\n  version     = "{version}"\n'
        f'  constraints = "5.100.0"\n  hashes = [\n{lines}  ]\n}}\n'
    )


def test_the_provider_of_the_list_is_accepted_with_and_without_hashes_of_its_archive(root: Path) -> None:
    locked(root, GOOD)
    assert providers.main(root) == 0
    locked(root, ZIP, GOOD)
    assert providers.main(root) == 0


@pytest.mark.parametrize(
    ("hashes", "other"),
    [
        (("h1:0000000000000000000000000000000000000000000=",), {}),
        ((ZIP,), {}),
        ((), {}),
        ((GOOD,), {"version": "5.99.0"}),
        ((GOOD,), {"name": "mallory/aws"}),
    ],
    ids=["other files", "only the archive", "no hash", "another version", "another's provider"],
)
def test_any_other_provider_is_refused_by_name(
    root: Path, hashes: tuple[str, ...], other: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    locked(root, *hashes, **other)
    assert providers.main(root) == 1
    assert other.get("name", "hashicorp/aws") in capsys.readouterr().err


def test_without_an_init_nothing_is_accepted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert providers.main(root) == 1
    assert "terraform init" in capsys.readouterr().err


def test_the_list_has_the_version_that_the_module_asks_for() -> None:
    versions = (ROOT / "infra" / "versions.tf").read_text()
    listed = [line.split() for line in (ROOT / providers.KNOWN).read_text().splitlines() if not line.startswith("#")]
    assert all(f'version = "{version}"' in versions for _, version, _, _ in listed)
    assert {platform for _, _, platform, _ in listed} >= {"linux_amd64"}, "where the workflow runs"
