"""`python -m tools.delivery …`: each command is a target of the Makefile; people and workflows call these targets."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path.cwd()
BUILD = Path(".aws-sam") / "build"
WITHOUT_BUCKET = {
    "changes",
    "service",
    "lock",
    "wheels",
    "finish",
    "scan",
    "sbom",
    "probe",
    "drift",
    "adopt",
    "smoke",
    "prune",
    "notice",
}
"""Commands that need no artifact bucket."""


def main() -> int:
    """Run one command; returns the exit code. A failure is printed as one line."""
    options = _parser().parse_args()
    if options.command == "gate":  # with nothing but Python
        from tools.delivery import gate

        return gate.main(os.environ.get("NEEDS", ""))
    if options.command == "tag":  # likewise
        from tools.delivery import tag

        return tag.main(options.release, ROOT)
    if options.command == "providers":  # likewise
        from tools.delivery import providers

        return providers.main(ROOT)
    return _run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    changes = commands.add_parser("changes", help="print the checks that a change needs")
    contract = commands.add_parser("contract", help="fail if a change breaks callers of the API")
    for command in (changes, contract):
        command.add_argument("--base", default="", help="the commit to compare with; default: the last release's")
        command.add_argument("--head", default="HEAD")
    commands.add_parser("gate", help="fail unless every needed job succeeded (NEEDS: the workflow's context as JSON)")
    commands.add_parser("tag", help="put a release's tag on this commit").add_argument("--release", required=True)
    service = commands.add_parser("service", help="build one function or layer of the template, and run its tests")
    service.add_argument("name")
    commands.add_parser("lock", help="pin the packages that the functions' own pins bring along")
    wheels = commands.add_parser("wheels", help="fetch the packages of a build and check their hashes")
    wheels.add_argument("--architecture", default="x86_64")
    wheels.add_argument("--runtime", default="", help="default: the template's runtime")
    finish = commands.add_parser("finish", help="compile a build, and leave out what is never called")
    finish.add_argument("--runtime", default="", help="default: the template's runtime")
    commands.add_parser("scan", help="fail if a deployed package has a published vulnerability")
    commands.add_parser("providers", help="compare Terraform's providers with their hashes in the repository")
    commands.add_parser("sbom", help="print the bill of materials of the build")
    commands.add_parser("package", help="upload the build's parts and the release that names them")
    for name, words in (
        ("verify", "check a release's signature and bytes"),
        ("promote", "deploy a release to a stage"),
        ("note-passed", "note that a release passed its checks in a stage"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--release", required=True)
        if name != "verify":
            command.add_argument("--stage", required=True)
        if name == "promote":
            command.add_argument("--back", action="store_true", help="even if the stage runs a newer release")
    for name, words in (
        ("rollback", "deploy the release that passed before the running one"),
        ("releases", "list the releases that passed in a stage"),
        ("drift", "print the differences from the template"),
        ("adopt", "make a stack of a deleted stack's buckets"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--stage", required=True)
        if name == "rollback":
            command.add_argument("--failed", action="store_true", help="the running release did not pass")
    notice = commands.add_parser("notice", help="tell the people who get a stage's alarms that something failed")
    notice.add_argument("--stage", required=True)
    notice.add_argument("--what", default="a job")
    prune = commands.add_parser("prune", help="remove versions that no rollback needs")
    prune.add_argument("--stage", required=True)
    prune.add_argument("--keep", type=int, default=None, help="the number of newest versions to keep; default: 10")
    prune.add_argument("--dry-run", action="store_true", help="only list the versions")
    smoke = commands.add_parser("smoke", help="try every part of a deployed stage, and remove the uploads")
    smoke.add_argument("--url", required=True)
    smoke.add_argument("--stage", required=True)
    probe = commands.add_parser("probe", help="send signed calls to an API and report failed ones")
    probe.add_argument("--url", required=True)
    probe.add_argument("--voice", required=True)
    probe.add_argument("--seconds", type=float, default=60)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Each command imports only its own modules: some take seconds to load, and a deployment runs many commands."""
    from tools.delivery.store import DeliveryError

    try:
        return _without_bucket(options) if options.command in WITHOUT_BUCKET else _with_bucket(options)
    except (DeliveryError, LookupError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _without_bucket(options: argparse.Namespace) -> int:
    match options.command:
        case "changes":
            from tools.delivery import select_checks

            return select_checks.main(options.base, options.head, ROOT)
        case "contract":
            from tools.delivery import contract

            return contract.main(options.base, options.head, ROOT)
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
        case "finish":
            from tools.delivery.finish import finish

            finish(ROOT, ROOT / BUILD, options.runtime)
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
        case "notice":
            from tools.delivery import notice

            return notice.main(stage, options.what)
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
            deploy.note_passed(store, Stage.of(options.stage, ROOT), options.release, ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
