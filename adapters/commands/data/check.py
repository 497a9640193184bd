"""Check the desk's bars: gaps, duplicates, jumps, splits nobody gave, stale and contradicting ones, with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from adapters.bars.checking import Check

PICTURE = "bars.png"


def command(
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="Look at these. [default: all]")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw into FILE, .png or .svg. [default: bars.png in the desk]"),
    ] = None,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Draw nothing.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Show what is wrong with the bars the desk reads. Exit status 1 when anything is.

    On a session with a finding the desk enters nothing in that instrument; nothing is repaired.
    """
    from adapters.desk.bar_check import checked
    from adapters.desk.folder import find_desk, read_desk
    from adapters.installation import SHIPPED

    if picture and picture.suffix not in (".png", ".svg"):
        raise Faulty(Fault("--picture", 1, 1, f"`{picture}` ends in neither .png nor .svg"))
    place = read_desk(find_desk(desk))
    found = checked(place, tuple(symbols or ()))
    if picture is None and not no_picture and place.folder.resolve() != SHIPPED.resolve():
        picture = place.folder / PICTURE
    if picture and found.market.panel.instruments:
        from adapters.reports.bar_picture import draw

        draw(found, picture)
    if json:
        write_json(_json(found, picture))
    else:
        _table(found)
        _summary(found, picture)
    return Status.FOUND if found.findings else Status.FINE


def _json(found: Check, picture: Path | None) -> object:
    panel = found.market.panel
    return {
        "series": list(panel.instruments),
        "first": panel.sessions[0] if panel.sessions else None,
        "last": found.newest or None,
        "findings": [one.to_json() for one in found.findings],
        "picture": str(picture) if picture else None,
    }


def _table(found: Check) -> None:
    import shutil
    import sys

    from rich.console import Console
    from rich.table import Table

    if not found.findings:
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 150
    table = Table(box=None, pad_edge=False, header_style="")
    for name in ("symbol", "issue", "sessions", "first", "last", "what it is"):
        table.add_column(name, justify="right" if name == "sessions" else "left", no_wrap=name not in ("what it is",))
    for one in found.findings:
        table.add_row(one.symbol, one.issue, str(one.count), one.first, one.last, one.what)
    Console(width=width, highlight=False, markup=False).print(table)


def _summary(found: Check, picture: Path | None) -> None:
    panel = found.market.panel
    span = f"{panel.sessions[0]} to {panel.sessions[-1]}" if panel.sessions else "no session"
    count = f"{len(found.findings) or 'no'} findings"
    write(f"{len(panel.instruments)} series over {len(panel.sessions)} sessions, {span}: {count}")
    if picture:
        write(f"drawn in {picture}")
