"""Compare two rulebooks: what changes in meaning, and which decisions would have been others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    old: Annotated[
        Path | None,
        typer.Argument(metavar="[OLD]", help="A desk's folder or a rule file. [default: as the log decided last]"),
    ] = None,
    new: Annotated[Path | None, typer.Argument(metavar="[NEW]", help="Another one. [default: the desk]")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="OLD is the rulebook this recorded cycle decided by.")
    ] = None,
    cycles: Annotated[
        int, typer.Option("--cycles", metavar="N", min=0, help="The newest N recorded cycles; 0 for none.")
    ] = 500,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Replay bars instead, from this session on.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Replay bars up to this session.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Keep both replays, for `warrant compare`.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", min=1, max=64, help="Processes at work. [default: one a core]"),
    ] = None,
    no_meaning: Annotated[bool, typer.Option("--no-meaning", help="Do not ask Z3 what the rules mean.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Say what changes from one rulebook to another: rules added, removed, wider, narrower, and decisions.

    Decisions are those of recorded cycles, made again under both rulebooks; with --from or --to those of two backtests,
    with profit and turnover. With --at the one folder or file that is named is NEW. Exit status 0 if nothing differs,
    else 1.
    """
    from adapters.backtest.run import Asked
    from adapters.demo.progress import shown
    from adapters.desk.folder import find_desk, read_desk
    from adapters.rulediff.asked import Question, asked
    from adapters.rulediff.telling import told_json, told_lines
    from knowledge.faults import Fault, Faulty

    if at is not None and new is not None:
        raise Faulty(Fault("--at", 1, 1, "with `--at` only the new rulebook is named; leave one of the two out"))
    if at is not None:
        old, new = None, old
    is_replayed = first is not None or last is not None
    if into is not None and not is_replayed:
        raise Faulty(Fault("--into", 1, 1, "it keeps replays of bars; give `--from` or `--to`, too"))
    jobs = jobs or os.cpu_count() or 1
    over = Asked(first, last, into, jobs, fresh=True) if is_replayed else None
    question = Question(old, new, at, cycles, not no_meaning, jobs, over)
    with shown() as progress:
        told = asked(read_desk(find_desk(desk)), question, progress)
    if json:
        write_json(told_json(told))
    else:
        for line in told_lines(told):
            write(line)
    return Status.FOUND if told.differs else Status.FINE
