"""A server on this machine that stands for Yahoo and for an exchange of crypto pairs, in one of several moods."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

Bar = tuple[str, float | None, float | None, float | None, float | None, float | None]
"""A day and five numbers; None is a hole."""


class Gateway(ThreadingHTTPServer):
    """Answers with `bars` as the real ones would; `mood` says what is wrong with it, and `asked` what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.mood = "right"
        self.bars: list[Bar] = []
        self.events: dict[str, Any] = {}
        self.asked: list[str] = []
        self.moods: list[str] = []
        """Moods of the next answers, one each, before `mood` holds."""
        self.let_go = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        if where.path.startswith("/v8/finance/chart/") or where.path.endswith("/klines"):
            self.server.asked.append(self.path)
            mood = self.server.moods.pop(0) if self.server.moods else self.server.mood
            if mood == "slow":
                self.server.let_go.wait(30)
            if mood == "broken":
                self._send(500, b"it broke")
            elif mood == "html":
                self._send(200, b"<html><body>Will be with you shortly</body></html>", "text/html")
            elif mood == "cut":
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(b'{"chart": {')
            else:
                bars = self._bars(mood)
                told = (
                    self._klines(bars, asked) if "klines" in where.path else self._chart(where.path, bars, asked, mood)
                )
                self._send(200, json.dumps(told).encode())
        elif where.path.endswith("/exchangeInfo"):
            self._send(200, json.dumps(_EXCHANGE).encode())
        elif where.path.endswith("/getcrumb"):
            self._send(200, b"crumb", "text/plain")
        else:
            self._send(404, b"{}")

    def _bars(self, mood: str) -> list[Bar]:
        bars = self.server.bars
        if mood == "empty":
            return []
        if mood == "holes":
            return [(day, None, None, None, None, None) for day, *_ in bars]
        if mood == "backwards":
            return bars[::-1]
        if mood == "another time":
            return [(_day(day, -4000), *numbers) for day, *numbers in bars]  # type: ignore[misc]
        return bars

    def _chart(self, path: str, bars: list[Bar], asked: dict[str, str], mood: str) -> Any:
        symbol = unquote(path.rsplit("/", 1)[1]) if mood != "another symbol" else "OTHER"
        zone = ZoneInfo("America/New_York")
        first = int(asked.get("period1", -(10**11)))
        moments = [int(datetime.fromisoformat(f"{day}T09:30").replace(tzinfo=zone).timestamp()) for day, *_ in bars]
        shown = [at for at, moment in enumerate(moments) if moment >= first or mood == "another time"]
        columns = {
            name: [bars[at][place] for at in shown]
            for place, name in enumerate(("open", "high", "low", "close", "volume"), 1)
        }
        meta = {
            "symbol": symbol, "currency": "USD", "instrumentType": "EQUITY", "exchangeTimezoneName": "America/New_York",
            "timezone": "EST", "gmtoffset": -18000, "exchangeName": "NMS", "validRanges": ["1d", "max"], "priceHint": 2,
            "dataGranularity": "1d", "range": "", "regularMarketTime": moments[-1] if moments else 0,
            "currentTradingPeriod": dict.fromkeys(("pre", "regular", "post"), _PERIOD),
        }  # fmt: skip
        result = {
            "meta": meta, "timestamp": [moments[at] for at in shown], "events": self.server.events,
            "indicators": {"quote": [columns], "adjclose": [{"adjclose": columns["close"]}]},
        }  # fmt: skip
        if not shown:
            result = {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
        return {"chart": {"result": [result], "error": None}}

    def _klines(self, bars: list[Bar], asked: dict[str, str]) -> Any:
        first = int(asked.get("startTime", 0))
        rows = []
        for day, *numbers in bars:
            moment = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
            told = [None if one is None else str(one) for one in numbers]
            if moment >= first or self.server.mood == "another time":
                rows.append([moment, *told, moment + 86_399_999, "0", 1, "0", "0", "0"])
        return rows

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _day(day: str, days: int) -> str:
    return (datetime.fromisoformat(day) + timedelta(days=days)).date().isoformat()


_PERIOD = {"timezone": "EST", "start": 0, "end": 0, "gmtoffset": -18000}
_EXCHANGE = {
    "timezone": "UTC",
    "serverTime": 0,
    "rateLimits": [],
    "symbols": [
        {
            "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "baseAssetPrecision": 8,
            "quoteAssetPrecision": 8, "quotePrecision": 8, "orderTypes": ["LIMIT"], "isSpotTradingAllowed": True,
            "permissions": ["SPOT"], "permissionSets": [["SPOT"]], "filters": [],
        }
    ],
}  # fmt: skip
