"""Where a desk's store is: a SQLite file of the desk, or a schema of a PostgreSQL database.

Rules:
- `WARRANT_STORE=postgresql+psycopg://…` names the database, and wins over `url` in `[store]`, which may not hold a
  password: secrets stay out of files that people copy;
- several desks may share a database: each has a schema of its own, named by `schema` in `[store]` or after the desk;
- an address is shown without its password, always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

VARIABLE = "WARRANT_STORE"
FILE = "store/warrant.sqlite"
"""The file of a desk whose settings name no other, relative to the desk."""
NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}")
"""What a schema may be called: nothing that would have to be quoted."""
_MADE = re.compile(r"desk_.{1,30}_[0-9a-f]{12}")
"""What `schema_name` makes of a name: a desk that is called so may not get another one's schema."""
_URL = re.compile(r"postgresql(\+psycopg)?://\S+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(:[0-9]*)?")
_SECRETS = re.compile(r"(^|&)(ssl)?password=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of a PostgreSQL database. The address may hold a password, which is never shown."""

    url: str = field(repr=False)
    name: str

    def __str__(self) -> str:
        # Whatever stands before the last `@` may be a password with signs in it that were not written as they should.
        place = self.url.partition("?")[0].partition("://")[2].rpartition("@")[2]
        host, slash, rest = place.partition("/")
        if not _HOST.fullmatch(host):
            # Nor is what stands where a port should a port: it may be the password of an address without a host.
            host = f"{host.partition(':')[0].strip('[')}:…"
        return f"{self.name} in {f'{host}{slash}{rest}' or '/'}"

    def exists(self) -> bool:
        """Whether the schema holds a log. Raises `LogUnreadable` where the server cannot be asked."""
        from adapters.store.opening import is_there

        return is_there(self)


Address = Path | Schema
"""A SQLite file, or a schema."""


def is_url(text: str) -> bool:
    """Whether this is the address of a PostgreSQL database, as far as its form goes."""
    return _URL.fullmatch(text) is not None


def holds_password(url: str) -> bool:
    """Whether an address says more than where: user and host are no secret, a password is."""
    place, _, options = url.partition("?")
    return ":" in place.partition("://")[2].rpartition("@")[0] or _SECRETS.search(options) is not None


def schema_name(desk: str) -> str:
    """The schema of a desk of this name. Two desks of different names never get the same one."""
    plain = re.sub(r"[^a-z0-9_]", "_", desk.lower())
    plain = plain if plain[0].isalpha() else f"_{plain}"
    if plain == desk and NAME.fullmatch(plain) and not plain.startswith("pg_") and not _MADE.fullmatch(plain):
        return plain
    return f"desk_{plain[:30]}_{sha256(desk.encode()).hexdigest()[:12]}"
