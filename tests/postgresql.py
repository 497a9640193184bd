"""A real PostgreSQL server for the tests, from the binaries of Debian's package: started when the first test asks for
it, shared by all processes of pytest-xdist, stopped when the last of them ends.

A small process guards it: where the tests are killed, it ends the server and removes its folder.

It listens on a unix socket in a folder of its own and trusts whoever may reach that. It is run as another user where
the tests run as root, which PostgreSQL refuses. It does not sync to disk (nothing here survives the tests); what
durability asks of a real one, `warrant store status` says.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest

from adapters.store.address import Schema

WHOLE = os.environ.get("WARRANT_TEST_STORE") == "postgresql"
"""Whether every desk of the tests keeps its records in the server."""
USER = "warrant"
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB", "max_connections=50")

_GUARD = """
import fcntl, os, shutil, signal, sys
folder = sys.argv[1]
with open(folder + "/used") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
if os.path.exists(folder + "/data/postmaster.pid"):
    with open(folder + "/data/postmaster.pid") as pid:
        os.kill(int(pid.readline()), signal.SIGQUIT)
shutil.rmtree(folder, ignore_errors=True)
"""
"""Waits until no process holds the file any more, which the kernel lets go of however a process ends."""
_SILENT = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


@cache
def binaries() -> Path | None:
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).resolve().parent if beside else None


class Server:
    """One server with its own folder of data and socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{USER}@/postgres?host={self.folder}"

    @property
    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    @classmethod
    def made(cls) -> Server:
        place = Path(tempfile.mkdtemp(prefix="warrant-pg-"))
        if account := _account():
            os.chown(place, account["user"], account["group"])
        (place / "used").touch()
        made = cls(place)
        made.use()
        subprocess.Popen([sys.executable, "-c", _GUARD, str(place)], start_new_session=True, **_SILENT)
        _run("initdb", "-D", str(place / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", at=place)
        return made

    def use(self) -> None:
        """Keep the server until this process ends."""
        file = (self.folder / "used").open()
        fcntl.flock(file, fcntl.LOCK_SH)
        _used.append(file)

    def start(self) -> Server:
        settings = (*QUICK, "listen_addresses=", f"unix_socket_directories={self.folder}")
        with (self.folder / "log").open("ab") as log:
            subprocess.Popen(
                [str(_binary("postgres")), "-D", str(self.folder / "data"), *(f"--{one}" for one in settings)],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **_account(),
            )  # fmt: skip
        for _ in range(300):
            try:
                psycopg.connect(host=str(self.folder), user=USER, dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End the server: SIGQUIT is at once, without tidying up; the next start recovers."""
        pid = self.pid
        os.kill(pid, how)
        while _alive(pid):
            time.sleep(0.02)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


def _alive(pid: int) -> bool:
    try:
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            return True
    except ChildProcessError:
        # another process of the tests started it
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def _binary(name: str) -> Path:
    found = binaries()
    assert found is not None
    return found / name


def _run(name: str, *words: str, at: Path) -> None:
    subprocess.run([str(_binary(name)), *words], cwd=at, check=True, stdout=subprocess.DEVNULL, **_account())


def _account() -> dict[str, Any]:
    """As whom the server runs: not as root."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that all tests share."""
    if binaries() is None:
        words = "PostgreSQL is not installed here: apt-get install postgresql"
        pytest.fail(words) if WHOLE else pytest.skip(words)
    base = tmp_path_factory.getbasetemp()
    place = base.parent if base.name.startswith("popen-") else base
    users, where = place / "postgresql.users", place / "postgresql.folder"
    with _alone(place):
        if not (users.exists() and users.read_text()):
            where.write_text(str(Server.made().start().folder))
        users.write_text((users.read_text() if users.exists() else "") + "x")
        running = Server(Path(where.read_text()))
        running.use()
    yield running
    with _alone(place):
        left = users.read_text()[1:]
        users.write_text(left)
        if not left:
            running.remove()


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    with (place / "postgresql.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


_NUMBERS = count()
_used: list[IO[str]] = []


def schema(server: Server) -> Schema:
    """A schema that nobody else has."""
    return Schema(server.url, f"t{os.getpid()}_{next(_NUMBERS)}")


def schema_at(server: Server, place: Path) -> Schema:
    """The schema that stands for a place: the same for the same path."""
    return Schema(server.url, "p" + sha256(str(place.resolve()).encode()).hexdigest()[:24])


def sql(where: Schema, *statements: str) -> None:
    """Statements as somebody would type them who knows the database."""
    parts = dict(part.split("=") for part in where.url.partition("?")[2].split("&"))
    with psycopg.connect(host=parts["host"], user=USER, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"SET search_path = {where.name}")
        for statement in statements:
            connection.execute(statement)


# --- the whole suite on a server --------------------------------------------------------------------------------

FILE_ONLY = "sqlite_file"
"""Marks tests that are about the file itself (bytes flipped in it, a folder in its place): they keep their files."""
_keeping = {"in the server": False}
_all: list[Server] = []


def url_of_all() -> str:
    """The server that keeps every desk."""
    return _all[0].url


def turn(item: pytest.Item) -> None:
    """Where the desks of this test keep their records."""
    _keeping["in the server"] = WHOLE and item.get_closest_marker(FILE_ONLY) is None


def keep_desks_in(running: Server) -> None:
    """From now on, a desk's folder stands for a schema of the server, unless the test is about files."""
    from adapters.desk.folder import Desk

    _all.append(running)
    own = Desk.store.fget  # type: ignore[attr-defined]

    def store(desk: Desk) -> object:
        if desk.server == running.url or (not desk.server and _keeping["in the server"]):
            return schema_at(running, desk.folder / desk.settings.store.path)
        return own(desk)

    Desk.store = property(store)  # type: ignore[method-assign, assignment]


def clone(source: Any, target: Any) -> None:
    """Copy a store, records and all, as `shutil.copy` does with a file."""
    from adapters.store import engine, opening
    from adapters.store.copying import copy

    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
    with opening.to_read(source) as one, opening.opened(target) as other, engine.reading(one), engine.writing(other):
        copy(one, other)
