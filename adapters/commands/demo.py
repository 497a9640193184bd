"""Watch two years of real prices become decisions, then ask why and why not."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.demo.run import Demonstration


def command(
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="The folder to make; one of an earlier demo is made anew.")
    ] = Path("demo"),
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Decide up to this session. [default: the last one]")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Make a desk in ./demo, train its heads, decide every session from 2011-01-03 to 2013-03-01, and report.

    The desk is a copy of the one that ships (or of --desk) with a few bounds set so that every outcome occurs; the
    summary says which. Ctrl-C stops between two sessions, and the same command goes on there. Two runs give the same
    root of the log.
    """
    from adapters.demo.progress import shown
    from adapters.demo.run import demonstrate

    try:
        with shown() as progress:
            ended = demonstrate(into, progress, source=desk, until=until)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on after the last session decided\n")
        raise
    if ended.results is None:
        told = f"stopped after {ended.last}" if ended.last else "stopped before the first session"
        sys.stderr.write(f"{told}, {ended.done} of {ended.total} sessions; the same command goes on from there\n")
        return Status.INTERRUPTED
    if json:
        write_json(_json(ended))
    else:
        for line in _lines(ended):
            write(line)
    return Status.FINE


def _lines(ended: Demonstration) -> Iterator[str]:
    from adapters.demo.desk import TRIALS
    from adapters.demo.run import typed
    from adapters.reports.results_text import change_lines, result_lines

    assert ended.results is not None
    yield ""
    yield from result_lines(ended.results)
    yield ""
    yield f"the desk is the one that ships, with {len(ended.changed)} bounds set for the demonstration"
    yield from change_lines(ended.changed)
    yield f"  chosen among about {TRIALS} settings by the counts of verdicts; intervals are not corrected for that"
    yield ""
    yield f"report    {shlex.quote(typed(ended.report))}"
    yield f"log root  {ended.results.root} ({ended.results.records:,} records)"
    if ended.key is not None:
        yield f"signed    {shlex.quote(typed(ended.checkpoint))}, by the key of this demo: {ended.key.text}"
    yield ""
    yield "three commands to try"
    for words in _commands(ended):
        yield f"  {words}"


def _json(ended: Demonstration) -> dict[str, object]:
    from adapters.demo.desk import TRIALS
    from adapters.demo.run import typed

    assert ended.results is not None
    return {
        "desk": typed(ended.folder),
        "report": typed(ended.report),
        "changed": [
            {"limit": one.limit.id, "shipped": float(one.shipped), "bound": float(one.limit.bound), "why": one.why}
            for one in ended.changed
        ],
        "trials": TRIALS,
        **ended.results.to_json(),
        "checkpoint": typed(ended.checkpoint),
        "vkey": ended.key.text if ended.key else None,
        "commands": list(_commands(ended)),
    }


def _commands(ended: Demonstration) -> Iterator[str]:
    """What to type next, from where one stands."""
    from adapters.demo.run import typed
    from adapters.installation import launcher
    from adapters.reports.report import chosen

    assert ended.results is not None
    program = launcher()
    desk = shlex.quote(typed(ended.folder))
    shown = {anchor: fate for anchor, _, fate in chosen(ended.results.tally)}
    granted = shown.get("example-granted") or shown.get("example-cut")
    denied = shown.get("example-crowded-out") or shown.get("example-denied")
    if granted:
        yield f"{program} explain {granted.order_id} --desk {desk}"
    if denied:
        yield f"{program} why-not {denied.instrument} --at {denied.session} --desk {desk}"
    yield f"{program} audit verify --desk {desk}"
