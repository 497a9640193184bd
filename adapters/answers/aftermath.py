"""What came of a decision's warrants: the events of its orders, and what the positions made, as far as the log goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from adapters.answers.evidence import proven
from adapters.answers.lookup import orders_of
from adapters.audit.kinds import period_of
from adapters.audit.reader import LogReader
from engine.orders.portfolio import Portfolio
from engine.reasons import BASKET, OBLIGATION, REVERSAL
from engine.telling import tokens as say
from engine.telling.narrative import Telling, tell
from engine.telling.outcome import RECORDS, Outcome, closing, follow, outcome_of, sentence
from engine.telling.tokens import Phrase, Token
from knowledge.values import Json, parse

EVENTS = ("order", "fill", "cancel", "expiry", "rejection")
_ENDED = frozenset({"filled", "cancelled", "expired", "rejected"})
_WORDS = {
    "submit": "submitted", "accept": "taken by the venue", "request-cancel": "cancel asked for",
    "confirm-cancel": "cancelled", "refuse-cancel": "cancel refused", "expire": "expired", "reject": "rejected",
}  # fmt: skip
_ROLES = {"entry": "entry order", "exit": "exit order", "stop": "protective stop", "target": "profit target"}


@dataclass(frozen=True)
class Aftermath:
    """What came of some orders of a decision."""

    orders: tuple[Telling, ...]
    positions: tuple[Telling, ...]
    sentences: tuple[Phrase, ...]
    """For a summary: one for each position."""

    @property
    def telling(self) -> tuple[Telling, ...]:
        """As one part, or none where there were no orders."""
        if not self.orders:
            return ()
        return (tell("what came of it", *self.orders, *self.positions).named("orders"),)


def aftermath(log: LogReader, record: Json, instruments: Iterable[str]) -> tuple[Telling, ...]:
    """What came of the orders of a decision: of some instruments, or of all where none is named."""
    return aftermath_of(log, record, instruments).telling


def aftermath_of(log: LogReader, record: Json, instruments: Iterable[str] = (), order: str = "") -> Aftermath:
    """The same, to be taken apart; `order` names a single one."""
    chosen = set(instruments)
    wanted = [
        (warrant, one)
        for warrant, one in orders_of(record)
        if (not chosen or one["instrument"] in chosen) and order in ("", one["client_order_id"])
    ]
    events = _events(log, record, [one["client_order_id"] for _, one in wanted])
    minutes = len(period_of(record)) > len("2011-03-01")
    told = [
        tell(*order_words(one), *(event(each, minutes) for each in events[one["client_order_id"]])).named("order")
        for _, one in wanted
    ]
    alone = [(warrant, one) for warrant, one in wanted if one is warrant["order"]]
    positions = [
        (warrant, found)
        for warrant, one in alone
        if one["role"] == "entry" and (found := _outcome(log, record, one)) is not None
    ]
    closed = [found for _, one in alone if one["role"] != "entry" and (found := _outcome(log, record, one)) is not None]
    endings = [_Endings(log, warrant) for warrant, _ in positions]
    return Aftermath(
        tuple(told),
        tuple(outcome_of(found, ending.words) for (_, found), ending in zip(positions, endings, strict=True)),
        (
            *(
                sentence(found, ending.words(found.fills[-1]))
                for (_, found), ending in zip(positions, endings, strict=True)
            ),
            *map(closing, closed),
        ),
    )


def order_words(order: Json, state: str = "") -> Iterator[Phrase]:
    """An order's terms, and how it stands."""
    yield from (f"{_ROLES.get(order['role'], order['role'])} ", say.order(order["client_order_id"]), ": ")
    yield f"{order['side']} "
    yield from (say.number(order["quantity"]), " ", say.instrument(order["instrument"]), f", {order['kind']}")
    price = order["limit_price"] or order["stop_price"]
    if price:
        yield from (" at ", say.price(price, order["currency"]))
    if state:
        yield from ("; ", say.verdict(state.replace("-", " ")))


def event(record: Json, minutes: bool) -> Telling:
    """One event of an order, with its day, or its minute where bars are shorter than a session."""
    written = record["as_of"]
    day = written[:16] if minutes else (record.get("session") or written)[:10]
    when = say.instant(written, day)
    if record["kind"] == "fill":
        currency = record["currency"]
        commission = ("commission ", say.money(record["commission"], currency))
        slipped = ("slippage ", say.money(record["slippage"], currency, 4), " a share")
        what = (" filled ", say.number(record["quantity"]), " at ", say.price(record["price"], currency))
        return tell(when, *what, " (", commission, ", ", slipped, ")")
    detail = record.get("detail") or record.get("why") or record.get("reason") or ""
    said = _WORDS.get(record["event"], record["event"])
    return tell(when, f" {said}", f": {detail}" if detail else "")


# --- from the log -----------------------------------------------------------------------------------------------


def _events(log: LogReader, decision: Json, names: Iterable[str]) -> dict[str, list[Json]]:
    """The events of orders, read until all have ended."""
    found: dict[str, list[Json]] = {name: [] for name in names}
    open_orders = set(found)
    for record in log.records(EVENTS, after=decision["seq"]) if found else ():
        name = record["client_order_id"]
        if name not in found:
            continue
        found[name].append(record)
        if record["state"] in _ENDED:
            open_orders.discard(name)
            if not open_orders:
                break
    return found


def _outcome(log: LogReader, decision: Json, entry: Json) -> Outcome | None:
    portfolio = Portfolio.from_json(parse(log.blob(decision["inputs"]["portfolio"])))
    records = log.records(RECORDS, after=decision["seq"])
    return follow(entry, portfolio.position(entry["instrument"]), records)


class _Endings:
    """Whose order a fill was, in words, for the position of one warrant."""

    def __init__(self, log: LogReader, warrant: Json) -> None:
        self._log, self._warrant = log, warrant

    def words(self, fill: Json) -> Phrase:
        name = say.order(fill["client_order_id"])
        match fill["role"]:
            case "stop":
                own = self._warrant.get("protective_stop")
                moved = own is None or own["client_order_id"] != fill["client_order_id"]
                return ("by its protective stop", ", which had been moved closer" if moved else "", " (", name, ")")
            case "target":
                return ("at its profit target (", name, ")")
            case "exit":
                return ("by an exit: ", self._reasons(fill), " (", name, ")")
            case role:
                return (f"by the {_ROLES.get(role, role)} ", name)

    def _reasons(self, fill: Json) -> Phrase:
        """Why an exit was asked for, from the decision that did."""
        try:
            decision = self._log.record(fill["decision_id"])
        except KeyError:
            return "its decision is not in the log"
        proven(self._log).check(decision)
        asked = [one for one in decision["exits"] if one["instrument"] == fill["instrument"]]
        return say.listed(_reason(code) for one in asked for code in one["reasons"]) or "no reason is recorded"


def _reason(code: str) -> Phrase:
    kind, _, name = code.partition(":")
    token: Token = say.limit(name) if kind == OBLIGATION else say.rule(name or code)
    match kind if name else "":
        case str(one) if one == OBLIGATION:
            return ("the limit ", token, " in breach")
        case str(one) if one == REVERSAL:
            return ("the rule ", token, " proposing the other side")
        case str(one) if one == BASKET:
            return f"the basket {name} leaving"
        case _:
            return ("the rule ", token)
