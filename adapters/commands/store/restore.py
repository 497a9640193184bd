"""Make a store from a backup, where none is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="FILE", help="Make this SQLite file instead. [default: the desk's own store]"),
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Verify a backup, make the desk's store from it and verify that; nothing is ever overwritten.

    A backup of a file can be restored into a database and the other way round. What was recorded after the backup is
    gone, and the log goes on as if it had never been: compare size and root with what you noted elsewhere.
    """
    from datetime import UTC, datetime

    from adapters.audit.log import LogUnreadable
    from adapters.desk.folder import writable_desk
    from adapters.store.backup import restore
    from adapters.store.faults import StoreFailed

    where = into or writable_desk(desk).store
    try:
        made = restore(file, where, datetime.now(UTC))
    except (StoreFailed, LogUnreadable) as error:
        raise Failed(str(error)) from None
    if json:
        write_json({"store": str(made.where), "size": made.size, "root": made.root})
    else:
        write(f"{made.where}: {made.size} records, root {made.root}; verified")
    return Status.FINE
