"""The conditions of layers 5 to 7: what binds an entry without being a sum. (Trading states: `engine.gate.states`.)

Conditions read only the snapshot, the portfolio's operational state and the policies' answer. They bind entries; the
only things that hold an exit are listed in `HOLDS`. An input that is absent never passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction

from engine.gate import deployment
from engine.gate.circumstances import Case, Circumstances, at_least, at_most, flag, none_of, unknown
from engine.gate.horizons import book_correlation
from engine.gate.proposals import Finding
from engine.limits.model import Limit
from engine.orders.order import Order, Role
from engine.orders.portfolio import Position
from engine.orders.warrants import instant
from knowledge.facts import Fact
from knowledge.values import rational, text

HOLDS = {
    "frozen": "the venue has halted the instrument",
    "log": "the audit log is not writable or not verified",
}
"""All that may hold an exit. (A missing position or a position already worked down to zero leaves nothing to exit.)"""


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


# --- layer 5: models --------------------------------------------------------------------------------------------


def _speaking(here: Circumstances, case: Case) -> list[tuple[str, Fact | None]]:
    return [(fact.word("head"), here.snapshot.find("head", fact.word("head"))) for fact in here.speakers(case)]


def _head_figure(slot: str) -> Callable[[Limit, Circumstances, Case], Finding]:
    def condition(limit: Limit, here: Circumstances, case: Case) -> Finding:
        heads = _speaking(here, case)
        strangers = [name for name, record in heads if record is None]
        if strangers or not heads:
            who = ", ".join(strangers) or "any head that speaks for it"
            return unknown(limit, f"{slot} of {who} is unknown")
        worst, name = max((rational(record.number(slot)), name) for name, record in heads if record is not None)
        return at_most(limit, worst, f"worst {slot} among the heads that speak for it ({name})")

    return condition


def _healthy_heads(limit: Limit, here: Circumstances, case: Case) -> Finding:
    healthy = [name for name, record in _speaking(here, case) if record is not None and record["status"] == "healthy"]
    return at_least(limit, Fraction(len(healthy)), f"healthy heads that speak for it: {', '.join(healthy) or 'none'}")


def _interval_width(limit: Limit, here: Circumstances, case: Case) -> Finding:
    fact = here.snapshot.find("indicator", case.instrument, "interval-75")
    if fact is None:
        return unknown(limit, "interval-75 is unknown")
    return at_most(limit, rational(fact.number("value")), "width of the 75 % interval of the next daily return")


# --- layer 6: operations ----------------------------------------------------------------------------------------


def _data_quality(limit: Limit, here: Circumstances, case: Case) -> Finding:
    faults = here.snapshot.about("quality", case.instrument)
    return none_of(limit, [f"{fact['issue']} ({fact['detail']})" for fact in faults], "faults in its data")


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
    return none_of(limit, sorted(set(lacks)), "missing inputs")


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
        return unknown(limit, "it has no bar")
    age = (date.fromisoformat(here.session) - date.fromisoformat(bar.word("session"))).days
    if age < 0:
        return Finding(limit.id, False, str(age), text(limit.bound), "its last bar is from the future")
    within = _age_in_session(here, case.instrument)
    if within:
        return Finding(limit.id, False, str(age), text(limit.bound), within)
    return at_most(limit, Fraction(age), f"days since its last bar ({bar['session']})")


def _operation(name: str, detail: str) -> Callable[[Limit, Circumstances, Case], Finding]:
    def condition(limit: Limit, here: Circumstances, case: Case) -> Finding:
        return flag(limit, getattr(here.portfolio.operations, name) is True, detail)

    return condition


def _clock_skew(limit: Limit, here: Circumstances, case: Case) -> Finding:
    skew = abs(here.portfolio.operations.clock_skew_ms)
    return at_most(limit, Fraction(skew), "difference between our clock and the venue's")


def _message_rate(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """Counts what goes out before it: exits, stops that move, and every candidate served earlier, were it granted."""
    trails = {fact["instrument"] for fact in here.derived if fact.template == "trail"}
    earlier = len(here.earlier(case))
    sent = here.portfolio.operations.messages_last_second + len(here.exits) + len(trails) + earlier + 1
    return at_most(limit, Fraction(sent), "messages in this second: exits, stops, earlier entries and this one")


def _repeated_execution(limit: Limit, here: Circumstances, case: Case) -> Finding:
    counts = dict(here.portfolio.operations.executions)
    return at_most(
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
    return none_of(limit, others, "holdings of another strategy or horizon")


def _duplicate_order(limit: Limit, here: Circumstances, case: Case) -> Finding:
    working = [one.order.client_order_id for one in here.portfolio.working
               if one.order.instrument == case.instrument and one.order.role is Role.ENTRY]  # fmt: skip
    return none_of(limit, working, "working entries for the same instrument")


# --- layer 7: compliance ----------------------------------------------------------------------------------------


def _policy(limit: Limit, here: Circumstances, case: Case) -> Finding:
    return none_of(limit, list(case.forbidden), "reasons of the policies against it")


def _wash_trade(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """An opposite position counts too: an order that would cross zero is an exit now, and an entry later."""
    against = [one.order.client_order_id for one in here.portfolio.working
               if one.order.instrument == case.instrument and one.order.side is not case.side
               and one.order.role is not Role.STOP]  # fmt: skip
    against += ["an exit of this decision" for one in here.exits if one.instrument == case.instrument]
    position = here.portfolio.position(case.instrument)
    if position is not None and position.quantity * case.side.sign < 0:
        against.append("an opposite position")
    return none_of(limit, against, "own orders on the other side")


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
    "strategies": deployment.strategies,
    "open_positions": deployment.open_positions,
    "session_entries": deployment.session_entries,
    "head_validated": deployment.head_validated,
    "window_collar": deployment.window_collar,
    "book_correlation": book_correlation,
    "policy": _policy,
    "wash_trade": _wash_trade,
    "log_verified": _operation("log_verified", "the audit log is writable and verified"),
}
