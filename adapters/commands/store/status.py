"""Show where the store is, the version of its tables, and what it holds."""

from __future__ import annotations

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Show where the store is, the version of its tables, size and root of its log.

    Exit status 1 where a desk cannot run on it as it is (an upgrade is due, the server is set to lose records), 3 where
    it cannot be read. Note size and root elsewhere: a store that was set back shows only against them.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.store.faults import StoreFailed
    from adapters.store.standing import standing

    try:
        found = standing(read_desk(find_desk(desk)).store)
    except StoreFailed as error:
        raise Failed(f"{error}; start its server, or correct its address") from None
    if json:
        write_json(found.to_json())
    else:
        write(f"{found.where}: {found}")
        if found.size is not None:
            write(f"{found.size} records, root {found.root or 'of nothing'}")
    return Status.FINE if found.usable else Status.FOUND
