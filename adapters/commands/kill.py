"""Stop the desk now: entries are cancelled, what protects stays, exits stay possible."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who asks; it goes into the log.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; it goes into the log.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """No entry goes out any more, also after a restart, until a named person resumes the desk.

    Anyone may do this. It works while the desk runs, while it does not, and while its feed, rules or engines are
    broken. A process that runs the desk and does not answer is passed over: it ends at its next record.
    """
    from adapters.desk.folder import SETTINGS, find_desk, read_desk
    from adapters.running.intervention import kill, named
    from adapters.watch.desk_watch import messenger

    who, why = named(who, why)
    place = read_desk(find_desk(desk), needed=(SETTINGS,))
    with messenger(place) as watch:
        words = kill(place, who, why, watch)
        if json:
            write_json({"state": "killed", "who": who, "why": why, "done": words})
        else:
            write(words)
    return Status.FINE
