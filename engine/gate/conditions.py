"""The conditions of layers 5 to 7: what binds an entry without being a sum. (Trading states: `engine.gate.states`.)

Conditions read only the snapshot, the portfolio's operational state and the policies' answer. They bind entries; the
only things that hold an exit are listed in `HOLDS`. An input that is absent never passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from engine.gate.market import Market
from engine.gate.proposals import Exit, Finding
from engine.gate.reach import Book
from engine.gate.sizing import speakers
from engine.gate.states import flag
from engine.limits.model import UNKNOWN_REGIME, UNKNOWN_STATE, Limit, Limits
from engine.orders.basket import Basket
from engine.orders.order import Order, Role, Side
from engine.orders.portfolio import Portfolio, Position
from engine.orders.warrants import instant
from knowledge.facts import Fact, Snapshot
from knowledge.values import text

HOLDS = {
    "frozen": "the venue has halted the instrument",
    "log": "the audit log is not writable or not verified",
}
"""All that may hold an exit. (A missing position or a position already worked down to zero leaves nothing to exit.)"""


@dataclass(frozen=True)
class Case:
    """One entry candidate before the conditions."""

    instrument: str
    side: Side
    strategy: str
    horizon: str
    forbidden: tuple[str, ...]
    """Sentences of the policies that forbid it; an undetermined policy is one of them."""
    basket: Basket | None = None


@dataclass(frozen=True)
class Circumstances:
    """Everything a condition may read."""

    snapshot: Snapshot
    portfolio: Portfolio
    market: Market
    book: Book
    exits: tuple[Exit, ...]
    limits: Limits
    derived: tuple[Fact, ...] = ()
    """What the rules concluded: every candidate and trail of it may become a message."""
    regime: str = UNKNOWN_REGIME
    state: str = UNKNOWN_STATE

    @property
    def session(self) -> str:
        """The ISO date of the decision."""
        return self.market.session

    def in_force(self) -> tuple[Limit, ...]:
        """The limits in force."""
        return self.limits.in_force(self.session, self.regime, self.state, self.market.figures)


def findings(here: Circumstances, states: Mapping[str, Finding], case: Case) -> tuple[Finding, ...]:
    """Every condition in force for one candidate, with the trading state's, by layer and id."""
    found: list[Finding] = []
    for limit in here.in_force():
        if limit.spec.form == "state":
            found.append(states[limit.id])
        elif limit.spec.form == "condition":
            found.append(_CONDITIONS[limit.kind](limit, here, case))
    return tuple(found)


def held_back(here: Circumstances, instrument: str) -> str | None:
    """Why an exit on this instrument cannot go out now, or None."""
    if not here.portfolio.operations.log_verified:
        return HOLDS["log"]
    return HOLDS["frozen"] if instrument in here.portfolio.operations.frozen else None


def _number(number: Fraction | Decimal | int) -> str:
    return text(number)


def _at_most(limit: Limit, value: Fraction, detail: str) -> Finding:
    return Finding(limit.id, value <= limit.bound, _number(value), _number(limit.bound), detail)


def _flag(limit: Limit, holds: bool, detail: str) -> Finding:
    return flag(limit.id, holds, detail)


def _none_of(limit: Limit, names: list[str], detail: str) -> Finding:
    listed = "; ".join(names)
    return Finding(limit.id, not names, str(len(names)), "0", f"{detail}: {listed}" if names else f"no {detail}")


# --- layer 5: models --------------------------------------------------------------------------------------------


def _speaking(here: Circumstances, case: Case) -> list[tuple[str, Fact | None]]:
    facts = speakers(here.snapshot, case.instrument, case.side)
    return [(fact.word("head"), here.snapshot.find("head", fact.word("head"))) for fact in facts]


def _head_figure(slot: str) -> Callable[[Limit, Circumstances, Case], Finding]:
    def condition(limit: Limit, here: Circumstances, case: Case) -> Finding:
        heads = _speaking(here, case)
        unknown = [name for name, record in heads if record is None]
        if unknown or not heads:
            who = ", ".join(unknown) or "any head that speaks for it"
            return Finding(limit.id, False, "unknown", _number(limit.bound), f"{slot} of {who} is unknown")
        worst, name = max((Fraction(record.number(slot)), name) for name, record in heads if record is not None)
        return _at_most(limit, worst, f"worst {slot} among the heads that speak for it ({name})")

    return condition


def _healthy_heads(limit: Limit, here: Circumstances, case: Case) -> Finding:
    healthy = [name for name, record in _speaking(here, case) if record is not None and record["status"] == "healthy"]
    holds = len(healthy) >= limit.bound
    detail = f"healthy heads that speak for it: {', '.join(healthy) or 'none'}"
    return Finding(limit.id, holds, str(len(healthy)), _number(limit.bound), detail)


