"""How a file of bars is laid out: guessed from its first lines, said in one line, corrected by the person who knows.

A *layout* says which column is what, how dates and numbers are written, and whose bars they are. A guess takes a column
for what its name says in one of the spellings below, and nothing else: what it does not know it leaves out, and says
so. Two columns that could be the same are no guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.importing.moments import Form, guess_form
from advisors.quality import COLUMNS
from knowledge.door import SYMBOL
from knowledge.faults import Fault, Faulty

ROLES = ("date", "time", "symbol", *COLUMNS, "adj_close")
NEEDED = ("date", *COLUMNS)
_LEVELS_ONLY = ({"volume"}, {"open", "high", "low"}, {"open", "high", "low", "volume"})
"""What the file of an index may leave out: many give one level a day, and nobody trades it."""
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "date": (
        "date", "datetime", "date_time", "timestamp", "time_stamp", "session", "day", "trade_date", "trading_day",
        "open_time", "opentime", "open_timestamp", "unix", "t", "ts", "datum", "fecha", "label",
    ),
    "time": ("time", "uhrzeit", "zeit", "hora"),
    "symbol": ("symbol", "ticker", "instrument", "sym", "code", "s", "pair", "kuerzel", "wertpapier"),
    "open": ("open", "o", "open_price", "opening_price", "eroeffnung", "eroeffnungskurs", "erster", "apertura"),
    "high": ("high", "h", "high_price", "max", "hoch", "tageshoch", "hoechst", "maximo"),
    "low": ("low", "l", "low_price", "min", "tief", "tagestief", "tiefst", "minimo"),
    "close": ("close", "c", "close_price", "closing_price", "close_last", "last", "schluss", "schlusskurs", "cierre"),
    "volume": (
        "volume", "v", "vol", "volumen", "stueck", "stuecke", "umsatz_stueck", "menge", "shares",
        "total_volume",
    ),
    "adj_close": ("adj_close", "adjclose", "adjusted_close", "close_adj", "close_adjusted", "adjusted"),
}  # fmt: skip
_KLINES = {"date": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
"""Where Binance's files without a first line of names have them, among twelve columns."""
_COMMA = re.compile(r"[+-]?\d+,\d+\Z")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}\Z")


@dataclass(frozen=True)
class Layout:
    """`columns` is the place (from 0) of each role; `names` what the file calls its columns. `symbol` is empty where a
    column has it, `form` None and `decimal` empty where the first lines leave it open."""

    names: tuple[str, ...]
    columns: Mapping[str, int]
    symbol: str = ""
    delimiter: str = ","
    header: bool = True
    form: Form | None = None
    decimal: str = "point"
    zone: str = ""
    whole_volume: bool = False

    def told(self) -> dict[str, str]:
        """What is what, for people and for the manifest."""
        said = {role: self.names[place] for role, place in self.columns.items()}
        said |= {} if "volume" in self.columns else {"volume": "none, 0 as of an index"}
        said |= {"symbol": self.symbol} if self.symbol else {}
        said |= {"dates": self.form or "?", "decimal": self.decimal or "?", "zone": self.zone or "none"}
        return said

    def flags(self) -> str:
        """The options that say this layout."""
        named = ",".join(f"{role}={self.names[place]}" for role, place in self.columns.items())
        quoted = f"'{named}'" if re.search(r"[^\w=,./+-]", named) else named
        flags = [f"--columns {quoted}", f"--dates {self.form or 'FORM'}"]
        flags += [f"--symbol {self.symbol}"] if "symbol" not in self.columns else []
        flags += [f"--decimal {self.decimal or 'point|comma'}"] if self.decimal != "point" else []
        flags += [f"--zone {self.zone}"] if self.zone else []
        return " ".join(flags)

    def ignored(self) -> tuple[str, ...]:
        """Columns of the file that are not used."""
        used = set(self.columns.values())
        return tuple(name for place, name in enumerate(self.names) if place not in used)


@dataclass(frozen=True)
class Said:
    """What a person said about a layout; the rest is guessed. Empty or None: not said."""

    columns: Mapping[str, str] | None = None
    symbol: str = ""
    form: Form | None = None
    decimal: str = ""
    zone: str = ""
    whole_volume: bool = False
    index: str = ""
    """The desk's index: its file needs a date and a level."""


def parse_columns(written: str) -> dict[str, str]:
    """`date=Datum,open=Erster` as a mapping of roles to names. Raises `Faulty`."""
    found: dict[str, str] = {}
    for part in written.split(","):
        role, equals, name = (one.strip() for one in part.partition("="))
        if not equals or role not in ROLES or not name or role in found:
            known = ", ".join(ROLES)
            said = f"`--columns` takes pairs like `date=Datum,open=Erster`, not `{part}`; it names one of {known}, once"
            raise Faulty(Fault("--columns", 1, 1, said))
        found[role] = name
    return found


