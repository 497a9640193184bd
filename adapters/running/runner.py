"""One decision cycle in the shell, and the order in which it becomes durable.

A session passes: corporate actions, fills of the bar, the close. Then the snapshot is frozen, the worker decides, the
decision is appended to the log, and only then do its warranted orders go to the broker. Everything the desk is (books,
working orders, halts) is a fold over its log, so a crash between two steps is found at the next start: warrants that
were recorded but not submitted are submitted then if they still live, or recorded as lapsed. Client order ids make a
second submission the same submission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from time import perf_counter_ns
from typing import TYPE_CHECKING

from adapters.audit.kinds import period_of
from adapters.audit.log import AuditLog, Receipt
from adapters.calendars.calendar import NoSession
from adapters.desk.folder import Desk
from adapters.people.promoting import against, promotion
from adapters.running.amending import revert_where_due
from adapters.running.clock import Clock
from adapters.running.continuity import check_costs, check_instruments
from adapters.running.desk_log import KILLED, NO_BLOBS, DeskLog
from adapters.running.lease import Held
from adapters.running.memory import collect, uncollected
from adapters.running.watch import Watch, unwatched
from adapters.running.worker import Worker, WorkerLost
from adapters.running.world import Law, World
from engine.books.books import portfolio
from engine.books.money import NOTHING
from engine.books.records import borrow_record, closes_record, dividend_record, session_record, settlement_record
from engine.books.settlement import due
from engine.orders.order import Role
from engine.orders.portfolio import Mode, Operations, Portfolio
from engine.orders.warrants import Inputs, PaperWarrant, Warrant, instant
from engine.verdicts import surprise, undetermined
from knowledge.door import Refused
from knowledge.facts import Snapshot
from knowledge.faults import Faulty
from knowledge.values import Json, canonical
from rules.rulebook import Rulebook

if TYPE_CHECKING:
    from adapters.surveillance.looking import Lookout

_NO_ENTRY = ", and no entry goes out on an older permission"
LAW_CHANGED = f"rules, policies or limits have changed since it was decided{_NO_ENTRY}"
STOPPED_SINCE = f"the desk was halted or killed since{_NO_ENTRY}"
NOT_WHOLE = "the venue does not take every leg of its basket"
TOO_LATE = "the market has opened since it was decided, and no order goes out late as if it had been there"


class Runner(DeskLog):
    """Runs the cycles of one desk, in order. Use one at a time per log.

    A `day` is the label of a bar (`adapters.calendars.periods`): of daily bars, the session's date.
    """

    def __init__(
        self,
        desk: Desk,
        law: Law,
        world: World,
        log: AuditLog,
        worker: Worker,
        watch: Watch = unwatched,
        clock: Clock | None = None,
    ) -> None:
        """`clock` is that of a desk which runs by the clock; without one, cycles come when they are asked for."""
        super().__init__(desk, log, world.listings, watch, clock)
        self.law, self.world, self.worker = law, world, worker
        self.lease: Held | None = None
        """What makes this the one process that runs the desk."""
        self._lookout: Lookout | None = None
        """What surveillance has read of the log, once it has looked."""
        self.clock_skew_ms = 0
        """What whoever keeps the time has found: an input of the next decision."""

    # --- a cycle ------------------------------------------------------------------------------------------------

    def cycle(self, day: str) -> Json:
        """Let a session pass and decide at its close. Returns the decision record. Raises `LogUnwritable`."""
        with uncollected():
            record = self._cycle(day)
        if self.mode is Mode.PAPER and self.standing.books.ended:
            self._survey()
            self.sign()
        self.log.rest()
        collect()
        return record

    def _cycle(self, day: str) -> Json:
        started = perf_counter_ns()
        revert_where_due(self, day)
        self.world.hush(against(self.standing.law, self.recording_at))
        ahead = self._ahead(day)
        told = perf_counter_ns()
        self.book(day)
        booked = perf_counter_ns()
        try:
            if ahead is not None:
                raise ahead
            snapshot = self.world.snapshot(day)
        except Faulty:
            raise
        except Refused as refusal:
            return self._fault(day, f"the snapshot was refused: {refusal}")
        except Exception as error:  # noqa: BLE001 - the boundary of a cycle: what was known is not, and the next one runs
            return self._fault(day, f"there is no snapshot: {surprise(error)}")
        frozen = perf_counter_ns()
        self._record_models(snapshot)
        before = self.portfolio(day, snapshot)
        decision = self._decide(snapshot, before)
        decided = perf_counter_ns()
        receipt, record = self._commit(day, snapshot, before, decision, {
            "pass": booked - told, "publish": told - started + frozen - booked, "decide": decided - frozen,
        })  # fmt: skip
        self._submit(receipt, map(Warrant.from_json, record["warrants"]), record["as_of"])
        if self.standing.halting:
            self._halt(snapshot.as_of)
        return record

    def _survey(self) -> None:
        """Look for patterns of surveillance in what has become of orders: nothing that trades hangs on it."""
        if not self.desk.settings.surveillance.desk:
            return
        from adapters.surveillance.looking import Lookout
        from adapters.surveillance.recording import at_session_end
        from adapters.verifying.findings import FAILED

        if self._lookout is None:
            self._lookout = Lookout(self.log, self.desk.settings.surveillance.parameters)
        found = at_session_end(self, self._lookout)
        if any(one["action"] == FAILED for one in found):
            # What it has read is half read: the next session reads all of it again.
            self._lookout = None

    def _ahead(self, day: str) -> Exception | None:
        """Tell the worker the facts of the session, which it reads while the session is booked.

        Nothing of the books is in them. What is raised is handed back: the session is booked all the same.
        """
        try:
            self.world.early(day, self.worker.tell)
        except Exception as error:  # noqa: BLE001 - raised again where the snapshot is made
            return error
        return None

    def bind(self, law: Law) -> None:
        """Decide by this law from now on. Raises `Faulty` where the desk's costs or the engines refuse it."""
        check_costs(self.desk, law.limits)
        self.law = law
        self.worker.rebind(law.rulebook, law.limits)

    def swap(self, record: Json, blobs: Mapping[str, bytes], rulebook: Rulebook, loaded: Worker) -> Json:
        """Record that another rulebook is in force, and decide by it from now on, in the process that has loaded it."""
        found = self.amend(record, blobs)
        self.law = Law(rulebook, self.law.limits)
        self.worker.take_over(loaded)
        return found

    def amend(self, record: Json, blobs: Mapping[str, bytes]) -> Json:
        """Record a change of the limits, or of the rulebook."""
        return self._append(self._as_of, [record], blobs)[0]

    def book(self, day: str) -> None:
        """Let every session up to `day` pass that the feed has: what happened at the venue happened, decided or not.

        Then books and broker are compared: a difference stops the entries of what is decided next.
        """
        for session in self._due(day):
            self._pass(session)
        self.reconcile()

    def refresh(self) -> None:
        """Look at the feed anew. Raises `Faulty`, also where what is held or worked is listed in other terms by now."""
        with uncollected():
            world = self.world.refreshed()
        if world is not self.world:
            # As at a start: the gate reckons with the terms of the new files, the books with those of the purchase.
            check_instruments(self.desk, self.standing, world.listings)
            self.standing.broker.state.listings = world.listings
            self.world = world

    def miss(self, missed: Json) -> Json:
        """Record that cycles were not run, and never will be. `missed` as `adapters.schedule.loop` makes it."""
        return self._append(self._as_of, [{"kind": "missed", **missed}])[0]

    def start(self, facts: Json) -> None:
        """Record what the desk starts with, if the log does not say so already: at first, and when the law changed."""
        known: Json = next(self.log.records(["start"], newest_first=True), {})
        if known:
            # Another rulebook may have come into force since.
            known = {**known, "rulebook": self.standing.law.rulebook}
        if any(known.get(name) != value for name, value in facts.items()):
            self._append(self._as_of, [{"kind": "start", **facts}])

    def recover(self) -> list[Json]:
        """Resolve what a crash left open: warrants without a submission, a halt that was decided and not carried out.

        Only the last decision can have left anything: the one after it comes when its orders are out. The instant is
        that of the log's last record, so that a restart of a backtest is no event in time. Returns what was appended.
        """
        record = next(self.log.records(["decision"], newest_first=True), None)
        if record is None:
            return []
        now, found = max(record["as_of"], self._last_as_of), []
        warrants = [Warrant.from_json(one) for one in record["warrants"]]
        missing = [one for one in warrants if not self._known(one)]
        if missing:
            late = self._too_late(period_of(record))
            lapsed = [one for one in missing if late or self._lapse(one)]
            why = TOO_LATE if late else STOPPED_SINCE if self.standing.stopped else LAW_CHANGED
            found += self._append(now, [_recovery(record["record_id"], missing, lapsed, why)])
            receipt = self.log.receipt(record["record_id"])
            found += self._submit(receipt, [one for one in missing if one not in lapsed], now)
        if self.standing.halting or self.standing.halted:
            found += self._halt(now)
        if self.standing.killed:
            found += self._cancel_entries(now, KILLED)
        return found

    def cycle_id(self, day: str) -> str:
        """What names a cycle in records, logs and alerts."""
        return f"{self.desk.settings.desk.name}:{day}"

    # --- the steps ----------------------------------------------------------------------------------------------

    def _due(self, day: str) -> tuple[str, ...]:
        """Sessions up to `day` that have not passed: none is left out, or its splits and fills would be."""
        passed = self.standing.passed_session
        return tuple(one for one in self.world.sessions(passed or day, day) if one > passed)

    def _pass(self, day: str) -> None:
        """What the nights cost and settle, actions of the ex-date, fills of the bar, the close: one transaction."""
        period, session, bars = self.world.period(day), self.world.session(day), self.world.bars(day)
        self._end_before(session.date)
        records = [*self._overnight(session.date, session.opens_at)]
        for action in self.world.actions.get(day, ()):
            if action.kind == "split":
                records += self.standing.broker.split(action.instrument, Fraction(action.amount), session)
            elif action.instrument in self.standing.books.holdings:
                records.append(dividend_record(action.instrument, action.amount, session.date, session.opens_at))
        records += self.standing.broker.advance(session, bars)
        # A leap that would be our gain counts once the next bar has borne it out; one that is our loss counts at once.
        held = self.standing.broker.positions()
        closes = {name: bar.close for name, bar in bars.items() if not bar.flatters(held.get(name, NOTHING))}
        if period.last:
            records.append(session_record(session.date, closes, session.closes_at, day))
        else:
            records.append(closes_record(session.date, day, closes, session.closes_at))
        self._append(session.closes_at, records)
        self._throttle(session.closes_at)

    def _end_before(self, date: str) -> None:
        """End an earlier session whose last bar never came: else two would count as one, in the day's loss, too."""
        books = self.standing.books
        if books.ended or books.session == date:
            return
        closes_at = self.world.calendar.close_instant(books.session)
        self._append(closes_at, [session_record(books.session, {}, closes_at, self.standing.passed_session)])
        self._throttle(closes_at)

    def _throttle(self, as_of: str) -> None:
        """Latch each instrument that used up the entries a limit allows it, filled or refused: RTS 6 art. 15(3)."""
        bounds = [one.bound for one in self.law.limits.in_force(as_of[:10]) if one.kind == "repeated_execution"]
        used = {
            name: count
            for name, count in sorted(self.standing.executions.items())
            if count >= min(bounds, default=count + 1)
        }
        self._append(as_of, [
            {"kind": "state", "state": "throttled", "who": "engine", "instrument": name, "executions": count,
             "why": f"{count} entries of {name} {self._repeated(name, count)}; only a named person resumes it"}
            for name, count in used.items() if name not in self.standing.throttled
        ])  # fmt: skip

    def _repeated(self, name: str, count: int) -> str:
        refused = self.standing.rejected.get(name) == count
        return "were refused by the venue one after another" if refused else "executed in one session"

    def _overnight(self, day: str, opens_at: str) -> Iterator[Json]:
        """What the nights since the last session cost and settle."""
        books, listings = self.standing.books, self.standing.broker.state.listings
        if day == books.session:
            return
        usual = self.desk.settings.broker.borrow_rate
        for name, held in sorted(books.holdings.items()):
            rate = listings[name].borrow_rate if name in listings else usual
            if held.quantity < 0 and rate:
                yield borrow_record(held, rate, books.session, day, opens_at)
        for one in due(books.unsettled, day):
            yield settlement_record(one, day, opens_at)

    def portfolio(self, day: str, snapshot: Snapshot) -> Portfolio:
        """The portfolio at a session's close."""
        standing, bars = self.standing, self.world.bars(day)
        closes = {fact.word("instrument"): fact.number("close") for fact in snapshot.all("bar")}
        prices = dict(closes)
        for name, holding in standing.books.holdings.items():
            if name in bars and bars[name].flatters(holding.quantity):
                # The books keep their last price for it.
                prices.pop(name, None)
        operations = Operations(
            kill_switch=standing.killed,
            halted=standing.halted,
            books_reconciled=not standing.differences(),
            clock_skew_ms=self.clock_skew_ms,
            messages_last_second=standing.messages_until(self._common(snapshot.as_of)["recorded_at"]),
            executions=tuple(sorted({**standing.executions, **standing.throttled}.items())),
        )
        found = portfolio(standing.books, prices, standing.broker.working(), operations)
        # At the closes by which the gate reckons; what has none has no last return either, and so no figures.
        values = {
            one.instrument: one.quantity * closes.get(one.instrument, NOTHING) * one.multiplier
            for one in found.positions
        }
        return replace(found, tail_loss=self.world.tail_loss(day, values, found.nav)) if values else found

    def _decide(self, snapshot: Snapshot, before: Portfolio) -> tuple[dict[str, Json], Mapping[str, bytes]]:
        """The decision, and the canonical bytes of its values as far as they are known."""

        def meanwhile() -> None:
            self.log.prepare({snapshot.digest: snapshot.encoded, before.digest: before.encoded})

        try:
            return self.worker.decided(snapshot, before, meanwhile)
        except (WorkerLost, Faulty) as error:
            inputs = Inputs(snapshot.digest, self.law.rulebook.fingerprint, self.law.limits.fingerprint, before.digest)
            decision: Json = undetermined(snapshot, inputs, str(error)).to_json()
            # An event of the shell: a replay takes it as an input instead of deciding again.
            return {**decision, "ended_from_outside": True}, NO_BLOBS

    def _commit(
        self,
        day: str,
        snapshot: Snapshot,
        before: Portfolio,
        decided: tuple[dict[str, Json], Mapping[str, bytes]],
        timings: Mapping[str, int],
    ) -> tuple[Receipt, Json]:
        """The decision becomes a leaf before anything is sent. Returns its record too, as it reads from the leaf."""
        decision, parts = decided
        blobs = {
            snapshot.digest: snapshot.encoded,
            before.digest: before.encoded,
            self.law.rulebook.fingerprint: self.law.rulebook.encoded,
            self.law.limits.fingerprint: self.law.limits.encoded,
        }
        if "script" in (decision.get("proof") or {}):
            proof = dict(decision["proof"])
            blobs[proof["script_digest"]] = canonical(proof.pop("script"))
            decision = {**decision, "proof": proof}
            parts = {name: part for name, part in parts.items() if name != "proof"}
        body = {**self._common(snapshot.as_of), "cycle_id": self.cycle_id(day), "period": day, **decision}
        receipt = self.log.append("decision", body, blobs, timings, parts=parts, after=self._size)
        record = receipt.written or receipt.record
        self._fold(record)
        self.watch.recorded(record, timings)
        return receipt, record

    def _submit(self, receipt: Receipt, warrants: Iterable[Warrant], now: str) -> list[Json]:
        """Submit the orders of one decision, in order. What became of them is one transaction, behind the decision's.

        A crash before it leaves all of them to `recover`, as a crash before the first of them would. Where the venue
        takes not every leg of a basket, it is asked to cancel those that it took.
        """
        fresh: list[Json] = []
        broken: set[str] = set()
        for one in warrants:
            assert isinstance(one, PaperWarrant), "a paper desk issues paper warrants"
            answer = self.standing.broker.submit(one, receipt, now)
            fresh += answer.fresh
            if one.order.basket is not None and not answer.accepted:
                broken.add(one.order.basket.name)
        for name in sorted(broken):
            fresh += self.standing.broker.cancel_basket(name, now, f"{NOT_WHOLE} `{name}`")
        self._append(now, fresh)
        return fresh

    def _record_models(self, snapshot: Snapshot) -> None:
        """A head that speaks with another model than before is a promotion, and a record; so is one that may not."""
        for fact in snapshot.all("head"):
            head, model = fact.word("head"), fact.word("model")
            if self.standing.models.get(head) != model:
                record = promotion(self.standing.law, head, model, int(fact.number("age")), self.recording_at)
                self._append(snapshot.as_of, [] if record is None else [record])

    def _fault(self, day: str, why: str) -> Json:
        record = {"kind": "fault", "cycle_id": self.cycle_id(day), "period": day, "fault": why}
        return self._append(self.world.session(day).closes_at, [record])[0]

    def _known(self, warrant: Warrant) -> bool:
        identity = warrant.order.client_order_id
        return identity in self.standing.broker.state.tickets or identity in self.standing.lapsed

    def _lapse(self, warrant: Warrant) -> bool:
        """Whether this is an entry of a desk that was stopped since, or of another law; an exit is free in any case."""
        return warrant.order.role is Role.ENTRY and (self.standing.stopped or self._outlawed(warrant))

    def _outlawed(self, warrant: Warrant) -> bool:
        """Whether another law permitted it than the one in force now."""
        law = (self.law.rulebook.fingerprint, self.law.limits.fingerprint)
        return law != (warrant.inputs.rulebook, warrant.inputs.limits)

    def _too_late(self, day: str) -> bool:
        """Whether the market went on since: an order that was not there can not be said to have been.

        After a session's last bar that is the next open. Within a session the next bar begins at the very close that
        was decided, so an order may go out until that bar ends.
        """
        if self._clock is None or self.mode is not Mode.PAPER:
            return False
        decided = self.world.period(day)
        try:
            if decided.last:
                return instant(self.world.next_open(day)) <= self._clock.now()
            opened, closed = instant(decided.opens_at), instant(decided.closes_at)
            end = instant(self.world.calendar.close_instant(decided.session))
            return min(closed + (closed - opened), end) <= self._clock.now()
        except NoSession:
            # Where the calendar ends nobody knows when the market opens.
            return True

    @property
    def _as_of(self) -> str:
        """The instant that the desk's knowledge has reached: what the shell has to say is said as of it.

        The bars of a session may come long after its close, and no record may lie before one that precedes it.
        """
        return self._last_as_of or self.world.session(self.world.first_decision).opens_at


def _recovery(decision_id: str, missing: Sequence[Warrant], lapsed: Sequence[Warrant], reason: str) -> Json:
    """What was found open at the start; `reason` stands for the orders in `lapsed`, which are not submitted."""
    record = {"kind": "recovery", "decision_id": decision_id, "warrants": [one.warrant_id for one in missing]}
    if not lapsed:
        return record
    return {**record, "lapsed": [one.order.client_order_id for one in lapsed], "reason": reason}
