"""(g) `warrant data import` of one long file, as a process of its own: how long it takes, and its memory at most.

The bars are made here, sound, on sessions of New York up to 2025, ordered by day as an export of many names is, so
that every batch has rows of every instrument. They are made in a process apart: a child counts as its own the memory
that its parent had when it began.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from adapters.calendars.calendar import ExchangeCalendar
from adapters.desk.making import make_desk
from tests.bench.universe import symbols
from tests.bench.whole import run_alone

LAST = "2025-12-12"


def measure(instruments: int, bars: int, seed: int = 1) -> None:
    """Import about so many bars as CSV, then as Parquet, and print what each took."""
    print(f"\n{'data import':24}{'instruments':>12}{'bars':>12}{'file':>10}{'seconds':>10}{'at most':>10}")
    with tempfile.TemporaryDirectory() as name:
        for suffix in ("csv", "parquet"):
            place = Path(name) / suffix
            make_desk(place)
            file = place / f"bars.{suffix}"
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:
                count = apart.submit(_write, file, instruments, -(-bars // instruments), seed).result()
            words = ["data", "import", str(file), "--desk", str(place), "--yes"]
            took, peak = run_alone([sys.executable, "-m", "adapters.cli", *words])
            stored = len(list((place / "bars").glob("*.parquet")))
            assert stored == instruments, f"{stored} instruments were stored, not {instruments}"
            size = f"{file.stat().st_size / 1e6:.0f} MB"
            print(f"{suffix:24}{instruments:>12}{count:>12}{size:>10}{took:>10.1f}{f'{peak:.0f} MB':>10}")


def _write(path: Path, instruments: int, sessions: int, seed: int) -> int:
    """A long file of made bars; how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    random = np.random.default_rng(seed)
    days = [day for day in ExchangeCalendar("XNYS").all_sessions if day <= LAST][-sessions:]
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, (len(days), instruments)), axis=0))
    opened = close * np.exp(random.normal(0, 0.005, close.shape))
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    grids = {"open": opened, "high": top * 1.004, "low": bottom * 0.996, "close": close}
    table = pa.table(
        {
            "date": np.repeat(days, instruments),
            "symbol": np.tile(symbols(instruments), len(days)),
            **{column: np.round(grid, 2).ravel() for column, grid in grids.items()},
            "volume": random.integers(10**5, 10**7, close.size),
        }
    )
    (pq.write_table if path.suffix == ".parquet" else csv.write_csv)(table, path)
    return len(days) * instruments
