"""Check the rulebook: every fault of its rules and policies, with its place, what to do, and a page."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="CODE", help="Only these codes, or their beginnings: R1.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Not these codes, or their beginnings.")
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Look for whatever is wrong with the rules and policies of a desk.

    Exit status 1 when anything is found, 2 when a file cannot be read at all.
    """
    from adapters.desk.folder import find_desk
    from rules.lints.check import check
    from rules.texts import read_texts

    book = read_texts(find_desk(desk))
    checked = check(book, select=select or (), ignore=ignore or ())
    if json:
        write_json([one.to_json() for one in checked.findings])
    else:
        write("\n".join(map(str, checked.findings)) or "nothing found")
    if any(one.code == "R003" for one in checked.findings):
        return Status.WRONG
    return Status.FOUND if any(one.severity != "note" for one in checked.findings) else Status.FINE
