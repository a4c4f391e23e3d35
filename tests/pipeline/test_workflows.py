"""Laws of the workflows. What actionlint, zizmor and checkov know of, they check (test_audit.py)."""

import re
import subprocess
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from tools.delivery.select_checks import SUITES, select

from tests.paths import ROOT
from tests.pipeline.workflows import ACTIONS, FOLDER, JOBS, WORKFLOWS, Job, before, job

each_job = pytest.mark.parametrize("job", JOBS, ids=str)
STAGES = ["dev", "test", "stage", "prod"]
# Commands that are not a target of the Makefile, each too small to be one.
SMALL = {
    'echo "$RELEASE may go to $STAGE"',
    "git worktree add --detach ../change",
    "git checkout --detach HEAD^1",
    'tar --extract --file="$RUNNER_TEMP/build.tar" --directory=../change',
    'git worktree add --detach ../release "$REF"',
    "git -C ../release merge-base --is-ancestor HEAD origin/main",
    'tar --create --file="$RUNNER_TEMP/build.tar" .aws-sam/build',
    'tar --extract --file="$RUNNER_TEMP/build.tar"',
    "exit 1",
}
# Who may do more than read, and why it must.
WRITES = {
    ("release.package", "id-token"): "AWS credentials; the signature of the provenance",
    ("release.package", "attestations"): "the provenance",
    ("release.tag", "contents"): "the tag",
    ("deploy.deploy", "id-token"): "AWS credentials",
    ("drift.drift", "id-token"): "AWS credentials",
    ("plan.plan", "id-token"): "AWS credentials that read",
    ("preview.preview", "id-token"): "AWS credentials, after a review",
    ("preview.removal", "id-token"): "AWS credentials",
    ("security.code", "security-events"): "the findings",
    ("rollback.rollback", "id-token"): "for deploy",
    **{(f"release.{stage}", "id-token"): "for deploy" for stage in STAGES},
}


def test_there_are_the_workflows_that_the_documentation_describes() -> None:
    assert set(WORKFLOWS) == {"ci", "release", "deploy", "rollback", "drift", "plan", "preview", "security"}


@pytest.mark.parametrize("file", [*FOLDER.glob("*.yml"), *ACTIONS.glob("*/action.yml")], ids=lambda file: file.stem)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(file: Path) -> None:
    lines = re.findall(r"^[ -]*uses: (.*)$", file.read_text(), re.MULTILINE)
    assert [
        line for line in lines if not re.fullmatch(r"\./\S+|[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+(\.\d+)*", line)
    ] == []


def test_one_action_has_one_pin() -> None:
    texts = [file.read_text() for file in (*FOLDER.glob("*.yml"), *ACTIONS.glob("*/action.yml"))]
    pins = {pin for text in texts for pin in re.findall(r"uses: (\S+@\S+)", text)}
    assert len(pins) == len({pin.split("@")[0] for pin in pins})


@each_job
def test_no_job_may_do_more_than_it_must(job: Job) -> None:
    assert WORKFLOWS[job.workflow]["permissions"] == {}, "what is not granted to a job is granted to none"
    granted = {name for name, access in job.body["permissions"].items() if access != "read"}
    assert granted == {name for where, name in WRITES if where == str(job)}


@each_job
def test_every_job_ends(job: Job) -> None:
    assert job.called or 0 < int(job.body["timeout-minutes"]) <= 120


@each_job
def test_nothing_is_pasted_into_a_command(job: Job) -> None:
    assert [run for run in job.runs if "${{" in run] == []


@each_job
def test_every_step_is_a_target_of_the_makefile(job: Job) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for run in job.runs:
        if run not in SMALL:
            command, target = run.split(" ")
            assert command == "make"
            assert target in targets or (str(job), target) == ("ci.checks", '"$CHECK"')


@each_job
def test_a_token_for_aws_is_given_only_in_an_environment(job: Job) -> None:
    """zizmor does not look for this. Roles trust environments, and environments say which branch may use them."""
    if job.may("id-token") == "write":
        called = [each for each in JOBS if each.workflow == job.called]
        assert called or "environment" in job.body
        assert all("environment" in each.body for each in called if each.may("id-token") == "write")


def test_the_environments_are_those_that_roles_trust_and_those_that_people_approve_in() -> None:
    named = {str(each): each.body["environment"] for each in JOBS if "environment" in each.body}
    assert named == {
        "release.package": "package",
        "deploy.approval": "approve-${{ inputs.stage }}",
        "deploy.deploy": "${{ inputs.stage }}",
        "drift.drift": "drift",
        "plan.plan": "plan",
        "preview.preview": "preview",
        "preview.removal": "preview-removal",
    }


