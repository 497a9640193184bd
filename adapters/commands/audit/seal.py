"""Seal old decisions and what only they name into compressed segments; everything stays verifiable."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, day, write, write_json


def command(
    before: Annotated[str, typer.Option("--before", metavar="DATE", help="Seal what was true before this day.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Move the bytes of decisions from before DATE into compressed segments of the store, each bound by a record.

    Ids, kinds, instants and hashes stay where they are, so roots and proofs are as before, and every command reads
    through. A crash leaves a segment sealed whole or not at all. The desk must not run while this is done.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.sealing.keeping import seal
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    with messenger(place) as watch:
        records = seal(place, day("--before", before), watch)
    if json:
        write_json({"sealed": records})
        return Status.FINE
    for one in records:
        days = f"{one['from'][:10]} to {one['to'][:10]}"
        counted = f"{one['records']} records of kind {one['of']} ({days}) and {one['values']} values"
        write(
            f"segment {one['segment']}: {counted}, {one['bytes']} bytes in {one['packed']}; record {one['record_id']}"
        )
    if not records:
        write(f"there is nothing from before {before} that is not sealed already")
    return Status.FINE
