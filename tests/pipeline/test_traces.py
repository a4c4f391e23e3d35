"""What becomes of a commit, step by step, in the order of the workflows (runner.py), without GitHub and without AWS."""

import json
import re
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from tools.delivery.select_checks import SUITES, select
from tools.delivery.store import History, Store
from tools.delivery.template import parts

from tests.paths import ROOT
from tests.pipeline.conftest import REGION, Git, git_in
from tests.pipeline.runner import Runner, first_commit, repository
from tests.pipeline.test_documents import imported
from tests.pipeline.test_probe import Api, api
from tests.pipeline.warm import DELIVERY, warm
from tests.pipeline.workflows import WORKFLOWS

__all__ = ["api"]

ARTIFACTS = "audio-stitcher-artifacts-444444444444"
VARS = {
    "AWS_REGION": REGION,
    "ARTIFACT_ACCOUNT": "444444444444",
    "ACCOUNTS": json.dumps(dict.fromkeys(("dev", "test", "stage", "prod"), "111111111111")),
}
STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
<member><StackName>s</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus>
<Outputs><member><OutputKey>ApiUrl</OutputKey><OutputValue>{url}</OutputValue></member>
<member><OutputKey>InputBucketName</OutputKey><OutputValue>clips</OutputValue></member></Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
RESOURCES = """<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<ListStackResourcesResult><StackResourceSummaries/></ListStackResourcesResult></ListStackResourcesResponse>"""
ACCOUNT = {"AccountUsage": {"TotalCodeSize": 1}, "AccountLimit": {"TotalCodeSize": 80_530_636_800}}


