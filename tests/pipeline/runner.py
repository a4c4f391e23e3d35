"""Runs the steps of a workflow's job in their order, in a checkout of its own, as GitHub's runner does.

Stubs stand at the edges only: actions of others, `sam`, `gh`, AWS, the download of packages, and the functional tests.
What lies between them is what the workflows run: `make`, the tools, git.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.paths import ROOT
from tests.pipeline.conftest import git_in
from tests.pipeline.warm import CLIENT
from tests.pipeline.workflows import job

SAM = f"""{CLIENT}
if __name__ == "__main__" and sys.flags.isolated:
    warm(*sys.argv)
import hashlib
from pathlib import Path
arguments = sys.argv[1:]
option = lambda name: arguments[arguments.index(name) + 1]
note = lambda **what: open(os.environ["EDGE_LOG"], "a").write(json.dumps(what) + "\\n")
if arguments[0] == "build":
    sys.path.insert(0, os.getcwd())
    from tools.delivery.template import parts
    build = Path(".aws-sam/build")
    for part in parts(Path.cwd()):
        (build / part.name).mkdir(parents=True)
    content = Path("functions/plan/content.txt").read_text()
    (build / "template.yaml").write_text('Parameters: {{Stage: {{Type: String}}}}\\nResources: {{}}\\n# ' + content)
elif arguments[0] == "package":
    import boto3
    template = Path(option("--template-file")).read_text()
    key = "packages/" + hashlib.md5(template.encode()).hexdigest()
    boto3.client("s3").put_object(Bucket=option("--s3-bucket"), Key=key, Body=template.encode())
    code = "Resources:\\n  F:\\n    Properties:\\n      CodeUri: s3://" + option("--s3-bucket") + "/" + key
    Path(option("--output-template-file")).write_text(template.replace("Resources: {{}}", code))
else:
    template = Path(option("--template-file")).read_text()
    overrides = arguments[arguments.index("--parameter-overrides") + 1 :]
    note(deployed=template.split("# ")[1].strip(), stage=option("--config-env"), overrides=overrides)
    if "--stack-name" in arguments:
        import boto3
        name = option("--stack-name")
        bucket = "pr-" + name.rpartition("-")[2] + "-audios-preview-123456789012"
        place = {{"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}}
        boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        outputs = {{"ApiUrl": {{"Value": "https://api"}}, "InputBucketName": {{"Value": bucket}}}}
        body = {{"Resources": {{"Topic": {{"Type": "AWS::SNS::Topic"}}}}, "Outputs": outputs}}
        boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(body))
    sys.exit(int(os.environ.get("CANARY_EXIT", "0")))
"""
PYTHON = f"""{CLIENT}
import subprocess
command = " ".join(sys.argv[1:])
at = lambda: subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
note = lambda **what: open(os.environ["EDGE_LOG"], "a").write(json.dumps(what) + "\\n")
if command.startswith("-m pytest tests/functional"):
    note(functional=at(), url=os.environ["API_URL"], voice=os.environ["VOICE"])
    sys.exit(int(os.environ.get("FUNCTIONAL_EXIT", "0")))
elif command.startswith("-m tools.delivery wheels"):
    note(wheels=at())
elif command.startswith("-m tools.delivery"):
    warm(*sys.argv[1:])
else:
    os.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])
"""
GH = '#!/bin/sh\necho "{\\"gh\\": \\"$*\\"}" >> "$EDGE_LOG"\nexit "${GH_EXIT:-0}"\n'


class Nothing(str):
    """What a context does not have: empty, and so is all below it."""

    __slots__ = ()

    def __getattr__(self, name: str) -> "Nothing":
        return self


class Context(dict[str, Any]):
    """A context of GitHub's expressions."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name, Nothing())


def contexts(event: dict[str, Any]) -> Context:
    """An event as a context, and all below it."""
    return Context({name: contexts(value) if isinstance(value, dict) else value for name, value in event.items()})


