"""A picture of a feed's bars: which are there, what is wrong where, and the worst series drawn.

Above, instruments by months: the fuller the colour, the more of the month's sessions have a bar that can be used; a
mark says that bars are wrong (a cross) or doubtful (a triangle) there. Of many instruments those with most that is
wrong are shown, and the others as one row. Below, the closes of the worst, with the same marks; a band is a stretch of
wrong bars. The same bars make the same bytes. Colours are those of the reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from adapters.bars.checking import UNUSABLE, Check
from adapters.reports.frame.drawing import FAINT, GRID, INK, ORANGE, VERMILLION
from advisors.panel import Floats

WORST = 3
MOST_ROWS = 40
"""Instruments that have room, each with a row of its own."""
LONG_RUN = 8
"""Sessions in a row from which on a band is drawn and no marks."""
_FILL = LinearSegmentedColormap.from_list("coverage", ["#f7f7f7", "#bcd6e8", "#4a8fbf"])
_MARKS = {"wrong": ("x", VERMILLION), "doubtful": ("^", ORANGE)}


@dataclass(frozen=True)
class Grid:
    """Coverage (instruments, months), 0 to 1 and NaN before a series begins; marks as (row, column) by kind."""

    names: tuple[str, ...]
    months: tuple[str, ...]
    coverage: Floats
    marks: dict[str, list[tuple[int, int]]]


def grid_of(check: Check) -> Grid:
    """What the upper picture shows."""
    panel = check.market.panel
    months = tuple(sorted({day[:7] for day in panel.sessions}))
    place = {month: at for at, month in enumerate(months)}
    column = np.array([place[day[:7]] for day in panel.sessions], dtype=np.intp)
    due = np.maximum(np.bincount(column, minlength=len(months)), 1)
    coverage = np.zeros((len(panel.instruments), len(months)))
    for at in range(len(panel.instruments)):
        valid = panel.valid[:, at]
        coverage[at] = np.bincount(column, weights=valid, minlength=len(months)) / due
        begun = column[int(np.argmax(valid))] if valid.any() else len(months)
        coverage[at, :begun] = np.nan
    shown = list(panel.instruments)
    if len(shown) > MOST_ROWS:
        shown = sorted(_ranked(check)[: MOST_ROWS - 1])
    row = {name: at for at, name in enumerate(shown)}
    rest = [at for at, name in enumerate(panel.instruments) if name not in row]
    whole = coverage[[panel.column(name) for name in shown]]
    if rest:
        marked = len({one.symbol for one in check.findings} & {panel.instruments[at] for at in rest})
        shown.append(f"{len(rest)} others" + (f", {marked} with findings" if marked else ""))
        whole = np.vstack([whole, np.nan_to_num(coverage[rest]).mean(axis=0)])
    marks: dict[str, set[tuple[int, int]]] = {kind: set() for kind in _MARKS}
    for report in check.market.reports:
        if report.issue != "missing" and report.instrument in row:
            marks[_kind(report.issue)].add((row[report.instrument], place[report.session[:7]]))
    marks["doubtful"] -= marks["wrong"]
    return Grid(tuple(shown), months, whole, {kind: sorted(found) for kind, found in marks.items()})


def _kind(issue: str) -> str:
    return "wrong" if issue in UNUSABLE else "doubtful"


def draw(check: Check, path: Path) -> None:
    """Write the picture as PNG or SVG, by the ending of its name. Raises `OSError`."""
    look: Any = {
        "font.family": "DejaVu Sans", "font.size": 9, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
        "xtick.color": INK, "ytick.color": INK, "svg.hashsalt": "bars", "axes.spines.top": False,
        "axes.spines.right": False, "svg.fonttype": "none",
    }  # fmt: skip
    grid, worst = grid_of(check), _ranked(check)[:WORST]
    upper = float(np.clip(0.16 * len(grid.names), 1.2, 8.0))
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(look)
        height = upper + 1.75 * len(worst) + 1.2
        figure = Figure(figsize=(11, height), layout="constrained")
        axes = figure.subplots(1 + len(worst), 1, height_ratios=[upper, *([1.45] * len(worst))], squeeze=False)[:, 0]
        _coverage(figure, axes[0], grid, upper)
        for one, symbol in zip(axes[1:], worst, strict=True):
            _series(one, check, symbol)
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=130, metadata=metadata)


def _ranked(check: Check) -> list[str]:
    """Series with findings: those with the most that is wrong, then the most that is doubtful."""
    score: dict[str, tuple[int, int]] = {}
    for one in check.findings:
        wrong, doubtful = score.get(one.symbol, (0, 0))
        bad = one.issue in UNUSABLE
        score[one.symbol] = (wrong + one.count * bad, doubtful + one.count * (not bad))
    drawn = [name for name in score if name in check.market.panel.instruments]
    return sorted(drawn, key=lambda name: (tuple(-count for count in score[name]), name))


def _coverage(figure: Figure, axes: Axes, grid: Grid, inches: float) -> None:
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(grid.coverage), cmap=_FILL, vmin=0, vmax=1, edgecolors="face", linewidth=0
    )
    size = float(np.clip(inches * 72 / max(len(grid.names), 1) * 0.62, 2.2, 6.5))
    for kind, (shape, colour) in _MARKS.items():
        rows = [row + 0.5 for row, _ in grid.marks[kind]]
        columns = [column + 0.5 for _, column in grid.marks[kind]]
        label = f"{kind} bars in {len(rows)} {'month' if len(rows) == 1 else 'months'}" if rows else None
        axes.plot(
            columns, rows, shape, color=colour, markersize=size, markeredgewidth=size / 4, label=label, linestyle=""
        )
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(grid.names)) + 0.5, grid.names)
    years = [at for at, month in enumerate(grid.months) if month.endswith("-01")]
    few = (
        years[:: max(1, len(years) // 14)]
        if len(years) > 2
        else list(range(0, len(grid.months), max(1, len(grid.months) // 12)))
    )
    axes.set_xticks(few, [grid.months[at][:4] if len(years) > 2 else grid.months[at] for at in few])
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title("share of sessions with a bar that can be used, by month", loc="left", fontsize=10, color=INK)
    if any(grid.marks.values()):
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, borderaxespad=0.1)
    bar = figure.colorbar(mesh, ax=axes, aspect=max(8, inches * 6), pad=0.01, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
    bar.outline.set_visible(False)


def _series(axes: Axes, check: Check, symbol: str) -> None:
    panel = check.market.panel
    close = panel.close[:, panel.column(symbol)]
    if np.isnan(close).all():
        return
    begun = int(np.argmax(~np.isnan(close)))
    places = np.arange(len(close))
    axes.plot(places, close, color=INK, linewidth=0.9)
    carried = close[np.maximum.accumulate(np.where(np.isnan(close), begun, places))]
    rows: dict[str, set[int]] = {kind: set() for kind in _MARKS}
    for one in check.market.reports:
        if one.instrument == symbol and one.issue != "missing":
            rows[_kind(one.issue)].add(panel.row(one.session))
    rows["doubtful"] -= rows["wrong"]
    for kind, (shape, colour) in _MARKS.items():
        single = []
        for first, last in _runs(sorted(rows[kind])):
            if last - first >= LONG_RUN:
                axes.axvspan(first, last + 1, color=colour, alpha=0.25, linewidth=0)
            else:
                single += list(range(first, last + 1))
        axes.plot(single, carried[single], shape, color=colour, markersize=5, markeredgewidth=1.3, linestyle="")
    counts: dict[str, int] = {}
    for found in check.findings:
        if found.symbol == symbol:
            counts[found.issue] = counts.get(found.issue, 0) + found.count
    axes.set_title(
        f"{symbol}: {', '.join(f'{count} {issue}' for issue, count in sorted(counts.items()))}",
        loc="left",
        fontsize=9.5,
        color=INK,
    )
    if np.nanmax(close) > 8 * np.nanmin(close):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(max(begun - 5, 0), len(close))
    ticks = np.linspace(begun, len(close) - 1, 8).astype(int)
    axes.set_xticks(ticks, [panel.sessions[at][:10] for at in ticks])
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("close, raw")


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Stretches of neighbouring rows, as the first and the last of each."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs
