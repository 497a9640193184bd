"""Say what a person made of a finding: cleared, or escalated."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of the finding or its record, or how it begins.")],
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who looked at it.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What was seen; it goes into the log.")],
    escalate: Annotated[bool, typer.Option("--escalate", help="It is handed on, and stays open.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Record that a named person cleared a finding, or with `--escalate` handed it on. The last word counts.

    Only what is recorded can be closed (`warrant surveil scan --record`). The desk must not run while this is asked.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.surveillance.recording import close_finding
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    with messenger(place) as watch:
        record = close_finding(place, name, who, why, escalate=escalate, watch=watch)
    if json:
        write_json(record)
    else:
        write(f"{record['outcome']} by record {record['record_id']}")
    return Status.FINE
