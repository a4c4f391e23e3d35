"""A release to a stage and back, with a `sam` of this test's own: what is called, and what is left alone."""

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from tools.delivery import deploy
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError, Release, Store

from tests.paths import ROOT
from tests.pipeline.conftest import git_in
from tests.pipeline.test_probe import Api, api

__all__ = ["api"]

TEMPLATE = """\
Parameters:
  Stage: {Type: String}
  PythonRuntime: {Type: String, Default: python3.13}
  PermissionsBoundary: {Type: String, Default: ""}
  AtOnce: {Type: String, Default: "false"}
Resources: {}
# %s
"""
OUTPUTS = {
    "InputBucketName": "stitcher-audios-dev",
    "ApiUrl": "https://abc123.execute-api.ap-south-1.amazonaws.com/dev",
}
SAM = f"""#!{sys.executable} -S
import json, os, sys, time
with open(os.environ["SAM_LOG"], "a") as log:
    template = open(sys.argv[sys.argv.index("--template-file") + 1]).read()
    print(json.dumps({{"arguments": sys.argv[1:], "template": template}}), file=log)
time.sleep(float(os.environ.get("SAM_SECONDS", "0")))
sys.exit(int(os.environ.get("SAM_EXIT", "0")))
"""


@pytest.fixture
def store(bucket: str) -> Store:
    return Store(bucket)


