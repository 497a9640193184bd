"""`/metrics` and `/healthz` by HTTP, on this machine only.

Rules:
- it listens on the loopback address; who wants it elsewhere puts a proxy with its own rules in front;
- `/healthz` is 200 while nothing speaks against the desk's health, else 503 with the reasons;
- a client that reads slowly holds a thread of its own for a few seconds, never the desk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from knowledge.values import Json, canonical

HOST = "127.0.0.1"
PATIENCE = 5
"""Seconds that a client has for each step of its request."""
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class Serving:
    """The two pages. `port` 0 takes a free one."""

    def __init__(self, port: int, page: Callable[[], bytes], health: Callable[[], tuple[bool, Json]]) -> None:
        """Raises `OSError` where the port is taken."""

        class Pages(_Pages):
            def answer(self) -> tuple[int, str, bytes]:
                match self.path.partition("?")[0]:
                    case "/metrics":
                        return 200, TEXT_FORMAT, page()
                    case "/healthz":
                        fine, told = health()
                        return (200 if fine else 503), "application/json", canonical(told) + b"\n"
                return 404, "text/plain; charset=utf-8", b"there is /metrics and /healthz\n"

        self._server = _Server((HOST, port), Pages)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="warrant-metrics", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start answering."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle is no news."""


class _Pages(BaseHTTPRequestHandler):
    timeout = PATIENCE

    def answer(self) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer one request; what fails on our side is a status 500 without details."""
        try:
            status, kind, body = self.answer()
        except Exception:  # noqa: BLE001 - a page that fails must not print a trace for each scrape
            status, kind, body = 500, "text/plain; charset=utf-8", b"the page could not be made\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A scrape every few seconds is no news."""
