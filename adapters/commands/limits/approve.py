"""Approve limits that let more through than those in force, as a listed person and with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    who: Annotated[str, typer.Option("--approve", metavar="NAME", help="Who approves: a name of `[people] approve`.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="The reason; it goes into the log.")],
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="The limits to approve. [default: the desk's limits.yaml]")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The person's private key, where one is listed.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="The last session they hold for. [default: no end]"),
    ] = None,
    days: Annotated[
        int,
        typer.Option("--days", metavar="N", help="For how long it can be used, where two are needed.", min=1, max=90),
    ] = 7,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Compare NEW with the limits in force, and record that a named person lets the desk take it.

    It counts for exactly these two files, once, at the desk's next start with NEW as its limits.yaml. After the last
    session of `--until` the former limits are in force again by themselves. Where `four_eyes` asks for limits, the
    first person's call is the proposal, and another person's seconds it. Else the desk must not run meanwhile.
    """
    from adapters.asking.files import limits_file
    from adapters.desk.folder import find_desk, read_desk
    from adapters.people.approving import Asked, approve
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    file = limits_file(str(place.limits) if new is None else new)
    with messenger(place) as watch:
        done = approve(place, file, Asked(who, reason, key, until or "", days), watch)
    record = done.record
    if json:
        write_json(record)
        return Status.FINE
    for line in done.lines:
        write(line)
    how = "claimed: no key is listed for that name" if record.get("claimed") else f"signed with {record['key']}"
    write(f"approved by {record['who']} ({how}); record {record['record_id']}")
    if done.governed and not done.proposer:
        write("this is the proposal; another person has to approve it with the same command")
        return Status.FINE
    end = f", up to the session of {record['until']}" if record.get("until") else ""
    write(f"they come into force at the desk's next start with this file as its limits.yaml{end}")
    return Status.FINE