class Deployed(ThreadingHTTPServer):
    """CloudFormation and Lambda of a stage that is deployed: a stack with outputs, and nothing to prune. AWS Signer."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = url
        self.signed: list[str] = []
        """Keys of the signed copies."""


class Handler(BaseHTTPRequestHandler):
    server: Deployed

    def do_GET(self) -> None:
        _, _, job = self.path.partition("/signing-jobs/")
        copy = {"s3": {"bucketName": ARTIFACTS, "key": self.server.signed[int(job)]}} if job else {}
        self._answer(json.dumps({"status": "Succeeded", "signedObject": copy} if job else ACCOUNT))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/signing-jobs":
            place, number = json.loads(body)["destination"]["s3"], len(self.server.signed)
            self.server.signed.append(f"{place['prefix']}{number}.zip")
            Store(ARTIFACTS).write_once(self.server.signed[-1], b"signed")
            self._answer(json.dumps({"jobId": str(number), "jobOwner": "444444444444"}))
            return
        request = parse_qs(body)
        self._answer(RESOURCES if request["Action"] == ["ListStackResources"] else STACK.format(url=self.server.url))

    def _answer(self, body: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_commit(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def warm_python() -> Iterator[str]:
    with warm(DELIVERY) as address:
        yield address


@pytest.fixture
def runner(aws: str, api: Api, first: Path, warm_python: str, tmp_path: Path) -> Iterator[Runner]:
    """A runner over a repository of this project, with an artifact bucket and a stage that was deployed once."""
    s3: Any = boto3.client("s3")
    for name in (ARTIFACTS, "clips"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    origin, _ = repository(tmp_path, first)
    with Deployed(api.url) as stack:
        thread = threading.Thread(target=stack.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{stack.server_port}"
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": address,
            "AWS_ENDPOINT_URL_LAMBDA": address,
            "AWS_ENDPOINT_URL_SIGNER": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "WARM": warm_python,
        }
        yield Runner(origin, tmp_path, dict(VARS), environment)
        stack.shutdown()
        thread.join()


@pytest.fixture
def git(runner: Runner) -> Git:
    return git_in(runner.folder / "clone")


def commit(runner: Runner, git: Git, content: str) -> str:
    """A commit on main with this content."""
    changed = runner.folder / "clone" / "functions" / "plan" / "content.txt"
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(content)
    git("add", str(changed))
    git("commit", "--allow-empty", f"--message={content}")
    git("push", "origin", "HEAD:main")
    return git("rev-parse", "HEAD")


def made(runner: Runner, sha: str) -> str:
    """The name of the release that the workflow `release` makes of a commit, up to its tag."""
    assert runner.run("release.build", sha)["success"]
    packaged = runner.run("release.package", sha)
    assert packaged["success"]
    assert runner.run("release.tag", sha, release=packaged["release"])["success"]
    return str(packaged["release"])


def to_dev(runner: Runner, sha: str, release: str, **inputs: Any) -> bool:
    return bool(runner.run("deploy.deploy", sha, inputs={"stage": "dev", "release": release, **inputs})["success"])


def test_a_commit_is_built_packaged_named_deployed_tested_and_noted(runner: Runner, git: Git) -> None:
    sha = commit(runner, git, "one")
    name = made(runner, sha)
    found = Store(ARTIFACTS).release(name)
    assert found is not None
    assert found.commit == sha, "not marked as changed: the checkout is as it was committed"
    (code,) = (key for key in found.files if key.startswith("packages/"))
    assert re.fullmatch(r"packages/[0-9a-f]{32}-audio_stitcher/0\.zip", code), "the signed copy and nothing else"
    assert git("ls-remote", "origin", f"refs/tags/release-{name}").split()[0] == sha
    assert [each["wheels"] for each in runner.edges("wheels")] == [sha], "packages whose hashes were compared"
    runner.environment["GH_EXIT"] = "1"
    assert not to_dev(runner, sha, name), "GitHub does not know its signature"
    assert runner.edges("deployed") == []
    runner.environment["GH_EXIT"] = "0"
    assert to_dev(runner, sha, name)
    (deployment,) = runner.edges("deployed")
    assert (deployment["deployed"], deployment["stage"]) == ("one", "dev")
    (tests,) = runner.edges("functional")
    assert (tests["functional"], tests["voice"]) == (sha, "pipeline")
    history = Store(ARTIFACTS).history("dev")
    assert (history.running, [each.release for each in history.passed]) == (name, [name])
    assert any("--signer-workflow octo-org/audio-stitcher" in call["gh"] for call in runner.edges("gh"))


def test_what_fails_its_functional_tests_is_taken_back(runner: Runner, git: Git) -> None:
    """In a private repository, which has no attestations: nobody asks for them."""
    runner.vars["PROVENANCE"] = "off"
    first = commit(runner, git, "one")
    good = made(runner, first)
    assert to_dev(runner, first, good)
    second = commit(runner, git, "two")
    bad = made(runner, second)
    runner.environment["FUNCTIONAL_EXIT"] = "1"
    assert not to_dev(runner, second, bad)
    assert [each["deployed"] for each in runner.edges("deployed")] == ["one", "two", "one"]
    assert [each.release for each in Store(ARTIFACTS).history("dev").passed] == [good]
    assert not any("attestation" in call["gh"] for call in runner.edges("gh"))


def test_a_rollback_and_then_a_revert_on_main_go_out_and_the_bad_release_does_not_come_back(
    runner: Runner, git: Git
) -> None:
    first = commit(runner, git, "one")
    good = made(runner, first)
    assert to_dev(runner, first, good)
    second = commit(runner, git, "two")
    bad = made(runner, second)
    assert to_dev(runner, second, bad)

    third = commit(runner, git, "three")  # main went on
    assert to_dev(runner, third, good, back=True, ref=f"refs/tags/release-{good}")
    assert runner.edges("deployed")[-1]["deployed"] == "one"
    assert runner.edges("functional")[-1]["functional"] == first, "the tests of the release's own commit"

    fourth = commit(runner, git, "one")  # what the revert of the others makes of it
    assert made(runner, fourth) == good, "the content of the first"
    assert git("ls-remote", "origin", f"refs/tags/release-{good}").split()[0] == first
    assert to_dev(runner, fourth, good)
    assert not to_dev(runner, second, bad), "a run of the bad commit that was approved late"
    assert [each["deployed"] for each in runner.edges("deployed")] == ["one", "two", "one", "one"]


def test_what_is_not_on_main_is_not_run(runner: Runner, git: Git) -> None:
    """A tag may be put on anything."""
    first = commit(runner, git, "one")
    good = made(runner, first)
    git("commit", "--allow-empty", "--message=elsewhere")
    git("push", "origin", "HEAD:refs/tags/release-ffffffffffff")
    assert not to_dev(runner, first, good, ref="refs/tags/release-ffffffffffff")
    assert not any(runner.edges(kind) for kind in ("gh", "deployed", "functional")), (
        "no step after the look at its commit"
    )


# ── Documentation, one function, a bad canary, GitHub down ─────────────────────────────────────────────────────────


def released(path: str) -> bool:
    """Whether a push of this path alone starts the workflow `release`, by GitHub's rules of its `paths-ignore`."""
    ignored = WORKFLOWS["release"]["on"]["push"]["paths-ignore"]
    return not any(fnmatchcase(path, pattern.replace("**", "*")) for pattern in ignored)


