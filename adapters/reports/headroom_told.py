"""Headroom for a reader: a map over time, or bars for one decision, and the tightest in numbers."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.reports.frame.drawing import LAYERS
from adapters.reports.frame.page import Block, Column, Picture, Prose, Section, Table, code, record
from adapters.reports.frame.told import count, percent
from adapters.reports.frame.vectors import Lane, bars, heat_map
from adapters.reports.headroom import Headroom, Reading, Row, shown

MOST_COLUMNS = 90
TIGHTEST = 12


def headroom_section(told: Headroom) -> Section:
    """The section of a report."""
    if not told.periods:
        return Section("headroom", "Exposure against limits", (Prose(("Nothing was decided in these days.",)),))
    rows = told.by_layer()
    said = (
        f"Each line is a limit, at its tightest subject, after all grants and however the orders fill. {_summary(told)}"
    )
    return Section("headroom", "Exposure against limits", (Prose((said,)), picture(told, rows), tightest_table(told)))


def picture(told: Headroom, rows: Sequence[Row]) -> Block:
    """A map of the limits over the decisions; bars where there is one decision."""
    says = "the share of its bound that each limit used, by layer"
    if len(told.periods) == 1:
        lines = [(_layer(row), row.limit.id, row.tightest.used, row.beyond > 0, _figure(row.tightest)) for row in rows]
        return Picture(bars(lines), says, "The line stands at the bound.")
    width = -(-len(told.periods) // MOST_COLUMNS)
    starts = range(0, len(told.periods), width)
    columns = [told.periods[at] for at in starts]
    lanes = [_lane(row, told.periods, width) for row in rows]
    each = "Each cell is one decision." if width == 1 else f"Each cell is the tightest of {width} decisions in a row."
    return Picture(heat_map(lanes, columns, "at most"), says, f"{each} On the right: the most that was used.")


def tightest_table(told: Headroom, most: int = TIGHTEST) -> Table:
    """The limits that came nearest to their bounds, in numbers."""
    columns = (
        Column("limit", keep=True), Column("layer", keep=True), Column("at its tightest", keep=True),
        Column("value", number=True),
        Column("bound", number=True), Column("slack", number=True), Column("used", number=True),
        Column("not held", number=True), Column("decision"),
    )  # fmt: skip
    rows = [_told(row) for row in told.tightest(most)]
    return Table(columns, rows, "The tightest, in numbers", "no limit was used at all")


def _told(row: Row) -> tuple[str, ...]:
    one = row.tightest
    value, bound, left = shown(row, one)
    times = f"{row.beyond} of {len(row.readings)}"
    return (
        code(one.measure), LAYERS[row.limit.layer][0], one.period, value, bound, left, _figure(one), times,
        record(one.record_id),
    )  # fmt: skip


def _lane(row: Row, periods: Sequence[str], width: int) -> Lane:
    by_period = {one.period: one for one in row.readings}
    shares: list[float | None] = []
    passed: list[bool] = []
    for start in range(0, len(periods), width):
        found = [by_period[one] for one in periods[start : start + width] if one in by_period]
        shares.append(max((one.used for one in found), default=None))
        passed.append(any(not one.holds for one in found))
    return Lane(_layer(row), row.limit.id, shares, passed, _figure(row.tightest))


def _layer(row: Row) -> str:
    return f"layer {LAYERS[row.limit.layer][0]}"


def _figure(one: Reading) -> str:
    if one.holds or one.used <= 1:
        return percent(one.used, 1)
    return "beyond" if one.used == 2.0 else f"{percent(one.used, 0)}"


def _summary(told: Headroom) -> str:
    one = told.nearest()
    beyond = [row for row in told.rows.values() if row.beyond]
    if beyond:
        names = ", ".join(row.limit.id for row in beyond[:4]) + (" and others" if len(beyond) > 4 else "")
        return f"{count(len(beyond), 'limit').capitalize()} did not hold at least once: {names}."
    if one is None:
        return "No limit was used at all."
    return f"All held; nearest came {one.measure} with {_figure(one)} of its bound, on {one.period}."
