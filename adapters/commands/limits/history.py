"""Every change of the desk's limits: when, what it was, who approved it and why, and up to when."""

from __future__ import annotations

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """List approvals and changes of the log in order. `warrant audit verify` checks them."""
    from adapters.answers.amendments import amendments, lines
    from adapters.answers.lookup import reading
    from adapters.desk.folder import find_desk, read_desk

    with reading(read_desk(find_desk(desk))) as log:
        rows = amendments(log)
    if json:
        write_json(rows)
    else:
        write("\n".join(lines(rows)))
    return Status.FINE
