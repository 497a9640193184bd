"""Run decision cycles: the next session of the desk's feed, or all up to a date."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="Decide up to this session. [default: the next one]")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Decide the next session: bars in, decision into the log, warranted orders to the broker.

    The desk starts with the first session after 2010 its feed has (its heads train on what lies before), or after the
    last session its log has decided.
    """
    from adapters.answers.lookup import session_date
    from adapters.answers.telling import cycle_lines
    from adapters.desk.folder import writable_desk
    from adapters.running.backtest import remaining, run
    from adapters.running.continuity import check_clock
    from adapters.running.session import opened
    from adapters.running.world import World

    place = writable_desk(desk)
    check_clock(place)
    world = World.of(place)
    last = session_date(at, world)
    with opened(place, world) as runner:
        days = remaining(runner, world.first_decision, last or world.survey.market.panel.sessions[-1])
        days = days if last else days[:1]
        records = [record for _, record in run(runner, days)]
    lost = any(record["fault"] for record in records)
    if json:
        write_json(records)
        return Status.FAILED if lost else Status.FINE
    if not records:
        write(f"nothing to decide: the log has every session up to {last or 'the end of the feed'}")
    for record in records:
        for line in cycle_lines(record):
            write(line)
    return Status.FAILED if lost else Status.FINE
