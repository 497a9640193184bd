"""Feeds: where bars come from. A feed gives raw rows as it has them and judges nothing; `advisors.quality` does.

`SampleFeed` reads real daily bars that ship inside Python packages: AAPL, GOOG, IBM, MSFT (2000 or 2004 to 2013-03-01)
and FB (from 2012-05-18) of bokeh_sampledata, and the S&P 500 of arch. Volumes are in shares of the day, except that on
a split's own session the sample still counts old shares. The VIX of arch begins in 2014, so it can feed no decision
of 2011–2013: the measures of market volatility use the realised volatility of the index instead.

`CsvFeed` reads a folder with one `SYMBOL.csv` each and the index's file beside them; `BarsFeed` reads the desk's own
bar store, where `warrant data import` and `warrant data fetch` bring bars to.

A feed says with `fingerprint` whether it may have changed since, without reading its bars again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from adapters.bars.csv_bars import read_bars
from adapters.bars.given_actions import read_actions
from adapters.bars.store import BarStore, stamp
from adapters.calendars.calendar import ExchangeCalendar, NoSession
from adapters.calendars.periods import DAILY, periods
from adapters.calendars.special import NONE, SpecialSessions
from advisors.actions import Action, DividendRule
from advisors.panel import Floats
from advisors.quality import COLUMNS, Cleaned, Market, Rows
from knowledge.faults import Fault, Faulty
from knowledge.values import digest

if TYPE_CHECKING:
    import pandas as pd

INDEX = "SPX"
"""What the S&P 500 is called in reports."""
SAMPLE_INSTRUMENTS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


class Feed(Protocol):
    """Where bars come from."""

    def series(self) -> tuple[Rows, ...]:
        """The rows of every instrument."""

    def index(self) -> Rows | None:
        """The rows of the market's index; None where the desk has none."""

    def sessions(self) -> tuple[str, ...]:
        """The sessions for which bars are due."""

    def fingerprint(self) -> str:
        """Another text where the bars may be others; cheap, no bar is read."""


def load(feed: Feed) -> Market:
    """Everything a feed has, cleaned. Raises `Faulty` where a file cannot be read at all."""
    return read_feed(feed).market


def read_feed(feed: Feed, before: Cleaned | None = None) -> Cleaned:
    """The same with what became of each series; what goes on where `before` ended is placed after it."""
    return Cleaned.of(feed.series(), feed.index(), feed.sessions(), before)


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
        first, last = self._span()
        frame = _sp500().loc[first:last]
        columns: dict[str, Any] = {name: frame[name.title()].to_numpy(dtype=np.float64) for name in COLUMNS}
        nothing = np.full(len(frame), np.nan)
        return Rows(INDEX, tuple(frame.index), **columns, adj_close=nothing)

    def sessions(self) -> tuple[str, ...]:
        """The sessions of the New York Stock Exchange over the span of the instruments."""
        return ExchangeCalendar("XNYS").sessions(*self._span())

    def fingerprint(self) -> str:
        """What ships does not change while a program runs; the packages' versions name it."""
        return digest(f"{self.instruments} {version('bokeh_sampledata')} {version('arch')}".encode())

    def _span(self) -> tuple[str, str]:
        dates = [date for rows in self._series for date in rows.dates]
        return min(dates), max(dates)


def _sp500() -> pd.DataFrame:
    """The S&P 500 of arch by date (ISO). Its file is read without arch: to import that takes two seconds."""
    import pandas as pd

    found = find_spec("arch")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'arch'", name="arch")
    frame = pd.read_csv(Path(found.origin).parent / "data" / "sp500" / "sp500.csv.gz", index_col="Date")
    frame.index = pd.to_datetime(frame.index, format="%m/%d/%Y").strftime("%Y-%m-%d")
    return frame


