"""`make chaos`, `make load` and `make cost`."""

import argparse
import sys
import time

from endurance import chaos


def main() -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m endurance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "chaos", help="fail every step and every call of AWS in turn on the embedded stack, and check what is promised"
    )
    options = parser.parse_args()
    return {"chaos": _chaos}[options.command](options)


def _chaos(_options: argparse.Namespace) -> int:
    began = time.monotonic()
    outcomes = chaos.run()
    broken = sum(bool(outcome.broken) for outcome in outcomes)
    print(chaos.table(outcomes))
    print(f"\n{len(outcomes)} cases in {time.monotonic() - began:.0f} s; promises broken in {broken}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
