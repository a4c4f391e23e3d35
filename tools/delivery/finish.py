"""Make what `sam build` built small and fast to start: bytecode, and only the parts of botocore that are called.

`sam build` alone gives packages that work the same and start slower. A function's own code says which services and
operations it calls: a client is made by `client("s3")`, and an operation is an attribute or a text, `get_object`.
"""

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from botocore import xform_name

from tools.delivery.hashes import default_runtime
from tools.delivery.store import DeliveryError
from tools.delivery.template import parts

BYTECODE = Path(__file__).with_name("bytecode.py")
CLIENT = re.compile(r"""client\(\s*["']([a-z0-9-]+)["']""")
NAME = re.compile(r"\b[a-z][a-z0-9_]+\b")
BY_BOTOCORE = {"s3": {"HeadBucket", "CreateSession", "CreateBucket"}}
"""Operations that botocore uses by itself: where a bucket has moved, for directory buckets, and to sign a form."""
Json = dict[str, Any]


def finish(root: Path, build: Path, runtime: str = "") -> None:
    """Finish a build of `sam build`, in its own folders; a finished build stays as it is.

    Parameters
    ----------
    root, build
        The folder of `template.yaml`, and what was built of it. Parts that were not built are passed over.
    runtime
        Whose interpreter compiles, like `python3.13`; the template's by default.

    Raises
    ------
    DeliveryError
        Where the interpreter is not installed, or a module cannot be compiled.
    """
    folders = {build / part.name: root / part.folder for part in parts(root) if part.language == "python"}
    built = {folder: source for folder, source in folders.items() if folder.is_dir()}
    for folder, source in built.items():
        _only_called(folder, "\n".join(_own_code(source)))
        for tests in sorted(folder.glob("*/**/tests")):
            shutil.rmtree(tests, ignore_errors=True)  # of packages
    if modules := [folder for folder in built if any(folder.rglob("*.py"))]:
        _compile(modules, runtime or default_runtime(root))


def _own_code(source: Path) -> Iterable[str]:
    """The text of a function's own modules, those that it links to among them."""
    for entry in sorted(source.iterdir()):
        for file in [entry] if entry.suffix == ".py" else sorted(entry.rglob("*.py")):
            yield file.read_text()


def _only_called(folder: Path, code: str) -> None:
    """Take out of a package's botocore the services and operations that its code does not name."""
    data = folder / "botocore" / "data"
    if not data.is_dir():
        return
    called, names = set(CLIENT.findall(code)), set(NAME.findall(code))
    prefixes = set()
    for service in sorted(path for path in data.iterdir() if path.is_dir()):
        if service.name not in called:
            shutil.rmtree(service)
            continue
        for version in service.iterdir():
            prefixes.add(_only_operations(version, names, BY_BOTOCORE.get(service.name, set())))
    endpoints = data / "endpoints.json"
    listed = json.loads(endpoints.read_text())
    for partition in listed["partitions"]:
        partition["services"] = {name: one for name, one in partition["services"].items() if name in prefixes}
    _write(endpoints, listed)


def _only_operations(version: Path, names: set[str], kept: set[str]) -> str:
    """Cut a service's model to the operations that are named, without texts; returns its prefix in endpoints.json."""
    (version / "examples-1.json").unlink(missing_ok=True)
    documents = {path.name.partition(".json")[0]: (path, _read(path)) for path in sorted(version.iterdir())}
    model = documents["service-2"][1]
    operations = {name: one for name, one in model["operations"].items() if xform_name(name) in names or name in kept}
    model["operations"] = operations
    model["shapes"] = _reached(model["shapes"], operations)
    _without_texts(model)
    if "paginators-1" in documents:
        pages = documents["paginators-1"][1]
        pages["pagination"] = {name: one for name, one in pages["pagination"].items() if name in operations}
    for path, document in documents.values():
        path.unlink()
        _write(path.with_name(path.name.removesuffix(".gz")), document)
    prefix: str = model["metadata"]["endpointPrefix"]
    return prefix


def _reached(shapes: Json, operations: Json) -> Json:
    """The shapes that the operations are made of."""
    found: Json = {}
    waiting = list(_shapes_in(operations))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = shapes[name]
            waiting += _shapes_in(shapes[name])
    return {name: found[name] for name in sorted(found)}


def _shapes_in(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "shape" and isinstance(inner, str):
                yield inner
            else:
                yield from _shapes_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _shapes_in(inner)


def _without_texts(value: Any) -> None:
    """Empty the documentation; botocore reads the key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "documentation" and isinstance(inner, str):
                value[name] = ""
            else:
                _without_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _without_texts(inner)


def _read(path: Path) -> Json:
    data = path.read_bytes()
    found: Json = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found


def _write(path: Path, document: Json) -> None:
    path.write_text(json.dumps(document, separators=(",", ":")))


def _compile(folders: list[Path], runtime: str) -> None:
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = sys.executable if runtime == here else shutil.which(runtime)
    if not interpreter:
        raise DeliveryError(f"{runtime} is not installed, and the functions run on it: install it, and build again")
    command = [interpreter, "-I", str(BYTECODE), *map(str, folders)]
    # Without its fixed seed, the order of a set in the code may be another one in each build.
    done = subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeliveryError(f"the functions could not be compiled: {done.stderr.strip()[-2_000:]}")
