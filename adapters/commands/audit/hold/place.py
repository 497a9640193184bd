"""Place a legal hold: what it covers is kept, whatever its age."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, day, write, write_json


def command(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who asks for it.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it goes into the log.")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day. [default: from the beginning]")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day. [default: without end]")] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", metavar="SYMBOL", help="An instrument; again for more. [default: all]"),
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Record a hold. No segment with a record of these days and symbols goes until it is lifted by its id.

    The desk must not run while this is asked.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.sealing.keeping import Asked, place_hold
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    asked = Asked(who, why, day("--from", first), day("--to", last), tuple(symbol or ()))
    with messenger(place) as watch:
        record = place_hold(place, asked, watch)
    if json:
        write_json(record)
    else:
        write(f"held by record {record['record_id']}; `warrant audit hold lift {record['record_id']}` ends it")
    return Status.FINE
