"""What was set before the desk was let trade (RTS 6 art. 8): who may trade, how much at once, on whose word.

Conditions, each read before any entry is granted: candidates that are served earlier count as if they were granted in
full, so that no order of a decision can carry a count beyond its bound.
"""

from __future__ import annotations

from fractions import Fraction

from engine.gate.circumstances import Case, Circumstances, at_most, flag, none_of, unknown
from engine.gate.proposals import Finding
from engine.limits.model import Limit
from engine.orders.order import Role


def strategies(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """Only strategies that somebody authorised trade."""
    words = f"{case.strategy} is one of the strategies that may trade: {', '.join(limit.names)}"
    return flag(limit, case.strategy in limit.names, words)


def open_positions(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """Instruments with shares or a working entry, those of earlier candidates, and this one."""
    held = {one.instrument for one in here.portfolio.positions if one.quantity != 0}
    entering = {one.order.instrument for one in here.portfolio.working if one.order.role is Role.ENTRY}
    count = len(held | entering | set(here.earlier(case)) | {case.instrument})
    return at_most(limit, Fraction(count), "instruments held or worked at once: with earlier entries and this one")


def session_entries(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """Entries executed this session, those of earlier candidates, and this one."""
    done = sum(count for _, count in here.portfolio.operations.executions)
    count = done + len(set(here.earlier(case))) + 1
    return at_most(limit, Fraction(count), "entries of this session: executed, earlier in this decision, and this one")


def head_validated(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """No head speaks that has not been validated, has failed, or that nobody knows."""
    heads = [fact.word("head") for fact in here.speakers(case)]
    records = {name: here.snapshot.find("head", name) for name in heads}
    wrong = [
        f"{name} ({'unknown' if record is None else record['status']})"
        for name, record in records.items()
        if record is None or record["status"] in ("unvalidated", "failed")
    ]
    return none_of(limit, wrong, "heads that speak for it without being validated")


def window_collar(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """The price collar over a window: how far the reference price itself has run from its average."""
    fact = here.snapshot.find("indicator", case.instrument, "ema-20-distance")
    if fact is None:
        return unknown(limit, "ema-20-distance is unknown")
    return at_most(limit, abs(Fraction(fact.number("value"))), "distance of the price from its average over 20 bars")
