"""Let sealed segments go whose time to be kept is over, unless a hold touches them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, day, write, write_json


def command(
    by: Annotated[
        str | None, typer.Option("--by", metavar="DATE", help="What need not be kept on this day. [default: today]")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Remove the bytes of sealed segments that are older than `[retention]` of warrant.toml asks for, with a record.

    A segment goes whole, and never while a hold touches it (`warrant audit hold`). Hashes, ids and the terms of orders
    stay; `warrant audit verify` says by which record the rest went. The desk must not run while this is done.
    """
    from adapters.desk.folder import find_desk, read_desk
    from adapters.sealing.keeping import expire
    from adapters.watch.desk_watch import messenger

    place = read_desk(find_desk(desk))
    limit = day("--by", by) or datetime.now(UTC).date().isoformat()
    with messenger(place) as watch:
        records, due = expire(place, limit, place.settings.retention.years, watch)
    if json:
        held = [{"segment": one.number, "hold": hold.record_id} for one, hold in due.held]
        write_json({"gone": records, "held": held})
        return Status.FINE
    for record in records:
        rule = record["rule"]
        numbers = ", ".join(str(one["segment"]) for one in record["segments"])
        count = sum(one["records"] for one in record["segments"])
        write(f"segments {numbers} went: {count} records of kind {rule['kind']}, kept {rule['years']} years; "
              f"record {record['record_id']}")  # fmt: skip
    for one, hold in due.held:
        write(f"segment {one.number} is kept by the hold {hold.record_id} of {hold.who}: {hold.why}")
    if not records and not due.held:
        write(f"nothing that is sealed is over its time by {limit}")
    return Status.FINE
