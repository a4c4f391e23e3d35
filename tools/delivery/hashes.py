"""Download of the packages of a build, each file compared with its SHA-256.

`functions/hashes.txt` holds the hashes for all runtimes and processors (`make lock`). A build gets its packages from
the folder of checked files, and from nowhere else: `sam build` calls pip twice for another processor, and the second
call takes no hashes.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from tools.delivery.store import DeliveryError
from tools.delivery.template import read

FILE, WHEELS, BUILT_HERE = (
    Path("functions") / "hashes.txt",
    Path(".aws-sam") / "wheels",
    Path("functions") / "wheels",
)
NEWER = ("manylinux_2_28", "manylinux_2_34")
"""What Amazon Linux 2023 takes besides; the runtime of Python 3.11 is Amazon Linux 2."""


def needs_interpreter(root: Path) -> None:
    """Raises `DeliveryError` where the interpreter that the template is built with is not on PATH, or does not run."""
    name = default_runtime(root)
    found = shutil.which(name)
    works = found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
    if not works:
        raise DeliveryError(
            f"the template is built with {name}, and there is no {name} that runs on PATH: install it (apt install "
            f"{name} {name}-venv, brew install {name.replace('python', 'python@')}, or pyenv), then call make again"
        )


def download(root: Path, architecture: str, runtime: str = "") -> None:
    """Get the files for a runtime (the template's own by default), for this machine and for the functions' processor.

    Raises `DeliveryError` where one is not what its hash says, or where the template's own interpreter is not there.
    """
    if not runtime:
        needs_interpreter(root)
    python = (runtime or default_runtime(root)).removeprefix("python")
    machine = {"arm64": "aarch64"}.get(architecture, architecture)
    here = platform.machine().replace("arm64", "aarch64")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("\n".join(_entries((root / FILE).read_text(), python)) + "\n")
        for each in dict.fromkeys((here, machine)):
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
            command += ["--requirement", str(wanted), "--dest", str(root / WHEELS)]
            command += ["--find-links", str(root / BUILT_HERE), *_target(python, each)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise DeliveryError(f"pip download failed: {done.stderr.strip()[-2_000:]}")


def default_runtime(root: Path) -> str:
    """The runtime that the template names, like `python3.13`."""
    default: str = read(root / "template.yaml")["Parameters"]["PythonRuntime"]["Default"]
    return default


def _entries(hashed: str, python: str) -> list[str]:
    """The entries of the file for a Python, without their markers: pip would ask the Python that it runs on."""
    environment = {"python_full_version": f"{python}.0", "python_version": python}
    found = []
    for entry in hashed.replace("\\\n", " ").splitlines():
        pin, *hashes = (each.strip() for each in entry.split(" --hash="))
        one = Requirement(pin)
        if not one.marker or one.marker.evaluate(environment):
            one.marker = None
            found.append(" --hash=".join([str(one), *hashes]))
    return found


def _target(python: str, machine: str) -> list[str]:
    tags = ("manylinux2014",) if python == "3.11" else ("manylinux2014", *NEWER)
    platforms = [option for tag in tags for option in ("--platform", f"{tag}_{machine}")]
    abis = [option for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for option in ("--abi", abi)]
    return ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, *abis, *platforms]
