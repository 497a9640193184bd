"""Approve the persons of warrant.toml, as one of the two persons whom it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    who: Annotated[str, typer.Option("--approve", metavar="NAME", help="Who approves: a name of `[people] approve`.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="The reason; it goes into the log.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The person's private key, where one is listed.")
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", help="For how long it can be used.", min=1, max=90)] = 7,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Show what `[people]` of warrant.toml changes, and record that a named person lets it in.

    The first person's call is the proposal, and another person's seconds it: both of those in force until then.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.people.proposals import people_change
    from adapters.people.seconding import Asked, approve, told
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    with messenger(place) as watch:
        done = approve(place, people_change(place), Asked(who, reason, key, days), watch)
    if json:
        write_json(done.record)
        return Status.FINE
    for line in told(done, "they are in force from the desk's next start on"):
        write(line)
    return Status.FINE
