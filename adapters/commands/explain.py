"""Explain a decision, an order or any other record: what led to it, what it was allowed to be, what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status, uncollected


def command(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a record, order or warrant; or a date, or a bar.")
    ],
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only this instrument.")] = None,
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> Status:
    """Why: the facts, rules, policies, limits and proof behind a decision, from its record alone.

    Of an order also what became of it and what its position made; of any other record, what it says happened.
    """
    with uncollected():
        from adapters.answers.explaining import explain
        from adapters.answers.reading import reading_at
        from adapters.answers.rendering import show
        from adapters.desk.folder import find_desk, store_of

        with reading_at(store_of(find_desk(desk))) as log:
            told = explain(log, name, symbol)
        show(told, Form.JSON if json else form, out, full=full)
    return Status.FINE
