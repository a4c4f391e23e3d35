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
    "--architecture": {"default": "x86_64"},
    "--back": {"action": "store_true"},
    "--base": {"default": ""},
    "--build": {"default": str(BUILD)},
    "--dry-run": {"action": "store_true"},
    "--failed": {"action": "store_true"},
    "--keep": {"type": int, "default": 10},
    "--number": {"required": True},
    "--release": {"required": True},
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


# The options of each command, and what it does. What it is for is said in the Makefile.
COMMANDS: dict[str, tuple[str, Callable[[Any], int | None]]] = {
    # With nothing but Python.
    "tag": ("--release", lambda o: use.tag.main(o.release, ROOT)),
    "providers": ("", lambda _: use.providers.main(ROOT)),
    # Of a change and of a build.
    "changes": ("--base", lambda o: use.select_checks.main(o.base, "HEAD", ROOT)),
    "contract": ("--base", lambda o: use.contract.main(o.base, "HEAD", ROOT)),
    "scan": ("", lambda _: use.scan.main(ROOT)),
    "wheels": ("--architecture", lambda o: use.hashes.download(ROOT, o.architecture)),
    "finish": ("--build", lambda o: use.finish.finish(ROOT, ROOT / o.build)),
    "sbom": ("", lambda _: print(use.sbom.sbom(ROOT, ROOT / BUILD).decode(), end="")),
    # With the artifact bucket.
    "package": ("", lambda _: say("release", use.release.package(_store(), ROOT, ROOT / BUILD).name)),
    "verify": ("--release", lambda o: use.release.verify(_store(), o.release, ROOT)),
    "promote": (
        "--release --stage --back",
        lambda o: say("api_url", use.deploy.promote(_store(), _stage(o), o.release, ROOT, back=o.back)),
    ),
    "note-passed": ("--release --stage", lambda o: use.deploy.note_passed(_store(), _stage(o), o.release, ROOT)),
    "rollback": (
        "--stage --failed",
        lambda o: say("release", use.deploy.rollback(_store(), _stage(o), ROOT, failed=o.failed)),
    ),
    "releases": ("--stage", lambda o: print(use.deploy.releases(_store(), _stage(o)))),
    # Of a pull request.
    "preview": ("--number", lambda o: use.preview.main(o.number, Path(os.environ.get("FOLDER") or ROOT))),
    "preview-remove": ("--number", lambda o: use.preview.remove(o.number, ROOT)),
    "preview-sweep": ("", lambda _: print("removed:", *use.preview.sweep(ROOT))),
    # Of a deployed stage.
    "prune": ("--stage --keep --dry-run", lambda o: use.prune.main(_stage(o), o.keep, dry_run=o.dry_run)),
    "drift": ("--stage", lambda o: use.drift.main(_stage(o))),
    "notice": ("--stage --what", lambda o: use.notice.main(_stage(o), o.what)),
    "adopt": ("--stage", lambda o: use.adopt.main(_stage(o), ROOT)),
    "smoke": (
        "--url --stage",
        lambda o: use.smoke.main(
            use.client.ambient_caller(o.url), _stage(o), _store() if os.environ.get("ARTIFACTS") else None, ROOT
        ),
    ),
    "probe": (
        "--url --voice --seconds",
        lambda o: use.probe.main(use.client.ambient_caller(o.url), o.voice, o.seconds),
    ),
}


def main() -> int:
    """Run one command; returns the exit code. A failure is printed as one line."""
    parser = argparse.ArgumentParser(prog="python -m tools.delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (options, _) in COMMANDS.items():
        command = commands.add_parser(name)
        for option in options.split():
            command.add_argument(option, **OPTIONS[option])
    given = parser.parse_args()
    for option, rule in OPTIONS.items():  # what is not set reaches this as an empty text
        if getattr(given, option[2:].replace("-", "_"), None) == "":
            if rule.get("required"):
                parser.error(f"{option} is empty")
            setattr(given, option[2:].replace("-", "_"), rule.get("default", ""))
    try:
        return COMMANDS[given.command][1](given) or 0
    except Exception as error:
        if type(error) not in {use.store.DeliveryError, LookupError}:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
