"""Holding the lease of a desk: one process runs it, and a dead one does not stand in the way.

Rules:
- the lease is taken before anything is read from the log, renewed by a heartbeat, and given back at the end;
- who finds another holder is refused and told who that is, or waits where asked to;
- a holder on this machine is judged by the machine: while that very process (number and start) is there, it keeps its
  lease even if its heartbeat is late, and once it is gone the next one takes over at once. Of a holder elsewhere
  (another host, another boot, another container) only the expiry says anything;
- instants are those of the machine's clock, also in a replay: a lease is about processes.

A holder that does not know that it lost its lease can write nothing: the log refuses a record that does not follow
those its writer knows.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.frame import Failed
from adapters.store.address import Address
from adapters.store.faults import StoreFailed
from adapters.store.lease import Lease, LeaseLost, current, release, renew, take
from adapters.store.opening import failing, opened, to_read

LASTS = timedelta(seconds=30)
HEARTBEAT_SECONDS = 5.0
_LOOK_SECONDS = 0.5


class Taken(Failed):
    """Another process runs the desk: nothing is wrong with it."""


class Held:
    """A lease that this process holds."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.lost = ""
        """Why it is not ours any more; empty while it is."""
        self.holder = ""
        """Who has it then, where it is known."""

    def check(self) -> None:
        """Raises `Failed` where the lease is lost."""
        if self.lost:
            raise Failed(self.lost)


@contextmanager
def held(
    where: Address, what: str, *, wait: bool = False, stopping: Callable[[], bool] = lambda: False
) -> Iterator[Held]:
    """Hold the lease of the desk whose store is `where`; `what` is the command that asks, for people.

    Raises `Taken` where another process holds it (with `wait`: only once `stopping` says so), `StoreFailed`.
    """
    with opened(where) as connection:
        while True:
            wanted = _mine(what)
            other = current(connection)
            lease = other if other is not None and _lives(other) else take(connection, wanted, over=_dead(other))
            if lease == wanted:
                break
            if not wait or stopping():
                raise Taken(f"{told(lease)}; wait for its end, or stop it")
            time.sleep(_LOOK_SECONDS)
    mine, ended = Held(wanted), threading.Event()
    beating = threading.Thread(target=_beat, args=(where, mine, ended), name="lease", daemon=True)
    beating.start()
    try:
        yield mine
    finally:
        ended.set()
        beating.join()
        _give_back(where, mine)


def told(lease: Lease) -> str:
    """Who holds a lease, in words."""
    since = lease.taken_at.strftime("%Y-%m-%d %H:%M:%SZ")
    return f"`{lease.holder}` runs this desk since {since} (process {lease.pid} on {lease.host})"


def alive(lease: Lease, now: datetime) -> bool:
    """Whether the holder is to be taken for running: its process is there, or it is elsewhere and not expired."""
    return _lives(lease) or (_dead(lease) is None and lease.expires_at > now)


def _beat(where: Address, mine: Held, ended: threading.Event) -> None:
    """Renew until the end, or until another process has the lease. A store that is away is asked again."""
    while not ended.wait(HEARTBEAT_SECONDS):
        now = datetime.now(UTC)
        try:
            with opened(where) as connection:
                mine.lease = renew(connection, mine.lease, now, now + LASTS)
        except LeaseLost as error:
            other = seen(where)
            mine.holder = f"{other.holder}, process {other.pid} on {other.host}" if other else ""
            mine.lost = str(error)
            return
        except StoreFailed:
            continue


def _give_back(where: Address, mine: Held) -> None:
    try:
        with opened(where) as connection:
            release(connection, mine.lease)
    except StoreFailed:
        # Lost, or the store is away: then the lease ends by itself, and the machine knows that we are gone.
        return


def _mine(what: str) -> Lease:
    now, pid = datetime.now(UTC), os.getpid()
    return Lease(f"warrant {what}", socket.gethostname(), pid, _started(pid), _boot(), now, now, now + LASTS)


def _lives(lease: Lease) -> bool:
    """Whether the holder is a process of this machine that is there."""
    if not _here(lease) or not lease.pid_started:
        return False
    return _started(lease.pid) == lease.pid_started or _of_another(lease.pid)


def _of_another(pid: int) -> bool:
    """Whether there is such a process, of somebody whose processes this one may not see."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return not _started(pid)
    except (OSError, OverflowError):
        return False
    return False


def _dead(lease: Lease | None) -> Lease | None:
    """The lease, where its holder was a process of this machine and is gone."""
    return lease if lease is not None and _here(lease) and lease.pid_started and not _lives(lease) else None


def _here(lease: Lease) -> bool:
    return (lease.host, lease.boot_id) == (socket.gethostname(), _boot())


def _boot() -> str:
    """The boot of this machine and the processes one can see from here, where the system tells."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "unknown"


def _started(pid: int) -> str:
    """When a process began, as the system counts it; empty where there is none (a zombie has ended)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if after_name[0] in "ZX" else after_name[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    except (OSError, IndexError):
        return ""
    asked = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def seen(where: Address) -> Lease | None:
    """The lease as it stands, read only; None where there is none, or a store that never had one."""
    try:
        with failing(where), to_read(where) as connection:
            return current(connection)
    except StoreFailed:
        return None
