"""`warrant run --replay FILE`: one file of bars drives the loop as a folder of the same bars does."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapters import cli
from adapters.audit.log import LogReader
from adapters.bars.feeds import INDEX, SampleFeed
from adapters.bars.store import BarStore
from adapters.desk.folder import read_desk
from adapters.verifying.verify import verify
from advisors.quality import COLUMNS, Rows
from tests.adapters.bars.own_desk import HEAD, bring, lines, make
from tests.adapters.bars.test_store import keep

NAMES = ("AAPL", "IBM")
FIRST, LAST = "2009-01-02", "2011-01-10"
UNTIL = ("--until", "2011-01-06")
Capture = pytest.CaptureFixture[str]


def cut(rows: Rows) -> Rows:
    kept = [at for at, day in enumerate(rows.dates) if FIRST <= day <= LAST]
    numbers = {name: getattr(rows, name)[kept] for name in (*COLUMNS, "adj_close")}
    return replace(rows, dates=tuple(rows.dates[at] for at in kept), **numbers, dividends="previous-close")


def series() -> tuple[Rows, ...]:
    feed = SampleFeed(NAMES)
    return tuple(map(cut, (*feed.series(), feed.index())))


def frame(*chosen: Rows) -> pd.DataFrame:
    """One long table, as an export has it: sorted by day, not by name."""
    parts = [
        pd.DataFrame(
            {
                "date": one.dates,
                "symbol": one.instrument,
                **{name: getattr(one, name) for name in (*COLUMNS, "adj_close")},
            }
        )
        for one in chosen
    ]
    return pd.concat(parts).sort_values(["date", "symbol"], kind="stable")


@dataclass(frozen=True)
class Stage:
    """A desk without bars, with trained heads; the bars as a folder; and what the log of its replay ends in."""

    desk: Path
    folder: Path
    root: bytes

    def bare(self, folder: Path) -> Path:
        shutil.copytree(self.desk, folder, ignore=shutil.ignore_patterns("warrant.sqlite*"))
        return folder


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    place = tmp_path_factory.mktemp("replayed")
    desk, folder = make(place / "desk", *NAMES), place / "bars"
    keep(BarStore(folder), *series())
    return Stage(desk, folder, replay(desk, folder))


def replay(desk: Path, source: Path, *words: str) -> bytes:
    """The root of the log after a replay of some sessions."""
    assert cli.run(["run", "--desk", str(desk), "--replay", str(source), *UNTIL, "--json", *words]) == 0
    store = read_desk(desk).store
    assert verify(store).holds
    with LogReader.read(store) as log:
        assert len(list(log.records(["decision"]))) == 4
        return log.root


def as_csv(path: Path) -> tuple[str, ...]:
    frame(*series()).to_csv(path, index=False)
    return ()


def as_german_csv(path: Path) -> tuple[str, ...]:
    spelled = frame(*series()).rename(columns={"date": "Datum", "open": "Erster", "high": "Hoch", "low": "Tief"})
    spelled = spelled.rename(columns={"close": "Schlusskurs", "volume": "Stücke", "symbol": "Kürzel"})
    spelled["Datum"] = pd.to_datetime(spelled["Datum"]).dt.strftime("%d.%m.%Y")
    spelled.to_csv(path, index=False, sep=";", decimal=",")
    return ()


def as_instants(path: Path) -> tuple[str, ...]:
    """Closes at the clock of New York, without an offset: their zone must be said."""
    spelled = frame(*series())
    spelled["date"] = spelled["date"] + " 16:00:00"
    spelled.to_csv(path, index=False)
    return ("--zone", "America/New_York")


def as_parquet(path: Path) -> tuple[str, ...]:
    frame(*series()).to_parquet(path, index=False)
    return ()


@pytest.mark.parametrize("write", [as_csv, as_german_csv, as_instants, as_parquet])
def test_a_file_has_the_log_of_a_folder_of_the_same_bars(stage: Stage, write: object, tmp_path: Path) -> None:
    path = tmp_path / ("bars.parquet" if write is as_parquet else "bars.csv")
    words = write(path)  # type: ignore[operator]
    desk = stage.bare(tmp_path / "desk")
    assert replay(desk, path, *words) == stage.root
    assert not (desk / "bars").exists(), "the desk's own store is not touched"


def test_what_one_instruments_file_lacks_is_told(stage: Stage, tmp_path: Path, capsys: Capture) -> None:
    """The index comes from the desk's own feed, and what the file has no bars of is not traded."""
    desk = stage.bare(tmp_path / "desk")
    keep(BarStore(desk / "bars"), *SampleFeed(NAMES).series()[1:], cut(SampleFeed(NAMES).index()))
    aapl = series()[0]
    frame(aapl).drop(columns="symbol").to_csv(tmp_path / "AAPL.csv", index=False)
    root = replay(desk, tmp_path / "AAPL.csv")
    told = capsys.readouterr().err
    assert "AAPL.csv: without `IBM`, which the replay does not trade" in told
    assert "AAPL.csv: without the index `SPX`, which the desk's own feed gives" in told
    assert "--dates iso --symbol AAPL" in told
    with LogReader.read(read_desk(desk).store) as log:
        decided = [[verdict["instrument"] for verdict in one["verdicts"]] for one in log.records(["decision"])]
    assert decided == [["AAPL"]] * 4
    other = make(tmp_path / "other", "AAPL")
    shutil.copytree(desk / "store" / "models", other / "store" / "models")
    keep(BarStore(tmp_path / "folder"), aapl, series()[2])
    assert replay(other, tmp_path / "folder") == root


