"""One desk's log, open for appending, with the standing it folds to; what a person may do to a desk at any hour.

This much needs neither bars nor rules nor a worker, so that a desk whose feed, law or engines are broken can still be
killed. The runner adds cycles to it.

Rules:
- what the books can not follow does not become a record, and what is a record is folded and told at once;
- *kill* is first a record and then the cancelling of entries: exits and protective orders stay. A crash between the
  two is mended at the next start, and a second kill does nothing that the first has done;
- *resume* ends kill, halt and throttles together, and only by a person listed for it and where nothing stands that
  would stop the desk again (`adapters/running/resuming.py`); where the desk asks for two persons for states, by the
  second of two who approved it. A kill asks for nobody else;
- both are true as of the log's last record, as bars of a session that is over may still be booked behind them;
  `asked_at` says when, by the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from adapters.audit.kinds import Kind
from adapters.audit.log import Also, AuditLog, Entry, Receipt, verify_receipt
from adapters.desk.folder import Desk
from adapters.paper.broker import PaperBroker
from adapters.paper.venue import Costs, Listing
from adapters.people.four_eyes import STATES
from adapters.people.persons import approved
from adapters.running.clock import Clock, WallClock
from adapters.running.resuming import StillStopped, objections
from adapters.running.standing import Standing
from adapters.running.watch import NO_TIMINGS, Watch, unwatched
from adapters.signing.checkpoint import SignedCheckpoint
from adapters.signing.note import Signer
from adapters.verifying.governed import ACTIVE
from engine.books.books import Books, fold
from engine.limits.model import Limits
from engine.orders.portfolio import Mode
from knowledge.values import Json, parse

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})
HALTED = "a limit halted the desk; only a named person resumes it"
KILLED = "the desk is killed; only a named person resumes it"


class DeskLog:
    """Appends to one desk's log and follows what it appended. Use one at a time per log."""

    def __init__(
        self,
        desk: Desk,
        log: AuditLog,
        listings: Mapping[str, Listing],
        watch: Watch = unwatched,
        clock: Clock | None = None,
    ) -> None:
        self.desk, self.log, self.watch, self._clock = desk, log, watch, clock
        self.signer: Signer | None = None
        """The key that signs the log's checkpoints, of a desk that has one."""
        settings = desk.settings
        self.mode: Literal[Mode.BACKTEST, Mode.PAPER] = Mode.PAPER if settings.desk.mode == "paper" else Mode.BACKTEST
        costs = Costs(
            settings.broker.slippage_bps, settings.broker.commission_per_share, settings.broker.commission_minimum
        )
        account = settings.desk.account
        broker: PaperBroker[Receipt] = PaperBroker(
            account,
            self.mode,
            listings,
            self._proven,
            costs,
            (settings.desk.currency, settings.desk.capital),
            settings.broker.participation,
        )
        books = Books.open(account, self.mode, settings.desk.currency, settings.desk.capital)
        self.standing = Standing(books, broker)
        self._last_as_of = ""
        self._size = 0
        """Records folded so far: all that is known here, and what every new record must come right after."""
        for record in log.records(gone=True):
            self._fold(record, restoring=True)
        watch.opened(self.standing, self._size)

    # --- what a person does -------------------------------------------------------------------------------------

    def kill(self, who: str, why: str, now: str) -> list[Json]:
        """No entry goes out from here on, and those that work are cancelled. Returns what was appended.

        `now` is the instant at which it is asked. Raises `LogUnwritable`.
        """
        found: list[Json] = []
        if not self.standing.killed:
            record = {"kind": "state", "state": "killed", "who": who, "why": why, "asked_at": now}
            found += self._append(self._last_as_of, [record])
        return found + self._cancel_entries(self._last_as_of, KILLED)

    def resume(self, who: str, why: str, now: str, limits: Limits) -> list[Json]:
        """End kill, halt and throttles; nothing is appended where none stands. Returns what was appended.

        Raises `StillStopped` with what stands against it by these limits, `Faulty` where the desk's settings can not be
        read, `LogUnwritable`.
        """
        ends = self.standing.stops
        if not ends:
            return []
        against = objections(who, self.desk, self.standing, self._last_decision(), limits)
        approval, alone = self._second(who)
        if against or alone:
            raise StillStopped((*against, *alone))
        record = {"kind": "state", "state": "active", "who": who, "why": why, "ends": list(ends), "asked_at": now}
        record |= approval
        return self._append(self._last_as_of, [record])

    def _second(self, who: str) -> tuple[Json, tuple[str, ...]]:
        """The approval that a resume by this person uses, or why two persons have not approved it."""
        law = self.standing.law
        if not law.roster.governs(STATES):
            return {}, ()
        approval, against = approved(law, STATES, ACTIVE, self.recording_at)
        if approval is None:
            return {}, (f"two persons are needed to resume this desk, and {against or 'nobody has approved it'}",)
        if approval["who"] != who:
            return {}, (f"`{approval['who']}` is the second who approved it, and resumes the desk",)
        return {"approval": approval["record_id"]}, ()

    def approve(self, approval: Json, blobs: Mapping[str, bytes]) -> Json:
        """Record that a person approved a change. Raises `LogUnwritable`."""
        return self._append(self._last_as_of, [approval], blobs)[0]

    def record_key(self, record: Json) -> Json:
        """Record what became of the key that signs the log. Raises `LogUnwritable`."""
        return self._append(self._last_as_of, [{"kind": "key", **record}])[0]

    def sign(self) -> SignedCheckpoint | None:
        """Keep a signed checkpoint of the log as it is; None of a desk without a key. Raises `LogUnwritable`."""
        return None if self.signer is None else self.log.checkpoint(self.signer)

    def now(self) -> datetime:
        """The instant by the desk's clock."""
        return (self._clock or WallClock()).now()

    @property
    def recording_at(self) -> str:
        """The instant at which a record would be recorded now; empty where a backtest has none yet."""
        return str(self._common(self._last_as_of)["recorded_at"])

    def _last_decision(self) -> Json | None:
        return next(self.log.records([Kind.DECISION], newest_first=True), None)

    def reconcile(self) -> list[Json]:
        """Compare the books with the broker, and record the answer where it is another than before.

        At the first start and at each change there is a record; a restart that finds the same is no event.
        """
        found = self.standing.differences()
        if found == self.standing.reconciled:
            return []
        record: Json = {"kind": "reconciliation", "agrees": not found, "differences": [one.to_json() for one in found]}
        if found:
            record["reason"] = "; ".join(map(str, found))
        return self._append(self._last_as_of, [record])

    # --- the log ------------------------------------------------------------------------------------------------

    def _halt(self, as_of: str) -> list[Json]:
        """Cancel working entries, keep what protects; the halt stays until a named person ends it."""
        found: list[Json] = []
        if not self.standing.halted:
            found += self._append(as_of, [{"kind": "state", "state": "halted", "who": "engine", "why": HALTED}])
        return found + self._cancel_entries(as_of, HALTED)

    def _cancel_entries(self, as_of: str, why: str) -> list[Json]:
        return self._append(as_of, self.standing.broker.cancel_entries(as_of, why))

    def _common(self, as_of: str) -> dict[str, Json]:
        # In a backtest what we learned and when is the market's past, so that two runs have the same root.
        now = self.now()
        recorded_at = as_of if self.mode is Mode.BACKTEST else now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "as_of": as_of,
            "recorded_at": recorded_at,
            "desk": self.desk.settings.desk.name,
            "mode": self.mode.value,
        }

    def record(self, record: Json, also: Also | None = None) -> Json:
        """Append one record about the log itself, true as of its last one, with what belongs to it in one transaction.

        Raises `LogUnwritable`.
        """
        return self._append(self._last_as_of, [record], also=also)[0]

    def _append(
        self,
        as_of: str,
        records: Iterable[Json],
        blobs: Mapping[str, bytes] = NO_BLOBS,
        *,
        also: Also | None = None,
    ) -> list[Json]:
        """Append records in one transaction; one that says itself when it was true keeps that.

        `blobs` are what each of them names by digest, `also` what belongs to them beside.
        """
        records = list(records)
        if not records:
            return []
        # What the books can not follow must not become a record: no restart would ever get past it.
        fold(self.standing.books, records)
        entries = [Entry(one["kind"], {**self._common(as_of), **_body(one)}, blobs) for one in records]
        written = [parse(receipt.leaf) for receipt in self.log.append_many(entries, after=self._size, also=also)]
        for record in written:
            self._fold(record)
            self.watch.recorded(record, NO_TIMINGS)
        return written

    def _fold(self, record: Json, restoring: bool = False) -> None:
        """Fold into the standing; the broker lived through its own records unless they are being restored."""
        self._last_as_of = record["as_of"]
        self._size += 1
        if restoring:
            self.standing.broker.restore([record])
        self.standing.take(record)

    def _proven(self, receipt: Receipt) -> bool:
        return verify_receipt(receipt, self.log.root_at(receipt.tree_size))


def _body(record: Json) -> dict[str, Json]:
    """A record without its kind, which the log writes itself."""
    return {name: value for name, value in record.items() if name != "kind"}
