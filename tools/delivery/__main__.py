"""`python -m tools.delivery …`: each command is a target of the Makefile; people and workflows call these targets."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.delivery.output import say

ROOT = Path.cwd()
BUILD = Path(".aws-sam") / "build"
OPTIONS: dict[str, dict[str, Any]] = {
    "name": {},
    "--architecture": {"default": "x86_64"},
    "--back": {"action": "store_true", "help": "even if the stage runs a newer release"},
    "--base": {"default": "", "help": "the commit to compare with; default: the last release's"},
    "--dry-run": {"action": "store_true", "help": "only list the versions"},
    "--failed": {"action": "store_true", "help": "the running release did not pass"},
    "--head": {"default": "HEAD"},
    "--keep": {"type": int, "help": "the number of newest versions to keep; default: 10"},
    "--release": {"required": True},
    "--runtime": {"default": "", "help": "default: the template's runtime"},
    "--seconds": {"type": float, "default": 60},
    "--stage": {"required": True},
    "--url": {"required": True},
    "--voice": {"default": ""},
    "--what": {"default": "a job"},
}


class _Modules:
    """Modules of this package and `client`, imported when they are called: some take seconds to load."""

    def __getattr__(self, name: str) -> Any:
        return importlib.import_module("tools.client" if name == "client" else f"tools.delivery.{name}")


use: Any = _Modules()


def _store() -> Any:
    return use.store.Store(os.environ.get("ARTIFACTS", ""))


def _stage(given: argparse.Namespace) -> Any:
    return use.stage.Stage.of(given.stage, ROOT)


def _prune(given: argparse.Namespace) -> int:
    keep = use.prune.KEEP if given.keep is None else given.keep
    code: int = use.prune.main(_stage(given), keep, dry_run=given.dry_run)
    return code


COMMANDS: dict[str, tuple[str, str, Callable[[Any], int | None]]] = {
    # With nothing but Python.
    "gate": (
        "fail unless every needed job succeeded (NEEDS: the workflow's context as JSON)", "",
        lambda _: use.gate.main(os.environ.get("NEEDS", "")),
    ),
    "tag": ("put a release's tag on this commit", "--release", lambda o: use.tag.main(o.release, ROOT)),
    "providers": ("compare Terraform's providers with their hashes", "", lambda _: use.providers.main(ROOT)),
    # Of a change and of a build.
    "changes": (
        "print the checks that a change needs", "--base --head",
        lambda o: use.select_checks.main(o.base, o.head, ROOT),
    ),
    "contract": (
        "fail if a change breaks callers of the API", "--base --head",
        lambda o: use.contract.main(o.base, o.head, ROOT),
    ),
    "scan": ("fail if a deployed package has a published vulnerability", "", lambda _: use.scan.main(ROOT)),
    "wheels": ("fetch the packages of a build and check their hashes", "--architecture --runtime",
        lambda o: use.hashes.download(ROOT, o.architecture, o.runtime),
    ),
    "service": ("build one function or layer of the template, and run its tests", "name",
        lambda o: use.service.main(o.name, ROOT),
    ),
    "finish": (
        "compile a build, and leave out what is never called", "--runtime",
        lambda o: use.finish.finish(ROOT, ROOT / BUILD, o.runtime),
    ),
    "sbom": (
        "print the bill of materials of the build", "",
        lambda _: print(use.sbom.sbom(ROOT, ROOT / BUILD).decode(), end=""),
    ),
    # With the artifact bucket.
    "package": (
        "upload the build's parts and the release that names them", "",
        lambda _: say("release", use.release.package(_store(), ROOT, ROOT / BUILD).name),
    ),
    "verify": ("check a release's signature", "--release", lambda o: use.release.verify(_store(), o.release, ROOT)),
    "promote": (
        "deploy a release to a stage", "--release --stage --back",
        lambda o: say("api_url", use.deploy.promote(_store(), _stage(o), o.release, ROOT, back=o.back)),
    ),
    "note-passed": (
        "note that a release passed its checks in a stage", "--release --stage",
        lambda o: use.deploy.note_passed(_store(), _stage(o), o.release, ROOT),
    ),
    "rollback": (
        "deploy the release that passed before the running one", "--stage --failed",
        lambda o: say("release", use.deploy.rollback(_store(), _stage(o), ROOT, failed=o.failed)),
    ),
    "releases": (
        "list the releases that passed in a stage", "--stage",
        lambda o: print(use.deploy.releases(_store(), _stage(o))),
    ),
    # Of a deployed stage.
    "prune": ("remove versions that no rollback needs", "--stage --keep --dry-run", _prune),
    "drift": ("print the differences from the template", "--stage", lambda o: use.drift.main(_stage(o))),
    "notice": (
        "tell the people who get a stage's alarms that something failed", "--stage --what",
        lambda o: use.notice.main(_stage(o), o.what),
    ),
    "adopt": ("make a stack of a deleted stack's buckets", "--stage", lambda o: use.adopt.main(_stage(o), ROOT)),
    "smoke": (
        "try every part of a deployed stage, and remove the uploads", "--url --stage",
        lambda o: use.smoke.main(
            use.client.ambient_caller(o.url), _stage(o), _store() if os.environ.get("ARTIFACTS") else None, ROOT
        ),
    ),
    "probe": (
        "send signed calls to an API and report failed ones", "--url --voice --seconds",
        lambda o: use.probe.main(use.client.ambient_caller(o.url), o.voice, o.seconds),
    ),
}  # fmt: skip


def main() -> int:
    """Run one command; returns the exit code. A failure is printed as one line."""
    parser = argparse.ArgumentParser(prog="python -m tools.delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (words, options, _) in COMMANDS.items():
        command = commands.add_parser(name, help=words)
        for option in options.split():
            command.add_argument(option, **OPTIONS[option])
    given = parser.parse_args()
    for option, rule in OPTIONS.items():  # what is not set reaches this as an empty text
        if getattr(given, option[2:].replace("-", "_"), None) == "":
            if rule.get("required"):
                parser.error(f"{option} is empty")
            setattr(given, option[2:].replace("-", "_"), rule.get("default", ""))
    try:
        return COMMANDS[given.command][2](given) or 0
    except Exception as error:
        if type(error) not in {use.store.DeliveryError, LookupError}:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
