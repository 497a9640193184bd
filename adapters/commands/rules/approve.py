"""Approve the rulebook of the desk's files, as one of the two persons whom it needs."""

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
    """Compare the rulebook of the files with the one in force, and record that a named person lets the desk take it.

    The first person's call is the proposal, and another person's seconds it. It counts for exactly these two rulebooks,
    once, within its days: a running desk takes the new one between two cycles, another at its start.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.people.proposals import rules_change
    from adapters.people.seconding import Asked, approve, told
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    with messenger(place) as watch:
        done = approve(place, rules_change(place), Asked(who, reason, key, days), watch)
    if json:
        write_json(done.record)
        return Status.FINE
    for line in told(done, "the desk takes it between two cycles, or at its next start"):
        write(line)
    return Status.FINE
