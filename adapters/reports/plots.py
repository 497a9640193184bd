"""The plots of a report, as SVG to be written into a page: no network, no clock, the same bytes for the same run.

Each plot is drawn twice, for a wide page and for a narrow one, because a drawing that is only scaled down can not be
read. Colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers can tell apart;
what colour says is also said by a shape, a hatch or a line style. Text stays text and takes the page's font.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from adapters.reports.performance import Floats, drawdowns
from adapters.reports.results import Results
from adapters.reports.summary import Fate

BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000",
)  # fmt: skip
INK, FAINT, GRID = "#222222", "#555555", "#dddddd"
PER_CENT = 100.0
MARKS = {"granted": ("^", GREEN), "cut": ("D", ORANGE), "denied": ("X", VERMILLION)}
"""How decisions are marked; the page uses the same shapes."""
LAYERS = {
    0: ("sizing", BLACK, ""),
    1: ("1 position", SKY, ""),
    2: ("2 portfolio", BLUE, "//"),
    3: ("3 account", GREEN, ".."),
    4: ("4 systemic", YELLOW, "xx"),
    5: ("5 model", ORANGE, "\\\\"),
    6: ("6 operations", PURPLE, "++"),
    7: ("7 compliance", VERMILLION, "--"),
}
"""Names and appearance of the layers; 0 stands before them."""
SIDES = {"long": "", "short": "////"}
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "legend.frameon": False,
}


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
        look: Any = {**_STYLE, "font.size": size.font, "svg.hashsalt": f"{name}-{size.name}"}
        with mpl.rc_context():
            # Whatever the machine's own matplotlibrc says, the bytes are to be the same.
            mpl.rcdefaults()
            mpl.rcParams.update(look)
            figure = Figure(figsize=(size.width, height), layout="constrained")
            draw(figure, results, size)
            drawings.append((size.name, _svg(figure, f"{name}-{size.name}")))
    return Plot(name, says, tuple(drawings))


def _svg(figure: Figure, prefix: str) -> str:
    """The drawing without what a page has itself (header, size, metadata), its ids made unique in the page."""
    sink = StringIO()
    nothing: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(sink, format="svg", metadata=nothing)
    text = sink.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}-", text).strip()


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
        _per_cent(axes)
        axes.set_ylabel(words)
        _legend(axes, size)
    below.margins(y=0.12)
    _dates(below)


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
        _per_cent(axes)
        axes.set_ylabel("below the peak" if size.name == "wide" else "")
        axes.set_ylim(top=0)
        _legend(axes, size)
    _dates(rows[-1])


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
    _per_cent(axes)
    _legend(axes, size)
    _dates(axes)


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


def _dates(axes: Axes) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.01)


def _per_cent(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %".replace("-", "−")))


def _legend(axes: Axes, size: Size) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=size.columns, borderaxespad=0.2, handletextpad=0.5,
            columnspacing=1.4, borderpad=0.1,
        )  # fmt: skip