def _interval_width(limit: Limit, here: Circumstances, case: Case) -> Finding:
    fact = here.snapshot.find("indicator", case.instrument, "interval-75")
    if fact is None:
        return Finding(limit.id, False, "unknown", _number(limit.bound), "interval-75 is unknown")
    return _at_most(limit, Fraction(fact.number("value")), "width of the 75 % interval of the next daily return")


# --- layer 6: operations ----------------------------------------------------------------------------------------


def _data_quality(limit: Limit, here: Circumstances, case: Case) -> Finding:
    faults = here.snapshot.about("quality", case.instrument)
    return _none_of(limit, [f"{fact['issue']} ({fact['detail']})" for fact in faults], "faults in its data")


def _data_complete(limit: Limit, here: Circumstances, case: Case) -> Finding:
    lacks = [f"{case.instrument} {name}" for name in here.market.missing.get(case.instrument, ())]
    if case.instrument not in here.market.terms and not lacks:
        lacks.append(f"{case.instrument} every figure: it is not in the universe")
    lacks.extend(_without_covariance(here, case.instrument))
    for name in here.book.unpriced:
        reasons = here.market.missing.get(name, ("protective stop of a short",))
        lacks.extend(f"{name} (held) {reason}" for reason in reasons)
    calendar = here.snapshot.find("calendar", case.instrument)
    if calendar is not None and _is_over(here, case.instrument, calendar.word("next")):
        lacks.append(f"{case.instrument} next session (the calendar says {calendar['next']}, which is over)")
    if here.portfolio.nav <= 0:
        lacks.append("a NAV above zero")
    return _none_of(limit, sorted(set(lacks)), "missing inputs")


def _without_covariance(here: Circumstances, instrument: str) -> list[str]:
    """What a convex limit in force needs and the snapshot lacks."""
    if not any(limit.spec.form == "convex" for limit in here.in_force()):
        return []
    around = {*here.book.holdings, *(leg.instrument for leg in here.book.legs)}
    bare = {name: terms for name, terms in here.market.terms.items() if not terms.factors}
    what = f"covariance{here.market.covariance_fault and f' ({here.market.covariance_fault})'}"
    own = [f"{instrument} {what}"] if instrument in bare else []
    return own + [f"{name} (held) {what}" for name in sorted(bare.keys() & around)]


def _is_over(here: Circumstances, instrument: str, following: str) -> bool:
    """Whether the session said to be the next has passed; one that has more bars to come is itself the next."""
    period = here.snapshot.find("period", instrument)
    goes_on = period is not None and period["last"] == "no"
    return following < here.session or (following == here.session and not goes_on)


def _age_in_session(here: Circumstances, instrument: str) -> str:
    """What is wrong with the time of the last bar where bars are shorter than a session; empty where nothing is."""
    period = here.snapshot.find("period", instrument)
    if period is None:
        return "when its last bar was is unknown" if here.snapshot.all("period") else ""
    ends, begins, now = period.word("ends"), period.word("begins"), here.snapshot.as_of
    length, age = instant(ends) - instant(begins), instant(now) - instant(ends)
    if age < timedelta(0) or length <= timedelta(0):
        return f"its last bar runs from {begins} to {ends}, and it is {now}"
    # A bar that is one length old or more is not the last: the market has gone on without it.
    return f"its last bar ended at {ends}, {age // length} bars ago" if age >= length else ""


def _data_age(limit: Limit, here: Circumstances, case: Case) -> Finding:
    bar = here.snapshot.find("bar", case.instrument)
    if bar is None:
        return Finding(limit.id, False, "unknown", _number(limit.bound), "it has no bar")
    age = (date.fromisoformat(here.session) - date.fromisoformat(bar.word("session"))).days
    if age < 0:
        return Finding(limit.id, False, str(age), _number(limit.bound), "its last bar is from the future")
    within = _age_in_session(here, case.instrument)
    if within:
        return Finding(limit.id, False, str(age), _number(limit.bound), within)
    return _at_most(limit, Fraction(age), f"days since its last bar ({bar['session']})")


def _operation(name: str, detail: str) -> Callable[[Limit, Circumstances, Case], Finding]:
    def condition(limit: Limit, here: Circumstances, case: Case) -> Finding:
        return _flag(limit, getattr(here.portfolio.operations, name) is True, detail)

    return condition


def _clock_skew(limit: Limit, here: Circumstances, case: Case) -> Finding:
    skew = abs(here.portfolio.operations.clock_skew_ms)
    return _at_most(limit, Fraction(skew), "difference between our clock and the venue's")


