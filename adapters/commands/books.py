"""Show the books: trial balance, positions, settled and unsettled cash, results by instrument, or the whole journal."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


class Form(StrEnum):
    """How a journal is written."""

    CSV = "csv"
    LEDGER = "ledger"


def command(
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DATE", help="After this day's records, such as 2011-03-01. [default: the last]"),
    ] = None,
    journal: Annotated[
        Form | None,
        typer.Option("--journal", help="Write the journal instead: as CSV, or for plain-text accounting programs."),
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """The account as exact double entry, read from the log. Exit status 1 where its two derivations disagree."""
    import csv
    import sys

    from adapters.answers.lookup import check_date, reading
    from adapters.desk.folder import find_desk, read_desk
    from adapters.reports.account import csv_lines, plain_lines, read_statement, statement_lines
    from knowledge.faults import Fault, Faulty

    check_date(at)
    with reading(read_desk(find_desk(desk))) as log:
        told = read_statement(log, at)
    if told is None:
        when = f" before the end of {at}" if at else " yet"
        raise Faulty(Fault("command line", 1, 1, f"the log has no books{when}; it begins with a `start` record"))
    if journal is Form.CSV:
        csv.writer(sys.stdout, lineterminator="\n").writerows(csv_lines(told.journal))
    elif journal is Form.LEDGER:
        for line in plain_lines(told.journal, told.books.currency):
            write(line)
    elif json:
        write_json(told.to_json())
    else:
        for line in statement_lines(told):
            write(line)
    return Status.FOUND if told.differences else Status.FINE
