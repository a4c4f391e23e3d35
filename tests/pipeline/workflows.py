"""The workflows as data, for tests: every value a text, as it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.paths import ROOT

FOLDER = ROOT / ".github" / "workflows"
ACTIONS = ROOT / ".github" / "actions"
"""This repository's own actions."""


@dataclass(frozen=True)
class Job:
    """One job of a workflow."""

    workflow: str
    name: str
    body: dict[str, Any]

    @property
    def needs(self) -> list[str]:
        needs = self.body.get("needs", [])
        return [needs] if isinstance(needs, str) else list(needs)

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.body.get("steps", []))

    @property
    def runs(self) -> list[str]:
        """The commands of its steps."""
        return [step["run"] for step in self.steps if "run" in step]

    @property
    def actions(self) -> list[str]:
        """The actions and the workflow that it uses."""
        return [body["uses"] for body in (self.body, *self.steps) if "uses" in body]

    @property
    def called(self) -> str:
        """The name of the workflow of this repository that it calls, or ""."""
        path: str = self.body.get("uses", "")
        return path.removeprefix("./.github/workflows/").removesuffix(".yml")

    def may(self, permission: str) -> str:
        """`read`, `write` or ""."""
        return str(self.body["permissions"].get(permission, ""))

    def __str__(self) -> str:
        return f"{self.workflow}.{self.name}"


# BaseLoader: `on` is no boolean, and `false` is what it says.
WORKFLOWS: dict[str, dict[str, Any]] = {
    path.stem: yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  # texts only
    for path in sorted(FOLDER.glob("*.yml"))
}
JOBS = [
    Job(workflow, name, body) for workflow, document in WORKFLOWS.items() for name, body in document["jobs"].items()
]


def job(name: str) -> Job:
    """A job by `workflow.job`."""
    return next(each for each in JOBS if str(each) == name)


def before(each: Job) -> Iterator[str]:
    """The jobs of its workflow that have succeeded when it starts."""
    for needed in each.needs:
        yield needed
        yield from before(job(f"{each.workflow}.{needed}"))