@dataclass
class Runner:
    """A repository, what jobs hand to each other, and what happened at the edges."""

    origin: Path
    folder: Path
    vars: dict[str, str]
    environment: dict[str, str]
    artifacts: dict[str, Path] = field(default_factory=dict)
    event: dict[str, Any] = field(default_factory=dict)
    """`github.event`: what started the workflow."""

    @property
    def log(self) -> Path:
        return self.folder / "edges"

    def edges(self, kind: str) -> list[dict[str, Any]]:
        """What happened at one edge: `deployed`, `functional` or `gh`."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [line for line in lines if kind in line]

    def run(self, name: str, commit: str, *, inputs: dict[str, Any] | None = None, **needs: str) -> dict[str, Any]:
        """Run a job on a commit; returns its result and the outputs of its steps. `needs`: outputs of earlier jobs."""
        body = job(name).body
        run = _Run(self, commit, Context(inputs or {}), Context({"outputs": Context(needs)}))
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        run.workspace.parent.mkdir(parents=True)
        failed = False
        for step in body["steps"]:
            condition = str(step.get("if", "success()")).removeprefix("${{").removesuffix("}}").strip()
            if failed and not {"always()", "failure()"} & set(condition.split(" ")):
                continue
            if not run.value(condition, failed=failed):
                continue
            done = run.action(step) if "uses" in step else run.command(step, body.get("env", {}))
            run.outcomes(step, done)
            failed = failed or not done
        return {
            "success": not failed,
            **{key: value for each in run.steps.values() for key, value in each.outputs.items()},
        }

    def by_hand(self, commit: str, command: str, **variables: str) -> bool:
        """A command of a person on a laptop, in a clone at that commit; whether it succeeded."""
        run = _Run(self, commit, Context(), Context({"outputs": Context()}))
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        run.workspace.parent.mkdir(parents=True)
        run.action({"uses": "actions/checkout@x", "with": {"fetch-depth": "0"}})
        return run.command({"run": command}, variables)


@dataclass
class _Run:
    runner: Runner
    commit: str
    inputs: Context
    needed: Context
    steps: Context = field(default_factory=Context)

    @property
    def workspace(self) -> Path:
        return self.runner.folder / "work" / "repository"

    @property
    def temp(self) -> Path:
        path = self.runner.folder / "work" / "temp"
        path.mkdir(exist_ok=True)
        return path

    def value(self, expression: str, *, failed: bool = False) -> Any:
        """What one of GitHub's expressions is, of the few forms that the workflows use. `failed`: a step before did."""
        text = expression.replace("&&", " and ").replace("||", " or ")
        text = re.sub(r"!(?!=)", " not ", text)
        names = {
            "inputs": self.inputs,
            "vars": Context(self.runner.vars),
            "steps": self.steps,
            "needs": Context(dict.fromkeys(("package", "build"), self.needed)),
            "github": Context(
                sha=self.commit,
                token="token",
                repository="octo-org/audio-stitcher",
                event=contexts(self.runner.event),
                event_name="pull_request" if self.runner.event else "schedule",
            ),
            "runner": Context(temp=str(self.temp)),
            "fromJSON": lambda text: json.loads(text, object_hook=Context),
            "always": lambda: True,
            "failure": lambda: failed,
            "success": lambda: True,
        }
        return eval(text, {"__builtins__": {}}, names)  # noqa: S307  # the repository's own workflows

    def filled(self, text: str) -> str:
        def one(match: "re.Match[str]") -> str:
            found = self.value(match[1].strip())
            return "" if found in (None, False) else str(found)

        return re.sub(r"\$\{\{(.*?)\}\}", one, text)

    def outcomes(self, step: dict[str, Any], done: bool) -> None:
        if name := step.get("id"):
            output = self.temp / "output"
            lines = output.read_text().splitlines() if output.exists() else []
            said = Context(line.split("=", 1) for line in lines)
            self.steps[name] = Context(outcome="success" if done else "failure", outputs=said)

    def command(self, step: dict[str, Any], of_the_job: dict[str, str]) -> bool:
        """A `run` step: bash, with the variables that the step and the job set."""
        (self.temp / "output").write_text("")
        variables = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "CI": "true"} | self.runner.environment
        variables |= {"EDGE_LOG": str(self.runner.log), "RUNNER_TEMP": str(self.temp)}
        variables |= {"GITHUB_OUTPUT": str(self.temp / "output"), "GITHUB_REPOSITORY": "octo-org/audio-stitcher"}
        variables |= {name: self.filled(text) for name, text in {**of_the_job, **step.get("env", {})}.items()}
        folder = self.workspace / step.get("working-directory", ".")
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(bash, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        print(f"$ {step['run']}\n{done.stdout}{done.stderr}")
        return done.returncode == 0

    def action(self, step: dict[str, Any]) -> bool:
        """Somebody's action: what it would do to the folder."""
        name = step["uses"].split("@")[0]
        given = {key: self.filled(text) for key, text in step.get("with", {}).items()}
        if name == "actions/checkout":
            depth = [] if given.get("fetch-depth") == "0" else [f"--depth={given.get('fetch-depth', 1)}"]
            url = f"file://{self.runner.origin}"
            git_in(self.workspace.parent)("init", "--initial-branch=main", self.workspace.name)
            git = git_in(self.workspace)
            git("remote", "add", "origin", url)
            git("fetch", *depth, "origin", given.get("ref") or self.commit)
            if not depth:
                git("fetch", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
            git("checkout", "--detach", "FETCH_HEAD" if depth else given.get("ref") or self.commit)
            installed(self.workspace)
        elif name == "actions/upload-artifact":
            kept = self.runner.folder / f"artifact-{given['name']}"
            shutil.copy(given["path"], kept)
            self.runner.artifacts[given["name"]] = Path(given["path"])
        elif name == "actions/download-artifact":
            original = self.runner.artifacts[given["name"]]
            shutil.copy(self.runner.folder / f"artifact-{given['name']}", Path(given["path"]) / original.name)
        elif name == "actions/attest-build-provenance":
            return bool(list(self.workspace.glob(given["subject-path"])))
        else:
            assert name.startswith(("actions/setup-", "aws-actions/configure-aws-credentials"))
        return True


def installed(folder: Path) -> None:
    """What make would install for its targets, with the stubs in its place."""
    for environment in (".venv", ".venv-deploy"):
        programs = folder / environment / "bin"
        programs.mkdir(parents=True)
        for name, text in (("sam", SAM), ("python", PYTHON), ("gh", GH)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (folder / environment / ".ready").touch()


def copy_tree(folder: Path, *only: str) -> None:
    """What a clone would hold if everything here were committed: no file that git does not know of or ignores.

    `only`: patterns of the paths that are copied, instead of all.
    """
    listed = git_in(ROOT)("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *only)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists() or (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)


STEPS_READ = (
    ".gitignore", "*.toml", "Makefile", "template.yaml", "functions", "src", "tools", "samples/clips/*.wav",
)  # fmt: skip


def first_commit(folder: Path) -> Path:
    """A bare repository whose first commit has what the steps read: half of the files, in half of the time."""
    copy_tree(
        folder / "tree",
        ".gitignore",
        "*.toml",
        "Makefile",
        "template.yaml",
        "functions",
        "src",
        "tools",
        "samples/clips/*.wav",
    )
    git = git_in(folder / "tree")
    git("init", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--message=first")
    git_in(folder)("clone", "--bare", f"file://{folder}/tree", "first.git")  # in one pack: it is fetched often
    shutil.rmtree(folder / "tree")
    return folder / "first.git"


def repository(folder: Path, first: Path) -> tuple[Path, Path]:
    """A bare repository of this project, and a clone to commit in, which has no files but those that a commit adds."""
    origin, clone = folder / "origin.git", folder / "clone"
    git_in(folder)("clone", "--bare", "--shared", str(first), str(origin))
    git_in(folder)("clone", "--shared", "--no-checkout", str(origin), str(clone))
    git_in(clone)("reset", "--quiet")
    return origin, clone
