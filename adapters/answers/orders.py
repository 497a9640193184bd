"""An order, told: what it is for and why it was warranted, what became of it, and what its position made.

The same for an entry, its stop and target, an exit, and a stop that was moved: the reason stands in the decision that
warranted it, and every event in the log.
"""

from __future__ import annotations

from adapters.answers.aftermath import aftermath_of, order_words
from adapters.answers.evidence import evidence_of
from adapters.answers.lookup import orders_of
from adapters.audit.reader import LogReader
from engine.telling import tokens as say
from engine.telling.evidence import Evidence
from engine.telling.explain import circumstances, explain_exit, explain_stop, explain_verdict
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.values import Json


def explain_order(log: LogReader, decision: Json, name: str) -> Telling:
    """One order of a decision. Raises `LogUnreadable`; `StopIteration` where the decision has no such order."""
    warrant, order = next((warrant, one) for warrant, one in orders_of(decision) if one["client_order_id"] == name)
    evidence = evidence_of(log, decision)
    why = _why(evidence, warrant, order)
    is_entry = order is warrant["order"] and order["role"] == "entry"
    came = aftermath_of(log, decision, [order["instrument"]], "" if is_entry else name)
    state = state_of(log, decision, name)
    head = tell(*order_words(order, state), *why, *came.telling, *circumstances(evidence)).named("order")
    first = why[0].summary[0] if why and why[0].summary and order is warrant["order"] else ()
    own = _own(warrant, order, state)
    return head.headed(say.joined([one for one in (first, own, *came.sentences) if one], " "))


def state_of(log: LogReader, decision: Json, name: str) -> str:
    """Where the order stands at the end of the log; `warranted` where it was never submitted."""
    state = "warranted"
    for record in log.records(("order", "fill", "cancel", "expiry", "rejection"), after=decision["seq"]):
        if record["client_order_id"] == name:
            state = record["state"]
            if state in ("filled", "cancelled", "expired", "rejected"):
                break
    return state


def _why(evidence: Evidence, warrant: Json, order: Json) -> list[Telling]:
    """What the decision says about the order; for a stop or a target of an entry, what it says about the entry."""
    record, asked = evidence.record, warrant["order"]
    if asked["role"] == "stop":
        return [explain_stop(evidence, asked)]
    if asked["role"] == "exit":
        return [explain_exit(evidence, one) for one in record["exits"] if one["instrument"] == asked["instrument"]]
    verdicts = [one for one in record["verdicts"] if one["instrument"] == asked["instrument"]]
    return [explain_verdict(evidence, one) for one in verdicts]


def _own(warrant: Json, order: Json, state: str) -> Phrase:
    """What an order is for that the decision does not tell of."""
    if order is warrant["order"] and order["role"] != "stop":
        return ""
    name, currency = say.instrument(order["instrument"]), order["currency"]
    price = say.price(order["limit_price"] or order["stop_price"], currency)
    stands: Phrase = ("; it is ", say.verdict(state.replace("-", " ")), ".")
    if order is warrant["order"]:
        return ("This order moves the protective stop of ", name, " closer, to ", price, stands)
    entry = say.order(warrant["order"]["client_order_id"])
    if order["role"] == "target":
        return ("This order takes the profit of ", name, " at ", price, ", for the entry ", entry, stands)
    verb = "sells" if order["side"] == "sell" else "buys back"
    return ("This order protects the entry ", entry, f": it {verb} ", name, " where the price reaches ", price, stands)
