"""Explain a decision or an order: what led to it, what it was allowed to be, what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status


def command(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a decision, order or warrant; or a date.")],
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only this instrument.")] = None,
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> Status:
    """Why: the facts, rules, policies, limits and proof behind a decision, from its record alone."""
    from adapters.answers.aftermath import aftermath
    from adapters.answers.lookup import check_symbol, decision_at, decision_of, evidence_of, is_date, reading
    from adapters.answers.rendering import show
    from adapters.answers.telling import fault_telling
    from adapters.desk.folder import find_desk, read_desk
    from engine.telling.explain import explain_decision

    with reading(read_desk(find_desk(desk))) as log:
        record, instrument = (decision_at(log, name), "") if is_date(name) else decision_of(log, name)
        if record["kind"] == "fault":
            told = fault_telling(record)
        else:
            check_symbol(record, symbol)
            chosen = [one for one in (symbol or instrument,) if one]
            told = explain_decision(evidence_of(log, record), chosen)
            told = told.further(*aftermath(log, record, chosen))
    show(told, Form.JSON if json else form, out, full=full)
    return Status.FINE
