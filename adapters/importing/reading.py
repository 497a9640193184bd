"""Reads a file of bars by its layout into tables with `symbol`, `label`, the numbers, and the row each came from.

One grammar for every cell: digits with a point (or a comma, where the layout says so) and no thousands separator; an
empty cell, `nan`, `NA`, `null`, `-` or `inf` is a number the source does not have, which is the bar's fault and not the
file's. Everything else that is neither number, moment nor symbol is a fault of the file with its place, and then
nothing of that file is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.bars.store import NUMBERS
from adapters.importing.files import MOST_FAULTS, Head, batches, places_of
from adapters.importing.layout import Layout
from adapters.importing.moments import Moments, Unreadable
from knowledge.door import SYMBOL
from knowledge.faults import Fault, Faulty

ABSENT = ("", "nan", "na", "n/a", "#n/a", "null", "none", "-", "inf", "+inf", "-inf", "infinity", "-infinity")
_POINT = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_COMMA = r"^[+-]?([0-9]+(,[0-9]*)?|,[0-9]+)([eE][+-]?[0-9]{1,3})?$"

Bad = tuple[int, int, str]
"""A row (from 0, below the first line), a column (from 0), and what is wrong."""


@dataclass(frozen=True)
class Source:
    """A file with its layout and the clock its moments are read by."""

    path: Path
    head: Head
    layout: Layout
    moments: Moments

    def tables(self) -> Iterator[Any]:
        """The bars in the file's order, some ten thousand at a time. Raises `Faulty` with the first 20 faults."""
        roles = list(self.layout.columns)
        row, faults = 0, list[Bad]()
        for columns in batches(self.path, self.head, list(self.layout.columns.values()), self.layout.header):
            table, bad = self._table(dict(zip(roles, columns, strict=True)), row)
            row += table.num_rows
            faults += bad
            if len(faults) >= MOST_FAULTS:
                break
            if not faults:
                yield table
        if faults:
            raise Faulty(*self.placed(faults[:MOST_FAULTS]))
        if not row:
            raise Faulty(Fault(str(self.path), 1, 1, "there are no bars below the first line"))

    def placed(self, bad: list[Bad]) -> list[Fault]:
        """Faults with their places in the file."""
        places = places_of(self.path, self.head, [(row, column) for row, column, _ in bad], self.layout.header)
        return [Fault(str(self.path), *place, said) for place, (_, _, said) in zip(places, bad, strict=True)]

    def _table(self, cells: dict[str, Any], row: int) -> tuple[Any, list[Bad]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        bad: list[Bad] = []
        count = len(cells["date"])
        written = pc.utf8_trim_whitespace(cells["date"])
        if "time" in cells:
            written = pc.binary_join_element_wise(written, pc.utf8_trim_whitespace(cells["time"]), " ")
        found = {
            "symbol": self._symbols(cells.get("symbol"), count, row, bad),
            "label": self._labels(written, row, bad),
        }
        for name in NUMBERS:
            # an index that has levels only was never traded; of all else, what is absent is not known
            absent = 0.0 if name == "volume" else float("nan")
            found[name] = self._numbers(name, cells[name], row, bad) if name in cells else pa.array([absent] * count)
        if self.layout.whole_volume:
            found["volume"] = pc.floor(found["volume"])
        found["row"] = pa.array(range(row, row + count), pa.int64())
        return pa.table(found), sorted(bad)

    def _symbols(self, cells: Any, count: int, row: int, bad: list[Bad]) -> Any:  # noqa: ANN401
        import pyarrow as pa

        if cells is None:
            return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([self.layout.symbol]))

        def symbol(cell: str) -> str:
            # a pair is written with a stroke, which no file name can have
            plain = cell.strip().replace("/", "-")
            if not SYMBOL.match(plain):
                raise Unreadable(f"`{cell}` is no symbol; use letters, digits and ._:+- after a first letter or digit")
            return plain

        indices, known = self._each(cells, "symbol", symbol, row, bad)
        # two spellings may be one symbol
        return pa.DictionaryArray.from_arrays(indices, known).cast(pa.string()).dictionary_encode()

    def _labels(self, written: Any, row: int, bad: list[Bad]) -> Any:  # noqa: ANN401
        indices, known = self._each(written, "date", self.moments.label, row, bad)
        return known.take(indices)

    def _each(self, cells: Any, role: str, read: Any, row: int, bad: list[Bad]) -> tuple[Any, Any]:  # noqa: ANN401
        """Read every distinct cell once: the place of each row's value, and the values."""
        import numpy as np
        import pyarrow as pa

        encoded = cells.dictionary_encode()
        indices, values = encoded.indices, list[str]()
        for place, cell in enumerate(encoded.dictionary.to_pylist()):
            try:
                values.append(read(cell))
            except Unreadable as error:
                values.append("")
                rows = np.flatnonzero(indices.to_numpy() == place)[:MOST_FAULTS].tolist()
                bad.extend((row + one, self.layout.columns[role], str(error)) for one in rows)
        return indices, pa.array(values, pa.string())

    def _numbers(self, name: str, cells: Any, row: int, bad: list[Bad]) -> Any:  # noqa: ANN401
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = pc.utf8_trim_whitespace(cells)
        absent = pc.is_in(pc.ascii_lower(cells), pa.array(ABSENT))
        number = pc.match_substring_regex(cells, _COMMA if self.layout.decimal == "comma" else _POINT)
        for one in np.flatnonzero(~(absent.to_numpy(False) | number.to_numpy(False)))[:MOST_FAULTS].tolist():
            said = f"`{cells[one].as_py()}` in column `{name}` is no number; write digits and a {self.layout.decimal}"
            bad.append((row + one, self.layout.columns[name], said))
        cells = pc.if_else(number, cells, "nan")
        if self.layout.decimal == "comma":
            cells = pc.replace_substring(cells, ",", ".")
        return pa.array([float(cell) for cell in cells.to_pylist()], pa.float64()) if bad else _floats(cells)


def _floats(cells: Any) -> Any:  # noqa: ANN401  (the library ships no types)
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.ascii_ltrim(cells, "+").cast(pa.float64())
    except pa.ArrowInvalid:
        # numbers beyond binary64 are infinite, which is a fault of the bar
        return pa.array([float(cell) for cell in cells.to_pylist()], pa.float64())
