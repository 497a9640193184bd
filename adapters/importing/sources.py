"""Where bars can be fetched: Yahoo through yfinance, exchanges of crypto pairs through ccxt.

A source answers with what it has since a day, as it says it; whatever is no such answer is `NoBars` with a sentence:
an empty table (which is how yfinance fails), a page instead of numbers, another symbol's bars, rows out of order or
from before the day asked for, nothing but holes.

Yahoo gives prices and dividends divided by all splits since; they are multiplied back with the splits of the same
answer, to what was traded and paid, and rounded to 0.0001, since its binary32 prices carry noise beyond. Its data are
for looking only. Volumes of crypto pairs are rounded down to whole units, which is what a desk counts in.

`gateway` is the address of a server that stands for the source: a company's own gateway, or a test's.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from adapters.calendars.exchanges import KNOWN

LOOKING_ONLY = "yfinance brings Yahoo's data, which are for looking only: not to be traded on or passed on"
_PAGE = 1000
"""Rows that exchanges give at a time."""
_PRICES = ("Open", "High", "Low", "Close")


class NoBars(Exception):
    """A source has not given bars; the message is a sentence. `again` says whether asking again may help."""

    def __init__(self, sentence: str, *, again: bool = True) -> None:
        super().__init__(sentence)
        self.again = again


@dataclass(frozen=True)
class Request:
    """What is asked for: the symbol as the source calls it, from a day on (None: all there is), bars of `interval`.

    `timeout` in seconds is for each request of the network; `gateway` is empty for the source itself.
    """

    symbol: str
    since: date | None
    interval: str
    exchange: str
    timeout: float
    gateway: str


@dataclass(frozen=True)
class Answer:
    """Bars as rows of text (when) and five numbers, in order; splits and dividends as day, kind and amount."""

    written: list[str]
    numbers: list[tuple[float, ...]]
    actions: tuple[tuple[str, Literal["split", "dividend"], Decimal], ...]
    notes: tuple[str, ...] = ()


Source = Callable[[Request], Answer]


def source_of(name: str) -> Source | None:
    """The source of a name like `yfinance` or `ccxt:binance`; None where there is none."""
    kind, _, exchange = name.partition(":")
    if kind == "yfinance" and not exchange:
        return yahoo
    if kind == "ccxt" and exchange:
        import ccxt

        return (lambda request: crypto(exchange, request)) if exchange in ccxt.exchanges else None
    return None


def yahoo(request: Request) -> Answer:
    """Bars, splits and dividends from Yahoo. Raises `NoBars`."""
    import yfinance
    from yfinance.data import YfData
    from yfinance.scrapers.history import PriceHistory

    # Its failures are to arrive here, not on the screen; its caches would answer for a source that is gone.
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)
    yfinance.config.debug.hide_exceptions = False
    zone = KNOWN[request.exchange].zone
    yfinance.set_tz_cache_location(_scratch().name)
    session = _redirected(request) if request.gateway else None
    try:
        history = PriceHistory(YfData(session=session), request.symbol, zone, session)
        span = {"start": request.since.isoformat()} if request.since else {"period": "max"}
        interval = request.interval
        frame = history.history(
            **span, interval=interval, auto_adjust=False, actions=True, keepna=True, timeout=request.timeout
        )
        meta = history.get_history_metadata()
    except Exception as error:  # noqa: BLE001  (what a library of another's raises has no end; each is no bars)
        raise NoBars(f"yfinance failed: {_reason(error)}") from None
    if frame is None or not len(frame):
        raise NoBars("yfinance gave an empty table, which is how it fails")
    told = str(meta.get("symbol", "")) if meta else ""
    if told and told.upper() != request.symbol.upper():
        raise NoBars(f"yfinance gave bars of `{told}` where `{request.symbol}` was asked for", again=False)
    return _unsplit(frame, request)


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Where yfinance may keep what it likes, until this process ends."""
    return tempfile.TemporaryDirectory(prefix="warrant-yahoo-")


