"""The plots of a report, as SVG to be written into a page: no network, no clock, the same bytes for the same run.

Each plot is drawn twice, for a wide page and for a narrow one, because a drawing that is only scaled down can not be
read. Colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers can tell apart;
what colour says is also said by a shape, a hatch or a line style. Text stays text and takes the page's font.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from adapters.reports.frame.drawing import (
    BLUE,
    FAINT,
    GREEN,
    LAYERS,
    MARKS,
    ORANGE,
    PER_CENT,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    dates,
    drawn,
    per_cent,
)  # fmt: skip
from adapters.reports.performance import Floats, drawdowns
from adapters.reports.results import Results
from adapters.reports.summary import Fate

SIDES = {"long": "", "short": "////"}


@dataclass(frozen=True, slots=True)
class Size:
    """A page to draw for: inches and points."""

    name: str
    width: float
    font: float
    columns: int
    """Entries of a legend beside each other."""


SIZES = (Size("wide", 10.4, 9.5, 8), Size("narrow", 4.4, 8.5, 2))


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot, drawn for each of `SIZES`, and what it shows, for those who do not see it."""

    name: str
    says: str
    drawings: tuple[tuple[str, str], ...]
    """(name of the size, SVG)."""


def plots(results: Results) -> tuple[Plot, ...]:
    """Every plot of a report."""
    return (
        _plot(
            "nav",
            "NAV of this run beside buy-and-hold, and NAV of this run alone with its decisions",
            results,
            _nav,
            5.2,
        ),
        _plot("drawdown", "drawdown of this run and of buy-and-hold", results, _drawdown, 3.6),
        _plot("exposure", "absolute exposure by sector in per cent of NAV, with the limit", results, _exposure, 3.1),
        _plot("refusals", "reasons of refusals by month and layer", results, _refusals, 3.1),
    )


def _plot(name: str, says: str, results: Results, draw: Callable[[Figure, Results, Size], None], height: float) -> Plot:
    drawings = []
    for size in SIZES:
        on = partial(_with, draw, results, size)
        drawings.append((size.name, drawn(f"{name}-{size.name}", on, size.width, height, size.font)))
    return Plot(name, says, tuple(drawings))


def _with(draw: Callable[[Figure, Results, Size], None], results: Results, size: Size, figure: Figure) -> None:
    draw(figure, results, size)


# --- the plots --------------------------------------------------------------------------------------------------


def _nav(figure: Figure, results: Results, size: Size) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
    days = _days(results)
    above.plot(days, _gain(results.benchmark), color=ORANGE, linestyle=(0, (5, 1.5)), label="buy-and-hold")
    above.plot(days, _gain(results.navs), color=BLUE, label="this run")
    below.plot(days, _gain(results.navs), color=BLUE, linewidth=1.1, zorder=2)
    at = dict(zip(results.tally.sessions, _gain(results.navs), strict=True))
    for outcome, (shape, colour) in MARKS.items():
        marked = [one for one in results.tally.fates if one.outcome == outcome and one.session in at]
        _marks(below, marked, at, shape, colour, outcome)
    for axes, words in ((above, "change since the start"), (below, "this run alone")):
        per_cent(axes)
        axes.set_ylabel(words)
        _legend(axes, size)
    below.margins(y=0.12)
    dates(below)


def _marks(axes: Axes, fates: Sequence[Fate], at: dict[str, float], shape: str, colour: str, outcome: str) -> None:
    days = np.array([one.session for one in fates], dtype="datetime64[D]")
    axes.scatter(
        days, [at[one.session] for one in fates], marker=shape, s=32, color=colour, edgecolors="white", linewidths=0.5,
        label=f"{outcome} ({len(fates)})", zorder=3,
    )  # fmt: skip


def _drawdown(figure: Figure, results: Results, size: Size) -> None:
    days = _days(results)
    rows = figure.subplots(2, 1, sharex=True)
    series = (("this run", results.navs, BLUE), ("buy-and-hold", results.benchmark, ORANGE))
    for axes, (words, navs, colour) in zip(rows, series, strict=True):
        depth = -PER_CENT * drawdowns(navs)
        axes.fill_between(days, depth, 0, color=colour, alpha=0.55, linewidth=0)
        axes.plot(days, depth, color=colour, linewidth=1.0, label=f"{words} (its own scale)")
        per_cent(axes)
        axes.set_ylabel("below the peak" if size.name == "wide" else "")
        axes.set_ylim(top=0)
        _legend(axes, size)
    dates(rows[-1])


def _exposure(figure: Figure, results: Results, size: Size) -> None:
    axes, days = figure.subplots(), _days(results)
    keys = sorted({key for one in results.tally.exposures for key in one})
    below = np.zeros(len(days))
    colours = dict(
        zip(sorted({sector for sector, _ in keys}), (BLUE, GREEN, PURPLE, SKY, YELLOW, ORANGE), strict=False)
    )
    for sector, side in keys:
        shares = np.array([PER_CENT * float(one.get((sector, side), 0)) for one in results.tally.exposures])
        colour = colours.get(sector, FAINT)
        axes.fill_between(
            days, below, below + shares, step="mid", facecolor=colour if side == "long" else "white", edgecolor=colour,
            hatch=SIDES[side], linewidth=0.4, label=f"{sector}, {side}",
        )  # fmt: skip
        below = below + shares
    bounds = [one.bound for one in results.limits.limits if one.kind == "group_gross" and one.by == "sector"]
    if bounds:
        bound = PER_CENT * float(min(bounds))
        axes.axhline(bound, color=VERMILLION, linestyle="--", linewidth=1.4, label=f"limit of a sector, {bound:g} %")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("of NAV")
    per_cent(axes)
    _legend(axes, size)
    dates(axes)


def _refusals(figure: Figure, results: Results, size: Size) -> None:
    axes = figure.subplots()
    months = results.tally.refusals_by_month()
    names, places = list(months), np.arange(len(months), dtype=np.float64)
    below = np.zeros(len(names))
    for layer in sorted({layer for counts in months.values() for layer in counts}):
        words, colour, hatch = LAYERS[layer]
        counts = np.array([months[name][layer] for name in names], dtype=np.float64)
        axes.bar(
            places, counts, 0.8, bottom=below, color=colour, edgecolor="white", hatch=hatch, linewidth=0.5, label=words
        )
        below = below + counts
    every = max(1, -(-len(names) // (14 if size.name == "wide" else 5)))
    axes.set_xticks(places[::every], names[::every])
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)
    axes.set_ylim(0, max(float(below.max(initial=0.0)), 1.0) * 1.05)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("reasons of refusals")
    _legend(axes, size)


# --- what they share --------------------------------------------------------------------------------------------


def _days(results: Results) -> Any:  # noqa: ANN401  (matplotlib's stubs know no datetime64)
    return np.array(results.tally.sessions, dtype="datetime64[D]")


def _gain(navs: Floats) -> list[float]:
    return [float(share) for share in PER_CENT * (navs / navs[0] - 1)]


def _legend(axes: Axes, size: Size) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=size.columns, borderaxespad=0.2, handletextpad=0.5,
            columnspacing=1.4, borderpad=0.1,
        )  # fmt: skip
