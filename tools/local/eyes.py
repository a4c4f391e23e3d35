"""The process that looks at pictures (sight/), in an environment of its own, as the stand-in asks it."""

import base64
import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INTERPRETER = ROOT / ".venv-sight" / "bin" / "python"


class Eyes:
    """The running process; questions wait for each other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process, self._one = process, threading.Lock()
        self._ready = False

    def look(self, picture: bytes, schema: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """Who answered, and the answer; None for a question of a kind that it cannot answer, or if it ended."""
        question = {"picture": base64.b64encode(picture).decode(), "schema": schema}
        with self._one:
            if not self._ready:
                self._ready = bool(self._line())
            try:
                self._input.write(json.dumps(question) + "\n")
                self._input.flush()
            except OSError:
                return None
            found = self._line()
        return (found["by"], found["answer"]) if "answer" in found else None

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - for the type checker
        line = self._process.stdout.readline()
        return dict(json.loads(line)) if line else {}

    @property
    def _input(self) -> Any:
        return self._process.stdin


@contextlib.contextmanager
def open_eyes(log: Path) -> Iterator[Eyes | None]:
    """The process for as long as the context lasts; None where its environment is not installed."""
    if not INTERPRETER.exists():
        yield None
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [str(INTERPRETER), "-m", "tools.local.sight"]
    with log.open("w") as errors, subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
    ) as process:  # fmt: skip
        try:
            yield Eyes(process)
        finally:
            process.kill()
