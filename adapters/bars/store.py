"""The desk's own bar store: a folder with one Parquet file per instrument, and beside them where the bars came from.

One file per instrument, because an import then rewrites only what it brings, a survey reads whole histories anyway,
and one rename puts a file in place. Columns: `label` (text: a session's ISO date, or date and time of a bar within
it), the four prices, `volume` and `adj_close` (binary64, NaN where there is no number). Rows stand in order of
their labels.

Rules:
- a file takes its place whole: written beside it, flushed to the disk, renamed;
- what cannot be read is a fault with the file's name; nothing of it is used.

Left out: judging. What is stored may still be wrong; `advisors.quality` says so, session by session.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from advisors.actions import Action
from advisors.quality import COLUMNS, Rows
from knowledge.door import SYMBOL
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS = (*COLUMNS, "adj_close")
SUFFIX = ".parquet"
MANIFEST = "manifest.jsonl"
ACTIONS = "actions.csv"


@dataclass(frozen=True)
class BarStore:
    """The store in `folder`, which need not be there yet."""

    folder: Path

    def path(self, symbol: str) -> Path:
        """The file of one instrument. Raises `ValueError` for what is no symbol."""
        if not SYMBOL.match(symbol):
            raise ValueError(f"`{symbol}` is no symbol")
        return self.folder / f"{symbol}{SUFFIX}"

    @property
    def manifest(self) -> Path:
        """One line for each import: where the bars came from."""
        return self.folder / MANIFEST

    @property
    def actions(self) -> Path:
        """Splits and dividends that were given, in place of those an adjusted close implies."""
        return self.folder / ACTIONS

    def symbols(self) -> tuple[str, ...]:
        """The instruments with a file, in order."""
        if not self.folder.is_dir():
            return ()
        names = (path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}"))
        return tuple(sorted(name for name in names if SYMBOL.match(name)))

    def read(self, symbol: str, actions: tuple[Action, ...] | None = None) -> Rows:
        """The bars of one instrument. Raises `Faulty` where there is no file, or none that can be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(symbol)
        try:
            # By a file of our own: the library's reading by path takes a folder of that name for a data set.
            with path.open("rb") as stream:
                table = pq.read_table(stream, columns=["label", *NUMBERS])
            labels = table.column("label").cast(pa.string())
            grids = {name: table.column(name).cast(pa.float64()) for name in NUMBERS}
        except FileNotFoundError:
            message = f"the desk has no bars of `{symbol}`; bring them with `warrant data import`, see docs/bars.md"
            raise Faulty(Fault(str(path), 1, 1, message)) from None
        except (OSError, pa.ArrowException) as error:
            reason = " ".join(str(error).split())[:200]
            message = f"the file cannot be read as bars: {reason}; put it back from a backup or import it anew"
            raise Faulty(Fault(str(path), 1, 1, message)) from None
        if labels.null_count:
            raise Faulty(Fault(str(path), 1, 1, "a bar has no label; put the file back from a backup"))
        columns = {name: np.array(grid.to_numpy(), dtype=np.float64) for name, grid in grids.items()}
        return Rows(symbol, tuple(labels.to_pylist()), **columns, dividends="previous-close", actions=actions)

    def prepare(self, rows: Rows) -> Path:
        """Write the file of an instrument under a name beside its own, durable; `put` gives it its name."""
        import pyarrow.parquet as pq

        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(rows.instrument)
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as stream:
            pq.write_table(table_of(rows), stream, compression="zstd", use_dictionary=False, store_schema=False)
            stream.flush()
            os.fsync(stream.fileno())
        return part

    def put(self, symbol: str) -> None:
        """Let what `prepare` wrote take the place of the instrument's file."""
        path = self.path(symbol)
        path.with_name(f".{path.name}.part").replace(path)

    def forget(self, symbol: str) -> None:
        """Take away what `prepare` wrote."""
        path = self.path(symbol)
        path.with_name(f".{path.name}.part").unlink(missing_ok=True)


def table_of(rows: Rows) -> pa.Table:
    """A series as a table with the store's columns."""
    import pyarrow as pa

    return pa.table({"label": pa.array(rows.dates, pa.string()), **{name: getattr(rows, name) for name in NUMBERS}})


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def stamp(paths: list[Path]) -> str:
    """A digest of the names, sizes and times of change of files, without reading them; a missing one counts as such."""
    from knowledge.values import digest

    told = []
    for path in paths:
        try:
            found: Any = path.stat()
        except OSError as error:
            told.append(f"{path.name} {type(error).__name__}")
        else:
            told.append(f"{path.name} {found.st_size} {found.st_mtime_ns} {found.st_ino}")
    return digest("\n".join(told).encode())
