"""Compile every module of some folders, with the interpreter that runs this: `python bytecode.py FOLDER …`.

Lambda cannot write bytecode: without it, each start of a function compiles what it imports. The files hold the hash of
their source instead of its time, and the path that it has on Lambda, so that two builds are the same. Python does not
check them when it loads them. This program needs the standard library only: it runs on the functions' own Python.
"""

import py_compile
import shutil
import sys
from pathlib import Path, PurePosixPath

TASK = PurePosixPath("/var/task")
"""Where Lambda unpacks a function."""


def main(folders: list[str]) -> int:
    """Compile the folders' modules; a module that several folders hold is compiled once. Returns the exit code."""
    compiled: dict[tuple[str, bytes], Path] = {}
    for folder in map(Path, folders):
        for old in sorted(folder.rglob("__pycache__")):
            shutil.rmtree(old)
        for source in sorted(folder.rglob("*.py")):
            name = source.relative_to(folder).as_posix()
            target = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
            same = compiled.setdefault((name, source.read_bytes()), target)
            if same is not target:
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(same, target)
                continue
            try:
                py_compile.compile(
                    str(source),
                    str(target),
                    str(TASK / name),
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            except py_compile.PyCompileError as error:
                print(error.msg, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
