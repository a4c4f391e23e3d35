"""`make chaos`, `make load` and `make cost`."""

import argparse
import sys
import time

from endurance import chaos


def main() -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m endurance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    faults = commands.add_parser("chaos", help="fail every step and every call of AWS in turn, and check what is promised")
    faults.add_argument("--path", action="append", choices=[path.name for path in chaos.PATHS], default=[])
    faults.add_argument("--kind", action="append", default=[])
    options = parser.parse_args()
    return {"chaos": _chaos}[options.command](options)


def _chaos(options: argparse.Namespace) -> int:
    began = time.monotonic()
    outcomes = chaos.run(options.path, options.kind)
    print(f"{len(outcomes)} cases in {time.monotonic() - began:.0f} s")
    return 1 if any(outcome.broken for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
