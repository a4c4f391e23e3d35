"""`make chaos`."""

import sys
import time

from tools.chaos import trials


def main() -> int:
    """Try every fault and print the outcomes; returns the exit code, 1 if a promise was broken."""
    began = time.monotonic()
    outcomes = trials.run()
    broken = sum(bool(outcome.broken) for outcome in outcomes)
    print(trials.table(outcomes))
    print(f"\n{len(outcomes)} cases in {time.monotonic() - began:.0f} s; promises broken in {broken}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
