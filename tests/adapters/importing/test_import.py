"""`warrant data import`: formats guessed and confirmed, merged, revisions refused, all or nothing, and told."""
# ruff: noqa: E501  (files as others write them)

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.bars.store import NUMBERS, BarStore
from adapters.calendars.calendar import ExchangeCalendar
from adapters.desk.folder import read_desk
from adapters.importing.bringing import bring as bring_tables
from adapters.running.world import World
from advisors.quality import COLUMNS
from knowledge.faults import Fault, Faulty
from tests.adapters.bars.own_desk import DAYS, HEAD, bring, lines, make, manifest, stored

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return make(tmp_path / "desk", "X")


def file(desk: Path, text: str | bytes, name: str = "X.csv") -> Path:
    path = desk.parent / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def bars(desk: Path, symbol: str = "X") -> dict[str, tuple[float, ...]]:
    rows = BarStore(desk / "bars").read(symbol)
    return {day: tuple(float(getattr(rows, name)[at]) for name in NUMBERS[:5]) for at, day in enumerate(rows.dates)}


WANTED = {"2011-01-03": (1.5, 2.5, 1.0, 2.0, 500.0), "2011-01-04": (2.0, 3.0, 1.5, 2.5, 600.0)}
FORMATS = {
    "plain": "date,open,high,low,close,volume\n2011-01-03,1.5,2.5,1,2,500\n2011-01-04,2,3,1.5,2.5,600\n",
    "yahoo": "Date,Open,High,Low,Close,Adj Close,Volume\n2011-01-03,1.5,2.5,1,2,1,500\n2011-01-04,2,3,1.5,2.5,1.25,600\n",
    "stooq": "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    "X,D,20110103,000000,1.5,2.5,1,2,500,0\nX,D,20110104,000000,2,3,1.5,2.5,600,0\n",
    "alpaca": "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
    "X,2011-01-03 05:00:00+00:00,1.5,2.5,1.0,2.0,500.0,9,1.7\nX,2011-01-04 05:00:00+00:00,2,3,1.5,2.5,600.0,9,2.2\n",
    "alpaca, short": "S,t,o,h,l,c,v\nX,2011-01-03T05:00:00Z,1.5,2.5,1,2,500\nX,2011-01-04T05:00:00Z,2,3,1.5,2.5,600\n",
    "german": "Datum;Erster;Hoch;Tief;Schlusskurs;Stücke\n03.01.2011;1,5;2,5;1,0;2,0;500\n04.01.2011;2,0;3,0;1,5;2,5;600\n",
    "tabs, quotes": '"Date"\t"Open"\t"High"\t"Low"\t"Close"\t"Volume"\r\n"2011-01-03"\t"1.5"\t"2.5"\t"1"\t"2"\t"500"\r\n'
    '"2011-01-04"\t"2"\t"3"\t"1.5"\t"2.5"\t"600"\r\n',
    "american": "Date,Close/Last,Volume,Open,High,Low\n01/04/2011,2.5,600,2,3,1.5\n01/03/2011,2,500,1.5,2.5,1\n12/31/2010,,,,,\n",
    "seconds": "unix,open,high,low,close,volume\n1294030800,1.5,2.5,1,2,500\n1294117200,2,3,1.5,2.5,600\n",
    "byte order mark, spaces, blank lines": "\ufeff\nDate , Open, High, Low, Close, Volume\n\n2011-01-03, 1.5,2.5 ,1,2,500\n\n"
    "2011-01-04,2e0,+3,1.50,2.5,600\n\n",
    "pandas": ",open,high,low,close,volume,label\n0,1.5,2.5,1,2,500,2011-01-03\n1,2,3,1.5,2.5,600,2011-01-04\n",
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_files_as_others_write_them(desk: Path, text: str) -> None:
    assert bring(desk, file(desk, text), "--yes") == 0
    found = bars(desk)
    found.pop("2010-12-31", None)
    assert found == WANTED


def test_klines_without_a_first_line(tmp_path: Path) -> None:
    desk = make(tmp_path / "desk", "BTC-USDT", calendar="24/7")
    text = "".join(
        f"{start},{numbers},{start + 86399999},0,9,0,0,0\n"
        for start, numbers in ((1294012800000, "1.5,2.5,1,2,500.9"), (1294099200000, "2,3,1.5,2.5,600"))
    )
    assert bring(desk, file(desk, text), "--yes", "--symbol", "BTC-USDT", "--whole-volume") == 0
    assert bars(desk, "BTC-USDT") == WANTED


def test_a_pair_gets_a_symbol_that_a_file_can_have(tmp_path: Path) -> None:
    desk = make(tmp_path / "desk", "BTC-USDT", calendar="24/7")
    text = (
        "pair,"
        + HEAD
        + "".join(f"{name},{line}\n" for name in ("BTC/USDT", "ETH/USDT") for line in lines(*DAYS).splitlines())
    )
    assert bring(desk, file(desk, text), "--yes") == 0
    assert BarStore(desk / "bars").symbols() == ("BTC-USDT", "ETH-USDT")


@pytest.mark.parametrize("kind", ["date", "naive", "aware", "text"])
def test_parquet_with_dates_of_every_kind(desk: Path, kind: str) -> None:
    days = pd.to_datetime([*WANTED])
    column = {
        "date": days.date, "naive": days, "aware": days.tz_localize("America/New_York"), "text": [*WANTED],
    }[kind]  # fmt: skip
    grid = np.array([*WANTED.values()])
    frame = pd.DataFrame({"Date": column, **{name: grid[:, at] for at, name in enumerate(NUMBERS[:5])}})
    frame["volume"] = frame["volume"].astype("int64")
    path = desk.parent / "X.parquet"
    frame.to_parquet(path)
    assert bring(desk, path, "--yes") == 0
    assert bars(desk) == WANTED


def test_the_guess_is_shown_and_without_a_terminal_nobody_confirms_it(desk: Path, capsys: Capture) -> None:
    path = file(desk, FORMATS["german"])
    assert bring(desk, path) == 2
    said = capsys.readouterr()
    assert "close      Schlusskurs" in said.out
    flags = (
        "--columns 'date=Datum,open=Erster,high=Hoch,low=Tief,close=Schlusskurs,volume=Stücke' --dates dmy --symbol X"
    )
    assert f"give `--yes` to take it, or say it: {flags.replace(chr(39), '')} --decimal comma" in said.err.replace(
        "'", ""
    )
    assert stored(desk) == {}
    # what it says can be typed
    typed = ["--columns", "date=Datum,open=Erster,high=Hoch,low=Tief,close=Schlusskurs,volume=Stücke"]
    assert bring(desk, path, *typed, "--dates", "dmy", "--symbol", "X", "--decimal", "comma") == 0
    assert bars(desk) == WANTED


@pytest.mark.parametrize(
    "text, flags, said",
    [
        ("Date,Open,High,Low,Close,Close,Volume\n", (), "two columns could be close: `Close` and `Close`"),
        ("Date,Open,High,Low,Price,Volume\n", (), "no column is called like `close`; say it: `--columns close=…`; the file has"),
        (HEAD + "01/02/2011,1,2,1,1,5\n", (), "it is not clear how dates are written; say `--dates`"),
        (HEAD.replace(",", ";") + "2011-01-03;1,234;1,234;1,234;1,234;5\n", (), "`1,234` may be a thousand or one and a bit"),
        (HEAD, ("--columns", "date=Day"), "no one column is called `Day`"),
        (HEAD, ("--columns", "when=Day"), "`--columns` takes pairs like"),
        (HEAD + "2011-01-03,1,2,1,1,5\n", ("--zone", "Mars/Base"), "`Mars/Base` is no time zone"),
        (HEAD + "2011-01-03,1,2,1,1,5\n", ("--symbol", "a b"), "`a b` is no symbol"),
    ],
)  # fmt: skip
def test_what_is_not_clear_must_be_said(
    desk: Path, capsys: Capture, text: str, flags: tuple[str, ...], said: str
) -> None:
    assert bring(desk, file(desk, text), "--yes", *flags) == 2
    assert said in capsys.readouterr().err
    assert stored(desk) == {}


UNREADABLE = {
    "a word for a number": (
        lines(*DAYS).replace("101.0", "hundred", 1),
        ":2:18: `hundred` in column `high` is no number",
    ),
    "a thousands separator": (f'{DAYS[0]},"1,000.5",2,1,1,5\n', ":2:13: `1,000.5` in column `open` is no number"),
    "no date": (lines("2011-02-30"), ":2:1: `2011-02-30` is no day or time that there is"),
    "too few cells": (lines(DAYS[0]) + "2011-01-04,1,2\n", ":3:1: the line has 3 cells where the first line has 6"),
    "a blank line of spaces": (lines(DAYS[0]) + "   \n" + lines(DAYS[1]), ":3:1: the line has 1 cells"),
    "two bars of a day": (lines(DAYS[0]) + lines(DAYS[0], close=7), ":3:1: `X` has another bar of 2011-01-03"),
    "a day that is not over": (lines("2091-01-03"), ":2:1: the bar of 2091-01-03 has not ended"),
    "no bars": ("", ":1:1: there are no bars below the first line"),
}


@pytest.mark.parametrize("text, said", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_a_fault_with_its_place_and_nothing_is_used(
    desk: Path, capsys: Capture, text: str, said: str
) -> None:
    assert bring(desk, file(desk, HEAD + lines("2010-12-31", "2010-12-30")), "--yes") == 0
    before, told = stored(desk), manifest(desk)
    assert bring(desk, file(desk, HEAD + text), "--yes", "--dates", "iso") == 2
    assert said in capsys.readouterr().err
    assert (stored(desk), manifest(desk)) == (before, told)


BINARY = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n \n", "the file is empty"),
    "binary": (bytes(range(256)) * 20, "the file is neither text nor Parquet"),
    "gzip": (b"\x1f\x8b\x08abc", "a gzip file; unpack it first"),
    "excel": (b"PK\x03\x04abc", "a zip or Excel file; save it as CSV"),
    "torn parquet": (b"PAR1" + b"x" * 100, "cannot be read as Parquet"),
    "another encoding": (
        HEAD.encode() + lines(DAYS[0]).encode() + b"2011-01-04,1,2,1,\xe4,5\n",
        ":3:18: this byte is not UTF-8",
    ),
}


@pytest.mark.parametrize("content, said", BINARY.values(), ids=BINARY)
def test_a_file_that_is_no_table_is_a_fault(desk: Path, capsys: Capture, content: bytes, said: str) -> None:
    assert bring(desk, file(desk, content), "--yes") == 2
    assert said in capsys.readouterr().err
    assert (stored(desk), manifest(desk)) == ({}, [])


def test_one_bad_file_of_several_is_told_and_the_others_go_in(desk: Path, capsys: Capture) -> None:
    good, bad = file(desk, HEAD + lines(*DAYS), "A.csv"), file(desk, HEAD + f"{DAYS[0]},x,2,1,1,5\n", "B.csv")
    assert bring(desk, good, bad, "--yes") == 2
    assert "B.csv:2:12" in capsys.readouterr().err
    assert [*stored(desk)] == ["A.parquet"]


def test_the_same_rows_again_change_nothing(desk: Path) -> None:
    path = file(desk, HEAD + lines(*DAYS) + lines(*DAYS))
    assert bring(desk, path, "--yes") == 0
    before = {one: one.stat().st_mtime_ns for one in (desk / "bars").glob("*.parquet")}
    fingerprint = World.of(read_desk(desk)).feed.fingerprint()
    assert bring(desk, path, "--yes") == 0
    assert {one: one.stat().st_mtime_ns for one in before} == before
    assert World.of(read_desk(desk)).feed.fingerprint() == fingerprint
    assert [one["instruments"]["X"]["added"] for one in manifest(desk)] == [4, 0]


def test_other_numbers_for_a_stored_bar_are_refused_and_named_unless_replaced(desk: Path, capsys: Capture) -> None:
    assert bring(desk, file(desk, HEAD + lines(*DAYS)), "--yes") == 0
    before = stored(desk)
    other = file(desk, HEAD + lines(*DAYS, "2011-01-07").replace("100.2,1000", "100.2,1001"))
    assert bring(desk, other, "--yes") == 2
    said = "X.csv:4:35: the bar of `X` on 2011-01-05 is a revision: volume 1000 is stored and here it is 1001; give `--replace`"
    assert said in capsys.readouterr().err
    assert stored(desk) == before
    assert bring(desk, other, "--yes", "--replace") == 0
    assert bars(desk)["2011-01-05"][4] == 1001
    assert {one: manifest(desk)[-1]["instruments"]["X"][one] for one in ("added", "revised", "same")} == {"added": 1, "revised": 1, "same": 3}  # fmt: skip


def test_adjusted_closes_of_different_days_are_not_mixed(desk: Path, capsys: Capture) -> None:
    def adjusted(days: tuple[str, ...], factor: float) -> str:
        return "date,open,high,low,close,volume,adj_close\n" + "".join(
            f"{day},10,11,9,10,5,{10 * factor}\n" for day in days
        )

    assert bring(desk, file(desk, adjusted(DAYS[:2], 0.5)), "--yes") == 0
    for days, factor in ((DAYS[2:], 0.5), (DAYS[1:], 0.4)):
        assert bring(desk, file(desk, adjusted(days, factor)), "--yes", "--replace") == 2
        assert "made on another day than the stored ones" in capsys.readouterr().err
    assert bring(desk, file(desk, adjusted(DAYS[1:3], 0.5)), "--yes") == 0
    assert bring(desk, file(desk, adjusted(DAYS, 0.4)), "--yes", "--replace") == 0


def test_a_wrong_zone_is_noticed(desk: Path, capsys: Capture) -> None:
    days = ExchangeCalendar("XNYS").sessions("2011-01-03", "2011-02-28")
    text = HEAD + "".join(f"{day}T00:00:00Z,1,2,1,1,5\n" for day in days)
    assert bring(desk, file(desk, text), "--yes") == 2
    assert "fall on days without a session of XNYS; is the zone right?" in capsys.readouterr().err
    assert bring(desk, file(desk, text), "--yes", "--zone", "as-written") == 0
    assert tuple(bars(desk)) == days


def test_bars_that_contradict_themselves_are_stored_and_told(desk: Path, capsys: Capture) -> None:
    text = HEAD + "2011-01-03,1,2,3,1,5\n2011-01-04,-1,2,-1,1,5\n2011-01-05,1,2,1,nan,5.5\n2011-01-08,1,2,1,1,5\n"
    assert bring(desk, file(desk, text), "--yes") == 0
    said = capsys.readouterr().out
    assert (
        "1 not-a-number, 1 non-positive, 1 crossed, 1 fraction-of-volume, 1 on days without a session: stored" in said
    )


def test_an_index_may_be_one_level_a_day(tmp_path: Path, capsys: Capture) -> None:
    """Of the index only: nobody trades it, and of all else what is absent is not known."""
    desk = make(tmp_path / "desk", "X")
    text = "day;last\n2011-01-03;1000,5\n2011-01-04;1001,25\n"
    assert bring(desk, file(desk, text, "SPX.csv"), "--yes") == 0
    assert bars(desk, "SPX") == {
        "2011-01-03": (1000.5, 1000.5, 1000.5, 1000.5, 0.0),
        "2011-01-04": (1001.25, 1001.25, 1001.25, 1001.25, 0.0),
    }
    assert "volume     none, 0 as of an index" in capsys.readouterr().out
    assert bring(desk, file(desk, text, "X.csv"), "--yes") == 2
    assert "no column is called like `open`, `high`, `low`, `volume`" in capsys.readouterr().err
    half = "day,low,last\n2011-01-05,1,2\n"
    assert bring(desk, file(desk, half, "SPX.csv"), "--yes") == 2


def test_the_manifest_says_where_bars_came_from(desk: Path) -> None:
    path = file(desk, FORMATS["german"])
    assert bring(desk, path, "--yes") == 0
    line = manifest(desk)[0]
    assert line["sha256"] == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert (line["what"], line["file"], line["rows"], line["columns"]["close"]) == (
        "import",
        str(path),
        2,
        "Schlusskurs",
    )
    assert (line["instruments"]["X"]["first"], line["instruments"]["X"]["last"]) == tuple(WANTED)
    assert line["at"].endswith("Z") and line["who"]


def test_actions_go_in_by_the_same_command(desk: Path, capsys: Capture) -> None:
    head = "symbol,ex_date,kind,amount\n"
    assert bring(desk, file(desk, head + "X,2011-01-05,split,2:1\n", "actions.csv")) == 0
    assert bring(desk, file(desk, head + "X,2011-01-05,split,3:1\n", "actions.csv")) == 2
    assert "is stored with another amount" in capsys.readouterr().err
    assert bring(desk, file(desk, head + "X,2011-01-05,split,3:1\n", "actions.csv"), "--replace") == 0
    assert (desk / "bars" / "actions.csv").read_text() == head + "X,2011-01-05,split,3\n"
    assert [one["what"] for one in manifest(desk)] == ["actions", "actions"]


def test_bars_do_not_go_into_the_desk_that_ships(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.cli import run
    from adapters.installation import SHIPPED

    path = tmp_path / "X.csv"
    path.write_text(HEAD + lines(*DAYS))
    monkeypatch.chdir(tmp_path)
    assert run(["data", "import", str(path), "--yes"]) == 2
    assert "bars belong to a desk of your own" in capsys.readouterr().err
    assert not (SHIPPED / "bars").exists()


def test_what_is_missing_is_said_and_no_sector_is_invented(tmp_path: Path, capsys: Capture) -> None:
    desk = make(tmp_path / "desk", "X")
    assert bring(desk, file(desk, HEAD + lines(*DAYS), "NEW.csv"), "--yes") == 0
    said = capsys.readouterr().out
    assert "  NEW:\n    name: NEW\n    issuer: ?\n    sector: ?\n    currency: USD\n" in said


ROWS = st.lists(st.tuples(st.sampled_from(DAYS), st.sampled_from(["X", "Y"]), st.integers(10, 99)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(ROWS, min_size=1, max_size=4), st.booleans())
def test_imports_are_a_fold_over_files(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[str, str, int]]], replace: bool
) -> None:
    """Against a dictionary as oracle: a file with two different bars, or (unless replacing) a revision, changes nothing."""
    import pyarrow as pa

    store, held = BarStore(tmp_path_factory.mktemp("store")), dict[tuple[str, str], int]()
    calendar = ExchangeCalendar("XNYS", "2011-01-01", "2011-02-01")
    for rows in files:
        mine: dict[tuple[str, str], int] = {}
        fine = all(mine.setdefault((symbol, day), price) == price for day, symbol, price in rows)
        fine &= replace or all(held.get(key, price) == price for key, price in mine.items())
        numbers = {name: [float(price) for _, _, price in rows] for name in COLUMNS}
        numbers["adj_close"] = [float("nan")] * len(rows)
        table = pa.table(
            {
                "symbol": pa.array([symbol for _, symbol, _ in rows], pa.string()).dictionary_encode(),
                "label": pa.array([day for day, _, _ in rows], pa.string()),
                **{name: pa.array(column, pa.float64()) for name, column in numbers.items()},
                "row": pa.array(range(len(rows)), pa.int64()),
            }
        )
        try:
            bring_tables(
                store,
                [table],
                lambda troubles: [Fault("f", 1, 1, one[2]) for one in troubles],
                calendar,
                {},
                datetime.now(UTC),
                replace=replace,
            )
        except Faulty:
            assert not fine
        else:
            assert fine
            held |= mine
        found = {
            (name, day): int(price)
            for name in store.symbols()
            for day, price in zip(store.read(name).dates, store.read(name).close, strict=True)
        }
        assert found == held
        assert not [*store.folder.glob(".*.part")]
