"""Results of a command: printed, and passed to the workflow's next steps if it runs in one."""

import os
from pathlib import Path


def say(name: str, value: str) -> None:
    """Print one result, a single line."""
    print(f"{name}={value}", flush=True)
    if file := os.environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a") as output:
            output.write(f"{name}={value}\n")
