"""Select the checks of a change: the suites of tests, the parts of the template to build, and whether to lint.

The rules are a table of paths. A file that no rule knows needs everything, and so does a change whose base is not
known: a mistake here may cost minutes, never a missed check.
"""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tools.delivery.output import say
from tools.delivery.template import Part, parts

SUITES = ("unit", "integration", "functional", "phone", "pipeline")
SERVICE = ("unit", "integration", "functional", "phone")

# The first rule that matches a path decides; `*` matches `/` too. No suites: text that no test reads.
RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("README.md", SUITES),
    ("docs/openapi.yaml", ("unit", "integration", "pipeline")),  # the studio has its types
    ("docs/campaigns.md", ("unit", "integration")),
    ("docs/identify.md", ("unit", "integration")),
    ("docs/messages.md", ("unit", "integration")),
    ("docs/delivery.md", ("unit", "pipeline")),
    ("docs/aws.md", ("unit", "pipeline")),
    ("docs/*", ("unit",)),
    ("samples/README.md", ("unit", "integration")),
    ("CHANGELOG.md", ("unit",)),
    ("infra/README.md", ("unit", "pipeline")),
    ("LICENSE", ()),
    ("tools/bench/*", ("unit", "integration")),
    (".github/*", ("pipeline",)),
    ("tools/delivery/*", ("unit", "integration", "pipeline")),
    ("infra/policies/*", ("integration", "pipeline")),
    ("infra/monitoring.yaml", ("unit", "integration", "pipeline")),
    ("infra/*", ("pipeline",)),
    ("tests/unit/*", ("unit",)),
    ("tests/integration/*", ("integration",)),
    ("tests/functional/*", ("functional",)),
    ("tests/phone/*", ("phone",)),
    ("tests/pipeline/*", ("pipeline",)),
    ("functions/*/requirements.txt", SUITES),
    ("functions/*/package*.json", ("phone", "pipeline")),
    ("functions/*/.npmrc", ("phone", "pipeline")),
    ("package*.json", ("unit", "phone", "pipeline")),
    (".npmrc", ("pipeline",)),
    ("eslint.config.mjs", ("pipeline",)),
    ("functions/tsconfig.json", ("pipeline",)),
    ("functions/*/tests/*", ("phone", "pipeline")),
    ("functions/*/*", SERVICE),
    ("src/*", SERVICE),
    ("layers/*", SERVICE),
    ("statemachine/*", SERVICE),
    ("tools/local/*", SUITES),
    ("samples/*", SUITES),
    ("events/*", SERVICE),
)
TYPESCRIPT = ("phone",)
"""Of a function in TypeScript, beside its own job, which checks and tests it: calls of the deployed webhook."""
TEXT = ("*.md", "LICENSE", "docs/images/*")
"""What linters do not look at."""


@dataclass(frozen=True)
class Selection:
    """What a change needs."""

    lint: bool
    suites: tuple[str, ...]
    services: tuple[Part, ...]

    @property
    def checks(self) -> list[str]:
        """The targets of the Makefile that check it."""
        found = ["lint", "contract", "scan"] if self.lint else []
        found += [*self.suites, *(["rehearse"] if "functional" in self.suites else [])]
        if any(part.language == "typescript" for part in self.services):
            found.append("typescript")  # esbuild looks at no types, and runs no tests
        return [*found, *(f"service-{part.name}" for part in self.services)]


def select(changed: Iterable[str] | None, root: Path) -> Selection:
    """The selection for changed paths (old and new names alike), or for everything (None)."""
    every = sources(root)
    paths = sorted(set(changed)) if changed is not None else None
    if paths is None:
        return Selection(True, SUITES, tuple(every))
    suites: set[str] = set()
    services: set[Part] = set()
    for path in paths:
        owners = {part for part, built_from in every.items() if any(_inside(path, source) for source in built_from)}
        needed = next((needed for pattern, needed in RULES if fnmatchcase(path, pattern)), None)
        # A folder under functions/ that no part is made of was taken out of the template or not yet put into it.
        if needed is None or (not owners and path.startswith(("functions/", "layers/"))):
            return Selection(True, SUITES, tuple(every))
        typed = bool(owners) and all(part.language == "typescript" for part in owners)
        suites |= set(TYPESCRIPT if typed and needed == SERVICE else needed)
        services |= owners
    lint = any(not any(fnmatchcase(path, pattern) for pattern in TEXT) for path in paths)
    return Selection(lint, tuple(s for s in SUITES if s in suites), tuple(p for p in every if p in services))


def changed_paths(base: str, head: str, root: Path) -> list[str] | None:
    """The paths that differ between the point where `head` left `base`, and `head`; None if that cannot be told.

    A rename counts as its old and its new path. `base` is a commit or "" for the last release's; a first push's base
    is all zeros.
    """
    base = base_of(base, head, root)
    if not base:
        return None
    listed = git_says(root, "diff", "--name-only", "--no-renames", "-z", f"{base}...{head}")
    return None if listed is None else [path for path in listed.split("\0") if path]


def base_of(base: str, head: str, root: Path) -> str:
    """The commit to compare with: the named one, or the last release's; "" if there is none."""
    base = base or (git_says(root, "describe", "--tags", "--abbrev=0", "--match=release-*", head) or "").strip()
    return base if base.strip("0") else ""


def main(base: str, head: str, root: Path) -> int:
    """Print the selection, for people and for the workflow; returns the exit code."""
    paths = changed_paths(base, head, root)
    selection = select(paths, root)
    print("everything: the base is not known" if paths is None else f"{len(paths)} paths changed")
    say("checks", json.dumps(selection.checks))
    return 0


def sources(root: Path) -> dict[Part, set[str]]:
    """The files and folders that each part is built from: its own, what it links to at its top, its layers'."""
    every = parts(root)
    own: dict[str, set[str]] = {}
    for part in every:
        folder = root / part.folder
        links = [entry.resolve() for entry in folder.iterdir() if entry.is_symlink()] if folder.is_dir() else []
        inside = {str(link.relative_to(root.resolve())) for link in links if link.is_relative_to(root.resolve())}
        own[part.name] = {part.folder} | inside
    return {part: own[part.name].union(*(own.get(layer, ()) for layer in part.layers)) for part in every}


def _inside(path: str, source: str) -> bool:
    return path == source or path.startswith(f"{source}/")


def git_says(root: Path, *arguments: str) -> str | None:
    """What git prints; None if it fails, as it does for a commit that this clone lacks."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
