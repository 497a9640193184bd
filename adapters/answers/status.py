"""How a desk stands, read from its log, its lease and its calendar: `warrant status`.

Nothing is written, and nothing that runs is asked: what the log says is what the desk is. All of it is of one moment,
the log's last record when reading began. A desk that has no log yet stands, too: with its capital, and nothing done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from adapters.answers.lookup import reading
from adapters.audit.log import LogReader, Receipt
from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.exchanges import KNOWN
from adapters.desk.folder import Desk, text_of
from adapters.desk.instruments import load_instruments
from adapters.paper.broker import PaperBroker, PaperMode
from adapters.paper.venue import Listing
from adapters.running import lease
from adapters.running.standing import Standing
from adapters.running.world import feed_of, own_sessions
from adapters.schedule.loop import MOST_GRACE, waits_for
from adapters.schedule.timetable import Cycle, Timetable
from adapters.store.opening import is_there
from engine.books.books import Books
from engine.books.money import to_multiple
from engine.orders.portfolio import Mode
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, digest, text

MOST_COUNTED = 1000
CYCLES = ("decision", "fault", "missed")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class _Read:
    """What one pass over the log brings."""

    standing: Standing
    size: int
    root: str
    last: dict[str, Json]
    """The last record of each kind."""
    missed: int
    began: Json
    signed: int | None
    """Records under the newest checkpoint."""


def status(desk: Desk, now: datetime) -> Json:
    """Everything `warrant status` shows, as JSON. Raises `Faulty` where the desk or its log can not be read."""
    if is_there(desk.store):
        with reading(desk) as log:
            found = _read(desk, log)
    else:
        found = _read(desk, None)
    return {
        "desk": desk.settings.desk.name,
        "mode": desk.settings.desk.mode,
        "state": _state(found),
        "runs": _runs(desk, now),
        "last_cycle": _last_cycle(found.last),
        "next_cycle": _next_cycle(desk, found.standing, now),
        "missed": {"cycles": found.missed, "last": _missed(found.last.get("missed"))},
        "money": _money(found.standing.books),
        "positions": _positions(found.standing),
        "working": _working(found.standing),
        "feed": _feed(desk, found.standing),
        "log": {"records": found.size, "root": found.root or None, "signed": found.signed},
        "reconciliation": _reconciliation(found),
        "limits": _limits(desk, found.standing),
    }


def _read(desk: Desk, log: LogReader | None) -> _Read:
    section = desk.settings.desk
    mode: PaperMode = Mode.PAPER if section.mode == "paper" else Mode.BACKTEST
    listings = {
        one.symbol: Listing(one.tick, one.currency, one.multiplier) for one in load_instruments(desk.instruments)
    }
    broker: PaperBroker[Receipt] = PaperBroker(section.account, mode, listings, lambda _: False)
    standing = Standing(Books.open(section.account, mode, section.currency, section.capital), broker)
    last: dict[str, Json] = {}
    size = missed = 0
    began: Json = None
    for record in log.records(gone=True) if log else ():
        began = began or record
        size += 1
        broker.restore([record])
        standing.take(record)
        last[record["kind"]] = record
        missed += record["cycles"] if record["kind"] == "missed" else 0
    return _Read(
        standing, size, log.root_at(size).hex() if log else "", last, missed, began, log.last_signed() if log else None
    )


def _state(found: _Read) -> Json:
    """The trading state, and the record that brought it about."""
    standing, decided, named = found.standing, found.last.get("decision"), found.last.get("state")
    concluded = decided["trading_state"] if decided else "active"
    name = "killed" if standing.killed else "halted" if standing.halted or standing.halting else concluded
    if name in ("killed", "halted") and named is None:
        named = decided
    since = named if name in ("killed", "halted") else decided if name != "active" else named or found.began
    return {
        "name": name,
        "since": (since.get("asked_at") or since["recorded_at"]) if since else None,
        "who": since.get("who") if since else None,
        "why": since.get("why") if since else None,
        "throttled": sorted(standing.throttled),
    }


def _runs(desk: Desk, now: datetime) -> Json:
    found = lease.seen(desk.store)
    if found is None or not lease.alive(found, now):
        return None
    return {
        "holder": found.holder,
        "host": found.host,
        "process": found.pid,
        "since": _z(found.taken_at),
        "heartbeat": _z(found.renewed_at),
    }


def _last_cycle(last: dict[str, Json]) -> Json:
    found = max((last[kind] for kind in CYCLES if kind in last), key=lambda one: one["seq"], default=None)
    if found is None:
        return None
    verdicts = Counter(one["outcome"] for one in found.get("verdicts", ()))
    return {
        "kind": found["kind"],
        "record_id": found["record_id"],
        "as_of": found["close"] if found["kind"] == "missed" else found["as_of"],
        "recorded_at": found["recorded_at"],
        "verdicts": dict(sorted(verdicts.items())),
        "exits": len(found.get("exits", ())),
        "reason": found.get("reason") or found.get("fault"),
    }


def _next_cycle(desk: Desk, standing: Standing, now: datetime) -> Json:
    """The next cycle by the machine's clock; None for a desk that does not run by it."""
    if desk.settings.desk.mode != "paper":
        return None
    calendar = ExchangeCalendar(desk.settings.feed.calendar, own=own_sessions(desk))
    timetable = Timetable(calendar, desk.settings.schedule, desk.settings.feed.interval)
    past = takewhile(lambda one: one.latest_at < now, waits_for(timetable, standing.settled, now, ""))
    late = sum(1 for _ in islice(past, MOST_COUNTED))
    after = max(filter(None, (standing.settled, _z(now - MOST_GRACE))))
    cycle = next((one for one in waits_for(timetable, after, now, "") if one.latest_at >= now), None)
    found = {"label": None} if cycle is None else _cycle(cycle, calendar, now)
    return {**found, "missed_before": late}


