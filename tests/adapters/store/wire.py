"""A wire to a PostgreSQL server that a test can cut: between the question to commit and the server, or behind it."""

from __future__ import annotations

import select
import socket
import threading
from pathlib import Path
from typing import Literal

Cut = Literal["", "before", "after"]


class Wire:
    """Passes bytes between a unix socket in `folder` and the server's. Use as a context manager.

    `cut` "before" drops the connection instead of passing the next COMMIT on; "after" passes it on, waits for the
    server's answer, and drops the connection instead of passing that back. Either cuts once. `dead` refuses all.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.path, self._server = folder / ".s.PGSQL.5432", server / ".s.PGSQL.5432"
        self.cut: Cut = ""
        self.dead = False
        self.cuts = 0
        self._ended = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Wire:
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._accepting.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            near, _ = self._listener.accept()
            if self.dead:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._server))
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()

    def _pass(self, near: socket.socket, far: socket.socket) -> None:
        with near, far:
            while not self._ended.is_set():
                for ready in select.select([near, far], [], [], 0.05)[0]:
                    said = ready.recv(65536)
                    if not said:
                        return
                    if ready is near and self.cut and b"COMMIT" in said:
                        if self.cut == "after":
                            far.sendall(said)
                            far.recv(65536)
                        self.cut, self.cuts = "", self.cuts + 1
                        return
                    (far if ready is near else near).sendall(said)