def test_the_actions_of_the_desks_own_store_hold(stage: Stage, tmp_path: Path) -> None:
    actions = "symbol,ex_date,kind,amount\nAAPL,2010-06-14,split,2\nIBM,2010-11-08,dividend,0.65\n"
    plain = frame(*series()).drop(columns="adj_close")
    desk, other = stage.bare(tmp_path / "desk"), stage.bare(tmp_path / "other")
    (tmp_path / "actions.csv").write_text(actions)
    assert bring(desk, tmp_path / "actions.csv", "--yes") == 0
    plain.to_csv(tmp_path / "bars.csv", index=False)
    folder = tmp_path / "folder"
    nothing = {one.instrument: np.full(len(one.dates), np.nan) for one in series()}
    keep(BarStore(folder), *(replace(one, adj_close=nothing[one.instrument]) for one in series()))
    shutil.copyfile(desk / "bars" / "actions.csv", folder / "actions.csv")
    root = replay(other, folder)
    assert replay(desk, tmp_path / "bars.csv") == root
    assert root != stage.root


BAD = {
    "no number": ("X.csv", HEAD + "2011-01-03,1,2,0.5,much,9\n", (), "X.csv:2:20: `much` in column `close`"),
    "two readings": ("X.csv", HEAD + "01/02/2011,1,2,0.5,1,9\n", (), "X.csv:1:1: it is not clear how dates"),
    "no zone": ("X.csv", HEAD + "2011-01-03 16:00,1,2,0.5,1,9\n", (), "has no offset; give its zone: `--zone America/"),
    "no columns": ("X.csv", "day,price\n2011-01-03,1\n", (), "X.csv:1:1: no column is called like `open`"),
    "empty": ("X.csv", "", (), "X.csv:1:1: the file is empty"),
    "binary": ("X.csv", "\0\1\2", (), "X.csv:1:1: the file is neither text nor Parquet"),
    "torn Parquet": ("X.parquet", "PAR1 and no more", (), "X.parquet:1:1: the file cannot be read as Parquet"),
    "twice": ("X.csv", HEAD + lines("2011-01-03") + lines("2011-01-03", close=7), (), "X.csv:3:1: `X` has another"),
    "a zone that is none": ("X.csv", HEAD + lines("2011-01-03"), ("--zone", "Mars"), "--zone:1:1: `Mars` is no time"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words", "said"), BAD.values(), ids=BAD)
def test_a_bad_file_is_told_as_an_import_tells_it(
    name: str, text: str, words: tuple[str, ...], said: str, tmp_path: Path, capsys: Capture
) -> None:
    desk, path = make(tmp_path / "desk", "X", index=""), tmp_path / name
    path.write_text(text)
    assert bring(desk, path, "--yes", *words) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if line]
    assert any(said in line for line in told), told
    assert cli.run(["run", "--desk", str(desk), "--replay", str(path), *words]) == 2
    assert [line for line in capsys.readouterr().err.splitlines() if "read with" not in line] == told
    assert not read_desk(desk).store.exists()


OTHER = {
    "nobody's": (HEAD + lines("2011-01-03"), "Y.csv", (), "none of `Y` is traded by this desk"),
    "actions": ("symbol,ex_date,kind,amount\nX,2011-01-03,split,2\n", "X.csv", (), "the file has splits and dividends"),
    "no index": (HEAD + lines("2011-01-03"), "X.csv", (), f"the file has no bars of the index `{INDEX}`, and"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name", "words", "said"), OTHER.values(), ids=OTHER)
def test_a_file_that_does_not_fit_the_desk(
    text: str, name: str, words: tuple[str, ...], said: str, tmp_path: Path, capsys: Capture
) -> None:
    desk, path = make(tmp_path / "desk", "X"), tmp_path / name
    path.write_text(text)
    assert cli.run(["run", "--desk", str(desk), "--replay", str(path), *words]) == 2
    assert f"{path}:1:1: {said}" in capsys.readouterr().err
    assert not read_desk(desk).store.exists()


@pytest.mark.parametrize("source", [(), ("--replay", "feed")])
def test_how_a_file_is_written_is_no_matter_without_one(
    source: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    desk = make(tmp_path / "desk", "X")
    assert cli.run(["run", "--desk", str(desk), *source, "--zone", "UTC"]) == 2
    assert "say how a file of bars is written; give one to `--replay`" in capsys.readouterr().err
