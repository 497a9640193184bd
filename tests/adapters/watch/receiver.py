"""A webhook on the loopback address that answers as it is told: with a status, too slowly, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

from knowledge.values import Json

HANG, DRIP = "hang", "drip"


class Receiver:
    """What arrived, with the second it arrived at. `script` is what each request gets, the last for all that follow."""

    def __init__(self, script: Sequence[int | str]) -> None:
        self.bodies: list[Json] = []
        self.at: list[float] = []
        self.asked = 0
        self.free = threading.Event()
        """Lets those go that hang."""
        self._arrived = threading.Condition()
        receiver = self

        class Pages(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = script[min(receiver.asked, len(script) - 1)]
                receiver.asked += 1
                if answer == HANG:
                    receiver.free.wait()
                    return
                if answer == DRIP:
                    self.wfile.write(b"HTTP/1.0 200 OK\r\n")
                    while not receiver.free.wait(0.02):
                        self.wfile.write(b"X-Wait: x\r\n")
                    return
                assert isinstance(answer, int)
                if answer < 300:
                    with receiver._arrived:
                        receiver.bodies.append(body)
                        receiver.at.append(monotonic())
                        receiver._arrived.notify_all()
                self.send_response(answer)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/hook/secret-word?key=hidden"

    def wait(self, many: int, seconds: float = 30) -> list[Json]:
        """The bodies, once there are so many."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.bodies) >= many, seconds), f"{len(self.bodies)} of {many}"
            return list(self.bodies)


@contextmanager
def receiving(*script: int | str) -> Iterator[Receiver]:
    """A receiver that is there."""
    receiver = Receiver(script or (200,))
    threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.free.set()
        receiver.server.shutdown()
        receiver.server.server_close()
