"""List the legal holds that stand."""

from __future__ import annotations

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Show each hold that stands: its id, who placed it and why, its days and symbols."""
    from adapters.answers.lookup import reading
    from adapters.audit.kinds import Kind
    from adapters.desk.folder import find_desk, read_desk
    from adapters.sealing.retention import in_force

    with reading(read_desk(find_desk(desk))) as log:
        placed = {one["record_id"]: one for one in log.records([Kind.HOLD])}
        holds = in_force(placed.values())
    if json:
        write_json([placed[name] for name in holds])
        return Status.FINE
    for name, hold in holds.items():
        days = f"{hold.first or 'the beginning'} to {hold.last or 'the end'}"
        write(f"{name}: {days}, {', '.join(hold.symbols) or 'all symbols'}; {hold.who}: {hold.why}")
    if not holds:
        write("no hold stands")
    return Status.FINE
