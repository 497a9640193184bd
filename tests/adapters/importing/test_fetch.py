"""`warrant data fetch` against a server that is right, slow, gone or lying; the real libraries ask it over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import stamina

from adapters.bars.given_actions import read_actions
from adapters.bars.store import BarStore
from adapters.calendars.calendar import ExchangeCalendar
from adapters.cli import run
from tests.adapters.bars.own_desk import HEAD, bring, lines, make, manifest, stored
from tests.adapters.importing.gateway import Bar, Gateway, running

Capture = pytest.CaptureFixture[str]
DAYS = ExchangeCalendar("XNYS").sessions("2024-03-04", "2024-03-15")


@pytest.fixture
def server() -> Iterator[Gateway]:
    with running() as gateway:
        gateway.bars = bars(DAYS)
        yield gateway


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return make(tmp_path / "desk", "X")


def bars(days: tuple[str, ...], close: float = 100.0) -> list[Bar]:
    return [(day, close, close + 4, close - 2, close + at / 4, 1000.0) for at, day in enumerate(days)]


def fetch(desk: Path, *servers: Gateway, words: tuple[str, ...] = ("X",), sources: str = "yfinance") -> int:
    ways = [f"--gateway={name}={one.address}" for name, one in zip(sources.split(","), servers, strict=True)]
    return run(["data", "fetch", "--desk", str(desk), "--from", sources, *ways, "--timeout", "5", *words])


def test_bars_of_yahoo_come_into_the_store(desk: Path, server: Gateway, capsys: Capture) -> None:
    assert fetch(desk, server) == 0
    rows = BarStore(desk / "bars").read("X")
    assert rows.dates == DAYS
    assert rows.close.tolist() == [100 + at / 4 for at in range(len(DAYS))]
    assert "for looking only" in capsys.readouterr().out
    line = manifest(desk)[-1]
    assert (line["what"], line["source"], line["instruments"]["X"]["added"]) == ("fetch", "yfinance", len(DAYS))


def test_only_what_is_missing_is_asked_for(desk: Path, server: Gateway) -> None:
    server.bars = bars(DAYS[:4])
    assert fetch(desk, server) == 0
    server.bars = bars(DAYS)
    assert fetch(desk, server) == 0
    assert BarStore(desk / "bars").read("X").dates == DAYS
    told = manifest(desk)[-1]["instruments"]["X"]
    assert (told["rows"], told["added"], told["first"], told["last"]) == (6, 6, DAYS[4], DAYS[-1])


def test_prices_and_dividends_are_taken_back_to_what_was_traded_and_paid(desk: Path, server: Gateway) -> None:
    """Yahoo divides what lies before a split by it; the desk keeps raw prices, and the split as an action."""
    split, paid = DAYS[6], DAYS[3]
    opens = {day: datetime.fromisoformat(ExchangeCalendar("XNYS").open_instant(day)) for day in (split, paid)}
    moment = {day: str(int(instant.timestamp())) for day, instant in opens.items()}
    server.events = {
        "splits": {moment[split]: {"date": int(moment[split]), "numerator": 4, "denominator": 1, "splitRatio": "4:1"}},
        "dividends": {moment[paid]: {"date": int(moment[paid]), "amount": 0.25}},
    }
    assert fetch(desk, server) == 0
    rows = BarStore(desk / "bars").read("X")
    assert rows.close[:7].tolist() == [400, 401, 402, 403, 404, 405, 101.5]
    assert rows.volume[:7].tolist() == [250] * 6 + [1000]
    actions = read_actions(desk / "bars" / "actions.csv")["X"]
    assert [(one.session, one.kind, str(one.amount)) for one in actions] == [
        (paid, "dividend", "1"),
        (split, "split", "4"),
    ]


LIES = {
    "empty": "yfinance gave an empty table, which is how it fails|yfinance failed",
    "html": "yfinance failed",
    "broken": "yfinance failed",
    "cut": "yfinance failed",
    "another symbol": "yfinance gave bars of `OTHER` where `X` was asked for",
    "holes": "the answer has no close in it, only holes",
    "another time": "before the day that was asked for",
}


@pytest.mark.parametrize("mood", LIES)
def test_a_source_that_lies_gives_nothing_and_the_next_one_is_asked(
    desk: Path, server: Gateway, capsys: Capture, mood: str
) -> None:
    assert bring(desk, csv(desk, HEAD + lines("2024-03-01")), "--yes") == 0
    before = stored(desk)
    server.mood = mood
    assert fetch(desk, server) == 3
    said = capsys.readouterr().err
    assert any(one in said for one in LIES[mood].split("|"))
    assert "no source gave bars of `X`; nothing of them was stored" in said
    assert stored(desk) == before
    line = manifest(desk)[-1]
    assert (line["what"], line["source"], line["next"]) == ("fetch-failed", "yfinance", None)


def csv(desk: Path, text: str) -> Path:
    path = desk.parent / "X.csv"
    path.write_text(text)
    return path


def test_a_source_that_is_gone_or_slow_fails_over_and_both_are_on_record(
    tmp_path: Path, server: Gateway, capsys: Capture
) -> None:
    desk = make(tmp_path / "desk", "BTC-USDT", calendar="24/7")
    server.bars = bars(("2024-03-02", "2024-03-03", "2024-03-04"))
    with running() as slow:
        slow.mood = "slow"
        ways = [f"yfinance={slow.address}", f"ccxt:binance={server.address}", "ccxt:kraken=http://127.0.0.1:9"]
        words = [
            "data",
            "fetch",
            "--desk",
            str(desk),
            "--from",
            "ccxt:kraken,yfinance,ccxt:binance",
            "--timeout",
            "0.3",
        ]
        assert run([*words, *(f"--gateway={one}" for one in ways), "--json", "BTC/USDT"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)[0]
    assert [one["source"] for one in told["failures"]] == ["ccxt:kraken", "yfinance"]
    assert (told["source"], told["bars"]["added"]) == ("ccxt:binance", 3)
    assert [(one["what"], one["source"]) for one in manifest(desk)] == [
        ("fetch-failed", "ccxt:kraken"), ("fetch-failed", "yfinance"), ("fetch", "ccxt:binance"),
    ]  # fmt: skip
    assert "asking yfinance next" in captured.err and "asking ccxt:binance next" in captured.err
    assert BarStore(desk / "bars").read("BTC-USDT").dates == ("2024-03-02", "2024-03-03", "2024-03-04")


def test_a_failure_that_passes_is_asked_again(desk: Path, server: Gateway, capsys: Capture) -> None:
    server.moods = ["html", "cut"]
    assert fetch(desk, server) == 0
    assert capsys.readouterr().err == ""
    assert BarStore(desk / "bars").read("X").dates == DAYS


def test_another_symbol_is_not_asked_for_again(desk: Path, server: Gateway) -> None:
    server.mood = "another symbol"
    assert fetch(desk, server) == 3
    assert len(server.asked) == 1


@pytest.mark.parametrize("mood", ["empty", "html", "broken", "holes", "backwards", "another time"])
def test_an_exchange_that_lies_gives_nothing(tmp_path: Path, server: Gateway, mood: str) -> None:
    desk = make(tmp_path / "desk", "BTC-USDT", calendar="24/7")
    server.bars = bars(("2024-03-02", "2024-03-03", "2024-03-04"))
    server.mood = mood
    assert (
        fetch(desk, server, words=("BTC-USDT", "--since", "2024-03-01"), sources="ccxt:binance") == 3
        or mood == "backwards"
    )
    if mood == "backwards":
        # the library itself puts them in order
        assert BarStore(desk / "bars").read("BTC-USDT").dates == ("2024-03-02", "2024-03-03", "2024-03-04")
    else:
        assert stored(desk) == {}


def test_a_pair_that_is_not_traded_there_is_said(tmp_path: Path, server: Gateway, capsys: Capture) -> None:
    desk = make(tmp_path / "desk", "ETH-USDT", calendar="24/7")
    assert fetch(desk, server, words=("ETH-USDT",), sources="ccxt:binance") == 3
    assert "binance refused: BadSymbol" in capsys.readouterr().err


def test_holes_and_contradictions_are_stored_and_told_as_in_an_import(
    desk: Path, server: Gateway, capsys: Capture
) -> None:
    server.bars[2] = (DAYS[2], None, None, None, None, None)
    server.bars[4] = (DAYS[4], 100.0, 90.0, 110.0, 100.0, 5.0)
    assert fetch(desk, server) == 0
    assert "1 not-a-number, 1 crossed: stored as they are; the desk enters nothing on them" in capsys.readouterr().out


def test_a_revision_is_refused(desk: Path, server: Gateway, capsys: Capture) -> None:
    assert fetch(desk, server) == 0
    before = stored(desk)
    server.bars = bars(DAYS, close=101)
    assert fetch(desk, server, words=("X", "--since", DAYS[0])) == 2
    assert "is a revision: open 100 is stored and here it is 101" in capsys.readouterr().err
    assert stored(desk) == before


def test_a_symbol_may_have_another_name_there(desk: Path, server: Gateway) -> None:
    assert fetch(desk, server, words=("SPX=^GSPC",)) == 0
    assert BarStore(desk / "bars").symbols() == ("SPX",)
    assert "GSPC" in server.asked[0]


@pytest.mark.parametrize(
    "words, said",
    [
        (["--from", "yahu", "X"], "`yahu` is no source; write `yfinance`, or `ccxt:`"),
        (["--from", "ccxt:nowhere", "X"], "`ccxt:nowhere` is no source"),
        (["--gateway", "yfinance=host", "X"], "is no source with an address"),
        (["--gateway", "ccxt:binance=http://host", "X"], "is not among the sources of `--from`"),
        (["--since", "yesterday", "X"], "`yesterday` is no date"),
        (["a b"], "`a b` is no symbol"),
    ],
)
def test_what_is_asked_wrongly_is_said(desk: Path, capsys: Capture, words: list[str], said: str) -> None:
    assert run(["data", "fetch", "--desk", str(desk), *words]) == 2
    assert said in capsys.readouterr().err
