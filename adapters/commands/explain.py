"""Explain a decision or an order: what led to it, what it was allowed to be, what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="ID", help="A decision's record id, an order's id or a warrant's.")],
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only this instrument.")] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Why: the facts, rules, policies, limits and proof behind a decision, from its record alone."""
    from adapters.aftermath import aftermath
    from adapters.desk import find_desk, read_desk
    from adapters.lookup import decision_of, evidence_of, reading
    from engine.explain import explain_decision
    from engine.narrative import Telling, lines

    with reading(read_desk(find_desk(desk))) as log:
        record, instrument = decision_of(log, name)
        chosen = [one for one in (symbol or instrument,) if one]
        told = explain_decision(evidence_of(log, record), chosen)
        told = Telling(told.text, (*told.parts, *aftermath(log, record, chosen)))
    if json:
        write_json(told.to_json())
    else:
        for line in lines(told):
            write(line)
    return Status.FINE
