"""List what the desk knows about each instrument and its bars, or add one."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json
from knowledge.faults import Fault, Faulty


def command(
    add: Annotated[
        str | None, typer.Option("--add", metavar="SYMBOL", help="Add this one to instruments.yaml.")
    ] = None,
    sector: Annotated[str | None, typer.Option("--sector", help="Its sector, as your limits name them.")] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="Who issued it; two of one issuer count together.")
    ] = None,
    country: Annotated[str | None, typer.Option("--country", help="The issuer's country, like US.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name. [default: the symbol]")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="[default: that of the exchange]")] = None,
    exchange: Annotated[
        str | None, typer.Option("--exchange", help="[default: the calendar of the desk's feed]")
    ] = None,
    lot: Annotated[str | None, typer.Option("--lot", help="Shares in a lot. [default: 1]")] = None,
    tick: Annotated[str | None, typer.Option("--tick", help="The smallest step of its price. [default: 0.01]")] = None,
    shortable: Annotated[bool, typer.Option("--shortable", help="The desk may sell it short.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Show entries, actions given, first and last bar, and what is missing. Exit status 1 where something is.

    With --add, which is fine once the entry is there, sector, issuer and country must be said: the desk's limits count
    by them, and nobody guesses them.
    """
    from adapters.desk.bar_store import own_desk
    from adapters.desk.folder import find_desk, read_desk
    from adapters.desk.instrument_list import add_instrument, listed

    if add:
        words = {"sector": sector, "issuer": issuer, "country": country}
        unsaid = " ".join(f"--{one}" for one, said in words.items() if not said)
        if unsaid:
            raise Faulty(Fault("--add", 1, 1, f"`{add}` needs {unsaid}: limits count by them, and nobody guesses them"))
        words |= {"name": name, "currency": currency, "exchange": exchange, "lot": lot, "tick": tick}
        words |= {"shortable": "yes" if shortable else None}
        add_instrument(own_desk(desk), add, {one: said for one, said in words.items() if said})
    found = listed(read_desk(find_desk(desk)))
    missing = sum(bool(one.missing) for one in found)
    if json:
        write_json({"missing": missing, "instruments": [one.to_json() for one in found]})
    else:
        _table([one.to_json() for one in found])
        write(f"{len(found)} symbols, {missing or 'nothing'} missing")
    return Status.FOUND if missing and not add else Status.FINE


SHOWN = (
    "symbol",
    "sector",
    "issuer",
    "currency",
    "exchange",
    "lot",
    "tick",
    "earnings",
    "actions",
    "first",
    "last",
    "missing",
)


def _table(rows: list[dict[str, str]]) -> None:
    import shutil
    import sys

    from rich.console import Console
    from rich.table import Table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 160
    table = Table(box=None, pad_edge=False, header_style="")
    for name in SHOWN:
        table.add_column(
            name, justify="right" if name in ("lot", "tick", "actions") else "left", no_wrap=name != "missing"
        )
    for row in rows:
        missing = row["missing"] or ("the index" if row["index"] else "")
        row["earnings"] = max(row["earnings"], default="none") if row.get("issuer") else ""
        table.add_row(*(str(row.get(name) or "") for name in SHOWN[:-1]), missing)
    Console(width=width, highlight=False).print(table)
