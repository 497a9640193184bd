"""The closed list of limit kinds.

A limit names one of these kinds; there is no other way to write a limit, because each kind carries the argument
that it is monotone: it bounds from above a quantity that never falls when a reach grows (guarantees.md, Lemma), or it
reads only the snapshot. Baskets and questions about all markets are a later issue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Form = Literal["order", "linear", "convex", "state", "condition"]
"""order: bounds one entry order by itself; linear: bounds a sum over the reach; convex: bounds a multiple of the
portfolio's standard deviation over the reach; state: names a trading state; condition: reads only the snapshot and the
desk's operational state."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a limit of this kind bounds, in which unit, and in which layers it may stand."""

    form: Form
    unit: str
    layers: tuple[int, ...]
    meaning: str
    options: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


def _table() -> dict[str, Kind]:
    nav = "NAV"
    order: Form = "order"
    linear: Form = "linear"
    convex: Form = "convex"
    state: Form = "state"
    condition: Form = "condition"
    rows: dict[str, Kind] = {
        # layer 1: one position, one order
        "instrument_exposure": Kind(linear, nav, (1,), "worst absolute exposure in one instrument", ("regime",)),
        "order_value": Kind(order, nav, (1,), "value of one entry order at its worst price"),
        "order_quantity": Kind(order, "shares", (1,), "quantity of one order"),
        "volume_share": Kind(order, "average daily volume", (1,), "quantity of one order in average daily volumes"),
        "price_collar": Kind(order, "reference price", (1,), "distance of an entry's worst price from the reference"),
        "window_collar": Kind(
            condition, "average price", (1,), "distance of the reference price from its average over 20 bars"
        ),
        "stop_loss": Kind(linear, nav, (1,), "loss of the whole position in one instrument if its stops are hit"),
        # layer 2: the portfolio
        "gross": Kind(linear, nav, (2,), "sum of worst absolute exposures", ("regime",)),
        "net_long": Kind(linear, nav, (2,), "largest net exposure any filling reaches"),
        "net_short": Kind(linear, nav, (2,), "largest net short exposure any filling reaches"),
        "beta": Kind(linear, nav, (2,), "largest absolute beta-weighted exposure any filling reaches"),
        "group_gross": Kind(
            linear, nav, (2, 3), "sum of worst absolute exposures in one group", ("only", "regime"), ("by",)
        ),
        "basket_net": Kind(
            linear, nav, (2,), "largest net exposure of one basket, while a leg of it waits or has left", ("regime",)
        ),
        "cluster_gross": Kind(linear, nav, (2,), "sum of worst absolute exposures in one correlated cluster"),
        "book_correlation": Kind(
            condition, "correlation", (2,), "correlation of this horizon's book with that of each other horizon"
        ),
        "turnover": Kind(linear, nav, (2,), "value traded this session and still to trade, at worst prices"),
        "concentration": Kind(
            linear, "least gross", (2,), "largest share of one instrument in the least gross exposure", (), ("once",)
        ),
        "volatility": Kind(
            convex, "NAV a year", (2,), "standard deviation of a year's result, at its worst", ("regime",)
        ),
        # layer 3: the account
        "credit": Kind(
            linear,
            "account currency",
            (3,),
            "sum of worst absolute exposures, in money that does not grow with NAV",
            ("regime",),
        ),
        "open_orders": Kind(linear, nav, (3,), "value of all entries at work at once, at worst prices"),
        "loss_budget": Kind(linear, nav, (3,), "lost this session and still to lose at the stops"),
        "open_risk": Kind(linear, nav, (3,), "loss of all positions if all stops are hit"),
        "margin": Kind(linear, nav, (3,), "initial margin of the worst exposures", (), ("long", "short")),
        "cash_reserve": Kind(linear, nav, (3,), "settled cash left after all purchases at worst prices, at least"),
        "value_at_risk": Kind(
            convex, nav, (3,), "loss that 95 days in 100 stay below, at its worst", ("days", "regime")
        ),
        "expected_shortfall": Kind(
            convex, nav, (3,), "mean loss of the 5 worst days in 100, at its worst", ("regime",)
        ),
        "day_loss": Kind(state, nav, (3,), "loss since the last session's close", (), ("then",)),
        "drawdown": Kind(state, nav, (3,), "loss since the highest NAV", (), ("then",)),
        "maintenance_margin": Kind(
            state, nav, (3,), "maintenance margin of what is held", (), ("long", "short", "then")
        ),
        # layer 4: the market as a whole
        "stress": Kind(linear, nav, (4,), "worst loss under one stress scenario"),
        "index_volatility": Kind(state, "rank", (4,), "rank of the index's volatility in its history", (), ("then",)),
        "index_move": Kind(state, "index", (4,), "the index's move over the last bar, up or down", (), ("then",)),
        "kill_switch": Kind(state, "-", (4,), "the kill switch is set, or a halt awaits a named person", (), ("then",)),
        # layer 5: models
        "head_brier": Kind(condition, "Brier score", (5,), "Brier score of each head that speaks for the candidate"),
        "head_psi": Kind(condition, "PSI", (5,), "population stability index of each head that speaks for it"),
        "head_age": Kind(condition, "days", (5,), "days since each head that speaks for it was trained"),
        "healthy_heads": Kind(condition, "heads", (5,), "validated, healthy heads that speak for it, at least"),
        "head_validated": Kind(condition, "heads", (5,), "heads that speak for it without being validated"),
        "open_positions": Kind(condition, "instruments", (5,), "instruments held or worked at once, this one included"),
        "session_entries": Kind(condition, "entries", (5,), "entries of this session in all instruments, this one too"),
        "interval_width": Kind(condition, "close", (5,), "width of the 75 % interval of the next daily return"),
        # layer 6: operations
        "data_quality": Kind(condition, "faults", (6,), "faults in the instrument's data"),
        "data_complete": Kind(condition, "missing inputs", (6,), "figures the limits need and the snapshot lacks"),
        "data_age": Kind(condition, "days", (6,), "calendar days between the last bar and the decision"),
        "feed_connected": Kind(condition, "-", (6,), "the feed is connected"),
        "broker_connected": Kind(condition, "-", (6,), "the broker is connected"),
        "books_reconciled": Kind(condition, "-", (6,), "the books agree with the broker's"),
        "clock_skew": Kind(condition, "milliseconds", (6,), "difference between our clock and the venue's"),
        "message_rate": Kind(condition, "messages", (6,), "messages of the last second and of this decision, up to it"),
        "repeated_execution": Kind(
            condition, "executions", (6,), "entries in one instrument this session, this one included"
        ),
        "other_strategy": Kind(
            condition, "holdings", (6,), "holdings of another strategy or horizon in the instrument"
        ),
        "duplicate_order": Kind(condition, "orders", (6,), "working entries for the same instrument"),
        # layer 7: compliance
        "strategies": Kind(condition, "-", (7,), "the strategies that may trade", (), ("names",)),
        "wash_trade": Kind(condition, "orders", (7,), "own orders on the other side that could match, stops apart"),
        "log_verified": Kind(condition, "-", (7,), "the audit log is writable and verified"),
        "policy": Kind(condition, "reasons", (7,), "reasons why the policies forbid it"),
    }
    return rows


