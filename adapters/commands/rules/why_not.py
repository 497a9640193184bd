"""Why a rule did not fire, or a policy did not forbid: what held, what failed, by how much, what would change it."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, Form, FormatOption, JsonOption, OutOption, Status, write, write_json


def command(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule, or a reason to forbid, by name.")],
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="The instrument.")],
    at: Annotated[
        str, typer.Option("--at", metavar="DATE", help="The session, such as 2011-03-01, or a bar: 2026-03-02T14:35.")
    ],
    now: Annotated[
        bool, typer.Option("--now", help="Ask the rulebook as it is now, on the facts of that cycle.")
    ] = False,
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    json: JsonOption = False,
) -> Status:
    """Its conditions one by one on the facts of a recorded cycle, and the smallest change of facts that would fire it.

    The rulebook is the one of that cycle; `--now` takes the desk's files, to try a rule that was written since.
    """
    from adapters.answers.lookup import check_symbol, decision_at, evidence_of, reading
    from adapters.answers.rendering import show
    from adapters.authoring.bench import Engines, bench_of
    from adapters.authoring.conversation import told_facts
    from adapters.authoring.why_not import why_not
    from adapters.desk.folder import find_desk, read_desk
    from rules.rulebook import read_rulebook

    folder = find_desk(desk)
    with reading(read_desk(folder)) as log:
        record = decision_at(log, at)
        if record["kind"] == "fault":
            raise Failed(f"the cycle of {at} made no decision: {record['fault']}; name another date")
        check_symbol(record, symbol)
        evidence = evidence_of(log, record)
    rulebook = read_rulebook(folder) if now else evidence.rulebook
    with Engines() as engines:
        told = why_not(engines, bench_of(rulebook, told_facts(evidence.facts)), rulebook, rule, symbol)
    if json:
        write_json(told.json)
    elif form is Form.TEXT and out is None:
        for line in told.lines:
            write(line)
    else:
        show(told.telling(rule, symbol), form, out)
    return Status.FINE
