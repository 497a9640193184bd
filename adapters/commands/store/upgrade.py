"""Bring the tables of a store of an earlier version up to date."""

from __future__ import annotations

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Bring the store's tables up to this program's version: no record is touched, and all or nothing happens.

    End the desk's process first, and keep a backup: `warrant store backup`.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.store.faults import StoreFailed
    from adapters.store.standing import standing
    from adapters.store.upgrading import upgrade

    store = read_desk(find_desk(desk)).store
    try:
        done = upgrade(store)
        found = standing(store)
    except StoreFailed as error:
        raise Failed(str(error)) from None
    if json:
        write_json({"upgraded": done, **found.to_json()})
    else:
        write(f"{store}: {'upgraded to' if done else 'is at'} version {found.version}, root {found.root}")
    return Status.FINE
