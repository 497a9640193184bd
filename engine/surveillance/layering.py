"""Layering: orders shown on one side that go as soon as an order of the other side has its fill.

For each fill of an entry, exit or target: the entries of the other side of its instrument that worked when it came,
that had no fill themselves, and for which a cancel was asked after it, within so many sessions. Several of them,
showing a multiple of what was filled, are a finding; it is told by the cancel that made them several.

No cancel counts that replaced an order, or that a kill or a halt asked for: those ends are other ends. A fill of a
stop does not count, as its price was named before the orders were there.

Left out: orders that expire by themselves, and layering over several instruments.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction

from engine.surveillance.finding import Figure, Finding, Findings, Pattern, Severity
from engine.surveillance.parameters import Parameters
from engine.surveillance.trace import Cancel, Fill, Trace
from knowledge.values import text


def layering(trace: Trace, by: Parameters) -> Findings:
    """All of it, each finding told by the cancel that completed it."""
    gone: dict[str, list[Cancel]] = {}
    told: set[str] = set()
    fills: dict[str, list[Fill]] = {}
    for fill in trace.fills:
        fills.setdefault(fill.life.instrument, []).append(fill)
    for cancel in filter(_shown, trace.cancels):
        for fill in _before(trace, fills.get(cancel.life.instrument, []), cancel, by):
            if fill.life.order in told or not _against(fill, cancel):
                continue
            those = gone.setdefault(fill.life.order, [])
            if cancel not in those:
                those.append(cancel)
            if _layered(fill, those, by):
                told.add(fill.life.order)
                yield _finding(fill, those, by)


def _shown(cancel: Cancel) -> bool:
    return cancel.life.role == "entry" and not cancel.replaced_by and not cancel.stopped and not _filled(cancel)


def _filled(cancel: Cancel) -> bool:
    """Whether the order had a fill when it was taken back."""
    return any(one.at < cancel.at for one in cancel.life.fills)


def _before(trace: Trace, fills: list[Fill], cancel: Cancel, by: Parameters) -> Iterator[Fill]:
    """The fills of an instrument that came soon before a cancel, newest first."""
    for at in range(bisect_left(fills, cancel.at, key=lambda one: one.at) - 1, -1, -1):
        if trace.sessions_between(fills[at].day, cancel.day) >= by.layering_sessions:
            return
        yield fills[at]


def _against(fill: Fill, cancel: Cancel) -> bool:
    """Whether the cancel is of an order of the other side, which the fill found working."""
    one, other = fill.life, cancel.life
    return one.side != other.side and one.role != "stop" and other.begins < fill.at


def _layered(fill: Fill, those: list[Cancel], by: Parameters) -> bool:
    shown, filled = _sizes(fill, those)
    return len(those) >= by.layering_orders and shown >= by.layering_ratio * filled


def _sizes(fill: Fill, those: list[Cancel]) -> tuple[Fraction, Fraction]:
    """What the orders taken back showed, and what had been filled of the other until then."""
    filled = (one.quantity for one in fill.life.fills if one.at < those[-1].at)
    return sum((one.life.quantity for one in those), Fraction(0)), sum(filled, Fraction(0))


def _finding(fill: Fill, those: list[Cancel], by: Parameters) -> Finding:
    last, life = those[-1], fill.life
    shown, filled = _sizes(fill, those)
    sentence = (
        f"{len(those)} entries to {last.life.side} {text(shown)} {life.instrument} were taken back without a fill "
        f"after {life.order} ({life.side}) had {text(filled)} filled while they worked"
    )
    figures = (
        Figure("orders taken back", str(len(those)), str(by.layering_orders), "orders"),
        Figure("shown against filled", text(shown / filled), text(by.layering_ratio), "times"),
    )
    return Finding(
        Pattern.LAYERING, Severity.SEVERE, life.instrument, "", fill.day, last.day, last.at, last.as_of,
        (life.instrument,), (life.order, *(one.life.order for one in those)), figures, sentence,
    )  # fmt: skip
