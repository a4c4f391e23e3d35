"""Build once, package once: real builds of a service in both languages, by `sam`, into an S3 on this machine."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tools.delivery import sign
from tools.delivery.finish import finish
from tools.delivery.release import commit_of, package
from tools.delivery.sbom import sbom
from tools.delivery.store import DeliveryError, Release, Store

from tests.paths import ROOT
from tests.pipeline.conftest import Git, copy_service, git_in, install_as_here

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
CONSTRAINTS = (ROOT / "functions" / "constraints.txt").as_uri()
Built = tuple[Path, Path]


def checkout(folder: Path) -> Path:
    """The service with what checks its TypeScript, as installed here."""
    copy_service(folder / "service")
    for name in ("Makefile", "package.json", "package-lock.json", "eslint.config.mjs", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / "service" / name)
    shutil.copy2(ROOT / "functions" / "tsconfig.json", folder / "service" / "functions")
    install_as_here(folder / "service")
    return folder / "service"


def start_build(folder: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """`sam build` as `make build` calls it before it finishes the packages."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    variables |= {"PIP_CONSTRAINT": CONSTRAINTS, "PIP_BUILD_CONSTRAINT": CONSTRAINTS, "PIP_USE_PEP517": "1"}
    variables |= {"SAM_CLI_TELEMETRY": "0", "PIP_QUIET": "1"}
    command = ["sam", "build", "--parameter-overrides", f"PythonRuntime={RUNTIME}"]
    with (folder / "build.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=variables | environment, stdout=log, stderr=log)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, warm_sam: dict[str, str]) -> Built:
    """The same commit built in two folders, by people whose Pythons do not write the same files."""
    folders = (tmp_path_factory.mktemp("one") / "service", tmp_path_factory.mktemp("a longer way") / "to" / "service")
    for folder in folders:
        copy_service(folder)
        git = git_in(folder)
        git("init", "--initial-branch=main")
        git("add", "--all")
        git("commit", "--message=first", "--date=2026-01-02T03:04:05+05:30")
        (folder / ".git" / "info" / "exclude").write_text("build.log\n.aws-sam\n")
    (folders[1] / "functions" / "greet" / "__pycache__").mkdir()
    (folders[1] / "functions" / "greet" / "__pycache__" / "app.cpython-311.pyc").write_bytes(b"compiled here")
    (folders[1] / ".git" / "info" / "exclude").write_text("build.log\n.aws-sam\n__pycache__\n")
    running = [start_build(folders[0], **warm_sam, PYTHONDONTWRITEBYTECODE="1"), start_build(folders[1], **warm_sam)]
    for folder, process in zip(folders, running, strict=True):
        assert process.wait() == 0, (folder / "build.log").read_text()
        finish(folder, folder / ".aws-sam" / "build", RUNTIME)
    return folders


def files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under a folder, by its path there."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def packaged(folder: Path, bucket: str) -> Release:
    return package(Store(bucket), folder, folder / ".aws-sam" / "build")


def objects(bucket: str) -> dict[str, int]:
    """How many versions of each key there are."""
    s3: Any = boto3.client("s3")
    counts: dict[str, int] = {}
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        counts[version["Key"]] = counts.get(version["Key"], 0) + 1
    return counts


def test_two_builds_from_two_folders_hold_the_same_bytes(built: Built) -> None:
    first, second = (files(folder / ".aws-sam" / "build") for folder in built)
    assert first == second
    assert "GreetFunction/colorama/__init__.py" in first
    compiled = [name for name in first if name.startswith("GreetFunction/__pycache__/app.")]
    assert len(compiled) == 1, "what somebody's Python wrote into the source is not in it"
    assert (built[1] / ".aws-sam" / "build" / compiled[0]).read_bytes() != b"compiled here"


def test_a_typescript_function_is_one_bundled_file_without_a_source_map(built: Built) -> None:
    folder = built[0] / ".aws-sam" / "build" / "PhoneFunction"
    assert [path.name for path in folder.iterdir()] == ["app.js"]
    assert "sourceMappingURL" not in (folder / "app.js").read_text()
    code = (
        "require(process.argv[1]).handler(JSON.parse(process.argv[2])).then(answer => console.log(answer.statusCode))"
    )
    event = {"requestContext": {"requestId": "1"}, "pathParameters": {"provider": "twilio"}, "headers": {}}
    variables = {**os.environ, "AWS_REGION": "ap-south-1", "CALL_PROVIDERS": "twilio", "POWERTOOLS_LOG_LEVEL": "SILENT"}
    command = ["node", "-e", code, str(folder / "app.js"), json.dumps(event)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "403\n"


def test_two_builds_are_one_release_and_what_is_there_is_not_written_again(
    built: Built, bucket: str, warm_sam: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in warm_sam.items():
        monkeypatch.setenv(name, value)
    first = packaged(built[0], bucket)
    before = objects(bucket)
    second = packaged(built[1], bucket)
    assert (second.name, second.files) == (first.name, first.files)
    assert objects(bucket) == before
    assert set(before.values()) == {1}

    keys = [key for key in first.files if key.startswith("packages/")]
    assert len(keys) == 2
    assert all(re.fullmatch(r"packages/[0-9a-f]{32}", key) for key in keys)
    template = Store(bucket).read(first.template) or b""
    assert hashlib.sha256(template).hexdigest().startswith(first.name)
    assert all(f"s3://{bucket}/{key}".encode() in template for key in keys)
    assert str(built[0]).encode() not in template
    assert first.committed.endswith("Z")
    assert Store(bucket).release(first.name) == first
    Store(bucket).check(first)

    # Other code is another release, of which only the part that changed is new.
    other = built[0].with_name("other")
    shutil.copytree(built[0], other)
    (other / ".aws-sam" / "build" / "GreetFunction" / "app.py").write_text("changed = True\n")
    third = packaged(other, bucket)
    assert third.name != first.name
    assert len(set(third.files) - set(first.files)) == 3, "one part, the template, the bill of materials"

    # What somebody wrote over is noticed, by who would deploy it and by who would package the same again.
    s3: Any = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key=keys[0], Body=b"something else")
    with pytest.raises(DeliveryError, match="was changed"):
        Store(bucket).check(first)
    monkeypatch.setattr("tools.delivery.release._sam_package", lambda *_: template)  # what sam would say once more
    with pytest.raises(DeliveryError, match="made of other files"):
        packaged(built[0], bucket)


def test_the_bill_of_materials_lists_what_is_in_each_part_of_the_build(built: Built) -> None:
    data = sbom(built[0], built[0] / ".aws-sam" / "build")
    assert data == sbom(built[1], built[1] / ".aws-sam" / "build")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode()) is None
    found = {part["name"]: {entry["purl"] for entry in part["components"]} for part in json.loads(data)["components"]}
    assert found["GreetFunction"] == {"pkg:pypi/colorama@0.4.6"}
    pinned = json.loads((ROOT / "functions" / "phone" / "package.json").read_text())
    names = {purl.removeprefix("pkg:npm/").replace("%40", "@") for purl in found["PhoneFunction"]}
    assert {f"{name}@{version}" for name, version in pinned["dependencies"].items()} <= names
    assert not {name for name in names if name.startswith("esbuild@")}, "it makes the bundle, and is not in it"


def test_what_was_not_built_is_not_packaged(built: Built, bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    shutil.copytree(built[0], folder)
    shutil.rmtree(folder / ".aws-sam" / "build" / "GreetFunction")
    with pytest.raises(DeliveryError, match=r"lacks GreetFunction: run `make build`"):
        packaged(folder, bucket)
    shutil.rmtree(folder / ".aws-sam")
    with pytest.raises(DeliveryError, match=r"lacks template.yaml"):
        packaged(folder, bucket)
    with pytest.raises(DeliveryError, match="run `make build` first"):
        sbom(folder, folder / ".aws-sam" / "build")


def test_a_release_says_its_commit_and_when_and_whether_the_folder_differed(
    repository: tuple[Path, Git], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, git = repository
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T00:00:00+05:30")
    git("commit", "--allow-empty", "--message=at midnight in India")
    assert commit_of(folder) == (git("rev-parse", "HEAD"), "2026-01-01T18:30:00Z")
    (folder / "samconfig.toml").write_text("version = 0.1\n")
    assert commit_of(folder)[0].endswith("-changed")


@pytest.mark.parametrize("name", ["", "latest", "../deployed", "0123456789AB", "0" * 13])
def test_a_name_that_is_none_is_refused(bucket: str, name: str) -> None:
    with pytest.raises(DeliveryError, match="no release's name"):
        Store(bucket).release(name)


def test_without_a_bucket_nothing_is_tried() -> None:
    with pytest.raises(DeliveryError, match="ARTIFACTS is not set"):
        Store("")


FAULTS = {
    "prettier": ("style.ts", "export  const style = 1;\n", "style.ts"),
    "eslint": ("loose.ts", "export const loose = (value: any) => value;\n", "no-explicit-any"),
    "tsc": ("type.ts", 'export const wrong: number = "a text";\n', "TS2322"),
}


def test_each_check_of_typescript_finds_its_fault(tmp_path: Path) -> None:
    """esbuild takes types away without a look at them: the bundle would be built."""
    folder = checkout(tmp_path)
    for file in (folder / "functions" / "phone").rglob("*.ts"):
        file.unlink()  # looking at all of them takes seconds
    for name, text, _ in FAULTS.values():
        (folder / "functions" / "phone" / name).write_text(text)
    checks = json.loads((folder / "package.json").read_text())["scripts"]["check"].split(" && ")
    path = f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    for tool, (name, _, said) in FAULTS.items():
        (command,) = [each for each in checks if each.startswith(f"{tool} ")]
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode, tool
        assert name in done.stdout, done.stdout
        assert said in done.stdout, done.stdout


def test_make_typescript_fails_at_the_first_fault(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (folder / "functions" / "phone" / "style.ts").write_text("export  const style = 1;\n")
    done = subprocess.run(
        ["make", "typescript"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode
    assert "style.ts" in done.stdout


def test_a_signed_release_names_the_signed_copies_which_are_made_once(
    built: Built, empty_aws: str, warm_sam: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS Signer is the embedded AWS's."""
    for name, value in {**warm_sam, "SIGNING_PROFILE": "audio_stitcher"}.items():
        monkeypatch.setenv(name, value)
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(DeliveryError, match=r"profile 'audio_stitcher'.* does not exist"):
        packaged(built[0], "artifacts")
    signer: Any = boto3.client("signer")
    for name in ("audio_stitcher", "another"):
        signer.put_signing_profile(profileName=name, platformId="AWSLambda-SHA384-ECDSA")

    first = packaged(built[0], "artifacts")
    keys = [key for key in first.files if key.startswith("packages/")]
    assert len(keys) == 2
    assert all(re.fullmatch(r"packages/[0-9a-f]{32}-audio_stitcher/[0-9a-f-]{36}(\.zip)?", key) for key in keys)
    for key in keys:
        told = json.loads(Store("artifacts").read(key) or b"")
        assert (told["profileName"], told["source"]["key"]) == ("audio_stitcher", key.partition("-")[0])
    Store("artifacts").check(first)
    assert (built[0] / ".aws-sam" / "release" / "packaged.yaml").read_bytes() == Store("artifacts").read(first.template)

    before = objects("artifacts")
    second = packaged(built[1], "artifacts")
    assert (second.name, second.files) == (first.name, first.files)
    assert objects("artifacts") == before, "nothing is signed a second time"

    monkeypatch.setenv("SIGNING_PROFILE", "another")
    assert packaged(built[0], "artifacts").name != first.name
    s3.put_object(Bucket="artifacts", Key=keys[0], Body=b"something else")
    with pytest.raises(DeliveryError, match="was changed"):
        Store("artifacts").check(first)


ONE, TWO, THREE = (f"packages/{number:0>32}" for number in (1, 2, 3))
COPY_OF_ONE = f"{ONE}-audio_stitcher/job-0.zip"
TEMPLATE = f"""\
Resources:
  SayFunction:
    Properties:
      CodeUri: s3://artifacts/{ONE}
  OtherFunction:
    Properties:
      CodeUri: s3://artifacts/{ONE}
  Layer:
    Properties:
      ContentUri: s3://artifacts/{TWO}
  Workflow:
    Properties:
      DefinitionUri: s3://artifacts/{THREE}
"""


@pytest.fixture
def store(bucket: str) -> Store:
    """A bucket with the template's two pieces of code, of which the first has a signed copy."""
    store = Store(bucket)
    for key in (ONE, TWO, COPY_OF_ONE):
        store.write_once(key, b"code")
    return store


@pytest.fixture
def signer(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """AWS Signer, as its API reference says that it answers."""
    client: Any = boto3.client("signer")
    monkeypatch.setattr("tools.delivery.sign.boto3.client", {"signer": client}.__getitem__)
    with Stubber(client) as stubber:
        place = {"bucketName": store.bucket, "key": TWO, "version": store.version(TWO)}
        asked = {
            "source": {"s3": place},
            "destination": {"s3": {"bucketName": store.bucket, "prefix": f"{TWO}-audio_stitcher/"}},
            "profileName": "audio_stitcher",
        }
        stubber.add_response("start_signing_job", {"jobId": "job-1", "jobOwner": "1" * 12}, asked)
        yield stubber
        stubber.assert_no_pending_responses()


def test_only_code_without_a_copy_is_signed_and_nothing_but_code(store: Store, signer: Stubber) -> None:
    copy = {"bucketName": store.bucket, "key": f"{TWO}-audio_stitcher/job-1"}
    done = {"jobId": "job-1", "status": "Succeeded", "signedObject": {"s3": copy}}
    for _ in range(2):
        signer.add_response("describe_signing_job", done, {"jobId": "job-1"})
    found = sign.signed(store, TEMPLATE, "audio_stitcher")
    assert re.findall(r"s3://artifacts/(\S+)", found) == [COPY_OF_ONE, COPY_OF_ONE, copy["key"], THREE]
    assert re.sub(r"-audio_stitcher/\S+", "", found) == TEMPLATE


def test_a_signing_job_that_fails_ends_the_release(store: Store, signer: Stubber) -> None:
    failed = {"jobId": "job-1", "status": "Failed", "statusReason": "the file is malformed"}
    signer.add_response("describe_signing_job", failed, {"jobId": "job-1"})
    with pytest.raises(DeliveryError, match=f"did not sign s3://artifacts/{TWO}: the file is malformed"):
        sign.signed(store, TEMPLATE, "audio_stitcher")


def test_of_two_copies_that_were_made_at_once_everybody_takes_one(store: Store) -> None:
    store.write_once(f"{ONE}-audio_stitcher/a-later-job", b"code")
    assert store.first(f"{ONE}-audio_stitcher/") in {COPY_OF_ONE, f"{ONE}-audio_stitcher/a-later-job"}
    assert store.first(f"{THREE}-audio_stitcher/") is None