def test_a_role_is_assumed_by_its_own_workflow_only() -> None:
    roles = {
        (str(each), step["with"]["role-to-assume"].rpartition("audio-stitcher-")[2].rpartition("-")[2])
        for each in JOBS
        for step in each.steps
        if "configure-aws-credentials" in step.get("uses", "")
    }
    assert roles == {
        ("release.package", "packaging"),
        ("deploy.deploy", "pipeline"),
        ("drift.drift", "drift"),
        ("plan.plan", "plan"),
        ("preview.preview", "preview"),
        ("preview.removal", "preview"),
    }


def test_there_are_no_secrets_and_no_keys() -> None:
    for path in FOLDER.glob("*.yml"):
        assert not re.search(r"secrets\b|aws-access-key|AWS_SECRET", path.read_text()), path


def test_nobody_elses_code_is_run_with_rights() -> None:
    triggers = {name: set(document["on"]) for name, document in WORKFLOWS.items()}
    assert triggers == {
        "ci": {"pull_request", "merge_group", "workflow_call"},
        "release": {"push"},
        "deploy": {"workflow_call"},
        "rollback": {"workflow_dispatch"},
        "drift": {"schedule", "workflow_dispatch"},
        "plan": {"pull_request"},
        "preview": {"pull_request", "schedule", "workflow_dispatch"},
        "security": {"pull_request", "push", "schedule"},
    }
    granted = [each.body["permissions"] for each in JOBS if each.workflow == "ci"]
    assert all(permissions in ({}, {"contents": "read"}) for permissions in granted)


def test_a_plan_is_shown_for_our_own_branches_only() -> None:
    """Its role reads, and is given to a pull request: the one token that is."""
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    assert job("plan.plan").body["if"].split(" && ")[0] == ours


@each_job
def test_a_checkout_leaves_no_credentials_behind(job: Job) -> None:
    for step in job.steps:
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] == "false"


@each_job
def test_only_checks_use_a_cache(job: Job) -> None:
    """A cache is filled by other runs: nothing of it is built into a release or run with credentials."""
    for step in job.steps:
        if "actions/setup-" in step.get("uses", "") and job.workflow != "ci":
            assert "cache" not in step["with"]
            assert "setup-node" not in step["uses"] or step["with"]["package-manager-cache"] == "false"
        assert not step.get("uses", "").startswith("./") or job.workflow == "ci", "our own actions use caches"


# ── ci ──


def test_the_gate_is_always_there_and_looks_at_every_job() -> None:
    """A required check that is filtered by path stays pending for ever, and merge queues know no path filters."""
    assert isinstance(WORKFLOWS["ci"]["on"], dict)
    assert set(WORKFLOWS["ci"]["on"].values()) == {""}, "no filters"
    assert job("ci.gate").body["if"] == "always()"
    assert set(job("ci.gate").needs) == {each.name for each in JOBS if each.workflow == "ci"} - {"gate"}


RESULTS = ("success", "failure", "cancelled", "skipped")


@pytest.mark.parametrize("checks", RESULTS)
@pytest.mark.parametrize("changes", RESULTS)
def test_the_gate_opens_where_all_that_is_needed_succeeded(changes: str, checks: str) -> None:
    """A check is skipped where none is needed, and where it is not known what is needed."""
    (step,) = job("ci.gate").steps
    assert step["run"] == "exit 1"
    results = {"changes": changes, "checks": checks}
    words = step["if"].split(" || ")
    assert words[0] == "needs.changes.result != 'success'"
    refused = re.findall(r"^contains\(needs\.\*\.result, '(\w+)'\)$", "\n".join(words[1:]), re.MULTILINE)
    assert len(refused) == len(words) - 1
    is_shut = changes != "success" or any(result in refused for result in results.values())
    assert is_shut is not (changes == "success" and checks in ("success", "skipped"))


def test_the_checks_run_exactly_where_there_are_any() -> None:
    checks = job("ci.checks")
    assert checks.needs == ["changes"]
    assert checks.body["if"] == "needs.changes.outputs.checks != '[]'"
    assert job("ci.changes").body["outputs"] == {"checks": "${{ steps.changes.outputs.checks }}"}
    assert checks.body["strategy"]["matrix"] == {"check": "${{ fromJSON(needs.changes.outputs.checks) }}"}
    assert checks.steps[-1]["env"]["CHECK"] == "${{ matrix.check }}"


def test_every_check_is_a_target_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    every = select(None, ROOT).checks
    assert {"lint", "contract", "scan", "rehearse", "typescript", *SUITES} <= set(every)
    assert [check for check in every if not any(fnmatchcase(check, name.replace("%", "*")) for name in targets)] == []


def test_an_environment_of_a_pull_request_has_the_settings_of_prod() -> None:
    assert job("ci.checks").steps[-1]["env"]["STAGE"] == "${{ matrix.check == 'rehearse' && 'prod' || 'dev' }}"


