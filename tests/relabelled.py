"""Desks whose bars are shorter than a session, or never stop: the sample's own bars under other labels.

Each daily bar of 2006 to 2011 becomes a bar of minutes (its logarithmic moves divided by `CALM`, so that a quarter of
an hour moves no more than one does) or a bar of a calendar day. So heads, rules and limits meet moves that a market
made, and nothing is random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapters.bars.feeds import SampleFeed
from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.periods import periods
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.desk.settings import Settings, read_settings
from advisors.quality import Rows

NAMES = ("AAPL", "IBM", "MSFT")
CALM = 5.0
FIRST = "2006-01-03"
RELEASE = "2026-06-30"
"""When every issuer reports: far ahead, so that no blackout hides what is to be seen."""
_LOOSE = (
    ("limits.yaml", "bound: 0.25, unit: PSI", "bound: 100, unit: PSI"),
    ("limits.yaml", "bound: 0.26, unit: Brier", "bound: 0.3, unit: Brier"),
    ("rules/book/consensus.clp", "(>= ?c 0.70)", "(>= ?c 0.55)"),
    ("rules/book/entry.clp", "(>= ?score 0.75)", "(>= ?score 0.6)"),
    ("rules/book/jurisdiction.pl", "tradable_exchange('XNAS').", "tradable_exchange('24-7')."),
)
"""A few days have to bring orders, so more opinions count than on the desk that ships."""
_INSTRUMENT = """\
  {name}:
    name: {name}
    issuer: issuer-{name}
    sector: sector-{name}
    currency: USD
    exchange: {exchange}
    country: US
    shortable: yes
    lot: 1
    tick: 0.01
    multiplier: 1
    earnings: [{release}]
"""


@dataclass(frozen=True)
class Relabelled:
    """What the desk is to be: `labels` are given to the sample's bars from `FIRST` on, one by one."""

    labels: Sequence[str]
    settings: str
    calm: float = 1.0
    exchange: str = "XNYS"

    def make(self, folder: Path) -> Desk:
        """Make the desk with its bars."""
        make_desk(folder)
        feed = SampleFeed(NAMES)
        (folder / "bars").mkdir()
        for rows in (*feed.series(), feed.index()):
            lines = ["date,open,high,low,close,volume", *self._lines(rows)]
            (folder / "bars" / f"{rows.instrument}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "warrant.toml").write_text(self.settings, encoding="utf-8")
        listed = "".join(_INSTRUMENT.format(name=name, exchange=self.exchange, release=RELEASE) for name in NAMES)
        (folder / "instruments.yaml").write_text("instruments:\n" + listed, encoding="utf-8")
        for file, before, after in _LOOSE:
            text = (folder / file).read_text(encoding="utf-8")
            assert before in text, f"the desk that ships has no `{before}` any more"
            (folder / file).write_text(text.replace(before, after), encoding="utf-8")
        return read_desk(folder)

    def read(self) -> Settings:
        """Its settings."""
        return read_settings(self.settings.encode(), "warrant.toml")

    def _lines(self, rows: Rows) -> Iterator[str]:
        begin = rows.dates.index(FIRST)
        base = rows.close[begin]
        count = len(self.labels)
        grids = [grid[begin : begin + count] for grid in (rows.open, rows.high, rows.low, rows.close)]
        # A power keeps the order of prices, so that high and low stay where they belong.
        prices = [np.round(100 * (grid / base) ** (1 / self.calm), 2) for grid in grids]
        for at, label in enumerate(self.labels):
            cells = [f"{grid[at]:.2f}" for grid in prices]
            yield ",".join([label, *cells, f"{rows.volume[begin + at]:.0f}"])


def labels_of(calendar: ExchangeCalendar, interval: str, first: str, last: str) -> tuple[str, ...]:
    """The labels of all bars between two dates."""
    return tuple(one.label for one in periods(calendar, interval, first, last))


def settings(feed: str, trained_until: str, every: str) -> str:
    """A `warrant.toml` of a backtest on `bars`; `feed` is more lines of that table."""
    desk = 'name = "made"\naccount = "made-1"\ncurrency = "USD"\ncapital = 1000000\nmode = "backtest"'
    bars = f'kind = "csv"\npath = "bars"\n{feed}'
    trained = f'trained_until = "{trained_until}"'
    return f'[desk]\n{desk}\n[feed]\n{bars}\n[advisors]\n{trained}\n[schedule]\nevery = "{every}"\n'
