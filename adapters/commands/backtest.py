"""Run the desk's rules and limits over past sessions, in a folder of their own."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.backtest.run import Backtest


def command(
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="The first session. [default: the first after training]"),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last session. [default: the feed's last]")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="The folder to run in. [default: runs/FROM--TO]")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", min=1, max=64, help="Processes that publish facts. [default: one a core]"),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the run anew, whatever is in its folder.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Decide the sessions from --from to --to in a copy of the desk, and sum up.

    The copy is a desk, too: `explain`, `why-not`, `audit verify` and `compare` take its folder. Ctrl-C stops between
    two sessions, and the same command goes on there. The root of the log is the same whatever --jobs says.
    """
    from adapters.backtest.run import Asked, backtest
    from adapters.demo.progress import shown
    from adapters.desk.folder import find_desk, read_desk

    asked = Asked(first, last, into, jobs or os.cpu_count() or 1, fresh)
    try:
        with shown() as progress:
            ended = backtest(read_desk(find_desk(desk)), asked, progress)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on after the last session decided\n")
        raise
    if ended.results is None:
        told = f"stopped after {ended.last}" if ended.last else "stopped before the first session"
        sys.stderr.write(f"{told}, {ended.done} of {ended.total} sessions; the same command goes on from there\n")
        return Status.INTERRUPTED
    if json:
        write_json({"desk": str(ended.folder), **ended.results.to_json()})
    else:
        for line in _lines(ended):
            write(line)
    return Status.FINE


def _lines(ended: Backtest) -> Iterator[str]:
    from adapters.demo.run import typed
    from adapters.installation import launcher
    from adapters.reports.results_text import result_lines

    assert ended.results is not None
    folder = shlex.quote(typed(ended.folder))
    yield from result_lines(ended.results)
    yield ""
    yield f"run       {folder}"
    yield f"log root  {ended.results.root} ({ended.results.records:,} records)"
    yield ""
    yield "what to ask of it"
    yield f"  {launcher()} audit verify --desk {folder}"
    yield f"  {launcher()} compare {folder} ANOTHER"
