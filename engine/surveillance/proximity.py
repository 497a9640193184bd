"""Nearness to limits: what a desk does again and again just inside of what it may.

Three shapes, each counted over sessions and told by the decision that completes it; then the count begins anew:

- *limit-proximity*: entries brought the same measure to nearly its bound, again. What was near before these entries,
  and did not grow by them, does not count;
- *limit-binding*: one numeric limit cut or refused entries, sessions in a row. A limit that binds every day has become
  the strategy;
- *just-under-a-limit*: whole entries (nothing was cut) whose own size is just under a limit on single orders, again.
  Somebody, or a rule, may size orders by the control instead of by the risk.

A collar does not count: every entry has its limit price at the collar's edge, as that is how it is made. Conditions
(policies, healthy models) have no nearness.

Left out: limits that are lifted and come back (`warrant limits history` tells those).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import isqrt

from engine.surveillance.finding import Figure, Finding, Findings, Pattern, Severity
from engine.surveillance.parameters import Parameters
from engine.surveillance.trace import Near, Ruling, Trace
from knowledge.values import text

_Seen = list[tuple[Ruling, Near]]


def near_limits(trace: Trace, by: Parameters) -> Findings:
    """Limit proximity, and orders just under a limit."""
    seen: dict[tuple[Pattern, str], _Seen] = {}
    for ruling in trace.rulings:
        for near in ruling.near:
            if not near.reaches(by.near):
                continue
            about = near.measure.partition("[")[2].rstrip("]")
            if near.per_order and about not in ruling.whole:
                continue
            pattern = Pattern.UNDER if near.per_order else Pattern.NEAR
            key = (pattern, near.limit if near.per_order else near.measure)
            those = [one for one in seen.get(key, ()) if _sessions(trace, one[0], ruling) < by.near_sessions]
            those.append((ruling, near))
            if len({one.record for one, _ in those}) >= by.near_times:
                yield _near(pattern, key[1], those, by)
                those = []
            seen[key] = those


def binding_limits(trace: Trace, by: Parameters) -> Findings:
    """Limits that bound, sessions in a row."""
    rows: dict[str, list[Ruling]] = {}
    for ruling in trace.rulings:
        for limit in ruling.binding:
            row = rows.setdefault(limit, [])
            if row and row[-1].session != ruling.session and _sessions(trace, row[-1], ruling) != 1:
                row.clear()
            row.append(ruling)
            days = list(dict.fromkeys(one.session for one in row))
            if len(days) >= by.binding_sessions:
                yield _bound(limit, row, days, by)
                row.clear()


def _sessions(trace: Trace, one: Ruling, other: Ruling) -> int:
    return trace.sessions_between(one.session, other.session)


def _orders(those: Iterable[Ruling], only: str = "") -> tuple[str, ...]:
    found = (order for one in those for name, order in sorted(one.entries.items()) if only in ("", name))
    return tuple(dict.fromkeys(found))


def _near(pattern: Pattern, subject: str, those: _Seen, by: Parameters) -> Finding:
    first, last = those[0][0], those[-1][0]
    count = len({one.record for one, _ in those})
    abouts = {near.measure.partition("[")[2].rstrip("]") for _, near in those} if pattern is Pattern.UNDER else set()
    name = next(iter(abouts)) if len(abouts) == 1 else ""
    names = abouts or {each for one, _ in those for each in one.entries}
    orders = tuple(dict.fromkeys(_named(those) if pattern is Pattern.UNDER else _orders(one for one, _ in those)))
    share = max((_share(near) for _, near in those))
    what = "whole entries were sized at" if pattern is Pattern.UNDER else "entries brought it to"
    sentence = (
        f"{subject}: from {first.session} to {last.session} {what} {text(by.near * 100)} % of its bound or more in "
        f"{count} decisions"
    )
    figures = (
        Figure("decisions", str(count), str(by.near_times), f"within {by.near_sessions} sessions"),
        Figure("nearest, of the bound", text(share), text(by.near), "share"),
    )
    severity = Severity.WARNING if pattern is Pattern.UNDER else Severity.NOTICE
    return Finding(
        pattern, severity, name, subject, first.session, last.session, last.at, last.as_of, tuple(sorted(names)),
        orders, figures, sentence,
    )  # fmt: skip


def _named(those: _Seen) -> Iterator[str]:
    for ruling, near in those:
        yield ruling.entries[near.measure.partition("[")[2].rstrip("]")]


def _share(near: Near) -> Fraction:
    """Four decimals, rounded down; of squares the root: exact to that digit."""
    ratio = near.value / near.bound
    scaled = int(ratio * 10_000)
    return Fraction(scaled if not near.squared else _root(ratio * 10**8), 10_000)


def _root(number: Fraction) -> int:
    return isqrt(int(number))


def _bound(limit: str, row: list[Ruling], days: list[str], by: Parameters) -> Finding:
    last = row[-1]
    sentence = f"{limit} cut or refused entries on {len(days)} sessions in a row, from {days[0]} to {days[-1]}"
    figures = (Figure("sessions in a row", str(len(days)), str(by.binding_sessions), "sessions"),)
    return Finding(
        Pattern.BINDING, Severity.NOTICE, "", limit, days[0], days[-1], last.at, last.as_of,
        tuple(sorted({each for one in row for each in one.about})), _orders(row), figures, sentence,
    )  # fmt: skip