@pytest.mark.parametrize("name", ["changes", "checks"])
def test_a_comparison_sees_both_sides_and_the_releases(name: str) -> None:
    assert job(f"ci.{name}").steps[0]["with"]["fetch-depth"] == "0"
    base = job(f"ci.{name}").steps[-1]["env"]["BASE"]
    assert base == "${{ github.event.pull_request.base.sha || github.event.merge_group.base_sha }}"


# ── release ──


def test_a_push_to_main_is_released() -> None:
    assert WORKFLOWS["release"]["on"]["push"].keys() == {"branches", "paths-ignore"}
    assert WORKFLOWS["release"]["on"]["push"]["branches"] == ["main"]


def test_nothing_is_built_or_packaged_twice() -> None:
    built = [str(each) for each in JOBS for run in each.runs if re.search(r"\bmake (build|deploy)\b|sam build", run)]
    packaged = [str(each) for each in JOBS for run in each.runs if "make package" in run]
    assert (built, packaged) == (["preview.build", "release.build"], ["release.package"])


@pytest.mark.parametrize(
    "target", ["package", "verify", "promote", "note-passed", "rollback", "prune", "probe", "drift"]
)
def test_no_step_after_the_build_builds(target: str) -> None:
    command = ["make", "--always-make", "--dry-run", target, "RELEASE=0123456789ab", "STAGE=prod"]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"-m tools.delivery {target}" in planned
    assert "sam build" not in planned


def test_what_runs_other_peoples_code_holds_no_credentials() -> None:
    assert dict(job("release.build").body["permissions"]) == {"contents": "read"}
    package = [step.get("run") or step.get("uses", "") for step in job("release.package").steps]
    credentials = next(number for number, step in enumerate(package) if "configure-aws-credentials" in step)
    assert package.index("make tools") < credentials < package.index("make package")


def test_only_what_was_checked_goes_out_and_one_stage_after_the_other() -> None:
    for number, stage in enumerate(STAGES):
        earlier = set(before(job(f"release.{stage}")))
        assert earlier == {"ci", "build", "package", "tag", *STAGES[:number]}
        assert job(f"release.{stage}").called == "deploy"
        given = {"stage": stage, "release": "${{ needs.package.outputs.release }}"}
        assert job(f"release.{stage}").body["with"] == given
    assert job("release.ci").called == "ci"


def test_no_condition_lets_a_failed_job_pass() -> None:
    conditions = {
        str(each): each.body["if"]
        for each in JOBS
        if each.workflow not in ("ci", "plan", "preview", "security") and "if" in each.body
    }
    assert conditions == {}
    assert not any("continue-on-error" in (FOLDER / f"{name}.yml").read_text() for name in WORKFLOWS)


# ── deploy ──


def test_a_stage_takes_one_deployment_at_a_time_and_none_is_cancelled() -> None:
    expected = {"group": "deploy-${{ inputs.stage }}", "cancel-in-progress": "false", "queue": "max"}
    assert job("deploy.deploy").body["concurrency"] == expected
    assert WORKFLOWS["release"]["concurrency"]["cancel-in-progress"] == "false"


def test_a_release_is_approved_before_it_waits_for_its_stage() -> None:
    """A job that waits for its approval holds its place in a concurrency group: no rollback could pass it."""
    approval = job("deploy.approval")
    assert "concurrency" not in approval.body
    assert approval.body["permissions"] == {}, "it has no token"
    assert job("deploy.deploy").needs == ["approval"]
    assert "if" not in job("deploy.deploy").body, "a rejection, too, ends the deployment"
    assert "concurrency" not in WORKFLOWS["deploy"]
    assert not any("concurrency" in job(f"release.{stage}").body for stage in STAGES)
    assert "concurrency" not in WORKFLOWS["rollback"]
    assert "concurrency" not in job("rollback.rollback").body


def test_what_runs_beside_a_token_is_of_known_hashes() -> None:
    """No job with a token installs a package that is not in the list, builds, or installs what a release brings."""
    makefile = (ROOT / "Makefile").read_text()
    for each in JOBS:
        if each.may("id-token") == "write" and each.steps:
            for run in each.runs:
                if target := re.fullmatch(r"make ([a-z-]+)", run):
                    (needs,) = re.findall(rf"^{target[1]}:([^#]*)##", makefile, re.MULTILINE)
                    allowed = {"", "$(READY_DEPLOY)", "$(if $(value API_URL),$(READY_DEPLOY),$(READY_LOCAL) $(NODE))"}
                    assert needs.strip() in allowed, f"{each}: {run}"
    (install,) = re.findall(r"^\$\(READY_DEPLOY\):.*\n(?:\t.*\n)*", makefile, re.MULTILINE)
    assert re.findall(r"python \$\(PIP\) (.*)", install) == [
        "--no-deps --require-hashes --only-binary=:all: --find-links functions/wheels --requirement $<"
    ]
    functional = next(step for step in job("deploy.deploy").steps if step.get("run") == "make functional")
    assert functional["env"]["API_URL"], "and so the tests run with these packages"


