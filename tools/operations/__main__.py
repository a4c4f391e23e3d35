"""`python -m tools.operations`: alarms and dashboards from the objectives, load and costs."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tools import given
from tools.failures import Failure, in_words


def main() -> int:
    """Run one of the commands; returns the exit code."""
    options = _options()
    return in_words(lambda: _run(options))


def _options() -> argparse.Namespace:
    parser = given.Parser(prog="python -m tools.operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("monitoring", help="write infra/monitoring.yaml: alarms of error budgets, and dashboards")
    commands.add_parser("dashboard-images", help="draw the dashboards in docs/images/ from sample data")
    commands.add_parser("fault-recording", help="count metrics during a fault; write tests/recordings/")
    load = commands.add_parser("load", help="send a mix of calls; fails when an answer is not the expected one")
    load.add_argument("--url", default="", help="a deployed API; default: the embedded AWS")
    load.add_argument("--voice", default="", help="the voice that says the messages; default: the default voice")
    load.add_argument("--seconds", type=given.positive, default=30)
    load.add_argument("--at-once", type=given.whole(1, 64), default=4)
    load.add_argument("--save", action="store_true", help="save the functions' durations; `cost` reads them")
    cost = commands.add_parser("cost", help="estimate the cost of a call and of a month in a stage")
    cost.add_argument("--stage", default="prod", type=given.one_of(("dev", "test", "stage", "prod")))
    for name in ("hits", "made", "images"):
        cost.add_argument(f"--{name}", type=given.whole(0), default=0, help="a month")
    catalogue = commands.add_parser("catalogue", help="rebuild voices' catalogues from the recordings")
    catalogue.add_argument("--stage", type=given.filled, required=True)
    catalogue.add_argument("--voice", action="append", default=[], help="default: all voices; - is the default voice")
    erase = commands.add_parser("erase", help="delete recordings, pictures and campaigns for good")
    erase.add_argument("--stage", type=given.filled, required=True)
    erase.add_argument("--clips", default="", help="keys of recordings, or of voices' folders with a /")
    erase.add_argument("--pictures", default="", help="keys of pictures, of folders with a /, or ids of pictures")
    erase.add_argument("--campaigns", default="", help="ids of campaigns, or keys of their tables")
    erase.add_argument("--really", action="store_true", help="delete; otherwise only say what would be")
    again = commands.add_parser("redrive", help="try all failed pictures again")
    again.add_argument("--stage", type=given.filled, required=True)
    return parser.parse_args()


def _deployed(name: str) -> tuple[Any, dict[str, str]]:
    """A stage and its outputs. Raises `DeliveryError` where nothing is deployed."""
    from tools.delivery.stage import Stage
    from tools.delivery.store import DeliveryError

    stage = Stage.of(name, Path(__file__).parents[2])
    if not (outputs := stage.outputs()):
        raise DeliveryError(f"nothing is deployed to {name}: there is no stack {stage.stack} in {stage.region}")
    return stage, outputs


def _run(options: argparse.Namespace) -> int:
    # Each needs packages of its own environment.
    match options.command:
        case "monitoring":
            from tools.operations.monitoring import MONITORING, written

            MONITORING.write_text(written())
        case "dashboard-images":
            from tools.operations.dashboard_images import draw

            draw()
        case "fault-recording":
            from tools.operations.fault_recording import write

            write()
        case "load":
            from tools.operations.load import load as drive

            seconds, at_once = options.seconds, options.at_once
            return drive(options.url, options.voice, seconds=seconds, at_once=at_once, save=options.save)
        case "erase":
            from tools.operations.erase import carried_out, keys, planned

            named = keys(options.clips), keys(options.pictures), keys(options.campaigns)
            stage, outputs = _deployed(options.stage)
            s3, cache = stage.client("s3"), stage.parameters.get("CachePrefix", "cache/")
            try:
                erasure = planned(s3, outputs, *named, cache=cache)
            except ValueError as error:
                raise Failure(str(error)) from error
            print(erasure.report())
            if options.really:
                print(f"{carried_out(s3, erasure)} versions are deleted")
        case "redrive":
            from tools.operations.redrive import redrive

            stage, outputs = _deployed(options.stage)
            clients = stage.client("sqs"), stage.client("stepfunctions")
            redrive(*clients, outputs["FailedImagesQueueUrl"], outputs["IdentifyStateMachineArn"])
        case "catalogue":
            from tools.operations.catalogue import rebuild

            stage, _ = _deployed(options.stage)
            voices = ["" if voice == "-" else voice for voice in options.voice if voice]
            try:
                print(f"{rebuild(stage.client, stage.stack, voices)} voices are rebuilt in some seconds")
            except ValueError as error:
                raise Failure(str(error)) from error
        case "cost":
            from tools.operations.cost import report

            print(report(options.stage, options.hits, options.made, options.images))
    return 0


if __name__ == "__main__":
    sys.exit(main())
