"""Fixtures of the pipeline's tests: repositories of their own, and an S3 that programs can reach."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tools.local.root import variables
from tools.local.stack import emulator, free_port

from tests.paths import ROOT
from tests.pipeline.warm import CLIENT, SAM, warm

TWO_LANGUAGES = Path(__file__).parent / "fixtures" / "two_languages"
REGION = "ap-south-1"
Git = Callable[..., str]


def git_in(folder: Path) -> Git:
    """A function that runs git in a folder, without the settings of whoever runs the tests."""
    options = ["-C", str(folder), "-c", "user.name=Test", "-c", "user.email=test@example.org"]

    def git(*arguments: str) -> str:
        environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", *options, *arguments], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return git


def copy_service(folder: Path) -> Path:
    """A service of two languages, as a clone has it: a greeting in Python, and the product's webhook in TypeScript."""
    shutil.copytree(TWO_LANGUAGES, folder, ignore=shutil.ignore_patterns(".aws-sam"))
    shutil.copytree(
        ROOT / "functions" / "phone", folder / "functions" / "phone", ignore=shutil.ignore_patterns("node_modules")
    )
    return folder


def install_as_here(folder: Path) -> None:
    """Give a copy of this repository the environments of this one, and let `make` find them up to date.

    Otherwise it would install anew, through the links, into this repository.
    """
    for pattern in ("pyproject.toml", "package*.json", "functions/*/package*.json"):
        for file in folder.glob(pattern):
            os.utime(file, (0, 0))
    for name in (".venv", "node_modules", "functions/phone/node_modules"):
        if (folder / name).parent.exists():
            (folder / name).symlink_to(ROOT / name)


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, Git]:
    """A repository of the service of two languages, with code that the Python function links to; one commit."""
    folder = copy_service(tmp_path / "repository")
    (folder / "src" / "shared").mkdir(parents=True)
    (folder / "src" / "shared" / "words.py").write_text("HELLO = 'hello'\n")
    (folder / "functions" / "greet" / "shared").symlink_to("../../src/shared")
    (folder / "docs").mkdir()
    (folder / "docs" / "how.md").write_text("How it works.\n")
    git = git_in(folder)
    git("init", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--message=first")
    return folder, git


@pytest.fixture(scope="session")
def warm_sam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables with which `sam` is the real one, imported once."""
    folder = tmp_path_factory.mktemp("sam")
    (folder / "sam").write_text(f'{CLIENT}\nwarm("-m", "samcli", *sys.argv[1:])\n')
    (folder / "sam").chmod(0o755)
    with warm(SAM) as address:
        path = os.pathsep.join((str(folder), str(ROOT / ".venv" / "bin"), os.environ["PATH"]))
        yield {"WARM": address, "PATH": path, "SAM_CLI_POLL_DELAY": "0.5"}  # it looks again after seconds


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a moto on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Credentials and the address of an empty moto, in the environment, for this process and those that it starts."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    yield s3_server
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/moto-api/reset", method="POST")).close()


@pytest.fixture
def bucket(aws: str) -> str:
    """A versioned artifact bucket."""
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    return "artifacts"


@pytest.fixture
def empty_aws(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The embedded AWS with nothing deployed, in the environment: for what moto lacks. Its address."""
    port, folder = free_port(), tmp_path / "aws"
    folder.mkdir()
    with emulator(port, folder) as root:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        for name, value in variables(root).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it keeps the credentials that it found first
        yield f"http://127.0.0.1:{port}"
