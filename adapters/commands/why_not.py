"""Why was there no trade: the rule that came closest and what failed, or the limits and policies that refused."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status


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
    from adapters.answers.lookup import check_symbol, decision_at, evidence_of, reading
    from adapters.answers.rendering import show
    from adapters.answers.telling import fault_telling
    from adapters.desk.folder import find_desk, read_desk
    from engine.telling.explain import explain_verdict

    with reading(read_desk(find_desk(desk))) as log:
        record = decision_at(log, at)
        if record["kind"] == "fault":
            told = fault_telling(record)
        else:
            check_symbol(record, symbol)
            verdict = next(one for one in record["verdicts"] if one["instrument"] == symbol)
            told = explain_verdict(evidence_of(log, record), verdict)
    show(told, Form.JSON if json else form, out, full=full)
    return Status.FINE
