"""The embedded AWS for containers of this machine: `sam local invoke` runs functions there.

It listens on the loopback address, which is another one inside a container. So connections to the gateway of Docker's
bridge, which containers and this machine reach and nobody else, are passed on.
"""

import contextlib
import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator

GATEWAY = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
CHUNK_BYTES = 65536


def gateway() -> str:
    """The address at which containers reach this machine; empty if no Docker engine runs."""
    if not shutil.which("docker"):
        return ""
    done = subprocess.run(GATEWAY, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip() if done.returncode == 0 else ""


@contextlib.contextmanager
def passed_on(address: str, port: int) -> Iterator[None]:
    """Pass connections to this port of the address on to the same port of 127.0.0.1.

    Raises OSError if the address is not this machine's.
    """

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as there:
                back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
                back.start()
                _copy(self.request, there)
                back.join()

    with socketserver.ThreadingTCPServer((address, port), Connection) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until the source has no more to say."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
