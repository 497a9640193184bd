"""Run the desk by the clock: a decision cycle at every close that the schedule names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write
from adapters.importing.options import (
    ColumnsOption,
    DatesOption,
    DecimalOption,
    SymbolOption,
    WholeVolumeOption,
    ZoneOption,
    said_of,
)

if TYPE_CHECKING:
    from knowledge.values import Json


def command(
    replay: Annotated[
        str | None,
        typer.Option("--replay", metavar="FILE", help="Run over past bars instead: a file, a folder, or `feed`."),
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", metavar="X", help="How many times faster a replay runs, or `max`.")
    ] = "max",
    cycles: Annotated[int | None, typer.Option("--cycles", metavar="N", min=1, help="Stop after so many.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Stop after this session.")] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait where another process runs the desk, instead of ending with 3.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Lines of what happens, as JSON. [default: standard error]"),
    ] = None,
    symbol: SymbolOption = None,
    columns: ColumnsOption = None,
    zone: ZoneOption = "",
    dates: DatesOption = None,
    decimal: DecimalOption = None,
    whole_volume: WholeVolumeOption = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Decide by the clock until it is stopped: bars in, decision into the log, warranted orders to the broker.

    `[schedule]` in warrant.toml says when. A cycle that could not be run in time is recorded as missed, with the
    reason, and never run late. SIGTERM or Ctrl-C end it after the cycle under way; the same command goes on.

    A file to replay is CSV or Parquet, of one instrument or with a column of symbols; from `--symbol` to
    `--whole-volume` the options say how it is written, as for `warrant data import`.
    """
    from adapters.desk.folder import writable_desk
    from adapters.schedule.scheduled import Plan, run_scheduled
    from adapters.watch.desk_watch import watching

    said = said_of(symbol, columns, zone, dates, decimal, whole_volume=whole_volume)
    plan = Plan(replay=replay, said=said, speed=speed, cycles=cycles, until=until, wait=wait)
    place = writable_desk(desk)
    with watching(place, log, live=replay is None) as watch:
        run_scheduled(place, plan, _as_json if json else _as_text, watch, _note)
    return Status.FINE


def _note(sentence: str) -> None:
    import sys

    sys.stderr.write(f"{sentence}\n")


def _as_text(record: Json) -> None:
    import sys

    from adapters.answers.telling import cycle_lines

    for line in cycle_lines(record):
        write(line)
    sys.stdout.flush()


def _as_json(record: Json) -> None:
    import sys

    from knowledge.values import canonical

    write(canonical(record).decode())
    sys.stdout.flush()
