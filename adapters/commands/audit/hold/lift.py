"""Lift a legal hold."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of the record that placed it, or its beginning.")],
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who lifts it.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it goes into the log.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Record the end of a hold. What it alone kept may go at the next `warrant audit expire`.

    The desk must not run while this is asked.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.sealing.keeping import lift_hold
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    with messenger(place) as watch:
        record = lift_hold(place, name, who, why, watch)
    if json:
        write_json(record)
    else:
        write(f"lifted {record['hold']}; record {record['record_id']}")
    return Status.FINE
