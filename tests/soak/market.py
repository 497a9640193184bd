"""A desk over a made market that is long enough: the sample's returns drawn anew (tests/bench/universe.py), with dirt.

Bad bars stand in the files themselves, one in every `DIRT_EVERY` sessions, one kind after the other: they are found by
the feed's quality checks and hold entries, and nothing else of the run knows of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adapters.bars.feeds import SampleFeed
from adapters.calendars.calendar import ExchangeCalendar
from adapters.desk.making import make_desk
from advisors.panel import Floats
from tests.bench.universe import FIRST, SOURCES, Source, instrument_lines, made, sources

INSTRUMENTS = 5
BEGIN, BEGIN_SMALL, TRAINED_UNTIL = "1994-01-03", "1996-01-02", "1999-12-31"
DIRT_EVERY = 61
RARELY = 9
"""One bad bar in so many is a price nobody believes: it holds entries for a month, and must not hold them always."""
TREND, TREND_SESSIONS = 0.0025, 126
SETTINGS = f"""\
[desk]
name = "soak"
account = "PAPER-1"
currency = "USD"
capital = 1_000_000
mode = "paper"

[feed]
kind = "csv"
path = "bars"

[advisors]
trained_until = "{TRAINED_UNTIL}"
retrain_days = 84

[people]
resume = ["Ada Risk"]
"""
LAWS = {
    "rules/book/consensus.clp": (("(>= ?c 0.70)", "(>= ?c 0.55)"),),
    "rules/book/entry.clp": (("(>= ?score 0.75)", "(>= ?score 0.50)"),),
    "limits.yaml": (
        ("kind: interval_width, bound: 3 %,", "kind: interval_width, bound: 10 %,"),
        ("kind: head_psi, bound: 0.25,", "kind: head_psi, bound: 1,"),
    ),
}
"""More candidates than the shipped desk has, so that faults meet orders under way."""

Columns = dict[str, Floats]


def make_market(folder: Path, cycles: int, seed: int, *, small: bool = False) -> None:
    """Make the desk in `folder` with bars for `cycles` decisions and a few more; `small`: less to train on."""
    make_desk(folder, None)
    for name, edits in LAWS.items():
        text = (folder / name).read_text(encoding="utf-8")
        for before, after in edits:
            assert before in text, f"`{name}` no longer says `{before}`"
            text = text.replace(before, after)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "warrant.toml").write_text(SETTINGS, encoding="utf-8")
    lines = ("instruments:", *instrument_lines(INSTRUMENTS), "")
    (folder / "instruments.yaml").write_text("\n".join(lines), encoding="utf-8")
    calendar = ExchangeCalendar("XNYS")
    begin = BEGIN_SMALL if small else BEGIN
    before = calendar.sessions(begin, TRAINED_UNTIL)
    days = calendar.sessions(begin, calendar.last)[: len(before) + cycles + 20]
    bars = folder / "bars"
    bars.mkdir()
    index = SampleFeed(SOURCES).index()
    since = tuple(day for day in index.dates if day >= FIRST)
    drawn = tuple(_trending(one, len(days)) for one in sources(since))
    close = index.close[-len(since) :]
    change = np.resize(np.diff(np.log(close), prepend=np.log(close[:1])), len(days))
    level = 1000 * np.exp(np.cumsum(change - change.mean()))
    flat = dict.fromkeys(("open", "high", "low", "close"), level)
    _write(bars / "SPX.csv", _lines(days, {**flat, "volume": np.full(len(days), 1e9)}))
    for place, (name, columns) in enumerate(made(INSTRUMENTS, seed, drawn, len(days))):
        _write(bars / f"{name}.csv", _dirtied([*_lines(days, columns)], place, len(before)))


def _trending(source: Source, length: int) -> Source:
    """The source as often as it takes, with trends that heads can find: without odds nobody trades."""
    grids = {part: np.resize(getattr(source, part), length) for part in ("change", "opened", "high", "low", "volume")}
    wave = np.sign(np.sin(np.arange(length) * 2 * np.pi / TREND_SESSIONS))
    return Source(**{**grids, "change": grids["change"] * 0.6 + TREND * wave})


def _lines(days: tuple[str, ...], columns: Columns) -> Iterator[str]:
    cells = (columns[name].tolist() for name in ("open", "high", "low", "close"))
    for day, *prices, volume in zip(days, *cells, columns["volume"].tolist(), strict=True):
        low, high = min(prices), max(prices)
        yield ",".join((day, *(f"{price:.2f}" for price in (prices[0], high, low, prices[3])), f"{int(volume)}"))


def _dirtied(lines: list[str], place: int, begin: int) -> list[str]:
    """One bad bar in every `DIRT_EVERY` sessions after `begin`, each instrument at its own time."""
    found = list(lines)
    for number, row in enumerate(range(begin + 11 + 7 * place, len(lines), DIRT_EVERY), start=place):
        kinds = VIOLENT if number % RARELY == 0 else HARMLESS
        found[row] = kinds[number % len(kinds)](found[row])
    return [line for line in found if line]


def _cells(line: str) -> list[str]:
    return line.split(",")


def _missing(line: str) -> str:
    return ""


def _twice(line: str) -> str:
    return f"{line}\n{line}"


def _negative(line: str) -> str:
    day, opened, high, _, close, volume = _cells(line)
    return ",".join((day, opened, high, "-1.00", close, volume))


def _crossed(line: str) -> str:
    day, opened, high, low, close, volume = _cells(line)
    return ",".join((day, opened, low, f"{float(high) + 1:.2f}", close, volume))


def _blank(line: str) -> str:
    day, opened, high, low, _, volume = _cells(line)
    return ",".join((day, opened, high, low, "", volume))


def _tenfold(line: str) -> str:
    day, *prices, volume = _cells(line)
    return ",".join((day, *(f"{float(price) * 10:.2f}" for price in prices), volume))


def _jump(line: str) -> str:
    day, *prices, volume = _cells(line)
    return ",".join((day, *(f"{float(price) * 1.5:.2f}" for price in prices), volume))


HARMLESS = (_missing, _twice, _negative, _crossed, _blank)
VIOLENT = (_tenfold, _jump)


def _write(path: Path, lines: Iterator[str] | list[str]) -> None:
    path.write_text("\n".join(("date,open,high,low,close,volume", *lines, "")), encoding="utf-8")
