"""How near each limit came to its bound: the share of it that was used, decision by decision.

Numbers that orders make are read after all grants, at the worst filling; figures of a trading state and conditions as
they were found, conditions only where there was a candidate to hold them against. Of a limit with several subjects
(each instrument, each sector) the tightest one counts. What has no number (a connection, a policy) is at nothing or
beyond. Shares are for the eye: whether a limit held is what the record says, never what is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from adapters.audit.kinds import period_of
from adapters.reports.frame.told import minus
from engine.limits.model import Limit, Limits
from engine.telling import convex
from engine.telling.figures import amount, root
from knowledge.values import Json, fraction

AT_LEAST = frozenset({"healthy_heads"})
"""Conditions whose bound is the least that is allowed."""
EDGED = frozenset({"price_collar"})
"""Kinds at whose edge an order is put on purpose: they are drawn, and never called the tightest."""
BEYOND = 2.0
"""What is drawn where a limit did not hold and no number says by how much."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One limit in one decision, at its tightest subject."""

    period: str
    record_id: str
    limit: str
    measure: str
    value: str
    bound: str
    """Of what stood beyond its bound before the decision: where it stood."""
    used: float
    """Share of the bound; above one: beyond."""
    holds: bool
    squares: bool = False
    """Whether value and bound are squares of money."""
    numeric: bool = False
    """Whether it bounds a number that orders make."""


@dataclass
class Row:
    """One limit over the decisions of a report, in order."""

    limit: Limit
    readings: list[Reading] = field(default_factory=list)

    @property
    def tightest(self) -> Reading:
        """The first of those that used most of the bound."""
        return max(self.readings, key=lambda one: (not one.holds, one.used))

    @property
    def beyond(self) -> int:
        """Decisions in which it did not hold."""
        return sum(not one.holds for one in self.readings)


@dataclass
class Headroom:
    """A fold over decisions; `limits` reads those in force by their digest."""

    limits: Callable[[str], Limits]
    rows: dict[str, Row] = field(default_factory=dict)
    periods: list[str] = field(default_factory=list)

    def take(self, record: Json) -> None:
        """Read one decision."""
        known = {one.id: one for one in self.limits(record["inputs"]["limits"]).limits}
        self.periods.append(period_of(record))
        found: dict[str, Reading] = {}
        for one in readings(record, known):
            there = found.get(one.limit)
            if there is None or (not one.holds, one.used) > (not there.holds, there.used):
                found[one.limit] = one
        for name, reading in found.items():
            self.rows.setdefault(name, Row(known[name])).readings.append(reading)

    def by_layer(self) -> list[Row]:
        """The rows in the order in which a person reads limits: by layer, then as in the file."""
        return sorted(self.rows.values(), key=lambda row: row.limit.layer)

    def tightest(self, most: int) -> list[Row]:
        """The rows that came nearest, those beyond first."""
        near = [row for row in self.rows.values() if row.tightest.used > 0 and row.limit.kind not in EDGED]
        return sorted(near, key=lambda row: (-row.beyond, -row.tightest.used))[:most]

    def nearest(self) -> Reading | None:
        """The bound on an amount that came nearest: a condition that holds may always stand at its bound."""
        rows = (row for row in self.tightest(len(self.rows)) if row.limit.spec.form != "condition")
        return next((row.tightest for row in rows), None)


def readings(record: Json, known: dict[str, Limit]) -> Iterator[Reading]:
    """Everything that a decision was held against and a number or a word tells; of the limits that are `known`."""
    period, name = period_of(record), record["record_id"]
    for one in record.get("readings", []):
        if one["limit"] in known:
            used = _used(one)
            bound = one["bound"] if "corner" in one else max(one["bound"], one["base"], key=fraction)
            yield Reading(
                period, name, one["limit"], one["measure"], one["value"], bound, used, used <= 1, "corner" in one, True
            )
    findings = [one for verdict in record["verdicts"] for one in verdict.get("findings", [])]
    for one in [*record.get("states", []), *findings]:
        limit = known.get(one["limit"])
        if limit is not None:
            used = _share(one, at_least=limit.kind in AT_LEAST)
            yield Reading(period, name, one["limit"], one["limit"], one["value"], one["bound"], used, one["holds"])


def _used(one: Json) -> float:
    """Of a number that orders make. A bound that was passed before this decision counts as where it stood."""
    if "corner" in one:
        return float(convex.tightness(one))
    value = fraction(one["value"])
    bound = max(fraction(one["bound"]), fraction(one["base"]))
    return float(value / bound) if bound > 0 else BEYOND * (value > 0)


def _share(one: Json, *, at_least: bool) -> float:
    """Of a condition."""
    try:
        value, bound = fraction(one["value"]), fraction(one["bound"])
    except ValueError:
        return 0.0 if one["holds"] else BEYOND
    over, under = (bound, value) if at_least else (value, bound)
    if under <= 0:
        return 0.0 if one["holds"] else BEYOND
    share = float(over / under)
    # A condition may hold at its bound, or just below it only; the record says which.
    return min(share, 1.0) if one["holds"] else max(share, 1.0)


def shown(row: Row, reading: Reading) -> tuple[str, str, str]:
    """Value, bound and what is left between them, for a reader."""
    places = 2 if row.limit.spec.form in ("linear", "convex") else 4
    try:
        value, bound = (_rooted(fraction(one), reading.squares) for one in (reading.value, reading.bound))
    except ValueError:
        return reading.value, reading.bound, "–"
    left = value - bound if row.limit.kind in AT_LEAST else bound - value
    return amount(value, places), amount(bound, places), minus(amount(left, places))


def _rooted(value: Fraction, squares: bool) -> Fraction:
    return root(value) if squares else value
