"""Write a verified backup of the store into one file, while the desk runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to. [default: backups/NAME-RECORDS-ROOT.sqlite in the desk]"),
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write one state of the store into a new FILE and verify it there; the desk may run meanwhile.

    The backup is a SQLite store, also of a desk on PostgreSQL. It holds the log, everything its records name and the
    requests; copy the desk's own files and its `models` folder as files. Exit status 3 where the log does not verify.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.store.backup import back_up
    from adapters.store.faults import StoreFailed
    from adapters.store.standing import standing

    place = read_desk(find_desk(desk))
    try:
        if file is None:
            found = standing(place.store)
            name = f"{place.settings.desk.name}-{found.size or 0:08d}-{(found.root or 'nothing')[:8]}.sqlite"
            file = place.folder / "backups" / name
            file.parent.mkdir(exist_ok=True)
        made = back_up(place.store, file)
    except StoreFailed as error:
        raise Failed(str(error)) from None
    if json:
        write_json({"file": str(made.where), "size": made.size, "root": made.root})
    else:
        write(f"{made.where}: {made.size} records, root {made.root}; verified")
    return Status.FINE
