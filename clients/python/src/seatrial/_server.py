"""A server: one that runs already, or one that is started for as long as the tests last."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from . import _binary
from ._admin import Admin, quoted
from ._client import Sandbox


class Server:
    """A Seatrial server."""

    def __init__(
        self,
        address: str,
        token: str | None = None,
        process: subprocess.Popen[str] | None = None,
        variable: str | None = None,
        *,
        https: str | None = None,
        authority: str | None = None,
    ) -> None:
        self.admin = Admin(address, token, variable=variable)
        self.address = self.admin.address
        self._process = process
        #: Where the same is served over TLS, and the file of the certificate authority to trust, if it was started so.
        self.https = https
        self.authority = authority

    @classmethod
    def start(
        cls, binary: str | None = None, arguments: Sequence[str] = (), *, tls: bool = False, timeout: float = 30.0
    ) -> Server:
        """Starts the binary on a free port and waits until it is ready.

        The binary is the one named here, else that of `SEATRIAL_BINARY`, else the one of this package, else `seatrial` of the path.
        When `SEATRIAL_URL` names a server that runs already, nothing is started and that one is used, with the token of
        `SEATRIAL_ADMIN_TOKEN`. With `tls`, it also listens for HTTPS: `https` is the address, `authority` the file to trust.
        """
        if binary is None and os.environ.get("SEATRIAL_URL"):
            server = cls(os.environ["SEATRIAL_URL"], os.environ.get("SEATRIAL_ADMIN_TOKEN"), variable="SEATRIAL_URL")
            server.admin.check()
            return server
        found = _binary.find(binary)
        process = subprocess.Popen(
            # It leaves when its standard input ends, and so with this process, however that ends.
            [found, "serve", "--listen", "127.0.0.1:0", *(["--tls", "127.0.0.1:0"] if tls else []), "--exit-with-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = _first_line(process, timeout)
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if not line.startswith("seatrial ready") or "http" not in words:
            process.kill()
            process.wait()
            raise RuntimeError(f"{found} did not become ready within {timeout} seconds; it said {line!r}")
        https = f"https://{words['https']}" if "https" in words else None
        return cls(f"http://{words['http']}", None, process, https=https, authority=_authority(found, arguments) if tls else None)

    def sandbox(self, **wanted: Any) -> Sandbox:
        """Makes a sandbox: `name`, `scenario`, `seed`, `frozen_at`, `start_at` and `ttl` say how it differs from the default one."""
        return Sandbox.make(self.admin, **wanted)

    def load_sandbox(self, name: str, file: Any) -> Sandbox:
        """Makes a sandbox what a file of `Sandbox.export` says."""
        return Sandbox(self.admin, self.admin.ask("POST", f"/sandboxes/{quoted(name)}/import", file))

    def stop(self) -> None:
        """Ends a server that was started here; one that ran already goes on."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _authority(binary: str, arguments: Sequence[str]) -> str:
    """The file of the local certificate authority of a server with these arguments."""
    folder = [two for pair in zip(arguments, arguments[1:]) if pair[0] == "--ca-dir" for two in pair]
    return subprocess.run([binary, "ca", "--path", *folder], capture_output=True, check=True, text=True).stdout.strip()


def _first_line(process: subprocess.Popen[str], timeout: float) -> str:
    """What the process says first; empty when it says nothing in time."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        if process.stdout is not None:
            lines.put(process.stdout.readline())

    threading.Thread(target=read, daemon=True).start()
    try:
        return lines.get(timeout=timeout).strip()
    except queue.Empty:
        return ""