def guess(file: Path, names: Sequence[str], sample: Sequence[Sequence[str]], delimiter: str, said: Said) -> Layout:
    """The layout of a file whose first line has `names` and whose next ones are `sample`; what was said holds.

    Raises `Faulty` where a column cannot be found, or two columns could be it.
    """
    header = True
    columns, doubtful = _by_name(names)
    if not columns and sample and all(re.search(r"\d", name) for name in names[:2]):
        header, columns = False, dict(_KLINES) if len(names) == 12 else {}
        sample, names = [names, *sample], [str(place + 1) for place in range(len(names))]
    if said.columns:
        columns = {**columns, **_by_wish(file, names, said.columns)}
    # a lone time of day is no date, but a column `time` that holds whole moments is one
    if "date" not in columns and "time" in columns:
        columns["date"] = columns.pop("time")
    faults = [
        f"two columns could be {role}: {both}" for role, both in doubtful.items() if role not in (said.columns or {})
    ]
    symbol = said.symbol or ("" if "symbol" in columns else file.name.split(".")[0].upper())
    missing = [role for role in NEEDED if role not in columns]
    if symbol and symbol == said.index and "close" in columns and {*missing} in _LEVELS_ONLY:
        columns |= {role: columns["close"] for role in missing if role != "volume"}
        missing = []
    if missing and not faults:
        faults.append(f"no column is called like {', '.join(f'`{role}`' for role in missing)}")
    if faults:
        wanted = ",".join(f"{role}=…" for role in missing or doubtful)
        has = ", ".join(f"`{name}`" for name in names)
        raise Faulty(Fault(str(file), 1, 1, f"{'; '.join(faults)}; say it: `--columns {wanted}`; the file has {has}"))
    if said.symbol:
        columns.pop("symbol", None)
    layout = Layout(tuple(names), {role: columns[role] for role in ROLES if role in columns}, symbol, delimiter, header)
    form = said.form or guess_form({_written(layout, row) for row in sample if len(row) == len(names)})
    decimal = said.decimal or _decimal(layout, sample)
    return replace(layout, form=form, decimal=decimal, zone=said.zone, whole_volume=said.whole_volume)


def settled(file: Path, layout: Layout) -> Layout:
    """The layout where nothing is left open. Raises `Faulty` with what to say."""
    faults = []
    if layout.form is None:
        faults.append("it is not clear how dates are written; say `--dates` iso, ymd, dmy, mdy, s, ms, us or ns")
    if not layout.decimal:
        faults.append("`1,234` may be a thousand or one and a bit; say `--decimal comma` or `--decimal point`")
    if layout.symbol and not SYMBOL.match(layout.symbol):
        faults.append(f"`{layout.symbol}` is no symbol; say `--symbol` with letters, digits and ._:+-")
    if faults:
        raise Faulty(*(Fault(str(file), 1, 1, one) for one in faults))
    return layout


def _by_name(names: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """The place of each role by its best spelling, and the roles that two columns claim with the same one."""
    plain = [_plain(name) for name in names]
    columns: dict[str, int] = {}
    doubtful: dict[str, str] = {}
    for role, spellings in SPELLINGS.items():
        for spelling in spellings:
            places = [place for place, name in enumerate(plain) if name == spelling]
            if len(places) > 1:
                doubtful[role] = " and ".join(f"`{names[place]}`" for place in places)
            if places:
                columns[role] = places[0]
                break
    return columns, doubtful


def _by_wish(file: Path, names: Sequence[str], wished: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for role, name in wished.items():
        places = [place for place, one in enumerate(names) if one == name]
        places = places or [place for place, one in enumerate(names) if _plain(one) == _plain(name)]
        if not places and name.isdigit() and 1 <= int(name) <= len(names):
            places = [int(name) - 1]
        if len(places) != 1:
            has = ", ".join(f"`{one}`" for one in names)
            raise Faulty(Fault(str(file), 1, 1, f"no one column is called `{name}`; the file has {has}"))
        found[role] = places[0]
    return found


def _written(layout: Layout, row: Sequence[str]) -> str:
    day = row[layout.columns["date"]].strip()
    return f"{day} {row[layout.columns['time']].strip()}" if "time" in layout.columns else day


def _decimal(layout: Layout, sample: Sequence[Sequence[str]]) -> str:
    places = [layout.columns[role] for role in ("open", "high", "low", "close")]
    cells = [row[place].strip() for row in sample for place in places if place < len(row)]
    commas = [cell for cell in cells if "," in cell]
    if not commas or any("." in cell for cell in cells):
        return "point"
    if any(_COMMA.match(cell) and not _THOUSANDS.match(cell) for cell in commas):
        return "comma"
    return ""


def _plain(name: str) -> str:
    lower = name.strip().strip("\ufeff").lower()
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        lower = lower.replace(letter, plain)
    return re.sub(r"[^a-z0-9]+", "_", lower).strip("_")
