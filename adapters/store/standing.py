"""How a store stands: where it is, the version of its tables, how much it holds, and whether its server may lose it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.store import engine
from adapters.store.address import Address
from adapters.store.migrating import HEAD, State, state, version
from adapters.store.opening import failing
from knowledge.values import Json

UNSAFE = ("fsync", "full_page_writes")
"""Settings of a server that, switched off, let a power cut take what was committed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A store seen from outside. `size` and `root` are those of the log, None where there is none."""

    where: Address
    state: State
    version: str | None
    size: int | None = None
    root: str | None = None
    unsafe: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether a desk can run on it as it is."""
        return self.state in (State.CURRENT, State.MISSING) and not self.unsafe

    def __str__(self) -> str:
        told = {
            State.MISSING: "nothing is there yet; the first cycle makes it",
            State.CURRENT: f"version {self.version}",
            State.OLDER: f"version {self.version}, older than {HEAD}: run `warrant store upgrade`",
            State.NEWER: f"version {self.version}, newer than {HEAD}: update the program",
        }[self.state]
        off = f"; the server has {' and '.join(self.unsafe)} switched off, so a power cut can lose records"
        return told + (off if self.unsafe else "")

    def to_json(self) -> Json:
        """The standing as a JSON value."""
        return {
            "store": str(self.where),
            "state": self.state.value,
            "version": self.version,
            "size": self.size,
            "root": self.root,
            "unsafe": list(self.unsafe),
        }


def standing(where: Address) -> Standing:
    """How the store at `where` stands. Raises `StoreFailed` where it cannot be read, or its server not be reached."""
    if isinstance(where, Path) and not where.exists():
        return Standing(where, State.MISSING, None)
    with failing(where), engine.connect(where, write=False) as connection, engine.reading(connection):
        found = state(connection)
        unsafe: tuple[str, ...] = ()
        if not isinstance(where, Path):
            unsafe = tuple(name for name in UNSAFE if connection.exec_driver_sql(f"SHOW {name}").scalar() == "off")
        if found in (State.MISSING, State.NEWER):
            return Standing(where, found, version(connection), unsafe=unsafe)
        head = connection.exec_driver_sql("SELECT size, root FROM tree ORDER BY size DESC LIMIT 1").first()
        size, root = (int(head[0]), bytes(head[1]).hex()) if head else (0, None)
        return Standing(where, found, version(connection), size, root, unsafe)
