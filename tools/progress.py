"""Runs a command that takes long, and says meanwhile what it does and for how long; needs nothing but Python.

python tools/progress.py "packages into .venv" -- pip install …

Its output is kept, and printed if it fails. On a terminal one line counts the seconds; elsewhere there is a line at the
beginning, one every 30 seconds, and one at the end.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

LOOK, TELL = 1, 30
"""Seconds between two looks at the clock: on a terminal, and elsewhere."""


@contextmanager
def told(what: str, out: IO[str] | None = None) -> Iterator[None]:
    """Say `what` is done for as long as the context lasts, and at its end how long that was."""
    stream = out or sys.stderr
    terminal, done, began = stream.isatty(), threading.Event(), time.monotonic()

    def seconds() -> str:
        return f"{time.monotonic() - began:.0f} s"

    def tell() -> None:
        while not done.wait(LOOK if terminal else TELL):
            print(f"\r{what} … {seconds()}" if terminal else f"{what}: {seconds()} …", end="" if terminal else "\n",
                  file=stream, flush=True)  # fmt: skip

    print(f"{what} …", end="" if terminal else "\n", file=stream, flush=True)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        print(f"\r{what}: {seconds()}   ", file=stream, flush=True)


def run(what: str, command: Sequence[str], **options: Any) -> tuple[int, str]:
    """Run a command under `told`; returns its exit code and all that it printed."""
    with tempfile.TemporaryFile("w+") as output, told(what):
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False, **options)
        output.seek(0)
        return done.returncode, output.read()


def main(arguments: Sequence[str]) -> int:
    """The command's exit code; what it printed only if it failed."""
    what, _, *command = arguments
    try:
        code, printed = run(what, command)
    except OSError as error:
        code, printed = 127, f"{command[0]}: {error.strerror}\n"
    if code:
        sys.stderr.write(printed)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
