"""The bar store: what goes in comes out, whole or not at all, and a feed sees that it changed without reading it."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from adapters.bars.feeds import BarsFeed, load
from adapters.bars.given_actions import write_actions
from adapters.bars.store import NUMBERS, BarStore
from advisors.actions import Action
from advisors.quality import Rows
from knowledge.faults import Faulty
from tests.advisors.sample import FEED, plain_rows

DAYS = ("2011-01-03", "2011-01-04", "2011-01-05")


def keep(store: BarStore, *series: Rows) -> None:
    for rows in series:
        store.prepare(rows)
        store.put(rows.instrument)


def series(name: str, days: tuple[str, ...] = DAYS) -> Rows:
    return plain_rows(np.arange(100.0, 100 + len(days)), days, name)


def test_what_goes_in_comes_out_to_the_last_bit(tmp_path: Path) -> None:
    store = BarStore(tmp_path / "bars")
    whole = FEED.series()[0]
    low = np.where(np.arange(len(whole.dates)) == 5, np.nan, whole.low)
    rows = replace(whole, low=low, dividends="previous-close")
    keep(store, rows)
    back = store.read("AAPL")
    assert back.dates == rows.dates
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(back, name), getattr(rows, name))
    assert store.symbols() == ("AAPL",)


def test_labels_within_a_session_are_kept_as_they_are(tmp_path: Path) -> None:
    store, days = BarStore(tmp_path), ("2026-03-02T14:35", "2026-03-02T14:40")
    keep(store, series("X", days))
    assert store.read("X").dates == days


def test_what_was_only_prepared_is_not_there(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    keep(store, series("X"))
    store.prepare(series("X", DAYS[:1]))
    assert store.symbols() == ("X",)
    assert store.read("X").dates == DAYS
    store.forget("X")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.parquet"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\x00\xff" * 500, b"date,open\n2011-01-03,1\n"])
def test_a_file_that_is_no_parquet_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "X.parquet").write_bytes(content)
    with pytest.raises(Faulty, match=r"X.parquet:1:1: the file cannot be read as bars"):
        BarStore(tmp_path).read("X")


def test_a_torn_file_is_a_fault(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    keep(store, series("X"))
    whole = store.path("X").read_bytes()
    for size in range(0, len(whole), 97):
        store.path("X").write_bytes(whole[:size])
        with pytest.raises(Faulty, match="cannot be read as bars"):
            store.read("X")


def test_a_file_without_a_column_is_a_fault(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"label": ["2011-01-03"], "open": [1.0]}), tmp_path / "X.parquet")
    with pytest.raises(Faulty, match="cannot be read as bars"):
        BarStore(tmp_path).read("X")


def test_the_faults_of_all_instruments_come_together(tmp_path: Path) -> None:
    (tmp_path / "A.parquet").write_bytes(b"no")
    with pytest.raises(Faulty) as caught:
        BarsFeed(tmp_path, ("A", "B")).series()
    assert [Path(fault.file).name for fault in caught.value.faults] == ["A.parquet", "B.parquet"]


def test_a_feed_gives_what_the_store_has(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    keep(store, series("X"), series("SPX"))
    feed = BarsFeed(tmp_path, ("X",))
    assert feed.sessions() == DAYS
    market = load(feed)
    assert market.reports == ()
    assert market.panel.index_close.tolist() == [100, 101, 102]


def test_a_late_index_is_a_gap_of_the_index_and_hides_no_session(tmp_path: Path) -> None:
    keep(BarStore(tmp_path), series("X"), series("SPX", DAYS[:2]))
    market = load(BarsFeed(tmp_path, ("X",)))
    assert market.panel.sessions == DAYS
    assert [(one.session, one.instrument, one.issue) for one in market.reports] == [(DAYS[2], "SPX", "gap")]


def test_a_desk_may_have_no_index(tmp_path: Path) -> None:
    keep(BarStore(tmp_path), series("X"))
    feed = BarsFeed(tmp_path, ("X",), index_name="")
    assert (feed.index(), feed.sessions()) == (None, DAYS)
    assert load(feed).reports == ()


def test_given_actions_are_used(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    keep(store, series("X"), series("SPX"))
    given = Action(DAYS[1], "X", "split", Decimal(2))
    write_actions(store.actions, [given])
    assert load(BarsFeed(tmp_path, ("X",))).actions == (given,)


def test_without_any_bars_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="warrant data import"):
        BarsFeed(tmp_path, (), index_name="").sessions()


def test_a_fingerprint_changes_with_bars_and_actions_and_reads_none(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    keep(store, series("X"), series("SPX"))
    feed = BarsFeed(tmp_path, ("X",))
    seen = [feed.fingerprint()]
    assert BarsFeed(tmp_path, ("X",)).fingerprint() == seen[0]
    keep(store, series("X"))  # the same bars, written again: reading anew is the safe side
    seen.append(feed.fingerprint())
    write_actions(store.actions, [])
    seen.append(feed.fingerprint())
    store.path("SPX").unlink()
    seen.append(feed.fingerprint())
    os.truncate(store.path("X"), 10)
    seen.append(feed.fingerprint())
    assert len(set(seen)) == len(seen)
    keep(store, series("Y"))
    assert feed.fingerprint() == seen[-1], "an instrument that is not the feed's"
