"""Imports one handler in a process that has loaded boto3 and nothing else; prints {"ms", "modules"} as JSON.

    python tools/bench/cold_import.py functions/stitch numpy,moto,…

The list names modules that shall not be there: those that the function's package does not bring. A program of its own
with hardly an import, because what is loaded before cannot be measured.
"""

import sys
import time

import boto3  # noqa: F401

FOLDER, HIDDEN = sys.argv[1], frozenset(sys.argv[2].split(","))
BEFORE = frozenset(sys.modules)


class _Hidden:
    """A finder that knows which modules are not there."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, _Hidden)
sys.path[0] = FOLDER  # as on Lambda
start = time.process_time()
__import__("app")
taken = time.process_time() - start

import json  # noqa: E402

print(json.dumps({"ms": 1000 * taken, "modules": sorted(sys.modules.keys() - BEFORE)}))
