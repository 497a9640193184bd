"""Fetch bars from Yahoo or an exchange of crypto pairs into the desk's bar store, with retries and failover."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from adapters.importing.fetching import Fetched, Sources, Wanted


def command(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SYMBOL...]", help="Which; `SPX=^GSPC` where a source calls it otherwise. [default: all]"
        ),
    ] = None,
    sources: Annotated[
        str, typer.Option("--from", metavar="SOURCE,...", help="Whom to ask, in order: yfinance, ccxt:binance, ...")
    ] = "yfinance",
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="From this day on. [default: what is not stored]")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, max=600, help="Seconds for each request.")] = 20.0,
    gateway: Annotated[
        list[str] | None,
        typer.Option("--gateway", metavar="SOURCE=URL", help="Ask a server of your own that stands for a source."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let other numbers replace those that are stored.")
    ] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Ask each source in turn until one gives bars, and merge them as `warrant data import` does.

    Every failure is told and written into the manifest. Bars that have not ended are left out.
    """
    from adapters.desk.bar_store import door_of, own_desk
    from adapters.importing.fetching import fetch

    door, place = door_of(desk), own_desk(desk)
    asked = _sources(sources, gateway or (), timeout)
    day = _day(since)
    names = symbols or [*_all(place)]
    found: list[Fetched] = []
    faults: list[Fault] = []
    for wanted in (_wanted(name, day) for name in names):
        try:
            one = fetch(door, wanted, asked, _say, replace=replace)
        except Faulty as error:
            faults += error.faults
            continue
        found.append(one)
        if not json:
            _tell(one)
    lost = [one.symbol for one in found if one.failed]
    if faults:
        raise Faulty(*faults)
    if json:
        write_json([one.to_json() for one in found])
    if lost:
        raise Failed(f"no source gave bars of {', '.join(f'`{name}`' for name in lost)}; nothing of them was stored")
    return Status.FINE


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _tell(one: Fetched) -> None:
    from adapters.importing.telling import told_lines

    for line in told_lines(one.brought) if one.brought else ():
        write(f"{line} (from {one.source})" if line.startswith(one.symbol) else line)
    if one.actions:
        write(f"  {one.actions} new splits or dividends")
    for note in one.notes:
        write(f"  {note}" if one.brought else f"{one.symbol}: {note}")


def _sources(named: str, gateways: list[str] | tuple[()], timeout: float) -> Sources:
    from adapters.importing.fetching import Sources
    from adapters.importing.sources import source_of

    elsewhere: dict[str, str] = {}
    for one in gateways:
        name, _, url = one.partition("=")
        if not url.startswith(("http://", "https://")):
            raise Faulty(
                Fault("--gateway", 1, 1, f"`{one}` is no source with an address; write `yfinance=https://host`")
            )
        elsewhere[name] = url
    known = []
    for name in (one.strip() for one in named.split(",")):
        source = source_of(name)
        if source is None:
            said = f"`{name}` is no source; write `yfinance`, or `ccxt:` with an exchange, like `ccxt:binance`"
            raise Faulty(Fault("--from", 1, 1, said))
        known.append((name, source))
    if strangers := sorted(set(elsewhere) - {name for name, _ in known}):
        raise Faulty(Fault("--gateway", 1, 1, f"`{strangers[0]}` is not among the sources of `--from`"))
    return Sources(known, elsewhere, timeout)


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise Faulty(Fault("--since", 1, 1, f"`{written}` is no date; write it like `2011-01-03`")) from None


def _wanted(written: str, since: date | None) -> Wanted:
    from adapters.importing.fetching import Wanted
    from knowledge.door import SYMBOL

    symbol, _, there = written.partition("=")
    symbol = symbol.replace("/", "-")
    if not SYMBOL.match(symbol):
        raise Faulty(Fault("SYMBOL", 1, 1, f"`{written}` is no symbol; use letters, digits and ._:+-"))
    return Wanted(symbol, there.replace("/", "-") or symbol, since)


def _all(desk: object) -> list[str]:
    """Every instrument of the desk, and its index."""
    from adapters.desk.folder import Desk
    from adapters.desk.instruments import load_instruments

    assert isinstance(desk, Desk)
    index = desk.settings.feed.index
    return [*(one.symbol for one in load_instruments(desk.instruments)), *([index] if index else [])]
