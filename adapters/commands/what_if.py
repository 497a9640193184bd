"""What if a limit, a fact, a head or the rules had been others: decide a recorded cycle again, and see what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a decision, order or warrant; or a date.")],
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="limit.ID, fact.REF.SLOT, head.HEAD.SYMBOL.SLOT, parameter.NAME, multiplier.REGIME or portfolio.NAME.",
        ),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", metavar="REF", help="Take a fact away: indicator(AAPL,rsi-14).")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="FACT", help="Add a fact: 'earnings: {instrument: AAPL, sessions: 2}'."),
    ] = None,
    rules: Annotated[Path | None, typer.Option("--rules", metavar="DIR", help="The rulebook of this folder.")] = None,
    limits: Annotated[
        str | None, typer.Option("--limits", metavar="FILE", help="This limits file, or one of git.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only this instrument.")] = None,
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> Status:
    """Decide a recorded cycle again with something changed. Hypothetical: nothing is recorded, nothing is sent.

    The unchanged cycle is decided first and has to give its record byte for byte. Exit status 0 whether anything
    differs or not.
    """
    from adapters.answers.lookup import reading
    from adapters.answers.rendering import show
    from adapters.desk.folder import find_desk, read_desk
    from adapters.supposing.recorded import recorded
    from adapters.supposing.supposed import supposed
    from adapters.supposing.whatif import telling, to_json, what_if

    with reading(read_desk(find_desk(desk))) as log:
        one = recorded(log, name, symbol)
    case, changes = supposed(one.case, sets or [], drop or [], add or [], rules, limits)
    found = what_if(one, case, changes)
    if json:
        write_json(to_json(found, symbol))
    else:
        show(telling(found, symbol), form, out, full=full)
    return Status.FINE