OBLIGING = frozenset({
    "instrument_exposure", "stop_loss", "gross", "net_long", "net_short", "beta", "group_gross", "cluster_gross",
    "concentration", "basket_net", "volatility", "credit", "loss_budget", "open_risk", "margin", "value_at_risk",
    "expected_shortfall", "stress",
})  # fmt: skip
"""Kinds that bound what is held, so that a limit in breach asks for exits. The others bound orders, what has been
traded or cash, which no exit mends, or the circumstances of an entry."""

KINDS = {
    name: replace(kind, options=(*kind.options, "breach")) if name in OBLIGING else kind
    for name, kind in _table().items()
}
"""Kind by name, in the order in which a person reads the layers."""

NUMERIC: tuple[Form, ...] = ("order", "linear", "convex")
"""Forms whose limits bound a number that the orders make."""

GROUPS = ("sector", "issuer", "currency", "strategy", "horizon")
"""What `group_gross` may group by."""

MANDATORY = (
    "price_collar", "kill_switch", "data_quality", "data_complete", "other_strategy", "duplicate_order", "policy",
    "wash_trade", "log_verified",
)  # fmt: skip
"""Kinds without which a limits file is refused, and which are in force whatever their effective date says: an entry
needs its limit price, its figures, its permission and its record."""

BOUNDLESS = frozenset(name for name, kind in KINDS.items() if kind.unit == "-") | {
    "data_quality", "data_complete", "head_validated", "other_strategy", "duplicate_order", "wash_trade", "policy",
}  # fmt: skip
"""Kinds whose bound is fixed at zero or at a truth value: the file gives none."""

TRADING_STATES = ("active", "reducing", "halted")
"""From free to strict; the strictest that any limit names applies."""

REGIMES = ("bull", "range", "bear", "volatile")
"""What rules may conclude; a regime that is none of them is unknown."""
