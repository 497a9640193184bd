"""Check the rulebook: every fault of its rules and policies, with its place, what to do, and a page."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.linting.looking import Seen, Wish


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Only these files, also ones the desk does not load. [default: all]"),
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="CODE", help="Only this code, or its beginning: R1.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Not this code, or its beginning.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Make the changes that are safe, then check again.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what `--fix` would change, and change nothing.")] = False,
    no_meaning: Annotated[
        bool, typer.Option("--no-meaning", help="Do not ask Z3 what the rules mean: faster.")
    ] = False,
    facts: Annotated[
        bool, typer.Option("--facts", help="Show the facts on which a finding was seen to happen.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.TEXT,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Look for whatever is wrong with the rules and policies of a desk.

    Exit status 1 when anything is found, 2 when a file cannot be read at all. `warrant rules explain CODE` shows the
    page of a code. A comment silences a finding of the rule it stands in or before, and says why:
    `; warrant: allow R305 because …`.
    """
    from adapters.desk.folder import find_desk
    from adapters.linting.looking import Wish, look
    from knowledge.prolog.engine import PrologFault

    folder = find_desk(desk)
    wish = Wish(tuple(files or ()), tuple(select or ()), tuple(ignore or ()), not no_meaning)
    try:
        seen = look(folder, wish)
        if fix or diff:
            seen = _mended(folder, wish, seen, diff)
    except PrologFault as error:
        raise Failed(str(error)) from None
    if diff:
        return Status.FOUND if seen.checked.faulty else Status.FINE
    _write(seen, Format.JSON if json else form, facts)
    if seen.checked.unreadable:
        return Status.WRONG
    return Status.FOUND if seen.checked.faulty else Status.FINE


def _mended(folder: Path, wish: Wish, seen: Seen, only_shown: bool) -> Seen:
    """Make the safe changes, or show them."""
    import sys

    from adapters.linting.looking import look
    from adapters.linting.mending import difference, mend, write_texts
    from adapters.linting.shown import printable

    mended = mend(seen.book, seen.checked.findings)
    if only_shown:
        for line in difference(seen.book.texts, mended.texts):
            write(printable(line))
        return seen
    write_texts(folder, mended.texts)
    for one in mended.done:
        if one.fix is not None:
            sys.stderr.write(printable(f"mended {one.file}:{one.line}: {one.code} {one.fix.sentence}") + "\n")
    return look(folder, wish) if mended.texts else seen


def _write(seen: Seen, form: Format, facts: bool) -> None:
    from adapters.linting.sarif import sarif
    from adapters.linting.shown import shown

    if form is Format.SARIF:
        write_json(sarif(seen.checked.findings, seen.book.texts))
    elif form is Format.JSON:
        silenced = [{**one.finding.to_json(), "reason": one.reason} for one in seen.checked.silenced]
        write_json({"findings": [one.to_json() for one in seen.checked.findings], "allowed": silenced})
    else:
        for line in shown(seen, facts):
            write(line)
