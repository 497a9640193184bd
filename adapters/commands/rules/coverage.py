"""What the cases exercise of rules and policies, and what recorded cycles do: both sides of every comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(
    log: Annotated[bool, typer.Option("--log", help="Measure the recorded cycles of the desk's log, too.")] = False,
    cycles: Annotated[
        int | None, typer.Option("--cycles", metavar="N", min=1, help="Only the last N cycles. [default: all]")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with the rules and their marks.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Tell of each comparison by how close it was seen.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Measure which rules fire, which conditions hold and fail, and which sides of a comparison were seen to decide.

    Exit status 1 when a rule, a condition, a clause or a side is shown by no case. A replay is measured at its own
    desk: `warrant backtest` names the folder.
    """
    import sys

    from adapters.casework.coverage_told import to_json, told
    from adapters.casework.covering import measure, recorded
    from adapters.desk.folder import find_desk, shown

    folder = find_desk(desk)
    found = recorded(folder, cycles) if log or cycles else None

    def tell(count: int) -> None:
        if sys.stderr.isatty() and count % 10 == 0:
            sys.stderr.write(f"\r{count} cycles")
            sys.stderr.flush()

    measured = measure(folder, lambda asked: asked.cases, found, tell)
    if html is not None:
        from adapters.casework.page import page

        try:
            html.write_text(page(measured, folder.resolve().name), encoding="utf-8")
        except OSError as error:
            raise Failed(f"`{html}` cannot be written: {str(error.strerror).lower()}") from None
    if json:
        write_json(to_json(measured))
    else:
        write("\n".join(told(measured, every)))
        if html is not None:
            write(f"page: {shown(html)}")
    return Status.FOUND if measured.missing or measured.odd else Status.FINE
