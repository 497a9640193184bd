"""How every plot is drawn: with matplotlib, as SVG to be written into a page, with the same bytes each time.

No clock, no machine's taste: settings start from matplotlib's own. Colours are those of Okabe and Ito ("Color Universal
Design", 2008), which colour-blind readers can tell apart. Text stays text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from adapters.reports.frame.fonts import SANS

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


def drawn(name: str, draw: Callable[[Figure], None], width: float, height: float, points: float) -> str:
    """The SVG of a figure of `width` by `height` inches, with words of `points`; its ids begin with `name`."""
    look: Any = {**_STYLE, "font.size": points, "svg.hashsalt": name}
    with mpl.rc_context():
        # Whatever the machine's own matplotlibrc says, the bytes are to be the same.
        mpl.rcdefaults()
        mpl.rcParams.update(look)
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        return _svg(figure, name)


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


def dates(axes: Axes) -> None:
    """A time axis whose words do not repeat each other."""
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.01)


def per_cent(axes: Axes) -> None:
    """A value axis in per cent."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %".replace("-", "−")))


WIDTH, POINTS = 8.8, 9.5
"""Of a drawing on a page: as wide as its text, and read on paper at four fifths of that."""


def on_page(name: str, draw: Callable[[Figure], None], height: float) -> str:
    """The SVG of a figure as wide as the page, in the page's own typeface, whose letters are these."""
    text = drawn(name, draw, WIDTH, height, POINTS)
    return text.replace("<svg", '<svg class="full"', 1).replace("DejaVu Sans", SANS)
