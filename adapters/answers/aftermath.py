"""What came of a decision's warrants: the events of its orders, as far as the log goes."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.audit.envelope import period_of
from adapters.audit.log import LogReader
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from knowledge.values import Json

_KINDS = ("order", "fill", "cancel", "expiry", "rejection")


def aftermath(log: LogReader, record: Json, instruments: Iterable[str]) -> tuple[Telling, ...]:
    """One part for each warrant, with its order's events."""
    chosen = set(instruments)
    wanted: dict[str, list[Telling]] = {}
    minutes = len(period_of(record)) > len("2011-03-01")
    orders: dict[str, Json] = {}
    for one in record["warrants"]:
        if chosen and one["order"]["instrument"] not in chosen:
            continue
        for order in (one["order"], one["protective_stop"], one.get("take_profit")):
            if order is not None:
                wanted[order["client_order_id"]] = []
                orders[order["client_order_id"]] = order
    if not wanted:
        return ()
    for event in log.records(_KINDS, since=record["as_of"]):
        if event["client_order_id"] in wanted:
            wanted[event["client_order_id"]].append(tell(_event(event, minutes)))
    parts = [tell(_order(orders[name]), *events) for name, events in wanted.items()]
    return (tell("what came of it", *parts),)


def _order(order: Json) -> str:
    price = f" at {order['limit_price'] or order['stop_price']}" if order["limit_price"] or order["stop_price"] else ""
    what = f"{order['role']} order {order['client_order_id']}"
    return f"{what}: {order['side']} {amount(order['quantity'])} {order['instrument']}, {order['kind']}{price}"


def _event(event: Json, minutes: bool) -> str:
    """One event, with its day, or its minute where bars are shorter than a session."""
    day = event["as_of"][:16] if minutes else (event.get("session") or event["as_of"])[:10]
    if event["kind"] == "fill":
        costs = f"commission {event['commission']}, slippage {amount(event['slippage'])} a share"
        return f"{day} filled {amount(event['quantity'])} at {amount(event['price'])} ({costs})"
    detail = event.get("detail") or event.get("why") or event.get("reason") or ""
    return f"{day} {event['event']}, now {event['state']}{': ' + str(detail) if detail else ''}"