def _message_rate(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """Counts what goes out before it: exits, stops that move, and every candidate served earlier, were it granted.

    The legs of a basket come in one turn, that of its least conviction and first name, and go out together.
    """
    trails = {fact["instrument"] for fact in here.derived if fact.template == "trail"}
    baskets = {fact.word("instrument"): fact["basket"] for fact in here.derived if fact.template == "basket-leg"}
    queue = [(fact.word("instrument"), fact["side"], -fact.number("conviction"))
             for fact in here.derived if fact.template == "candidate"]  # fmt: skip
    parties: dict[object, list[tuple[str, Decimal]]] = {}
    for name, asked, rank in queue:
        parties.setdefault(("basket", baskets[name]) if name in baskets else (name, asked), []).append((name, rank))
    turns = [(max(rank for _, rank in party), min(name for name, _ in party), name)
             for party in parties.values() for name, _ in party]  # fmt: skip
    side = "long" if case.side is Side.BUY else "short"
    mine = ("basket", baskets[case.instrument]) if case.instrument in baskets else (case.instrument, side)
    own = [(max(rank for _, rank in parties[mine]), min(name for name, _ in parties[mine]))] if mine in parties else []
    earlier = sum(name != case.instrument and not (own and (rank, first) > own[0]) for rank, first, name in turns)
    sent = here.portfolio.operations.messages_last_second + len(here.exits) + len(trails) + earlier + 1
    return _at_most(limit, Fraction(sent), "messages in this second: exits, stops, earlier entries and this one")


def _repeated_execution(limit: Limit, here: Circumstances, case: Case) -> Finding:
    counts = dict(here.portfolio.operations.executions)
    return _at_most(
        limit, Fraction(counts.get(case.instrument, 0) + 1), "entries in the instrument this session, this one included"
    )


def _other_strategy(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """Another basket is another strategy here, as is one of the same name in another ratio: a leg that grew would lose
    its own.
    """
    owners: list[tuple[str, Position | Order]] = [("position", one) for one in here.portfolio.positions if one.quantity]
    owners += [("entry", one.order) for one in here.portfolio.working if one.order.role is Role.ENTRY]
    others = [
        f"{what} of {one.strategy}/{one.horizon}" + ("" if one.basket is None else f" in the basket {one.basket.name}")
        for what, one in owners
        if (
            (one.strategy, one.horizon, one.basket) != (case.strategy, case.horizon, case.basket)
            if one.instrument == case.instrument
            else case.basket is not None
            and one.basket is not None
            and one.basket.name == case.basket.name
            and one.basket != case.basket
        )
    ]
    return _none_of(limit, others, "holdings of another strategy or horizon")


def _duplicate_order(limit: Limit, here: Circumstances, case: Case) -> Finding:
    working = [one.order.client_order_id for one in here.portfolio.working
               if one.order.instrument == case.instrument and one.order.role is Role.ENTRY]  # fmt: skip
    return _none_of(limit, working, "working entries for the same instrument")


# --- layer 7: compliance ----------------------------------------------------------------------------------------


def _policy(limit: Limit, here: Circumstances, case: Case) -> Finding:
    return _none_of(limit, list(case.forbidden), "reasons of the policies against it")


def _wash_trade(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """An opposite position counts too: an order that would cross zero is an exit now, and an entry later."""
    against = [one.order.client_order_id for one in here.portfolio.working
               if one.order.instrument == case.instrument and one.order.side is not case.side
               and one.order.role is not Role.STOP]  # fmt: skip
    against += ["an exit of this decision" for one in here.exits if one.instrument == case.instrument]
    position = here.portfolio.position(case.instrument)
    if position is not None and position.quantity * case.side.sign < 0:
        against.append("an opposite position")
    return _none_of(limit, against, "own orders on the other side")


_CONDITIONS: dict[str, Callable[[Limit, Circumstances, Case], Finding]] = {
    "head_brier": _head_figure("brier"),
    "head_psi": _head_figure("psi"),
    "head_age": _head_figure("age"),
    "healthy_heads": _healthy_heads,
    "interval_width": _interval_width,
    "data_quality": _data_quality,
    "data_complete": _data_complete,
    "data_age": _data_age,
    "feed_connected": _operation("feed_connected", "the feed is connected"),
    "broker_connected": _operation("broker_connected", "the broker is connected"),
    "books_reconciled": _operation("books_reconciled", "the books agree with the broker's"),
    "clock_skew": _clock_skew,
    "message_rate": _message_rate,
    "repeated_execution": _repeated_execution,
    "other_strategy": _other_strategy,
    "duplicate_order": _duplicate_order,
    "policy": _policy,
    "wash_trade": _wash_trade,
    "log_verified": _operation("log_verified", "the audit log is writable and verified"),
}
