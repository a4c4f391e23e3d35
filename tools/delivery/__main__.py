"""`python -m tools.delivery …`: each command is a target of the Makefile, which is how people and workflows call it."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path.cwd()
BUILD = Path(".aws-sam") / "build"


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
    commands.add_parser("sbom", help="the bill of materials of the build")
    commands.add_parser("package", help="upload the build's parts and the release that names them")
    for name, words in (
        ("verify", "whether a release's provenance and bytes are what they should be"),
        ("promote", "deploy a release to a stage"),
        ("record", "note that a release passed its checks in a stage"),
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
    from tools.client import ambient_caller
    from tools.delivery import adopt, changes, deploy, drift, lock, probe, prune, release, sbom, service, smoke
    from tools.delivery.output import say
    from tools.delivery.stage import Stage
    from tools.delivery.store import DeliveryError, Store

    try:
        match options.command:
            case "changes":
                return changes.main(options.base, options.head, ROOT)
            case "service":
                return service.main(options.name, ROOT)
            case "lock":
                return lock.main(ROOT, ROOT / BUILD)
            case "sbom":
                sys.stdout.write(sbom.sbom(ROOT, ROOT / BUILD).decode())
                return 0
            case "drift":
                return drift.main(Stage.of(options.stage, ROOT))
            case "adopt":
                return adopt.main(Stage.of(options.stage, ROOT), ROOT)
            case "prune":
                keep = prune.KEEP if options.keep is None else options.keep
                return prune.main(Stage.of(options.stage, ROOT), keep, dry_run=options.dry_run)
            case "probe":
                return probe.main(ambient_caller(options.url), options.voice, options.seconds)
            case "smoke":
                releases = Store(os.environ["ARTIFACTS"]) if os.environ.get("ARTIFACTS") else None
                return smoke.main(ambient_caller(options.url), Stage.of(options.stage, ROOT), releases, ROOT)
        store = Store(os.environ.get("ARTIFACTS", ""))
        match options.command:
            case "package":
                made = release.package(store, ROOT, ROOT / BUILD)
                say("release", made.name)
            case "verify":
                release.verify(store, options.release, ROOT)
            case "promote":
                stage = Stage.of(options.stage, ROOT)
                say("api_url", deploy.promote(store, stage, options.release, ROOT, back=options.back))
            case "rollback":
                say("release", deploy.rollback(store, Stage.of(options.stage, ROOT), ROOT, failed=options.failed))
            case "releases":
                print(deploy.releases(store, Stage.of(options.stage, ROOT)))
            case "record":
                deploy.record(store, Stage.of(options.stage, ROOT), options.release, ROOT)
    except (DeliveryError, LookupError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