def _cycle(cycle: Cycle, calendar: ExchangeCalendar, now: datetime) -> dict[str, Json]:
    zone = ZoneInfo(KNOWN[calendar.exchange].zone)
    return {
        "label": cycle.label,
        "as_of": _z(cycle.as_of),
        "due_at": _z(cycle.due_at),
        "latest_at": _z(cycle.latest_at),
        "exchange_time": cycle.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z"),
        "in_seconds": max(0, round((cycle.due_at - now).total_seconds())),
    }


def _missed(record: Json) -> Json:
    return None if record is None else {name: record[name] for name in ("label", "due_at", "cause", "reason")}


def _money(books: Books) -> Json:
    return {
        "currency": books.currency,
        "nav": text(to_multiple(books.closing_nav, CENT, ROUND_HALF_EVEN)),
        "cash": text(books.cash),
        "session": books.session or None,
    }


def _positions(standing: Standing) -> list[Json]:
    return [
        {
            "instrument": name,
            "quantity": text(held.quantity),
            "entry_price": text(to_multiple(held.entry_price, CENT, ROUND_HALF_EVEN)),
            "last_price": text(to_multiple(held.last_price, CENT, ROUND_HALF_EVEN)),
            "sessions": held.sessions_held,
        }
        for name, held in sorted(standing.books.holdings.items())
    ]


def _working(standing: Standing) -> list[Json]:
    return [
        {
            "client_order_id": one.order.client_order_id,
            "instrument": one.order.instrument,
            "role": one.order.role.value,
            "side": one.order.side.value,
            "remaining": text(one.remaining),
            "state": one.state.value,
        }
        for one in standing.broker.working()
    ]


def _feed(desk: Desk, standing: Standing) -> Json:
    """The newest session the feed has bars of, beside the newest that is booked."""
    booked = standing.passed_session or None
    try:
        symbols = tuple(one.symbol for one in load_instruments(desk.instruments))
        kind = desk.settings.feed.kind
        if kind == "sample":
            # The sample never changes; to read it takes longer than all the rest.
            return {"kind": kind, "newest": None, "booked": booked, "reason": None}
        return {"kind": kind, "newest": feed_of(desk, symbols).sessions()[-1], "booked": booked, "reason": None}
    except Faulty as fault:
        return {"kind": desk.settings.feed.kind, "newest": None, "booked": booked, "reason": str(fault.faults[0])}


def _reconciliation(found: _Read) -> Json:
    """The last reconciliation of the log, and whether books and broker agree now: each difference as a sentence."""
    # The broker's ledger begins with the first record.
    apart = [str(one) for one in found.standing.differences()] if found.size else []
    last = found.last.get("reconciliation")
    return {"agrees": not apart, "differences": apart, "last": None if last is None else last["as_of"]}