def _unsplit(frame: Any, request: Request) -> Answer:  # noqa: ANN401  (a frame of pandas)
    splits = (
        frame["Stock Splits"].fillna(0).to_numpy(dtype=np.float64) if "Stock Splits" in frame else np.zeros(len(frame))
    )
    paid = frame["Dividends"].fillna(0).to_numpy(dtype=np.float64) if "Dividends" in frame else np.zeros(len(frame))
    ratio = np.where(splits > 0, splits, 1.0)
    later = np.cumprod(ratio[::-1])[::-1] / ratio
    prices = [np.round(frame[name].to_numpy(dtype=np.float64) * later, 4) for name in _PRICES]
    volume = np.round(frame["Volume"].to_numpy(dtype=np.float64) / later)
    written = [moment.isoformat() for moment in frame.index]
    days = [moment.date().isoformat() for moment in frame.index]
    actions: list[tuple[str, Literal["split", "dividend"], Decimal]] = [
        (days[at], "split", Decimal(repr(round(float(splits[at]), 6)))) for at in np.flatnonzero(splits > 0).tolist()
    ]
    cash = np.round(paid * later, 6)
    actions += [(days[at], "dividend", Decimal(repr(float(cash[at])))) for at in np.flatnonzero(cash > 0).tolist()]
    numbers = list(zip(*(part.tolist() for part in (*prices, volume)), strict=True))
    return _sound(Answer(written, numbers, tuple(actions), (LOOKING_ONLY,)), days, request)


def crypto(exchange: str, request: Request) -> Answer:
    """Bars of a pair from an exchange of crypto. Raises `NoBars`."""
    import ccxt

    client = getattr(ccxt, exchange)({"timeout": int(request.timeout * 1000), "enableRateLimit": not request.gateway})
    if isinstance(client.options.get("fetchMarkets"), dict):
        client.options["fetchMarkets"] = {"types": ["spot"]}
    if request.gateway:
        client.urls["api"] = _moved(client.urls["api"], request.gateway)
    base, _, quote = request.symbol.rpartition("-")
    pair = f"{base}/{quote}" if base else request.symbol
    start = datetime.combine(request.since or date(2009, 1, 3), datetime.min.time(), UTC)
    rows: list[list[float]] = []
    try:
        while page := client.fetch_ohlcv(pair, request.interval, since=_after(rows, start), limit=_PAGE):
            fresh = [row for row in page if not rows or row[0] > rows[-1][0]]
            rows += fresh
            if not fresh or len(page) < _PAGE // 2:
                break
    except (ccxt.BadSymbol, ccxt.NotSupported, ccxt.AuthenticationError) as error:
        raise NoBars(f"{exchange} refused: {_reason(error)}", again=False) from None
    except Exception as error:  # noqa: BLE001  (as above)
        raise NoBars(f"{exchange} failed: {_reason(error)}") from None
    try:
        moments = [datetime.fromtimestamp(row[0] / 1000, UTC) for row in rows]
        numbers = [tuple(float("nan") if cell is None else float(cell) for cell in row[1:6]) for row in rows]
    except (TypeError, ValueError, OverflowError, OSError):
        raise NoBars(f"{exchange} gave rows that are no bars") from None
    whole = [(*prices, float(np.floor(volume))) for *prices, volume in numbers]
    answer = Answer([one.isoformat() for one in moments], whole, (), ("volumes are rounded down to whole units",))
    return _sound(answer, [one.date().isoformat() for one in moments], request)


def _after(rows: list[list[float]], start: datetime) -> int:
    return int(rows[-1][0]) + 1 if rows else int(start.timestamp() * 1000)


def _sound(answer: Answer, days: list[str], request: Request) -> Answer:
    """The answer, if it can be one. Raises `NoBars`."""
    if not answer.written:
        raise NoBars("the answer has no bars")
    if any(len(row) != 5 for row in answer.numbers):
        raise NoBars("the answer has rows that are no bars")
    if sorted(set(answer.written)) != answer.written:
        raise NoBars("the answer's bars are out of order, or twice")
    if request.since and days[0] < request.since.isoformat():
        raise NoBars(f"the answer begins on {days[0]}, before the day that was asked for")
    if np.isnan(np.array(answer.numbers)[:, 3]).all():
        raise NoBars("the answer has no close in it, only holes")
    return answer


def _redirected(request: Request) -> Any:  # noqa: ANN401  (a session of requests)
    """A session whose every request goes to the gateway and ends in time."""
    import requests

    class Redirected(requests.Session):
        def request(self, method: str, url: str, **named: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
            named["timeout"] = request.timeout
            return super().request(method, _elsewhere(url, request.gateway), **named)

    return Redirected()


def _moved(urls: Any, gateway: str) -> Any:  # noqa: ANN401  (texts, in mappings of mappings)
    if isinstance(urls, Mapping):
        return {name: _moved(url, gateway) for name, url in urls.items()}
    return _elsewhere(urls, gateway) if isinstance(urls, str) else urls


def _elsewhere(url: str, gateway: str) -> str:
    there, here = urlsplit(url), urlsplit(gateway)
    return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
