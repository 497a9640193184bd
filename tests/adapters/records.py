"""Small records for the tests of the log: a few sessions of one desk, each decision with an entry and its stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from adapters.audit.log import AuditLog, Receipt
from adapters.store.address import Address
from knowledge.values import Json, canonical, digest
from tests.promises.cycles import limits_text

OPENING = datetime(2011, 1, 3, 21)


def at(session: int, minutes: int = 0) -> str:
    return (OPENING + timedelta(days=session, minutes=minutes)).isoformat() + "Z"


def body(as_of: str, **more: Any) -> dict[str, Json]:
    return {"as_of": as_of, "recorded_at": as_of, "desk": "test", "mode": "backtest", **more}


def warrant(name: str, role: str, session: int, quantity: str = "10") -> Json:
    order = {
        "client_order_id": name,
        "instrument": "AAPL",
        "role": role,
        "quantity": quantity,
        "reduce_only": role != "entry",
    }
    return {"warrant_id": f"w-{name}", "order": order, "expires_at": at(session + 1)}


def stored(session: int) -> dict[str, bytes]:
    values: dict[str, Json] = {
        "snapshot": {"as_of": at(session), "facts": [["price", {"last": str(300 + session)}]] * 5},
        "portfolio": {"nav": str(100000 + session)},
        "limits": limits_text(),
        "rulebook": {"rules.clp": "(defrule nothing =>)"},
    }
    return {name: canonical(value) for name, value in values.items()}


def decide(log: AuditLog, session: int, *warrants: Json, **more: Any) -> Receipt:
    values = stored(session)
    inputs = {name: digest(content) for name, content in values.items()}
    record = body(at(session), inputs=inputs, warrants=list(warrants), **more)
    return log.append("decision", record, {digest(content): content for content in values.values()})


def event(log: AuditLog, kind: str, session: int, order: str, name: str, state: str, **more: Any) -> Receipt:
    return log.append(kind, body(at(session, 5), client_order_id=order, event=name, state=state, **more))


def submit(log: AuditLog, decision: Receipt, session: int, order: str) -> Receipt:
    linked = {"decision_id": decision.record_id, "warrant_id": f"w-{order}"}
    return event(log, "order", session, order, "submit", "submitted", **linked)


def accept(log: AuditLog, decision: Receipt, session: int, order: str) -> Receipt:
    linked = {"decision_id": decision.record_id, "warrant_id": f"w-{order}"}
    return event(log, "order", session, order, "accept", "working", **linked)


def fill(log: AuditLog, session: int, order: str, quantity: str, name: str, state: str, fill_id: str) -> Receipt:
    terms = {"fill_id": fill_id, "quantity": quantity, "price": "301.5", "commission": "1"}
    return event(log, "fill", session, order, name, state, **terms)


def sessions(log: AuditLog, count: int) -> Iterator[Receipt]:
    """Entries that fill in two parts; a stop that is submitted when its entry is done, and cancelled at the close."""
    yield log.append("start", body(at(0)))
    for session in range(count):
        entry, stop = f"e{session}", f"s{session}"
        decision = decide(log, session, warrant(entry, "entry", session), warrant(stop, "stop", session))
        yield decision
        yield submit(log, decision, session, entry)
        yield accept(log, decision, session, entry)
        yield fill(log, session, entry, "4", "fill-part", "partly-filled", f"{entry}-1")
        yield fill(log, session, entry, "6", "fill-all", "filled", f"{entry}-2")
        yield submit(log, decision, session, stop)
        yield accept(log, decision, session, stop)
        yield event(log, "cancel", session, stop, "request-cancel", "cancel-pending")
        yield event(log, "cancel", session, stop, "confirm-cancel", "cancelled")
        yield log.append("books", body(at(session, 6), nav=str(100000 + session)))
    yield log.append("stop", body(at(count), reason="end of the test"))


def make_log(path: Address, count: int = 3) -> list[Receipt]:
    with AuditLog.open(path) as log:
        return list(sessions(log, count))
