"""Feeds: where bars come from. A feed gives raw rows as it has them and judges nothing; `advisors.quality` does.

`SampleFeed` reads real daily bars that ship inside Python packages: AAPL, GOOG, IBM, MSFT (2000 or 2004 to 2013-03-01)
and FB (from 2012-05-18) of bokeh_sampledata, and the S&P 500 of arch. Volumes are in shares of the day, except that on
a split's own session the sample still counts old shares. The VIX of arch begins in 2014, so it can feed no decision
of 2011–2013: the measures of market volatility use the realised volatility of the index instead.

`CsvFeed` reads a folder with one `SYMBOL.csv` each and the index's file beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from adapters.bars.calendars import ExchangeCalendar, NoSession
from adapters.bars.csv_bars import read_bars
from adapters.bars.special import NONE, SpecialSessions
from advisors.actions import DividendRule
from advisors.panel import Floats
from advisors.quality import COLUMNS, Market, Rows, clean
from knowledge.faults import Fault, Faulty

INDEX = "SPX"
"""What the S&P 500 is called in reports."""
SAMPLE_INSTRUMENTS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


class Feed(Protocol):
    """Where bars come from."""

    def series(self) -> tuple[Rows, ...]:
        """The rows of every instrument."""

    def index(self) -> Rows:
        """The rows of the market's index."""

    def sessions(self) -> tuple[str, ...]:
        """The sessions for which bars are due."""


def load(feed: Feed) -> Market:
    """Everything a feed has, cleaned. Raises `Faulty` where a file cannot be read at all."""
    return clean(feed.series(), feed.index(), feed.sessions())


@dataclass(frozen=True)
class SampleFeed:
    """The packaged sample, for some of `SAMPLE_INSTRUMENTS`, up to 2013-03-01."""

    instruments: tuple[str, ...] = SAMPLE_INSTRUMENTS

    @cached_property
    def _series(self) -> tuple[Rows, ...]:
        from bokeh_sampledata import stocks

        return tuple(_sample_rows(name, getattr(stocks, name)) for name in self.instruments)

    def series(self) -> tuple[Rows, ...]:
        """The rows of every instrument."""
        return self._series

    def index(self) -> Rows:
        """The S&P 500, a price index, over the span of the instruments."""
        from arch.data import sp500

        first, last = self._span()
        frame = sp500.load().loc[first:last]
        columns = {name: frame[name.title()].to_numpy(dtype=np.float64) for name in COLUMNS}
        nothing = np.full(len(frame), np.nan)
        return Rows(INDEX, tuple(frame.index.strftime("%Y-%m-%d")), **columns, adj_close=nothing)

    def sessions(self) -> tuple[str, ...]:
        """The sessions of the New York Stock Exchange over the span of the instruments."""
        return ExchangeCalendar("XNYS").sessions(*self._span())

    def _span(self) -> tuple[str, str]:
        dates = [date for rows in self._series for date in rows.dates]
        return min(dates), max(dates)


@dataclass(frozen=True)
class CsvFeed:
    """A folder with `SYMBOL.csv` for each instrument and `<index>.csv`; columns as `csv_bars` says.

    Bars are due from the first to the last date of the index's file. `dividends` says how the maker of the adjusted
    closes adjusts for dividends. Raises `Faulty` for files that are missing or cannot be read.
    """

    folder: Path
    instruments: tuple[str, ...]
    index_name: str = INDEX
    exchange: str = "XNYS"
    dividends: DividendRule = "previous-close"
    own: SpecialSessions = NONE

    def series(self) -> tuple[Rows, ...]:
        """The rows of every instrument; the faults of all files are raised together."""
        read: list[Rows] = []
        faults: list[Fault] = []
        for name in self.instruments:
            try:
                read.append(read_bars(self.folder / f"{name}.csv", name, self.dividends))
            except Faulty as error:
                faults.extend(error.faults)
        if faults:
            raise Faulty(*faults)
        return tuple(read)

    def index(self) -> Rows:
        """The rows of the index."""
        return self._index

    def sessions(self) -> tuple[str, ...]:
        """The exchange's sessions over the span of the index's file."""
        first, last = min(self._index.dates), max(self._index.dates)
        try:
            return ExchangeCalendar(self.exchange, own=self.own).sessions(first, last)
        except NoSession as error:
            message = f"the bars run from {first} to {last}; {error}"
            raise Faulty(Fault(str(self.folder / f"{self.index_name}.csv"), 1, 1, message)) from None

    @cached_property
    def _index(self) -> Rows:
        return read_bars(self.folder / f"{self.index_name}.csv", self.index_name, self.dividends)


def _sample_rows(name: str, columns: dict[str, list[float]]) -> Rows:
    numbers: dict[str, Floats] = {part: np.array(columns[part], dtype=np.float64) for part in (*COLUMNS, "adj_close")}
    return Rows(name, tuple(map(str, columns["date"])), **numbers, dividends="ex-close")
