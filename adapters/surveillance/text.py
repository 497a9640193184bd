"""Findings on the terminal: the most severe first, a sentence each, then figures and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.surveillance.looking import Told
from engine.surveillance.finding import SOURCES, Severity

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


def lines(found: Sequence[Told], span: str) -> Iterator[str]:
    """What was found; `span` says where it was looked."""
    if not found:
        yield f"nothing found {span}"
        return
    counts = {severity: sum(one.finding.severity is severity for one in found) for severity in Severity}
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    yield f"{len(found)} finding{'' if len(found) == 1 else 's'} {span}: {told}"
    for one in sorted(found, key=lambda each: (_RANKS[each.finding.severity], each.finding.at)):
        yield ""
        yield from _one(one)


def _one(told: Told) -> Iterator[str]:
    one = told.finding
    yield f"{one.severity}  {one.pattern}  {one.instrument or one.limit}  {one.last}  {one.id}"
    yield f"  {one.sentence}"
    for figure in one.figures:
        yield f"  {figure.name}: {figure.value} (threshold {figure.threshold}; {figure.unit})"
    yield f"  orders: {', '.join(one.orders) or 'none went out'}"
    yield f"  from: {SOURCES[one.pattern]}"
    yield f"  {_standing(told)}"


def _standing(told: Told) -> str:
    if not told.record:
        return "not recorded"
    if told.closed is None:
        return f"recorded as {told.record}, open"
    return f"recorded as {told.record}, {told.closed['outcome']} by {told.closed['who']}: {told.closed['why']}"
