"""docs/delivery.md, "Adding a service": its steps, taken in a copy of this repository, for both languages."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tools.delivery.select_checks import select
from tools.delivery.template import Part, parts

from tests.paths import ROOT
from tests.pipeline.conftest import install_as_here
from tests.pipeline.runner import copy_tree

FUNCTION = """
  {name}Function:
    Type: AWS::Serverless::Function
{metadata}    Properties:
      Description: Says something
      CodeUri: functions/{folder}
{code}      AutoPublishAliasAllProperties: true
      DeploymentPreference:
        Enabled: !FindInMap [Environments, !Ref Stage, Canary]
        Type: Canary10Percent10Minutes
        Role: !If [Canary, !GetAtt ShiftRole.Arn, !Ref AWS::NoValue]
        Alarms: [!Ref {name}ErrorsAlarm]
      MemorySize: 128
      LoggingConfig: {{ LogGroup: !Ref {name}Log }}

  {name}Log:
    Type: AWS::Logs::LogGroup
    Properties: {{ LogGroupName: !Sub "/aws/lambda/${{Prefix}}-${{Stage}}-{folder}", RetentionInDays: 1 }}

  {name}ErrorsAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: "The function of {folder} crashes: docs/operations.md#calls-fail"
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions:
        - {{ Name: FunctionName, Value: !Ref {name}Function }}
        - {{ Name: Resource, Value: !Sub "${{{name}Function}}:live" }}
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 2
      Threshold: 3
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching

"""
TYPESCRIPT = {
    "app.ts": "export const handler = (): Promise<string> => Promise.resolve(`hello`);\n",
    "app.test.ts": """\
import { expect, test } from "vitest";

import { handler } from "./app";

test("it says hello", async () => {
  expect(await handler()).toBe("hello");
});
""",
    "package.json": json.dumps({"name": "echo", "private": True, "devDependencies": {"esbuild": "0.28.2"}}, indent=2)
    + "\n",
}
LISTS = [f"tests/unit/test_{name}.py" for name in ("template", "deployment", "handlers")]
"""Tests that list functions."""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with a function more in each language."""
    clone = tmp_path_factory.mktemp("service") / "clone"
    copy_tree(clone)
    told = (ROOT / "docs" / "delivery.md").read_text()
    shown = re.search(r"^( +)Metadata:\n(\1 .*\n)+", told, re.MULTILINE)
    assert shown
    metadata = "".join(f"    {line[len(shown[1]) :]}\n" for line in shown[0].splitlines())
    node = "".join(f"      {one}\n" for one in re.findall(r"`((?:Handler|Runtime): [\w.]+)`", told))
    template = (clone / "template.yaml").read_text()
    made = FUNCTION.format(name="Echo", folder="echo", metadata=metadata, code=node)
    made += FUNCTION.format(name="Greet", folder="greet", metadata="", code="")
    place = template.index("  # ── Recordings ──")
    (clone / "template.yaml").write_text(template[:place] + made.lstrip("\n") + template[place:])

    python, typescript = clone / "functions" / "greet", clone / "functions" / "echo"
    python.mkdir()
    (python / "app.py").write_text("def lambda_handler(event: object, context: object) -> str:\n    return 'hello'\n")
    (python / "requirements.txt").write_text("")
    for link in ("handlers", "stitcher"):
        (python / link).symlink_to(f"../../src/{link}")
    typescript.mkdir()
    for name, text in TYPESCRIPT.items():
        (typescript / name).write_text(text)
    shutil.copy(clone / "functions" / "phone" / ".npmrc", typescript)
    locked = json.loads((ROOT / "functions" / "phone" / "package-lock.json").read_text())
    packages = {name: one for name, one in locked["packages"].items() if "esbuild" in name}
    packages[""] = json.loads(TYPESCRIPT["package.json"])
    lock = {"name": "echo", "lockfileVersion": 3, "requires": True, "packages": packages}
    (typescript / "package-lock.json").write_text(json.dumps(lock, indent=2) + "\n")
    return clone


def run(folder: Path, *command: str) -> str:
    variables = os.environ | {"PYTHONPATH": str(folder / "src"), "AWS_DEFAULT_REGION": "ap-south-1"}
    done = subprocess.run(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    return done.stdout


def test_the_tests_that_list_functions_know_the_new_ones(extended: Path) -> None:
    (extended / "README.md").write_text(
        (extended / "README.md").read_text() + "\nsam local invoke GreetFunction -e .local/events/plan.json\n"
    )
    run(extended, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *LISTS)


def test_the_new_function_in_typescript_is_checked_and_tested(extended: Path, tmp_path: Path) -> None:
    """Beside no other code in TypeScript, which would take most of the time."""
    for name in ("Makefile", "package.json", "package-lock.json", "eslint.config.mjs", "pyproject.toml"):
        shutil.copy2(extended / name, tmp_path / name)
    shutil.copytree(extended / "functions" / "echo", tmp_path / "functions" / "echo")
    shutil.copy2(extended / "functions" / "tsconfig.json", tmp_path / "functions")
    (tmp_path / "functions" / "echo" / "node_modules").mkdir()
    install_as_here(tmp_path)
    (tmp_path / "functions" / "echo" / "node_modules" / ".ready").touch()
    assert "functions/echo/app.test.ts" in run(tmp_path, "make", "typescript")


def test_the_new_functions_are_selected_by_language(extended: Path) -> None:
    assert {
        Part("EchoFunction", "typescript", "functions/echo"),
        Part("GreetFunction", "python", "functions/greet"),
    } <= {*parts(extended)}
    typed = select(["functions/echo/app.ts"], extended)
    assert ([part.name for part in typed.services], typed.suites) == (["EchoFunction"], ("phone",))
    assert [part.name for part in select(["functions/greet/app.py"], extended).services] == ["GreetFunction"]