@pytest.mark.parametrize("path", ["docs/page.md", "docs/images/picture.svg", "LICENSE"])
def test_documentation_alone_builds_nothing_and_is_not_released(path: str) -> None:
    selection = select([path], ROOT)
    assert (selection.services, released(path)) == ((), False)
    assert "functional" not in selection.suites


@pytest.mark.parametrize(
    ("path", "suites"),
    [
        ("tests/functional/test_new.py", {"functional"}),
        ("functions/phone/tests/new.test.ts", {"phone", "pipeline"}),
        ("studio/src/new.tsx", set(SUITES)),
    ],
)
def test_what_is_not_deployed_is_tested_and_not_released(path: str, suites: set[str]) -> None:
    """Otherwise stage and prod would ask people to approve a deployment of nothing."""
    assert set(select([path], ROOT).suites) == suites
    assert not released(path)


def test_whatever_is_built_or_deploys_is_released() -> None:
    """By path: a part of the template, what it links to, and every module of the delivery."""
    deploying = imported(*(ROOT / "tools" / "delivery").glob("*.py")) | {"template.yaml", "samconfig.toml", "Makefile"}
    assert [path for path in deploying if not released(path)] == []
    for part in parts(ROOT):
        files = [
            file for file in (ROOT / part.folder).rglob("*") if file.is_file() and "node_modules" not in file.parts
        ]
        unreleased = [file for file in files if not released(str(file.relative_to(ROOT)))]
        assert all(part.language == "typescript" and file.parent.name == "tests" for file in unreleased), part


def test_one_function_is_built_alone_and_released() -> None:
    path = "/".join(("functions", "voices", "app.py"))  # of which this test reads nothing
    selection = select([path], ROOT)
    assert [part.name for part in selection.services] == ["VoicesFunction"]
    assert selection.lint
    assert released(path)


def test_a_bad_canary_is_told_and_nothing_is_noted(runner: Runner, git: Git) -> None:
    """CloudFormation has then gone back by itself: there is nothing to test and nothing to roll back."""
    sha = commit(runner, git, "one")
    name = made(runner, sha)
    runner.environment["CANARY_EXIT"] = "1"
    sns: Any = boto3.client("sns")
    topic = sns.create_topic(Name="stitcher-alarms-dev")["TopicArn"]
    mailbox = boto3.client("sqs").create_queue(QueueName="mailbox")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{topic.split(':')[4]}:mailbox"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    assert not to_dev(runner, sha, name)
    assert runner.edges("functional") == []
    assert Store(ARTIFACTS).history("dev") == History()
    (told,) = boto3.client("sqs").receive_message(QueueUrl=mailbox)["Messages"]
    assert json.loads(told["Body"])["Subject"] == "a deployment failed in dev"


def test_while_github_is_down_a_laptop_goes_back_and_then_back_again(runner: Runner, git: Git) -> None:
    """With the role for emergencies (foundation/test_trust.py). Nothing of it asks GitHub."""
    names = []
    for content in ("one", "two", "three"):
        sha = commit(runner, git, content)
        names.append(made(runner, sha))
        assert to_dev(runner, sha, names[-1])
    asked = len(runner.edges("gh"))
    runner.environment["GH_EXIT"] = "1"
    for expected in ("two", "one"):
        assert runner.by_hand(sha, "make rollback", STAGE="dev", ARTIFACTS=ARTIFACTS)
        assert runner.edges("deployed")[-1]["deployed"] == expected
    assert not runner.by_hand(sha, "make rollback", STAGE="dev", ARTIFACTS=ARTIFACTS), "there is none before the first"
    assert len(runner.edges("gh")) == asked
    history = Store(ARTIFACTS).history("dev")
    assert (history.running, [each.release for each in history.good]) == (names[0], [names[0]])
