"""NAV and drawdown of the sessions of a report, with the decisions marked on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adapters.reports.attribution import Close, Earned
from adapters.reports.frame.drawing import BLUE, MARKS, PER_CENT, VERMILLION, dates, on_page, per_cent
from adapters.reports.frame.page import Block, Picture, Prose, Section
from adapters.reports.frame.told import change, money, percent, signed
from adapters.reports.summary import Fate

FEWEST = 2
"""Closes of which no more make no curve."""
MOST_FINE = 10
"""Sessions up to which the bars inside them are drawn."""


def nav_section(earned: Earned, fates: Sequence[Fate]) -> Section:
    """The curve where there are sessions enough for one, and the figures in words."""
    blocks: list[Block] = [Prose(tuple(_told(earned)))]
    if len(_points(earned)) > FEWEST:
        height = 4.3
        svg = on_page("nav", lambda figure: _draw(figure, earned, fates), height)
        words = "Marks stand at the close at which it was decided: ▲ granted, ◆ cut, ✖ denied."
        blocks.append(Picture(svg, "NAV and drawdown of these days, decisions marked", words))
    return Section("nav", "NAV and drawdown", tuple(blocks))


def _told(earned: Earned) -> list[str]:
    if not earned.closes:
        return ["No session ended in these days, so NAV is what it was."]
    last, before, currency = earned.closes[-1], earned.before, earned.currency
    share = f" ({signed(earned.change / before.nav)})" if before.nav > 0 else ""
    since = f"at the close of {before.session}" if before.session else "as deposited"
    told = [
        f"NAV went from {money(before.nav)} {currency} {since} to {money(last.nav)} {currency} at the close of"
        f" {last.session}: {change(earned.change)} {currency}{share}. It then stood {percent(last.drawdown)} below its"
        f" highest close, {money(last.peak)} {currency}."
    ]
    deepest = max(earned.closes, key=lambda one: one.drawdown)
    if len(earned.closes) > 1 and deepest.drawdown > 0:
        told.append(f"The deepest drawdown of these sessions was {percent(deepest.drawdown)}, on {deepest.session}.")
    return told


def _draw(figure: Figure, earned: Earned, fates: Sequence[Fate]) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    points = _points(earned)
    days = np.array([_at(earned, one) for one in points], dtype="datetime64[m]")
    base = points[0].nav if points[0].nav > 0 else earned.before.peak
    gain = [float(PER_CENT * (float(one.nav / base) - 1)) for one in points]
    above.plot(days, gain, color=BLUE, linewidth=1.3, zorder=2)
    at = {_at(earned, one): value for one, value in zip(points, gain, strict=True)}
    for outcome in MARKS:
        marked = [_when(earned, one) for one in fates if one.outcome == outcome and _when(earned, one) in at]
        _marks(above, marked, at, outcome)
    above.set_ylabel("NAV, change since the first")
    above.margins(y=0.14)
    per_cent(above)
    above.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, borderpad=0.1, handletextpad=0.4)
    _depth(below, points, days)
    dates(below)


def _depth(axes: Axes, points: Sequence[Close], days: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> None:
    depth = [-PER_CENT * float(one.drawdown) for one in points]
    axes.fill_between(days, depth, 0, color=VERMILLION, alpha=0.45, linewidth=0)
    axes.plot(days, depth, color=VERMILLION, linewidth=1.0)
    axes.set_ylabel("below the peak")
    axes.set_ylim(bottom=min(min(depth) * 1.12, -0.01), top=0)
    per_cent(axes)


def _points(earned: Earned) -> list[Close]:
    """What the curve goes through: closes of sessions, or of bars where they are shorter and the sessions are few."""
    closes = sorted((*earned.closes, *earned.moments), key=lambda one: one.as_of) if _fine(earned) else earned.closes
    return [earned.before, *closes] if earned.before.session else list(closes)


def _fine(earned: Earned) -> bool:
    return bool(earned.moments) and len(earned.closes) <= MOST_FINE


def _at(earned: Earned, one: Close) -> str:
    return one.as_of[:16] if _fine(earned) else one.session[:10]


def _when(earned: Earned, one: Fate) -> str:
    return one.as_of[:16] if _fine(earned) else one.session


def _marks(axes: Axes, marked: Sequence[str], at: dict[str, float], outcome: str) -> None:
    shape, colour = MARKS[outcome]
    days = np.array(marked, dtype="datetime64[m]")
    axes.scatter(
        days, [at[one] for one in marked], marker=shape, s=44, color=colour, edgecolors="white", linewidths=0.4,
        label=f"{outcome} ({len(marked)})", zorder=3,
    )  # fmt: skip
