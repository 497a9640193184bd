"""The options by which a person says how a file of bars is written; every command that reads one takes them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from adapters.importing.layout import Said


class Dates(StrEnum):
    """How dates are written."""

    ISO = "iso"
    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"
    S = "s"
    MS = "ms"
    US = "us"
    NS = "ns"


class Decimals(StrEnum):
    """What stands before the fraction of a number."""

    POINT = "point"
    COMMA = "comma"


SymbolOption = Annotated[
    str | None,
    typer.Option("--symbol", metavar="S", help="Whose bars they are. [default: a column, or the file's name]"),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="ROLE=NAME,...", help="Which column is what, as `date=Datum,open=Erster`."),
]
ZoneOption = Annotated[
    str, typer.Option("--zone", metavar="ZONE", help="The zone of times without an offset, or `as-written`.")
]
DatesOption = Annotated[Dates | None, typer.Option("--dates", help="How dates are written. [default: guessed]")]
DecimalOption = Annotated[
    Decimals | None, typer.Option("--decimal", help="How fractions are written. [default: guessed]")
]
WholeVolumeOption = Annotated[
    bool, typer.Option("--whole-volume", help="Round volumes down to whole units, as the desk needs them.")
]


def said_of(
    symbol: str | None,
    columns: str | None,
    zone: str,
    dates: Dates | None,
    decimal: Decimals | None,
    *,
    whole_volume: bool,
    index: str = "",
) -> Said:
    """What the options say. Raises `Faulty` for columns and zones that are none."""
    from adapters.importing.from_files import check_zone
    from adapters.importing.layout import Said, parse_columns

    return Said(
        parse_columns(columns) if columns else None,
        symbol or "",
        dates.value if dates else None,
        decimal.value if decimal else "",
        check_zone(zone),
        whole_volume,
        index,
    )
