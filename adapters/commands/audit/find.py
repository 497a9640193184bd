"""Find records by what they are about: reason, instrument, outcome, rule, limit, kind, person, order, dates."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

Word = str | None


def command(
    reason: Annotated[
        Word, typer.Option("--reason", metavar="TEXT", help="Why: a limit, a policy's reason or words of a sentence.")
    ] = None,
    symbol: Annotated[Word, typer.Option("--symbol", metavar="SYMBOL", help="The instrument.")] = None,
    outcome: Annotated[
        Word, typer.Option("--outcome", metavar="TEXT", help="Granted, cut, denied …, or the state of an order.")
    ] = None,
    rule: Annotated[Word, typer.Option("--rule", metavar="RULE", help="The rule that proposed it, or closed.")] = None,
    limit: Annotated[Word, typer.Option("--limit", metavar="LIMIT", help="A limit that refused it or cut it.")] = None,
    kind: Annotated[
        Word, typer.Option("--kind", metavar="KIND", help="Of the record: decision, order, state …")
    ] = None,
    who: Annotated[Word, typer.Option("--who", metavar="NAME", help="The person whom the record names.")] = None,
    order: Annotated[
        Word, typer.Option("--order", metavar="ID", help="An order or warrant, or how its id begins.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day.")] = None,
    newest: Annotated[bool, typer.Option("--newest", help="Begin with the newest.")] = False,
    rows: Annotated[int, typer.Option("--limit-rows", metavar="N", help="Rows of a page; 0 for all.", min=0)] = 20,
    page: Annotated[int, typer.Option("--page", metavar="N", help="Which page.", min=1)] = 1,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Everything asked has to hold together. A verdict is a row, and so is an exit and every other record.

    The last column is what `warrant explain` takes. Words are taken as people say them: `sector_cap` is
    `portfolio.sector`. What is found by the index is read again from the record. Exit status 1 where nothing is found.
    """
    from adapters.answers.reading import check_dates, reading
    from adapters.desk.folder import find_desk, read_desk
    from adapters.search.finding import Question, find
    from adapters.search.text import as_json, lines

    check_dates(since, until)
    asked = {
        "reason": reason, "symbol": symbol, "outcome": outcome, "rule": rule, "limit": limit, "kind": kind,
        "who": who, "order": order,
    }  # fmt: skip
    question = Question(
        {name: word for name, word in asked.items() if word is not None},
        since or "",
        until or "",
        newest,
        (page - 1) * rows,
        rows or None,
    )
    with reading(read_desk(find_desk(desk))) as log:
        answer = find(log, question)
    if json:
        write_json(as_json(question, answer))
    else:
        for line in lines(question, answer):
            write(line)
    return Status.FINE if answer.total else Status.FOUND
