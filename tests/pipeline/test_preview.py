"""The environment of a pull request on AWS: who gets one, its steps in their order, and that nothing of it stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from tools.delivery.preview import AGE, preview, remove, sweep
from tools.delivery.stage import Stage
from tools.delivery.store import DeliveryError

from tests.paths import ROOT
from tests.pipeline.conftest import REGION, git_in
from tests.pipeline.runner import Context, Runner, _Run, repository
from tests.pipeline.test_traces import VARS, first, warm_python
from tests.pipeline.workflows import WORKFLOWS, job

__all__ = ["first", "warm_python"]

ACCOUNT = "123456789012"
OURS, FORK = "octo-org/audio-stitcher", "mallory/audio-stitcher"
ON = {**VARS, "PREVIEWS": "on"}


def pull(repository: str = OURS, number: str = "7") -> dict[str, Any]:
    return {"pull_request": {"number": number, "head": {"repo": {"full_name": repository}}}}


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service)


def made(number: str, *, stack: bool = True) -> None:
    """What a pull request has on AWS: a stack, a bucket with versions and delete markers, a layer."""
    s3, bucket = client("s3"), f"pr-{number}-audios-preview-{ACCOUNT}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for data in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key="pipeline/hello.wav", Body=data)
    s3.delete_object(Bucket=bucket, Key="pipeline/hello.wav")
    client("lambda").publish_layer_version(LayerName=f"pr-{number}-ffmpeg-preview", Content={"ZipFile": b"zip"})
    if stack:
        body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
        client("cloudformation").create_stack(StackName=f"audio-stitcher-preview-{number}", TemplateBody=body)


def left() -> set[str]:
    """The names of all stacks, buckets and layers."""
    stacks = [each["StackName"] for each in client("cloudformation").describe_stacks()["Stacks"]]
    buckets = [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
    layers = [each["LayerName"] for each in client("lambda").list_layers()["Layers"] if each["LatestMatchingVersion"]]
    return {*stacks, *buckets, *layers}


def names(number: str) -> set[str]:
    return {
        f"audio-stitcher-preview-{number}",
        f"pr-{number}-audios-preview-{ACCOUNT}",
        f"pr-{number}-ffmpeg-preview",
    }


# ── Removal ──


def test_all_that_a_pull_request_has_is_removed_and_nothing_of_another(aws: str) -> None:
    made("7")
    made("70")
    client("s3").create_bucket(
        Bucket=f"stitcher-audios-dev-{ACCOUNT}", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    others = left() - names("7")
    remove("7", ROOT)
    assert left() == others
    remove("7", ROOT)  # nothing is there: nothing is done
    assert left() == others


def test_a_bucket_with_more_versions_than_a_page_is_emptied(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.delivery.preview.PAGE", 2)
    made("7", stack=False)
    for number in range(5):
        client("s3").put_object(Bucket=f"pr-7-audios-preview-{ACCOUNT}", Key=f"work/{number}", Body=b"")
    remove("7", ROOT)
    assert left() == set()


def test_what_lost_its_job_is_found_by_its_age(aws: str) -> None:
    made("7")
    made("8", stack=False)  # a stack was deleted, and the run ended before its buckets
    everything = left()
    assert sweep(ROOT) == []
    assert left() == everything, "a run may be at work on them"
    assert sweep(ROOT, datetime.now(UTC) + AGE + timedelta(minutes=1)) == ["7", "8"]
    assert left() == set()


@pytest.mark.parametrize("number", ["", "0", "07", "-1", "7 ", "7\n", "*", "../7", "٧", "1234567890"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(DeliveryError, match="not the number of a pull request"):
        preview(number, ROOT)


def test_the_settings_are_those_of_dev_but_for_the_names_and_nobody_gets_mail() -> None:
    found, dev = preview("7", ROOT), Stage.of("dev", ROOT).parameters
    assert found.stack == "audio-stitcher-preview-7"
    assert found.parameters == dev | {"Stage": "preview", "Prefix": "pr-7"}
    assert found.parameters["AlarmEmail"] == ""


# ── Who gets one ──


def starts(folder: Path, name: str, variables: dict[str, str], event: dict[str, Any]) -> bool:
    """Whether the condition of a job holds."""
    (folder / "work").mkdir(exist_ok=True)
    run = _Run(Runner(folder, folder, variables, {}, event=event), "0" * 40, Context(), Context())
    return bool(run.value(job(name).body["if"]))


@pytest.mark.parametrize("name", ["preview.build", "preview.preview"])
def test_a_pull_request_of_ours_has_one_where_it_is_set_up_and_a_fork_never(tmp_path: Path, name: str) -> None:
    assert starts(tmp_path, name, ON, pull())
    assert not starts(tmp_path, name, VARS, pull()), "not set up: nothing waits for anybody"
    assert not starts(tmp_path, name, {**ON, "PREVIEWS": "off"}, pull())
    assert not starts(tmp_path, name, ON, pull(FORK))
    assert not starts(tmp_path, name, ON, {}), "the nightly run"


def test_what_was_left_is_removed_by_the_code_of_main_only(tmp_path: Path) -> None:
    assert starts(tmp_path, "preview.removal", ON, {})
    assert not starts(tmp_path, "preview.removal", VARS, {})
    assert not starts(tmp_path, "preview.removal", ON, pull())


def test_people_look_before_a_token_is_there_and_nothing_is_built_beside_it() -> None:
    build, deploy = job("preview.build"), job("preview.preview")
    assert dict(build.body["permissions"]) == {"contents": "read"}
    assert deploy.needs == ["build"]
    steps = [step.get("run") or step["uses"] for step in deploy.steps]
    credentials = next(number for number, step in enumerate(steps) if "configure-aws-credentials" in step)
    assert steps.index("make tools") < credentials < steps.index("make preview")
    for each in (deploy, job("preview.removal")):
        (given,) = (step["with"] for step in each.steps if "configure-aws-credentials" in step.get("uses", ""))
        assert int(given["role-duration-seconds"]) == 3600 >= 60 * int(each.body["timeout-minutes"])


def test_a_pull_request_has_one_run_at_a_time_and_it_is_not_required() -> None:
    assert WORKFLOWS["preview"]["concurrency"] == {
        "group": "preview-${{ github.event.pull_request.number || 'removal' }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }
    assert '"context": "gate"' in (ROOT / ".github" / "rulesets" / "main.json").read_text()
    assert "preview on AWS" not in (ROOT / ".github" / "rulesets" / "main.json").read_text()


# ── Its steps, in their order ──


@pytest.fixture
def runner(aws: str, warm_python: str, tmp_path: Path, first: Path) -> Runner:
    """A runner for pull request 7 over a repository of this project, with an AWS on which nothing is deployed."""
    origin, _ = repository(tmp_path, first)
    environment = {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "WARM": warm_python,
    }
    return Runner(origin, tmp_path, dict(ON), environment, event=pull())


@pytest.fixture
def sha(runner: Runner) -> str:
    git = git_in(runner.folder / "clone")
    changed = runner.folder / "clone" / "functions" / "plan" / "content.txt"
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text("one")
    tools = runner.folder / "clone" / "tools" / "delivery" / "preview.py"
    tools.parent.mkdir(parents=True)
    tools.write_text("raise SystemExit('the tools of the change run beside a token')")
    git("add", str(changed), str(tools))
    git("commit", "--message=one")
    git("push", "origin", "HEAD:main")
    commit = git("rev-parse", "HEAD")
    assert runner.run("preview.build", commit)["success"]
    return commit


def test_a_change_is_built_deployed_tested_and_removed_with_the_tools_of_main(runner: Runner, sha: str) -> None:
    """The change breaks the tools, so each step that ran the change's own would fail."""
    made("7")  # of a run that was lost
    assert runner.run("preview.preview", sha)["success"]
    (deployed,) = runner.edges("deployed")
    assert (deployed["deployed"], deployed["stage"]) == ("one", "preview")
    assert 'Stage="preview"' in deployed["overrides"]
    assert deployed["overrides"][-2:] == [
        "--role-arn", "arn:aws:iam::111111111111:role/foundation/audio-stitcher-preview-cloudformation",
    ]  # fmt: skip
    (tested,) = runner.edges("functional")
    assert (tested["functional"], tested["url"], tested["voice"]) == (sha, "https://api", "pipeline")
    assert left() == set()


@pytest.mark.parametrize("failing", ["FUNCTIONAL_EXIT", "CANARY_EXIT"])
def test_a_change_that_fails_is_removed_too(runner: Runner, sha: str, failing: str) -> None:
    runner.environment[failing] = "1"
    assert not runner.run("preview.preview", sha)["success"]
    assert len(runner.edges("deployed")) == 1
    assert len(runner.edges("functional")) == (failing == "FUNCTIONAL_EXIT")
    assert left() == set()


def test_the_nightly_run_removes_what_is_old(runner: Runner, sha: str) -> None:
    made("9")
    runner.event = {}
    main = git_in(runner.folder / "clone")("rev-parse", f"{sha}^")
    assert runner.run("preview.removal", main)["success"]
    assert left() == names("9"), "it is new: its run may be at work"
