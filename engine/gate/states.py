"""Trading states: which state the account and the market put the desk in, before anything is proposed.

A limit of form *state* names the state it puts the desk in once its value reaches its bound; the strictest that any of
them names applies. A value nobody knows has reached every bound. Entries need the state `active`; exits need none.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from engine.gate.circumstances import flag
from engine.gate.market import Market
from engine.gate.proposals import Finding
from engine.gate.trading import strictest
from engine.limits.model import UNKNOWN_REGIME, Limit, Limits
from engine.orders.portfolio import Portfolio
from knowledge.values import text


def trading_state(
    portfolio: Portfolio, market: Market, limits: Limits, regime: str = UNKNOWN_REGIME
) -> tuple[str, dict[str, Finding]]:
    """The strictest state any limit names, and a finding for each state limit in force."""
    asked, findings = [], {}
    for limit in limits.in_force(market.session, regime, figures=market.figures):
        if limit.spec.form == "state":
            finding = _STATES[limit.kind](limit, portfolio, market)
            findings[limit.id] = finding
            if not finding.holds:
                asked.append(limit.then)
    return strictest(asked).value, findings


def _reached(limit: Limit, value: Fraction | None, detail: str) -> Finding:
    if value is None:
        return Finding(limit.id, False, "unknown", text(limit.bound), f"{detail} is unknown")
    return Finding(limit.id, value < limit.bound, text(value), text(limit.bound), detail)


def _day_loss(limit: Limit, portfolio: Portfolio, market: Market) -> Finding:
    start = Fraction(portfolio.nav) - Fraction(portfolio.day_pnl)
    share = max(Fraction(0), -Fraction(portfolio.day_pnl)) / start if start > 0 else None
    return _reached(limit, share, "loss since the last session's close, as a share of NAV")


def _drawdown(limit: Limit, portfolio: Portfolio, market: Market) -> Finding:
    high = Fraction(portfolio.high_water_mark)
    share = 1 - Fraction(portfolio.nav) / high if high > 0 else None
    return _reached(limit, share, "loss since the highest NAV, as a share of it")


def _index_volatility(limit: Limit, portfolio: Portfolio, market: Market) -> Finding:
    value = market.figures.get("index-volatility-rank")
    return _reached(limit, value, "rank of the index's volatility in its history")


def _index_move(limit: Limit, portfolio: Portfolio, market: Market) -> Finding:
    value = market.figures.get("index-move")
    return _reached(limit, None if value is None else abs(value), "move of the index over the last bar, up or down")


def _maintenance_margin(limit: Limit, portfolio: Portfolio, market: Market) -> Finding:
    """Of positions as they stand: no order waits for a margin call."""
    nav, needed = Fraction(portfolio.nav), Fraction(0)
    for one in portfolio.positions:
        terms, shares = market.terms.get(one.instrument), Fraction(one.quantity)
        if shares == 0:
            continue
        if terms is None:
            return _reached(limit, None, "maintenance margin of what is held, as a share of NAV")
        needed += max(limit.long * shares, -limit.short * shares) * terms.exposure
    share = needed / nav if nav > 0 else None
    return _reached(limit, share, "maintenance margin of what is held, as a share of NAV")


def _kill_switch(limit: Limit, portfolio: Portfolio, market: Market) -> Finding:
    state = portfolio.operations
    return flag(limit, not (state.kill_switch or state.halted), "neither kill switch nor standing halt")


_STATES: dict[str, Callable[[Limit, Portfolio, Market], Finding]] = {
    "day_loss": _day_loss,
    "drawdown": _drawdown,
    "index_volatility": _index_volatility,
    "index_move": _index_move,
    "maintenance_margin": _maintenance_margin,
    "kill_switch": _kill_switch,
}
