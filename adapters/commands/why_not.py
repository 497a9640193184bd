"""Why was there no trade: the rule that came closest and what failed, or the limits and policies that refused."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status, uncollected


def command(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="The instrument.")],
    at: Annotated[
        str, typer.Option("--at", metavar="DATE", help="The session, such as 2011-03-01, or a bar: 2026-03-02T14:35.")
    ],
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> Status:
    """Why not: the closest rule and the condition that failed, or every reason the trade was refused."""
    with uncollected():
        from adapters.answers.explaining import explain_not
        from adapters.answers.reading import reading_at
        from adapters.answers.rendering import show
        from adapters.desk.folder import find_desk, store_of

        with reading_at(store_of(find_desk(desk))) as log:
            told = explain_not(log, symbol, at)
        show(told, Form.JSON if json else form, out, full=full)
    return Status.FINE
