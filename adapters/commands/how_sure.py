"""How sure is a verdict: the values of heads, indicators and limits within which it stays, and what flips it first."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a decision, order or warrant; or a date.")],
    symbol: Annotated[
        str | None, typer.Argument(metavar="[SYMBOL]", help="The instrument. [default: each of the cycle]")
    ] = None,
    budget: Annotated[int, typer.Option("--budget", min=1, metavar="N", help="Decisions it may take.")] = 6_000,
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> Status:
    """Decide a recorded cycle again and again with one number changed. Hypothetical: nothing is recorded or sent."""
    from adapters.answers.lookup import reading
    from adapters.answers.rendering import show
    from adapters.desk.folder import find_desk, read_desk
    from adapters.supposing.howsure import ask, telling, to_json
    from adapters.supposing.progress import progress
    from adapters.supposing.recorded import recorded

    with reading(read_desk(find_desk(desk))) as log:
        one = recorded(log, name, symbol)
    with progress() as told:
        answer = ask(one, symbol, budget, told)
    if json:
        write_json(to_json(answer))
    else:
        show(telling(answer), form, out, full=full)
    return Status.FINE
