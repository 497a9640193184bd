"""Bring bars, splits and dividends from CSV or Parquet files into the desk's bar store."""

# ruff: noqa: N999  (the command is called `import`)
from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json
from adapters.importing.options import (
    ColumnsOption,
    DatesOption,
    DecimalOption,
    SymbolOption,
    WholeVolumeOption,
    ZoneOption,
    said_of,
)
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from adapters.importing.from_files import Door, Planned
    from adapters.importing.layout import Said
    from knowledge.values import Json


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or Parquet files, or files of actions.")],
    symbol: SymbolOption = None,
    columns: ColumnsOption = None,
    zone: ZoneOption = "",
    dates: DatesOption = None,
    decimal: DecimalOption = None,
    whole_volume: WholeVolumeOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the guess without asking.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let other numbers replace those that are stored.")
    ] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Bring bars of your own: shows what each file is taken for, asks, and merges it with what is stored.

    A file goes in whole or not at all. Bars that contradict themselves are stored and told: the desk enters nothing on
    them. See docs/bars.md.
    """
    from adapters.desk.bar_store import door_of, own_desk
    from adapters.importing.from_files import plan

    index = own_desk(desk).settings.feed.index
    said = said_of(symbol, columns, zone, dates, decimal, whole_volume=whole_volume, index=index)
    door = door_of(desk)
    planned, faults = _plans(files, said, plan)
    if planned and not faults:
        _confirm([one for one in planned if one.layout], said, yes, quiet=json)
    told: list[Json] = []
    for one in planned if not faults else []:
        try:
            told.append(_bring(one, door, replace=replace, quiet=json))
        except Faulty as error:
            faults += error.faults
    if json and not faults:
        write_json({"store": str(door.store.folder), "files": told})
    elif told:
        _afterwards(desk, quiet=json)
    if faults:
        raise Faulty(*faults)
    return Status.FINE


def _plans(files: Sequence[Path], said: Said, plan: object) -> tuple[list[Planned], list[Fault]]:
    planned: list[Planned] = []
    faults: list[Fault] = []
    for file in files:
        try:
            planned.append(plan(file, said))  # type: ignore[operator]
        except Faulty as error:
            faults += error.faults
    return planned, faults


def _confirm(planned: Sequence[Planned], said: Said, yes: bool, *, quiet: bool) -> None:
    """Show each guess once with its files, and ask; files that are laid out alike are one question."""
    alike: dict[str, list[Planned]] = {}
    for one in planned:
        assert one.layout
        alike.setdefault(f"{one.layout.flags().replace(one.layout.symbol, '')} {one.layout.ignored()}", []).append(one)
    for group in alike.values():
        if not quiet:
            for line in _shown(group):
                write(line)
    if yes or _said_all(planned, said) or not planned:
        return
    if sys.stdin.isatty() and sys.stdout.isatty():
        if not typer.confirm("bring them in like this?"):
            raise Faulty(Fault(str(planned[0].path), 1, 1, "nothing was brought in; say what is what with `--columns`"))
        return
    groups = [group[0] for group in alike.values()]
    raise Faulty(*(Fault(str(one.path), 1, 1, _unconfirmed(one)) for one in groups))


def _said_all(planned: Sequence[Planned], said: Said) -> bool:
    from adapters.importing.layout import NEEDED

    named = set(said.columns or ())
    symbols = bool(said.symbol) or "symbol" in named
    needed = {role for one in planned if one.layout for role in one.layout.columns if role in NEEDED}
    return needed <= named and symbols and said.form is not None


def _unconfirmed(one: Planned) -> str:
    assert one.layout
    return f"nobody is here to confirm the guess; give `--yes` to take it, or say it: {one.layout.flags()}"


def _shown(group: Sequence[Planned]) -> list[str]:
    layout = group[0].layout
    assert layout
    lines = [
        f"{', '.join(one.path.name for one in group[:8])}{f' and {len(group) - 8} more' if len(group) > 8 else ''}:"
    ]
    for what, name in layout.told().items():
        many = what == "symbol" and layout.symbol and len(group) > 1
        lines.append(f"  {what:<10} {'the name of each file' if many else name}")
    if layout.ignored():
        lines.append(f"  not used   {', '.join(layout.ignored())}")
    return lines


def _bring(one: Planned, door: Door, *, replace: bool, quiet: bool) -> Json:
    from adapters.importing.from_files import import_actions, import_bars

    if one.layout is None:
        counts = import_actions(one, door, replace=replace)
        if not quiet:
            for name, new in counts.items():
                write(f"{name}: {new} new splits or dividends")
        return {"file": str(one.path), "actions": counts}
    from adapters.importing.telling import told_lines

    brought = import_bars(one, door, replace=replace)
    if not quiet:
        for line in told_lines(brought):
            write(line)
    return {"file": str(one.path), "instruments": brought.to_json()}


def _afterwards(desk: Path | None, *, quiet: bool) -> None:
    """What is missing before the desk can use them."""
    from adapters.desk.bar_store import next_steps

    if not quiet:
        for line in next_steps(desk):
            write(line)
