"""Who did what: every change of limits, rules, models, states, keys and persons, with proof, reason and approvers."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    what: Annotated[
        str | None, typer.Option("--what", metavar="WHAT", help="Only limits, rules, models, states, keys or people.")
    ] = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="NAME", help="Only what this person did, proposed or approved.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day, of when it was asked.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day.")] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """List them in order of the log. *Signed* is proof of a key; *claimed* is a name that somebody typed.

    Models that the engine promoted by itself are one line a day unless `--what models` asks for each.
    `warrant audit verify` checks each against the approvals that it needs (docs/people.md).
    """
    from adapters.answers.people import SUBJECTS, doings, lines
    from adapters.answers.reading import check_dates, reading, unknown
    from adapters.desk.folder import find_desk, read_desk

    check_dates(since, until)
    if what is not None and what not in SUBJECTS:
        raise unknown(what, f"nothing of the kind is approved; there are {', '.join(SUBJECTS)}")
    with reading(read_desk(find_desk(desk))) as log:
        rows = [
            row
            for row in doings(log)
            if (what is None or row["what"] == what)
            and (who is None or who in (row.get("who"), row.get("proposed_by"), row.get("approved_by")))
            and (since or "") <= row["at"][:10] <= (until or "9999")
        ]
    if json:
        write_json(rows)
    else:
        write("\n".join(lines(rows, what, narrowed=any((who, since, until)))))
    return Status.FINE