def due(calendar: ExchangeCalendar, interval: str, first: str, last: str) -> tuple[str, ...]:
    """The labels of bars that are due between two labels or dates, both included. Raises `NoSession`."""
    if interval == DAILY:
        return calendar.sessions(first[:10], last[:10])
    found = (one.label for one in periods(calendar, interval, first[:10], last[:10]))
    return tuple(label for label in found if first <= label <= (last if len(last) > 10 else f"{last}~"))


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
    interval: str = DAILY

    def series(self) -> tuple[Rows, ...]:
        """The rows of every instrument; the faults of all files are raised together."""
        read: list[Rows] = []
        faults: list[Fault] = []
        for name in self.instruments:
            try:
                read.append(read_bars(self.folder / f"{name}.csv", name, self.dividends, self.interval))
            except Faulty as error:
                faults.extend(error.faults)
        if faults:
            raise Faulty(*faults)
        return tuple(read)

    def index(self) -> Rows:
        """The rows of the index."""
        return self._index

    def sessions(self) -> tuple[str, ...]:
        """The labels of the exchange's bars over the span of the index's file."""
        first, last = min(self._index.dates), max(self._index.dates)
        try:
            return due(ExchangeCalendar(self.exchange, own=self.own), self.interval, first, last)
        except NoSession as error:
            message = f"the bars run from {first} to {last}; {error}"
            raise Faulty(Fault(str(self.folder / f"{self.index_name}.csv"), 1, 1, message)) from None

    def fingerprint(self) -> str:
        """Of the sizes and times of the files."""
        return stamp([self.folder / f"{name}.csv" for name in (*self.instruments, self.index_name)])

    @cached_property
    def _index(self) -> Rows:
        return read_bars(self.folder / f"{self.index_name}.csv", self.index_name, self.dividends, self.interval)


@dataclass(frozen=True)
class BarsFeed:
    """The desk's own bar store in `folder`, for some of its instruments.

    Bars are due on the exchange's sessions from the index's first to the last of any series, so that a late index is
    a gap of the index. `index_name` is empty for a desk without an index: then nothing that is measured against one is
    known (regime, betas, volatility of the market), and bars are due from the first of any series. Splits and
    dividends that were given to the store are used; without any, those behind the adjusted closes. Raises `Faulty` for
    files that are missing or cannot be read.
    """

    folder: Path
    instruments: tuple[str, ...]
    index_name: str = INDEX
    exchange: str = "XNYS"
    own: SpecialSessions = NONE
    interval: str = DAILY

    def series(self) -> tuple[Rows, ...]:
        """The rows of every instrument; the faults of all files are raised together."""
        return self._series

    def index(self) -> Rows | None:
        """The rows of the index, None where the desk has none."""
        return self._index

    def sessions(self) -> tuple[str, ...]:
        """The labels of the exchange's bars over the span of the feed's."""
        series = [rows for rows in self._series if rows.dates]
        spans = [(min(rows.dates), max(rows.dates)) for rows in series]
        if self._index is not None and self._index.dates:
            spans.append((min(self._index.dates), max(self._index.dates)))
            first = spans[-1][0]
        elif spans:
            first = min(first for first, _ in spans)
        else:
            raise Faulty(Fault(str(self.folder), 1, 1, "there are no bars here; bring them with `warrant data import`"))
        last = max(last for _, last in spans)
        try:
            return due(ExchangeCalendar(self.exchange, own=self.own), self.interval, first, last)
        except NoSession as error:
            message = f"the bars run from {first} to {last}; {error}"
            raise Faulty(Fault(str(self.folder), 1, 1, message)) from None

    def fingerprint(self) -> str:
        """Of the sizes and times of the files."""
        store, names = BarStore(self.folder), [*self.instruments, *([self.index_name] if self.index_name else [])]
        return stamp([store.actions, *map(store.path, names)])

    @cached_property
    def _actions(self) -> Mapping[str, tuple[Action, ...]]:
        return read_actions(BarStore(self.folder).actions)

    @cached_property
    def _series(self) -> tuple[Rows, ...]:
        store, read = BarStore(self.folder), []
        faults: list[Fault] = []
        for name in self.instruments:
            try:
                read.append(store.read(name, self._actions.get(name)))
            except Faulty as error:
                faults.extend(error.faults)
        if faults:
            raise Faulty(*faults)
        return tuple(read)

    @cached_property
    def _index(self) -> Rows | None:
        return BarStore(self.folder).read(self.index_name) if self.index_name else None


def _sample_rows(name: str, columns: dict[str, list[float]]) -> Rows:
    numbers: dict[str, Floats] = {part: np.array(columns[part], dtype=np.float64) for part in (*COLUMNS, "adj_close")}
    return Rows(name, tuple(map(str, columns["date"])), **numbers, dividends="ex-close", actions=None)