@pytest.fixture
def dev(bucket: str, sam: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage dev of this repository, with its input bucket; its stack has outputs once it was deployed."""
    monkeypatch.setattr(Stage, "outputs", lambda _: OUTPUTS if calls(sam) else {})
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="stitcher-audios-dev", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    s3.put_bucket_versioning(Bucket="stitcher-audios-dev", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="stitcher-audios-dev", Key="hello.wav", Body=b"somebody's own recording")
    return Stage.of("dev", ROOT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with what deploying reads of a checkout, for what it writes."""
    for name in ("samconfig.toml", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def sam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `sam` on PATH that notes how it is called; returns its notes."""
    program = tmp_path / "bin" / "sam"
    program.parent.mkdir()
    program.write_text(SAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SAM_LOG", str(tmp_path / "calls"))
    return tmp_path / "calls"


@pytest.fixture(autouse=True)
def main(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where the run's commit is on main: its only number."""
    position = [1]
    monkeypatch.setattr(deploy, "position_of", lambda _: position[0])
    return position


def calls(sam: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sam.read_text().splitlines()] if sam.exists() else []


def release(store: Store, day: int, part: bytes = b"code", template: str = TEMPLATE) -> Release:
    """A release of a day in January, in the bucket as `make package` leaves it."""
    data = template % day if "%s" in template else template
    name = hashlib.sha256(data.encode()).hexdigest()[:12]
    key = f"packages/{hashlib.md5(part, usedforsecurity=False).hexdigest()}"
    store.write_once(key, part)
    files = {key: hashlib.sha256(part).hexdigest()}
    for file, content in (("packaged.yaml", data.encode()), ("sbom.cdx.json", b"{}")):
        store.write_once(f"releases/{name}/{file}", content)
        files[f"releases/{name}/{file}"] = hashlib.sha256(content).hexdigest()
    made = Release(name, f"{day:040x}", f"2026-01-{day:02}T00:00:00Z", files)
    store.write_once(f"releases/{name}/release.json", made.to_json())
    return made


def clips() -> dict[str, int]:
    """How many versions of each clip the stage's input bucket holds."""
    s3: Any = boto3.client("s3")
    counts: dict[str, int] = {}
    for version in s3.list_object_versions(Bucket="stitcher-audios-dev")["Versions"]:
        counts[version["Key"]] = counts.get(version["Key"], 0) + 1
    return counts


def options(call: dict[str, Any]) -> dict[str, list[str]]:
    """A call's options with their values."""
    found: dict[str, list[str]] = {}
    for word in call["arguments"][1:]:
        if word.startswith("--"):
            found[word] = []
        else:
            list(found.values())[-1].append(word)
    return found


def test_the_first_deployment_of_a_stage_takes_the_release_as_it_was_packaged(
    store: Store, dev: Stage, root: Path, sam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = release(store, 1)
    url = deploy.promote(store, dev, first.name, root)
    assert url == OUTPUTS["ApiUrl"]
    (call,) = calls(sam)
    assert call["arguments"][0] == "deploy"
    assert call["template"].encode() == store.read(first.template)
    found = options(call)
    assert found["--config-env"] == ["dev"]
    assert found["--config-file"] == [str(root / "samconfig.toml")]
    assert (found["--s3-bucket"], found["--s3-prefix"]) == (["artifacts"], ["deployed/dev"])
    assert "--no-resolve-s3" in found
    said = capsys.readouterr().out
    assert "its first deployment, with no canary and no probe" in said
    assert "deployed=true" in said


def test_every_parameter_is_the_releases_own_or_the_stages(
    store: Store, dev: Stage, root: Path, sam: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation would keep the last release's, and run this one on another Python than it was built for."""
    monkeypatch.setenv("PERMISSIONS_BOUNDARY", "arn:aws:iam::111111111111:policy/foundation/boundary")
    monkeypatch.setenv("EXECUTION_ROLE", "arn:aws:iam::111111111111:role/foundation/cloudformation")
    monkeypatch.setenv("ARTIFACTS_KEY", "arn:aws:kms:ap-south-1:444444444444:alias/artifacts")
    deploy.promote(store, dev, release(store, 1).name, root)
    found = options(calls(sam)[0])
    assert found["--parameter-overrides"] == [
        'PythonRuntime="python3.13"',
        'AtOnce="false"',
        'Stage="dev"',
        'PermissionsBoundary="arn:aws:iam::111111111111:policy/foundation/boundary"',
    ]
    assert found["--role-arn"] == ["arn:aws:iam::111111111111:role/foundation/cloudformation"]
    assert found["--kms-key-id"] == ["arn:aws:kms:ap-south-1:444444444444:alias/artifacts"]


def test_going_back_takes_no_canary(store: Store, dev: Stage, root: Path, sam: Path, api: Api) -> None:
    """Nine tenths of the callers would have the bad release for ten minutes more."""
    good = release(store, 1)
    deploy.note_passed(store, dev, good.name, root)
    deploy.promote(store, dev, good.name, root, back=True)
    assert 'AtOnce="true"' in options(calls(sam)[0])["--parameter-overrides"]
    older = TEMPLATE.replace('  AtOnce: {Type: String, Default: "false"}\n', "")
    deployed = root / "older.yaml"
    deployed.write_text(older % "older")
    assert "AtOnce" not in deploy._parameters(dev, deployed, back=True), "a release that does not know it yet"


def test_the_samples_lie_in_a_voice_of_their_own_and_nobodys_clips_are_touched(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", api.url)
    deploy.promote(store, dev, release(store, 1).name, root)
    deploy.promote(store, dev, release(store, 2).name, root)
    assert clips() == {"hello.wav": 1, "pipeline/hello.wav": 1, "pipeline/shreeshail.wav": 1}


def test_the_probe_calls_while_the_deployment_runs_and_no_longer(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    deploy.promote(store, dev, release(store, 1).name, root)
    monkeypatch.setenv("API_URL", api.url)
    monkeypatch.setenv("SAM_SECONDS", "0.3")
    deploy.promote(store, dev, release(store, 2).name, root)
    assert len(api.asked) >= 4
    assert f"probe: {len(api.asked)} × 200" in capsys.readouterr().out


def test_a_failed_deployment_is_said_and_noted_nowhere(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    first, second = release(store, 1), release(store, 2)
    deploy.promote(store, dev, first.name, root)
    deploy.note_passed(store, dev, first.name, root)
    capsys.readouterr()
    monkeypatch.setenv("API_URL", api.url)
    monkeypatch.setenv("SAM_EXIT", "1")
    with pytest.raises(DeliveryError, match="was not deployed to dev"):
        deploy.promote(store, dev, second.name, root)
    said = capsys.readouterr().out
    assert "probe: " in said
    assert "deployed=true" not in said
    assert [each.release for each in store.history("dev").passed] == [first.name]


def passes(store: Store, stage: Stage, name: str, root: Path) -> None:
    """A deployment that passes its checks."""
    deploy.promote(store, stage, name, root)
    deploy.note_passed(store, stage, name, root)


def deployed(sam: Path) -> str:
    """The name of the release that was deployed last."""
    return hashlib.sha256(calls(sam)[-1]["template"].encode()).hexdigest()[:12]


def test_what_fails_its_checks_is_taken_back_to_what_last_passed(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", api.url)
    good, bad, worse = (release(store, day) for day in (1, 2, 3))
    passes(store, dev, good.name, root)
    for failing in (bad, worse):
        deploy.promote(store, dev, failing.name, root)
        assert deploy.rollback(store, dev, root, failed=True) == good.name
        assert deployed(sam) == good.name
    assert [each.release for each in store.history("dev").good] == [good.name]

    before = len(calls(sam))
    deploy.promote(store, dev, good.name, root)
    assert deploy.rollback(store, dev, root, failed=True) == good.name
    assert len(calls(sam)) == before + 1, "what ran before the deployment was the same"


def test_what_passed_and_is_bad_all_the_same_is_taken_back_to_the_one_before(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And twice in a row, to the one before that: never forward to what was found to be bad."""
    monkeypatch.setenv("API_URL", api.url)
    first, second, third = (release(store, day).name for day in (1, 2, 3))
    for name in (first, second, third):
        passes(store, dev, name, root)
    assert deploy.rollback(store, dev, root) == second == deployed(sam)
    deploy.note_passed(store, dev, second, root)  # as the workflow does, when the tests pass
    assert deploy.rollback(store, dev, root) == first == deployed(sam)
    deploy.note_passed(store, dev, first, root)
    with pytest.raises(DeliveryError, match="nothing to go back to"):
        deploy.rollback(store, dev, root)

    passes(store, dev, third, root)  # mended otherwise, or a revert of the revert: it counts anew
    assert deploy.rollback(store, dev, root) == first


def test_what_was_found_bad_the_second_time_is_bad_although_it_passed_before(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, main: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revert and its revert on main: the same release passes twice, and a rollback marks its last time."""
    monkeypatch.setenv("API_URL", api.url)
    good, bad = (release(store, day).name for day in (1, 2))
    for position, name in enumerate((good, bad, good, bad), start=1):
        main[0] = position
        passes(store, dev, name, root)
    assert deploy.rollback(store, dev, root) == good
    with pytest.raises(DeliveryError, match="nothing to go back to"):
        deploy.rollback(store, dev, root)


def test_only_what_passed_in_a_stage_is_gone_back_to(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", api.url)
    first, second, failed = (release(store, day).name for day in (1, 2, 3))
    passes(store, dev, first, root)
    passes(store, dev, second, root)
    deploy.promote(store, dev, failed, root)
    with pytest.raises(DeliveryError, match=f"{failed} never passed in dev: `make releases STAGE=dev`"):
        deploy.promote(store, dev, failed, root, back=True)
    assert deploy.rollback(store, dev, root) == second
    deploy.promote(store, dev, first, root, back=True)
    assert deployed(sam) == first


def test_the_releases_of_a_stage_are_listed(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, main: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", api.url)
    assert deploy.releases(store, dev) == "dev runs nothing"
    first, second = (release(store, day).name for day in (1, 2))
    for position, name in ((7, first), (9, second)):
        main[0] = position
        passes(store, dev, name, root)
    deploy.rollback(store, dev, root)
    assert deploy.releases(store, dev).splitlines() == [
        f"dev runs {first}",
        f"{second}  commit 9 of main  made of 000000000000  rolled back",
        f"{first}  commit 7 of main  made of 000000000000",
    ]


def test_where_nothing_has_passed_there_is_nothing_to_go_back_to(
    store: Store, dev: Stage, root: Path, sam: Path
) -> None:
    deploy.promote(store, dev, release(store, 1).name, root)
    for failed in (False, True):
        with pytest.raises(DeliveryError, match="nothing to go back to"):
            deploy.rollback(store, dev, root, failed=failed)
    assert len(calls(sam)) == 1


def test_a_run_that_was_overtaken_is_refused(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, main: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An approval that comes late must not undo what was deployed meanwhile."""
    monkeypatch.setenv("API_URL", api.url)
    older, newer = release(store, 1), release(store, 2)
    main[0] = 2
    passes(store, dev, newer.name, root)
    main[0] = 1
    with pytest.raises(DeliveryError, match="a later run has passed in dev"):
        deploy.promote(store, dev, older.name, root)
    assert len(calls(sam)) == 1
    main[0] = 2
    deploy.promote(store, dev, newer.name, root)  # the same again is no step back
    assert len(calls(sam)) == 2


def test_a_revert_on_main_is_a_release_like_any_other(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, main: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its content is an old release's; its place on main is new."""
    monkeypatch.setenv("API_URL", api.url)
    good, bad = (release(store, day).name for day in (1, 2))
    for position, name in enumerate((good, bad, good), start=1):
        main[0] = position
        passes(store, dev, name, root)
    assert deployed(sam) == good
    assert store.history("dev").position == 3
    main[0] = 2
    with pytest.raises(DeliveryError, match="a later run has passed in dev"):
        deploy.promote(store, dev, bad, root)


def test_a_rollback_is_not_undone_by_a_run_from_before_it(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api, main: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", api.url)
    good, bad, waiting = (release(store, day).name for day in (1, 2, 3))
    for position, name in ((1, good), (2, bad)):
        main[0] = position
        passes(store, dev, name, root)
    main[0] = 4  # main went on
    assert deploy.rollback(store, dev, root) == good
    deploy.note_passed(store, dev, good, root)
    main[0] = 3
    with pytest.raises(DeliveryError, match="a later run has passed in dev"):
        deploy.promote(store, dev, waiting, root)


def test_the_place_on_main_grows_with_every_commit_and_is_not_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    folder = tmp_path / "repository"
    folder.mkdir()
    git = git_in(folder)
    git("init", "--initial-branch=main")
    for number in (1, 2, 3):
        git("commit", "--allow-empty", f"--message={number}")
        assert deploy.position_of(folder) == number
    git_in(tmp_path)("clone", "--depth=1", f"file://{folder}", "shallow")
    with pytest.raises(DeliveryError, match="shallow clone"):
        deploy.position_of(tmp_path / "shallow")
    with pytest.raises(DeliveryError, match="git rev-parse failed"):
        deploy.position_of(tmp_path)


def test_a_release_whose_bytes_were_changed_is_not_deployed(store: Store, dev: Stage, root: Path, sam: Path) -> None:
    changed = release(store, 1)
    s3: Any = boto3.client("s3")
    for key in changed.files:
        before = store.read(key)
        s3.put_object(Bucket="artifacts", Key=key, Body=b"other")
        with pytest.raises(DeliveryError, match="was changed"):
            deploy.promote(store, dev, changed.name, root)
        s3.put_object(Bucket="artifacts", Key=key, Body=before)
    s3.delete_object(Bucket="artifacts", Key=changed.template)
    with pytest.raises(DeliveryError, match="cannot be read"):
        deploy.promote(store, dev, changed.name, root)
    assert calls(sam) == []


def test_a_release_under_another_ones_name_is_not_deployed(store: Store, dev: Stage, root: Path, sam: Path) -> None:
    made = release(store, 1)
    renamed = Release("0" * 12, made.commit, made.committed, made.files)
    store.write_once("releases/000000000000/release.json", renamed.to_json())
    with pytest.raises(DeliveryError, match="not the name of its template"):
        deploy.promote(store, dev, "0" * 12, root)
    assert calls(sam) == []


def test_a_release_or_a_stage_that_there_is_not_is_refused(store: Store, dev: Stage, root: Path, sam: Path) -> None:
    with pytest.raises(DeliveryError, match="no release 'aaaaaaaaaaaa'"):
        deploy.promote(store, dev, "a" * 12, root)
    with pytest.raises(DeliveryError, match="choose one of local, dev, preview, test, stage, prod"):
        Stage.of("production", ROOT)
    assert calls(sam) == []


def test_every_stage_of_samconfig_can_be_deployed_to() -> None:
    for name in ("dev", "test", "stage", "prod"):
        stage = Stage.of(name, ROOT)
        assert (stage.stack, stage.parameters["Stage"]) == (f"audio-stitcher-{name}", name)


@pytest.mark.parametrize(
    ("code", "found"), [("ValidationError", {}), ("AccessDenied", None), ("Throttling", None)], ids=str
)
def test_only_a_stack_that_there_is_not_counts_as_an_empty_stage(
    aws: str, monkeypatch: pytest.MonkeyPatch, code: str, found: dict[str, str] | None
) -> None:
    stage = Stage.of("dev", ROOT)
    client: Any = boto3.client("cloudformation")
    monkeypatch.setattr(Stage, "client", lambda *_: client)
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_stacks", code)
        if found is None:
            with pytest.raises(ClientError, match=code):
                stage.outputs()
        else:
            assert stage.outputs() == found
        output = {"OutputKey": "ApiUrl", "OutputValue": "https://example.org"}
        stack = {"StackName": stage.stack, "CreationTime": 0, "StackStatus": "CREATE_COMPLETE", "Outputs": [output]}
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "audio-stitcher-dev"})
        assert stage.outputs() == {"ApiUrl": "https://example.org"}


SIGNABLE = TEMPLATE.replace(
    "Resources: {}",
    """\
  SigningProfiles: {Type: CommaDelimitedList, Default: ""}
Resources:
  SayFunction:
    Properties:
      CodeUri: s3://artifacts/packages/%s""",
)


def test_a_stage_that_names_who_signs_takes_no_unsigned_code(
    store: Store, dev: Stage, root: Path, sam: Path, api: Api
) -> None:
    """Before anything is deployed: Lambda would refuse the code in the middle of the deployment."""
    part = hashlib.md5(b"code", usedforsecurity=False).hexdigest()
    unsigned = release(store, 1, template=SIGNABLE % (part, 1))
    profile = "arn:aws:signer:ap-south-1:444444444444:/signing-profiles/audio_stitcher/0a1b2c3d4e"
    strict = replace(dev, parameters=dev.parameters | {"SigningProfiles": profile})
    with pytest.raises(DeliveryError, match=f"{unsigned.name} is not signed, and dev takes signed code only"):
        deploy.promote(store, strict, unsigned.name, root)
    assert calls(sam) == []

    signed = release(store, 2, template=SIGNABLE % (f"{part}-audio_stitcher/0a1b.zip", 2))
    older = release(store, 3)  # of before the setting
    for each in (signed, older):
        deploy.promote(store, strict, each.name, root)
    first, second = (options(call)["--parameter-overrides"] for call in calls(sam))
    assert f'SigningProfiles="{profile}"' in first
    assert not any("SigningProfiles" in each for each in second)
    deploy.promote(store, dev, unsigned.name, root)
