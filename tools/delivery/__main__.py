"""`python -m tools.delivery …`: each command is a target of the Makefile, which is how people and workflows call it."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path.cwd()
BUILD = Path(".aws-sam") / "build"
WITHOUT_BUCKET = {"changes", "service", "lock", "wheels", "scan", "sbom", "probe", "drift", "adopt", "smoke", "prune"}
"""Commands that need no artifact bucket."""


def main() -> int:
    """Run one command; returns the exit code. What cannot be done is said in one line."""
    options = _parser().parse_args()
    if options.command == "gate":  # with nothing but Python
        from tools.delivery import gate

        return gate.main(os.environ.get("NEEDS", ""))
    if options.command == "tag":  # likewise
        from tools.delivery import tag

        return tag.main(options.release, ROOT)
    return _run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    changes = commands.add_parser("changes", help="which checks a change needs")
    changes.add_argument("--base", default="", help="the commit to compare with; the last release's by default")
    changes.add_argument("--head", default="HEAD")
    commands.add_parser("gate", help="whether every needed job succeeded (NEEDS: the workflow's context as JSON)")
    commands.add_parser("tag", help="name this commit in the repository").add_argument("--release", required=True)
    service = commands.add_parser(
        "service", help="build one part of the template, and run the tests that lie beside it"
    )
    service.add_argument("name")
    commands.add_parser("lock", help="pin the packages that the functions' own pins bring along")
    wheels = commands.add_parser("wheels", help="get the packages that a build needs, each checked against its hash")
    wheels.add_argument("--architecture", default="x86_64")
    wheels.add_argument("--runtime", default="", help="the template's own by default")
    commands.add_parser("scan", help="whether a package that is deployed has a published hole")
    commands.add_parser("sbom", help="the bill of materials of the build")
    commands.add_parser("package", help="upload the build's parts and the release that names them")
    for name, words in (
        ("verify", "whether a release's provenance and bytes are what they should be"),
        ("promote", "deploy a release to a stage"),
        ("note-passed", "note that a release passed its checks in a stage"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--release", required=True)
        if name != "verify":
            command.add_argument("--stage", required=True)
        if name == "promote":
            command.add_argument("--back", action="store_true", help="even where the stage runs a newer one")
    for name, words in (
        ("rollback", "deploy what passed before what runs"),
        ("releases", "what passed in a stage"),
        ("drift", "what differs from the template"),
        ("adopt", "give the buckets of a deleted stack a stack again"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--stage", required=True)
        if name == "rollback":
            command.add_argument("--failed", action="store_true", help="what runs did not pass: to what last did")
    prune = commands.add_parser("prune", help="remove versions that no rollback needs")
    prune.add_argument("--stage", required=True)
    prune.add_argument("--keep", type=int, default=None, help="how many of the newest versions stay; 10 by default")
    prune.add_argument("--dry-run", action="store_true", help="only say what would go")
    smoke = commands.add_parser("smoke", help="try every part of a deployed stage, and leave nothing behind")
    smoke.add_argument("--url", required=True)
    smoke.add_argument("--stage", required=True)
    probe = commands.add_parser("probe", help="signed traffic to an API, and what came back")
    probe.add_argument("--url", required=True)
    probe.add_argument("--voice", required=True)
    probe.add_argument("--seconds", type=float, default=60)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Each command imports what it needs: some of it takes seconds to load, and a deployment runs many commands."""
    from tools.delivery.store import DeliveryError

    try:
        return _without_bucket(options) if options.command in WITHOUT_BUCKET else _with_bucket(options)
    except (DeliveryError, LookupError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _without_bucket(options: argparse.Namespace) -> int:
    match options.command:
        case "changes":
            from tools.delivery import changes

            return changes.main(options.base, options.head, ROOT)
        case "service":
            from tools.delivery import service

            return service.main(options.name, ROOT)
        case "lock":
            from tools.delivery import hashes, lock

            lock.main(ROOT, ROOT / BUILD)
            hashes.write(ROOT)
            return 0
        case "wheels":
            from tools.delivery import hashes

            hashes.download(ROOT, options.architecture, options.runtime)
            return 0
        case "scan":
            from tools.delivery import scan

            return scan.main(ROOT)
        case "sbom":
            from tools.delivery import sbom

            sys.stdout.write(sbom.sbom(ROOT, ROOT / BUILD).decode())
            return 0
        case "probe":
            from tools.client import ambient_caller
            from tools.delivery import probe

            return probe.main(ambient_caller(options.url), options.voice, options.seconds)
    return _of_a_stack(options)


def _of_a_stack(options: argparse.Namespace) -> int:
    from tools.delivery.stage import Stage

    stage = Stage.of(options.stage, ROOT)
    match options.command:
        case "drift":
            from tools.delivery import drift

            return drift.main(stage)
        case "adopt":
            from tools.delivery import adopt

            return adopt.main(stage, ROOT)
        case "smoke":
            from tools.client import ambient_caller
            from tools.delivery import smoke
            from tools.delivery.store import Store

            releases = Store(os.environ["ARTIFACTS"]) if os.environ.get("ARTIFACTS") else None
            return smoke.main(ambient_caller(options.url), stage, releases, ROOT)
    from tools.delivery import prune

    return prune.main(stage, prune.KEEP if options.keep is None else options.keep, dry_run=options.dry_run)


def _with_bucket(options: argparse.Namespace) -> int:
    from tools.delivery import deploy
    from tools.delivery.output import say
    from tools.delivery.stage import Stage
    from tools.delivery.store import Store

    store = Store(os.environ.get("ARTIFACTS", ""))
    match options.command:
        case "package":
            from tools.delivery import release

            say("release", release.package(store, ROOT, ROOT / BUILD).name)
        case "verify":
            from tools.delivery import release

            release.verify(store, options.release, ROOT)
        case "promote":
            say(
                "api_url",
                deploy.promote(store, Stage.of(options.stage, ROOT), options.release, ROOT, back=options.back),
            )
        case "rollback":
            say("release", deploy.rollback(store, Stage.of(options.stage, ROOT), ROOT, failed=options.failed))
        case "releases":
            print(deploy.releases(store, Stage.of(options.stage, ROOT)))
        case "note-passed":
            deploy.record(store, Stage.of(options.stage, ROOT), options.release, ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
