"""The one required check: every job of `ci` succeeded, or was skipped because the change does not need it.

Needs nothing but Python, so that it can always run.
"""

import json
from typing import Any

NOT_NEEDED = ("false", "[]")


def problems(needs: dict[str, dict[str, Any]]) -> list[str]:
    """Why the gate stays shut, from the workflow's `needs` context; empty if it opens.

    A skipped job is right only where the job `changes` succeeded and its output of that job's name says so.
    """
    changes = needs.get("changes", {})
    wanted = changes.get("outputs", {})
    found = [] if changes.get("result") == "success" else ["changes did not succeed: nothing is known to be unneeded"]
    for name, job in sorted(needs.items()):
        result = job.get("result")
        if name == "changes" or result == "success":
            continue
        if result != "skipped":
            found.append(f"{name}: {result}")
        elif wanted.get(name) not in NOT_NEEDED:
            found.append(f"{name} was skipped, but the change needs it")
    return found


def main(needs: str) -> int:
    """Open or shut the gate for the `needs` context as JSON; returns the exit code."""
    try:
        found = problems(json.loads(needs))
    except (ValueError, AttributeError) as error:
        found = [f"NEEDS is not the workflow's needs context: {error}"]
    print("\n".join(found) if found else "every check that this change needs has passed")
    return 1 if found else 0
