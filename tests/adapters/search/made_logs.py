"""Logs of made-up decisions, to be searched: seeded, of any size, with the words that a real desk would use."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from adapters.audit.log import AuditLog, Entry
from adapters.store.address import Address
from knowledge.values import Json

LIMITS = ("portfolio.sector", "portfolio.concentration", "order.value", "model.interval", "account.day_loss")
RULES = ("swing-long", "swing-short", "pair")
OUTCOMES = ("granted", "cut", "denied", "no-candidate", "undetermined")
FAULT = "the worker did not answer within 5 s"


def symbols(count: int) -> list[str]:
    return ["AAPL", "IBM", "MSFT", "GOOG"][:count] + [f"S{number:03}" for number in range(4, count)]


def weekdays(count: int, first: date = date(2011, 1, 3)) -> list[str]:
    days = (first + timedelta(days=number) for number in range(2 * count))
    return [day.isoformat() for day in days if day.weekday() < 5][:count]


def verdict(dice: Random, name: str, day: str) -> Json:
    outcome = dice.choices(OUTCOMES, (2, 1, 3, 12, 1))[0]
    if outcome == "no-candidate":
        # Of about the length of a real one.
        miss = {"failing": "direction of advisory is short, and long is needed", "rule": "opinion"}
        return {"instrument": name, "outcome": outcome, "reasons": [], "miss": miss}
    limit = dice.choice(LIMITS)
    findings = [{"limit": one, "holds": one != limit, "value": "1", "bound": "1"} for one in LIMITS]
    found: Json = {"instrument": name, "outcome": outcome, "rule": dice.choice(RULES), "findings": findings}
    if outcome == "denied":
        found["cores"] = [{"constraint": limit, "grants": [], "limit": limit}]
        found["policy"] = {"reasons": ["earnings_blackout"] if day.endswith("7") else []}
    if outcome == "cut":
        found["binding"] = [{"limit": limit, "measure": f"{limit}[x]"}]
    found["reasons"] = {"denied": [limit], "cut": [limit], "undetermined": [FAULT]}.get(outcome, [])
    return found


def entries(dice: Random, names: list[str], day: str) -> list[Entry]:
    """What a session of a desk leaves: a decision, orders of what was granted, and now and then a person."""
    as_of = f"{day}T21:00:00Z"
    common: dict[str, Json] = {"as_of": as_of, "recorded_at": as_of, "desk": "test", "mode": "backtest"}
    verdicts = [verdict(dice, name, day) for name in names]
    warrants = [
        {"warrant_id": f"W-{day}-{one['instrument']}", "order": {
            "client_order_id": f"{day}-{one['instrument']}-entry", "instrument": one["instrument"], "role": "entry"}}
        for one in verdicts if one["outcome"] == "granted"
    ]  # fmt: skip
    out = [name for name in names if dice.random() < 0.05]
    exits = [{"instrument": name, "quantity": "5", "reasons": ["time-stop"]} for name in out]
    found = [Entry("decision", {**common, "verdicts": verdicts, "exits": exits, "warrants": warrants, "inputs": {}})]
    for one in warrants:
        order: dict[str, Json] = {**common, "client_order_id": one["order"]["client_order_id"], "state": "filled"}
        found.append(Entry("fill", {**order, "instrument": one["order"]["instrument"], "event": "fill-all"}))
    if day.endswith("5"):
        who = dice.choice(("Ada Lovelace", "Charles Babbage"))
        found.append(Entry("state", {**common, "state": "killed", "who": who, "why": "the feed looks wrong"}))
    return found


def fill_log(path: Address, seed: int, instruments: int, sessions: int) -> None:
    """A log of so many instruments and sessions."""
    dice, names = Random(seed), symbols(instruments)
    with AuditLog.open(path) as log:
        for day in weekdays(sessions):
            log.append_many(entries(dice, names, day))
