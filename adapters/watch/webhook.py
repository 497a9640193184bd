"""One alert to one address by HTTP POST, within a time that no server can stretch.

Rules:
- an answer of 200 to 299 is a delivery; a redirect is not followed;
- what went wrong is told without the address, which may hold a secret;
- connection, request and answer together have `TIMEOUT` seconds: a server that drips is cut off.
"""

from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import SplitResult, urlsplit

from adapters.frame import Failed
from knowledge.values import Json, canonical

TIMEOUT = 3.0


class NotDelivered(Exception):
    """One sentence without the address."""


class Webhook:
    """An address that takes alerts."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        """Raises `Failed` where the address is none."""
        self._timeout = timeout
        self._to = _split(address)

    def post(self, body: Json) -> None:
        """Deliver one body. Raises `NotDelivered`."""
        connection = self._connection()
        # What the system waits for at each step is bounded by the connection; all steps together by this.
        over = threading.Event()
        cut = threading.Timer(self._timeout, _cut, [connection, over])
        cut.daemon = True
        cut.start()
        try:
            path = (self._to.path or "/") + (f"?{self._to.query}" if self._to.query else "")
            headers = {"Content-Type": "application/json", "User-Agent": "warrant"}
            connection.request("POST", path, canonical(body), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotDelivered(self._reason(error, over.is_set())) from None
        finally:
            cut.cancel()
            connection.close()
        if over.is_set():
            raise NotDelivered(self._reason(TimeoutError(), over=True))
        if not 200 <= status <= 299:
            raise NotDelivered(f"the webhook answered with status {status}")

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._to.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._to.hostname or "", self._to.port, timeout=self._timeout)

    def _reason(self, error: Exception, over: bool) -> str:
        if over or isinstance(error, TimeoutError):
            return f"the webhook did not answer within {self._timeout:g} s"
        if isinstance(error, socket.gaierror):
            return "the webhook's host is not known"
        if isinstance(error, OSError) and error.strerror:
            return f"the webhook can not be reached: {error.strerror.lower()}"
        return "the webhook gave no HTTP answer"


def _split(address: str) -> SplitResult:
    try:
        found = urlsplit(address)
        usable = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        usable = False
    if not usable or found.username or found.password:
        raise Failed("the webhook's address is none; write `https://host/path`, without a user's name in it")
    return found


def _cut(connection: http.client.HTTPConnection, over: threading.Event) -> None:
    over.set()
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It has ended by itself in this very moment.
            return