def test_the_list_has_the_pinned_version_and_the_hashes_of_every_package() -> None:
    text = (ROOT / "tools" / "delivery" / "deploy.txt").read_text()
    entries = re.findall(
        r"^(\S+==\S+)(?: ; .*?)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE
    )
    assert len(entries) == text.count("==") - text.count("== '")
    listed = {name.lower() for name, _ in entries}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["deploy"]
    assert {re.sub(r"\[.*?\]", "", pin.split(";")[0].strip()) for pin in wanted} <= listed
    assert "://" not in text


def test_the_functional_tests_need_no_package_that_a_deployment_lacks() -> None:
    """A deployment runs them with the packages of deploy.txt. schemathesis, which also deletes, stays here."""
    others = {"schemathesis", "playwright", "soundfile", "moto", "yaml", "requests"}
    for path in (*(ROOT / "tests" / "functional").glob("*.py"), ROOT / "tests" / "conftest.py"):
        imported = set(re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
        assert not imported & others, path


def test_a_deployment_is_checked_promoted_tested_and_noted_in_this_order() -> None:
    assert job("deploy.deploy").runs == [
        'git worktree add --detach ../release "$REF"',
        "git -C ../release merge-base --is-ancestor HEAD origin/main",
        "make tools",
        "make verify",
        "make promote",
        "make functional",
        "make note-passed",
        "make prune",
        "make rollback",
        "make notice",
    ]


def test_what_is_not_on_main_meets_no_credentials() -> None:
    steps = [step.get("run") or step["uses"] for step in job("deploy.deploy").steps]
    credentials = next(number for number, step in enumerate(steps) if "configure-aws-credentials" in step)
    assert steps.index("git -C ../release merge-base --is-ancestor HEAD origin/main") == 2 < credentials
    assert "ref" not in job("deploy.deploy").steps[0]["with"], "the run's own commit, which is on main"


def test_tools_and_settings_are_todays_and_the_tests_are_the_releases() -> None:
    """An older commit's settings would undo what was set for the stage since."""
    steps = job("deploy.deploy").steps
    assert not any("working-directory" in step for step in steps)
    assert [step["run"] for step in steps if step.get("env", {}).get("FOLDER") == "../release"] == ["make functional"]
    (worktree,) = (step for step in steps if step.get("run", "").startswith("git worktree"))
    assert worktree["env"] == {"REF": "${{ inputs.ref || github.sha }}"}


def test_what_was_deployed_and_does_not_pass_its_tests_is_taken_back() -> None:
    steps = {step.get("run"): step for step in job("deploy.deploy").steps}
    functional = steps["make functional"]
    expected = {"API_URL": "${{ steps.promote.outputs.api_url }}", "VOICE": "pipeline", "FOLDER": "../release"}
    assert functional["env"] == expected
    condition = steps["make rollback"]["if"].split(" && ")
    assert set(condition) == {
        "always()",  # a cancelled run, too
        "!inputs.back",
        "steps.promote.outputs.deployed == 'true'",
        "steps.functional.outcome != 'success'",
    }
    assert (steps["make promote"]["id"], functional["id"]) == ("promote", "functional")


def test_a_rollback_is_a_deployment_with_the_tests_of_its_own_commit() -> None:
    rollback = job("rollback.rollback")
    assert rollback.called == "deploy"
    assert rollback.body["with"] == {
        "stage": "${{ inputs.stage }}",
        "release": "${{ inputs.release }}",
        "ref": "refs/tags/release-${{ inputs.release }}",
        "back": "true",
    }
    assert WORKFLOWS["rollback"]["on"]["workflow_dispatch"]["inputs"]["stage"]["options"] == STAGES


@pytest.mark.parametrize("name", ["deploy.deploy", "drift.drift"])
def test_a_failure_is_told_to_those_who_get_the_alarms(name: str) -> None:
    last = job(name).steps[-1]
    assert (last["run"], last["if"]) == ("make notice", "failure()")


def test_drift_is_looked_for_every_night_in_every_stage() -> None:
    (schedule,) = WORKFLOWS["drift"]["on"]["schedule"]
    minute, hour, *rest = schedule["cron"].split()
    assert minute.isdigit()
    assert hour.isdigit()
    assert rest == ["*", "*", "*"]
    assert job("drift.drift").body["strategy"]["matrix"]["stage"] == STAGES
