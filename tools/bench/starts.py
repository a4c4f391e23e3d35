"""Processor time from nothing to a ready handler, of packages as Lambda gets them.

The packages are built and finished as for a release, for this machine's Python. Each start is a process of its own that
finds the package and Python's library, nothing else, and writes no bytecode. All take turns, so that other load meets
each of them. Beside them stand two floors: the interpreter, and the libraries that every function uses.
"""

import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from tools.bench.handlers import ENVIRONMENT, LAMBDA

ROUNDS = 15
FLOORS = {
    "the interpreter": "",
    "Powertools, X-Ray and a client of S3": (
        "from aws_lambda_powertools import Logger, Metrics, Tracer\n"
        "Logger(), Metrics(), Tracer(patch_modules=['botocore'])\n"
        "from botocore.session import get_session; get_session().create_client('s3')"
    ),
}
READY = "import app, handlers.buckets; handlers.buckets.client()"
END = "import os; os._exit(0)"
"""A ready function waits for its first request: how Python ends, 30 ms later, is no part of its start."""


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds of a processor: the least of all rounds, which other load disturbs least, and the median."""

    ms: float
    median_ms: float
    zipped_mb: float = 0
    """MB (10^6 bytes) of the package."""


def starts(build: Path, names: Sequence[str], rounds: int = ROUNDS) -> dict[str, Start]:
    """The floors, and the functions by their names in the template; `build` has a folder for each."""
    runs = {floor: (build / names[0], code) for floor, code in FLOORS.items()}
    runs |= {name: (build / name, READY) for name in names}
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (folder, code) in runs.items():
            taken[name].append(_started(folder, code))
    return {
        name: Start(min(each), statistics.median(each), zipped_mb(build / name) if name in names else 0)
        for name, each in taken.items()
    }


def _started(folder: Path, code: str) -> float:
    """Milliseconds of a processor of one process; with Python's isolated mode, nothing installed here is found."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}\n{END}"
    variables = ENVIRONMENT | LAMBDA | {"PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, "-I", "-S", "-B", "-c", code], env=variables)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{folder.name} does not start")
    return 1000 * (used.ru_utime + used.ru_stime)


def zipped_mb(folder: Path) -> float:
    """MB of a package as `sam` zips it."""
    with TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            for path in sorted(folder.rglob("*")):
                package.write(path, path.relative_to(folder))
        return file.tell() / 1e6
