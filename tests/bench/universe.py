"""A made market of many instruments, as a desk: real daily returns in another order, with sectors and issuers.

Each instrument is a block bootstrap (Künsch 1989) of the sample's returns: blocks of 21 sessions, each from one of the
four shares that trade throughout, half of them from the same dates, so that the market moves together as markets do,
half from other dates. The index is the real one. Prices are whole cents, volumes whole shares, and drift is taken out,
so that nobody becomes a penny stock. Everything follows from a seed.

The desk is the one that ships, with more candidates and wider bounds (`EDITS`), so that a busy session proposes tens
of entries and the gate is worked. Issuers report every quarter, a tenth of them in a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from adapters.bars.feeds import SampleFeed
from adapters.desk.making import make_desk
from advisors.panel import Floats
from advisors.quality import Rows

FIRST = "2004-08-20"
SOURCES = ("AAPL", "GOOG", "IBM", "MSFT")
BLOCK = 21
SECTORS = ("technology", "energy", "health", "finance", "retail", "industry", "utilities", "materials", "media", "food")
EDITS = {
    "rules/book/consensus.clp": (("(>= ?c 0.70)", "(>= ?c 0.55)"),),
    "rules/book/entry.clp": (("(>= ?score 0.75)", "(>= ?score 0.50)"),),
    "limits.yaml": (
        ("kind: message_rate, bound: 10,", "kind: message_rate, bound: 200,"),
        ("kind: interval_width, bound: 3 %,", "kind: interval_width, bound: 10 %,"),
        ("kind: head_psi, bound: 0.25,", "kind: head_psi, bound: 1,"),
        ("kind: order_quantity, bound: 5000,", "kind: order_quantity, bound: 500000,"),
    ),
}
SETTINGS = """\
[desk]
name = "universe"
account = "PAPER-1"
currency = "USD"
capital = 100_000_000
mode = "backtest"

[feed]
kind = "csv"
path = "bars"

[advisors]
trained_until = "2010-12-31"
retrain_days = 84
"""


@dataclass(frozen=True)
class Source:
    """What is drawn from: returns of closes without their drift, the day's shape around its close, volume."""

    change: Floats
    opened: Floats
    high: Floats
    low: Floats
    volume: Floats


def symbols(count: int) -> tuple[str, ...]:
    """Names of the made instruments, in canonical order."""
    return tuple(f"S{number:03d}" for number in range(count))


def make_universe(folder: Path, count: int, seed: int = 50) -> None:
    """Make the desk in `folder`, its bars under `folder/bars`."""
    make_desk(folder, None)
    for name, edits in EDITS.items():
        text = (folder / name).read_text(encoding="utf-8")
        for before, after in edits:
            assert before in text, f"`{name}` no longer says `{before}`"
            text = text.replace(before, after)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "warrant.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "instruments.yaml").write_text(
        "\n".join(("instruments:", *instrument_lines(count), "")), encoding="utf-8"
    )
    bars = folder / "bars"
    bars.mkdir()
    index = SampleFeed(SOURCES).index()
    days = tuple(day for day in index.dates if day >= FIRST)
    _write(bars / "SPX.csv", days, _from(index, days))
    drawn = sources(days)
    for name, columns in made(count, seed, drawn, len(days)):
        _write(bars / f"{name}.csv", days, columns)


def sources(days: tuple[str, ...]) -> tuple[Source, ...]:
    """What the real shares did on these days."""
    found = []
    for rows in SampleFeed(SOURCES).series():
        at = {day: place for place, day in enumerate(rows.dates)}
        places = [at[day] for day in days]
        close, adjusted = rows.close[places], rows.adj_close[places]
        change = np.diff(np.log(adjusted), prepend=np.log(adjusted[:1]))
        shape = (getattr(rows, name)[places] / close for name in ("open", "high", "low"))
        found.append(Source(change - change.mean(), *shape, rows.volume[places]))
    return tuple(found)


def made(count: int, seed: int, drawn: tuple[Source, ...], length: int) -> Iterator[tuple[str, dict[str, Floats]]]:
    """Name and columns of each made instrument."""
    for place, name in enumerate(symbols(count)):
        random = np.random.default_rng([seed, place])
        whose, when = _blocks(random, len(drawn), length)
        pick = {
            part: np.array([getattr(drawn[who], part)[row] for who, row in zip(whose, when, strict=True)])
            for part in ("change", "opened", "high", "low", "volume")
        }
        pick["change"] -= pick["change"].mean()
        close = np.round(random.uniform(20, 200) * np.exp(np.cumsum(pick["change"])), 2)
        columns = {"open": close * pick["opened"], "high": close * pick["high"], "low": close * pick["low"]}
        columns = {part: np.round(values, 2) for part, values in columns.items()}
        yield name, {**columns, "close": close, "volume": np.round(pick["volume"] * random.uniform(0.2, 2))}


def _blocks(random: np.random.Generator, shares: int, length: int) -> tuple[list[int], list[int]]:
    """For each session the share and the row it is drawn from."""
    whose: list[int] = []
    when: list[int] = []
    for start in range(0, length, BLOCK):
        size = min(BLOCK, length - start)
        begin = start if random.random() < 0.5 else int(random.integers(0, length - size))
        whose += [int(random.integers(shares))] * size
        when += range(begin, begin + size)
    return whose, when


def _from(rows: Rows, days: tuple[str, ...]) -> dict[str, Floats]:
    at = {day: place for place, day in enumerate(rows.dates)}
    places = [at[day] for day in days]
    return {name: getattr(rows, name)[places] for name in ("open", "high", "low", "close", "volume")}


def _write(path: Path, days: tuple[str, ...], columns: dict[str, Floats]) -> None:
    lines = ["date,open,high,low,close,volume"]
    cells = (columns[name].tolist() for name in ("open", "high", "low", "close"))
    for day, *prices, volume in zip(days, *cells, columns["volume"].tolist(), strict=True):
        lines.append(",".join((day, *(f"{price:.2f}" for price in prices), f"{int(volume)}")))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def instrument_lines(count: int) -> Iterator[str]:
    """The body of `instruments.yaml`."""
    for place, name in enumerate(symbols(count)):
        # Every tenth is a second share of the one before it.
        issuer = f"issuer-{place - 1 if place % 10 == 9 else place}"
        yield f"  {name}:"
        yield f"    name: Made {place}"
        yield f"    issuer: {issuer}"
        yield f"    sector: {SECTORS[place % len(SECTORS)]}"
        yield "    currency: USD"
        yield "    exchange: XNYS"
        yield "    country: US"
        yield f"    shortable: {'no' if place % 5 == 4 else 'yes'}"
        yield "    lot: 1"
        yield "    tick: 0.01"
        yield "    multiplier: 1"
        yield f"    earnings: [{', '.join(_releases(place))}]"


def _releases(place: int) -> Iterator[str]:
    for number in range(14):
        year, quarter = divmod(number, 4)
        yield date(2010 + year, 1 + 3 * quarter, 5 + 2 * (place % 10)).isoformat()
