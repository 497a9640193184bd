"""One decision cycle in the shell, and the order in which it becomes durable.

A session passes: corporate actions, fills of the bar, the close. Then the snapshot is frozen, the worker decides, the
decision is appended to the log, and only then do its warranted orders go to the broker. Everything the desk is (books,
working orders, halts) is a fold over its log, so a crash between two steps is found at the next start: warrants that
were recorded but not submitted are submitted then if they still live, or recorded as lapsed. Client order ids make a
second submission the same submission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from time import perf_counter_ns
from typing import Literal

from adapters.audit.log import AuditLog, Entry, Receipt, verify_receipt
from adapters.desk.settings import Desk
from adapters.paper.broker import PaperBroker
from adapters.paper.venue import Costs
from adapters.running.standing import Standing
from adapters.running.watch import NO_TIMINGS, Watch, unwatched
from adapters.running.worker import Worker, WorkerLost
from adapters.running.world import Law, World
from engine.books.books import Books, dividend_record, fold, portfolio, session_record
from engine.orders.order import Role
from engine.orders.portfolio import Mode, Operations, Portfolio
from engine.orders.warrants import Inputs, PaperWarrant, Warrant
from engine.verdicts import surprise, undetermined
from knowledge.door import Refused
from knowledge.facts import Snapshot
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, parse


class Runner:
    """Runs the cycles of one desk, in order. Use one at a time per log."""

    def __init__(
        self, desk: Desk, law: Law, world: World, log: AuditLog, worker: Worker, watch: Watch = unwatched
    ) -> None:
        self.desk, self.law, self.world, self.log, self.worker = desk, law, world, log, worker
        self._watch = watch
        settings = desk.settings
        self.mode: Literal[Mode.BACKTEST, Mode.PAPER] = Mode.PAPER if settings.desk.mode == "paper" else Mode.BACKTEST
        costs = Costs(
            settings.broker.slippage_bps, settings.broker.commission_per_share, settings.broker.commission_minimum
        )
        account = settings.desk.account
        broker: PaperBroker[Receipt] = PaperBroker(account, self.mode, world.listings, self._proven, costs)
        books = Books.open(account, self.mode, settings.desk.currency, settings.desk.capital)
        self.standing = Standing(books, broker)
        self._last_as_of = ""
        self._size = 0
        """Records folded so far: all that this runner knows, and what every record it writes must come right after."""
        for record in log.records():
            self._fold(record, restoring=True)

    # --- a cycle ------------------------------------------------------------------------------------------------

    def cycle(self, day: str) -> Json:
        """Let a session pass and decide at its close. Returns the decision record. Raises `LogUnwritable`."""
        started = perf_counter_ns()
        for session in self._due(day):
            self._pass(session)
        booked = perf_counter_ns()
        try:
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
        receipt = self._commit(day, snapshot, before, decision, {
            "pass": booked - started, "publish": frozen - booked, "decide": decided - frozen,
        })  # fmt: skip
        self._submit(receipt, decision)
        if self.standing.halting:
            self._halt(snapshot.as_of)
        return parse(receipt.leaf)

    def start(self, facts: Json) -> None:
        """Record what the desk starts with, if the log does not say so already: at first, and when the law changed."""
        known: Json = next(self.log.records(["start"], newest_first=True), {})
        if any(known.get(name) != value for name, value in facts.items()):
            now = self._last_as_of or self.world.session(self.world.first_decision).opens_at
            self._append(now, [{"kind": "start", **facts}])

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
            lapsed = [one for one in missing if self._outlawed(one)]
            found += self._append(now, [_recovery(record["record_id"], missing, lapsed)])
            receipt = self.log.receipt(record["record_id"])
            for one in missing:
                found += [] if one in lapsed else self._submit_one(receipt, one, now)
        if self.standing.halting or self.standing.halted:
            found += self._halt(now)
        return found

    # --- the steps ----------------------------------------------------------------------------------------------

    def _due(self, day: str) -> tuple[str, ...]:
        """Sessions up to `day` that have not passed: none is left out, or its splits and fills would be."""
        passed = self.standing.passed_session
        return tuple(one for one in self.world.sessions(passed or day, day) if one > passed)

    def _pass(self, day: str) -> None:
        """Actions of the ex-date, fills of the bar, the close: one transaction."""
        session, bars = self.world.session(day), self.world.bars(day)
        records: list[Json] = []
        for action in self.world.actions.get(day, ()):
            if action.kind == "split":
                records += self.standing.broker.split(action.instrument, Fraction(action.amount), session)
            elif action.instrument in self.standing.books.holdings:
                records.append(dividend_record(action.instrument, action.amount, day, session.opens_at))
        records += self.standing.broker.advance(session, bars)
        records.append(session_record(day, {name: bar.close for name, bar in bars.items()}, session.closes_at))
        self._append(session.closes_at, records)

    def portfolio(self, day: str, snapshot: Snapshot) -> Portfolio:
        """The portfolio at a session's close."""
        prices = {fact.word("instrument"): fact.number("close") for fact in snapshot.all("bar")}
        standing = self.standing
        held = {name: one.quantity for name, one in standing.books.holdings.items()}
        operations = Operations(
            halted=standing.halted,
            books_reconciled=held == standing.broker.positions(),
            executions=tuple(sorted(standing.executed.items())),
        )
        return portfolio(standing.books, prices, standing.broker.working(), operations)

    def _decide(self, snapshot: Snapshot, before: Portfolio) -> Json:
        try:
            return self.worker.decide(snapshot, before)
        except (WorkerLost, Faulty) as error:
            inputs = Inputs(snapshot.digest, self.law.rulebook.fingerprint, self.law.limits.fingerprint, before.digest)
            decision: Json = undetermined(snapshot, inputs, str(error)).to_json()
            # An event of the shell: a replay takes it as an input instead of deciding again.
            return {**decision, "ended_from_outside": True}

    def _commit(
        self, day: str, snapshot: Snapshot, before: Portfolio, decision: Json, timings: Mapping[str, int]
    ) -> Receipt:
        """The decision becomes a leaf before anything is sent."""
        proof = decision.get("proof") or {}
        blobs = {
            snapshot.digest: snapshot.encoded,
            before.digest: before.encoded,
            self.law.rulebook.fingerprint: self.law.rulebook.encoded,
            self.law.limits.fingerprint: self.law.limits.encoded,
        }
        if "script" in proof:
            text = proof.pop("script")
            blobs[proof["script_digest"]] = canonical(text)
        body = {"cycle_id": f"{self.desk.settings.desk.name}:{day}", **decision}
        receipt = self.log.append(
            "decision", {**self._common(snapshot.as_of), **body}, blobs, timings, after=self._size
        )
        record = parse(receipt.leaf)
        self._fold(record)
        self._watch(record, timings)
        return receipt

    def _submit(self, receipt: Receipt, decision: Json) -> None:
        for one in decision["warrants"]:
            self._submit_one(receipt, Warrant.from_json(one), decision["as_of"])

    def _submit_one(self, receipt: Receipt, warrant: Warrant, now: str) -> list[Json]:
        assert isinstance(warrant, PaperWarrant), "a paper desk issues paper warrants"
        answer = self.standing.broker.submit(warrant, receipt, now)
        self._append(now, answer.fresh)
        return list(answer.fresh)

    def _record_models(self, snapshot: Snapshot) -> None:
        """A head that speaks with another model than before is a promotion, and a record."""
        for fact in snapshot.all("head"):
            head, model = fact.word("head"), fact.word("model")
            if self.standing.models.get(head) != model:
                self._append(
                    snapshot.as_of, [{"kind": "model", "head": head, "model": model, "age": int(fact.number("age"))}]
                )

    def _halt(self, as_of: str) -> list[Json]:
        """Cancel working entries, keep what protects; the halt stays until a named person ends it."""
        why, found = "a limit halted the desk; only a named person resumes it", []
        if not self.standing.halted:
            found += self._append(as_of, [{"kind": "state", "state": "halted", "who": "engine", "why": why}])
        return found + self._append(as_of, self.standing.broker.cancel_entries(as_of, why))

    def _fault(self, day: str, why: str) -> Json:
        record = {"kind": "fault", "cycle_id": f"{self.desk.settings.desk.name}:{day}", "fault": why}
        return self._append(self.world.calendar.close_instant(day), [record])[0]

    # --- the log ------------------------------------------------------------------------------------------------

    def _common(self, as_of: str) -> dict[str, Json]:
        # In a backtest what we learned and when is the market's past, so that two runs have the same root.
        recorded_at = as_of if self.mode is Mode.BACKTEST else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "as_of": as_of,
            "recorded_at": recorded_at,
            "desk": self.desk.settings.desk.name,
            "mode": self.mode.value,
        }

    def _append(self, as_of: str, records: Iterable[Json]) -> list[Json]:
        """Append records in one transaction; one that says itself when it was true keeps that."""
        records = list(records)
        if not records:
            return []
        # What the books can not follow must not become a record: no restart would ever get past it.
        fold(self.standing.books, records)
        entries = [Entry(one["kind"], {**self._common(as_of), **_body(one)}) for one in records]
        written = [parse(receipt.leaf) for receipt in self.log.append_many(entries, after=self._size)]
        for record in written:
            self._fold(record)
            self._watch(record, NO_TIMINGS)
        return written

    def _fold(self, record: Json, restoring: bool = False) -> None:
        """Fold into the standing; the broker lived through its own records unless they are being restored."""
        self._last_as_of = record["as_of"]
        self._size += 1
        if restoring:
            self.standing.broker.restore([record])
        self.standing.take(record)

    def _known(self, warrant: Warrant) -> bool:
        identity = warrant.order.client_order_id
        return identity in self.standing.broker.state.tickets or identity in self.standing.lapsed

    def _outlawed(self, warrant: Warrant) -> bool:
        """An entry that another law permitted than the one in force now; an exit is free under any."""
        law = (self.law.rulebook.fingerprint, self.law.limits.fingerprint)
        return warrant.order.role is Role.ENTRY and law != (warrant.inputs.rulebook, warrant.inputs.limits)

    def _proven(self, receipt: Receipt) -> bool:
        return verify_receipt(receipt, self.log.root_at(receipt.tree_size))


def _recovery(decision_id: str, missing: Sequence[Warrant], lapsed: Sequence[Warrant]) -> Json:
    """What was found open at the start; `reason` stands for the orders in `lapsed`, which are not submitted."""
    record = {"kind": "recovery", "decision_id": decision_id, "warrants": [one.warrant_id for one in missing]}
    if not lapsed:
        return record
    reason = "rules, policies or limits have changed since it was decided, and no entry goes out on an older permission"
    return {**record, "lapsed": [one.order.client_order_id for one in lapsed], "reason": reason}


def _body(record: Json) -> dict[str, Json]:
    """A record without its kind, which the log writes itself."""
    return {name: value for name, value in record.items() if name != "kind"}