def lines(found: Json) -> Iterator[str]:
    """The same for people."""
    yield f"desk      {found['desk']}, {found['mode']}"
    yield f"state     {_state_line(found['state'])}"
    yield f"runs      {_runs_line(found['runs'])}"
    yield f"last      {_last_line(found['last_cycle'])}"
    if found["next_cycle"] is not None:
        yield f"next      {_next_line(found['next_cycle'])}"
    if found["missed"]["cycles"]:
        last = found["missed"]["last"]
        yield f"missed    {found['missed']['cycles']} cycles; last {last['label']}: {last['reason']}"
    money = found["money"]
    session = money["session"] or "no session"
    yield f"money     NAV {money['nav']} {money['currency']}, cash {money['cash']}, after {session}"
    for one in found["positions"]:
        price = f"from {one['entry_price']}, now {one['last_price']}, {one['sessions']} sessions"
        yield f"position  {one['instrument']:<8} {one['quantity']:>8}  {price}"
    for one in found["working"]:
        yield f"order     {one['instrument']:<8} {one['remaining']:>8}  {one['side']} {one['role']}, {one['state']}"
    feed = found["feed"]
    newest = feed["reason"] or f"newest {feed['newest'] or 'not asked'}"
    yield f"feed      {feed['kind']}, {newest}, booked up to {feed['booked'] or 'nothing'}"
    if found["log"]["root"] is None:
        yield "log       none yet: the desk has never run, `warrant run` or `warrant cycle` begins it"
    else:
        yield f"log       {found['log']['records']} records, root {found['log']['root']}"
    if found["log"]["signed"] is not None:
        since = found["log"]["records"] - found["log"]["signed"]
        yield f"signed    {found['log']['signed']} records; {since} since"
    agrees = "books and broker agree" if found["reconciliation"]["agrees"] else "books and broker DIFFER"
    when = found["reconciliation"]["last"]
    yield f"checked   {agrees}{f', last recorded as of {when}' if when else ''}"
    for one in found["reconciliation"]["differences"]:
        yield f"differs   {one}"
    if found["limits"]["until"]:
        yield f"limits    approved up to {found['limits']['until']}; behind it the former ones are in force again"
    if found["limits"]["differs"]:
        yield "limits    those in force are not those of limits.yaml; see `warrant limits history`"


def _limits(desk: Desk, standing: Standing) -> Json:
    """The limits in force by digest, up to when, and whether the file holds others."""
    law = standing.law
    file = digest(canonical(text_of(desk.limits)))
    return {
        "current": law.current or None,
        "until": law.until or None,
        "differs": law.decided and file != law.current,
    }


def _state_line(state: Json) -> str:
    by = f" by {state['who']}" if state["who"] else ""
    since = f" since {state['since']}{by}" if state["since"] else ""
    throttled = f"; throttled: {', '.join(state['throttled'])}" if state["throttled"] else ""
    why = f": {state['why']}" if state["why"] else ""
    return f"{state['name']}{since}{why}{throttled}"


def _runs_line(runs: Json) -> str:
    if runs is None:
        return "no: no process holds the desk"
    return f"yes: `{runs['holder']}`, process {runs['process']} on {runs['host']} since {runs['since']}"


def _last_line(last: Json) -> str:
    if last is None:
        return "none"
    if last["kind"] != "decision":
        return f"{last['as_of']}  {last['kind']}: {last['reason']}"
    counts = ", ".join(f"{number} {outcome}" for outcome, number in last["verdicts"].items())
    fault = f"; undetermined: {last['reason']}" if last["reason"] else ""
    return f"{last['as_of']}  {last['record_id']}: {counts or 'no verdicts'}, {last['exits']} exits{fault}"


def _next_line(cycle: Json) -> str:
    late = cycle["missed_before"]
    many = f"{late} or more" if late == MOST_COUNTED else str(late)
    behind = f"; {many} before it are past and will be recorded as missed" if late else ""
    if cycle["label"] is None:
        return f"the calendar has none{behind}"
    left = _left(cycle["in_seconds"])
    return f"{cycle['label']}  due {cycle['due_at']} ({cycle['exchange_time']}), {left}{behind}"


def _left(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return "in " + (" ".join(filter(None, parts)) or f"{rest} s") if seconds else "now"


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
