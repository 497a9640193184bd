"""Say how the desk stands: its state, who runs it, its last and next cycle, money, orders, log."""

from __future__ import annotations

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Read the desk's log, lease and calendar, while it runs or not; nothing is written."""
    from datetime import UTC, datetime

    from adapters.answers.status import lines, status
    from adapters.desk.folder import find_desk, read_desk

    found = status(read_desk(find_desk(desk)), datetime.now(UTC))
    if json:
        write_json(found)
        return Status.FINE
    for line in lines(found):
        write(line)
    return Status.FINE
