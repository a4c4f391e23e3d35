"""A Python that has imported its packages already, and forks for each command.

Most of a step's time is the import of boto3 or of SAM CLI. A command runs as it would by itself: in its folder, with
its arguments, its variables and its open files, and with this project's code of that folder.

    python -m tests.pipeline.warm SOCKET MODULE…      # imports the modules, and serves until its input ends
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.paths import ROOT

CLIENT = f"""#!{sys.executable} -IS
import json, os, socket, sys
def warm(*arguments):
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(os.environ["WARM"])
        socket.send_fds(server, [b"."], [0, 1, 2])
        server.sendall(json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode())
        server.shutdown(socket.SHUT_WR)
        sys.exit(int(server.recv(8) or 1))
"""
"""The beginning of a program; `warm("-m", "module", …)` and `warm("file", …)` are then what `python` would be."""
DELIVERY = tuple(f"tools.delivery.{name}" for name in ("deploy", "notice", "prune", "release"))
SAM = tuple(f"samcli.commands.{name}.{name}_context" for name in ("build", "package", "deploy"))
OURS = {"tools", "stitcher", "identifier", "tests"}


@contextmanager
def warm(modules: tuple[str, ...]) -> Iterator[str]:
    """The address of a server that has imported these modules, for the variable `WARM`."""
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short, and those of pytest are long
        address = str(Path(folder) / "warm")
        command = [sys.executable, "-m", "tests.pipeline.warm", address, *modules]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield address


def serve(address: str, *modules: str) -> None:
    """Run commands, each in a process of its own, until the input ends."""
    for name in modules:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]  # a command takes them from its own folder
    sys.path[:] = [path for path in sys.path if path not in {"", str(ROOT)}]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while select.select([listening, sys.stdin], (), ())[0] == [listening]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                _command(connection)
            connection.close()


def _command(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as sent:
        arguments, folder, variables = json.load(sent)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    code: object = 1
    try:
        code = _run(arguments, folder)
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    connection.send(str(code if isinstance(code, int) else int(code is not None)).encode())
    os._exit(0)


def _run(arguments: list[str], folder: str) -> int:
    more = [str(Path(folder, path)) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if arguments[0] == "-m":
        sys.path[:0] = [folder, *more]
        sys.argv[:] = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[:0] = more
        sys.argv[:] = arguments
        runpy.run_path(arguments[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    serve(*sys.argv[1:])
