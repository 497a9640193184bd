"""A recorded cycle as a case that can be decided again, after it has shown that it gives its own record.

Rules: inputs are read back by the digests that the record names, and the record by its proof in the log's tree. Before
anything is supposed, the cycle is decided unchanged; where that does not give the record's bytes, nothing that follows
would say anything about the record, so it is refused. Nothing is written to the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.answers.lookup import check_symbol, decision_at, decision_of, evidence_of, is_label
from adapters.audit.kinds import period_of
from adapters.audit.log import LogReader
from adapters.frame import Failed
from adapters.running.worker import Worker, WorkerLost
from engine.review.replay import differences, is_outside
from engine.supposing.case import Case
from engine.telling.explain import Evidence
from knowledge.faults import Fault, Faulty
from knowledge.values import Json


@dataclass(frozen=True)
class Recorded:
    """A decision of the log with its inputs."""

    evidence: Evidence
    snapshot: bytes
    portfolio: bytes

    @property
    def record(self) -> Json:
        """The decision record."""
        return dict(self.evidence.record)

    @property
    def case(self) -> Case:
        """Its inputs."""
        one = self.evidence
        return Case(one.snapshot, one.portfolio, one.rulebook, one.limits)

    @property
    def head(self) -> str:
        """What it is called in the first line of an answer."""
        return f"decision {self.record['record_id']} of desk {self.record['desk']} as of {self.record['as_of']}"


def recorded(log: LogReader, name: str, symbol: str | None = None) -> Recorded:
    """The decision meant by an id, a date or a bar's label. Raises `Faulty`, `LogUnreadable`."""
    record = decision_at(log, name) if is_label(name) else decision_of(log, name)[0]
    if record["kind"] != "decision" or is_outside(record):
        why = record.get("fault") or "it was ended from outside"
        raise Faulty(Fault("command line", 1, 1, f"`{name}`: {period_of(record)} decided nothing that could be decided "
                           f"again: {why}"))  # fmt: skip
    check_symbol(record, symbol)
    inputs = record["inputs"]
    return Recorded(evidence_of(log, record), log.blob(inputs["snapshot"]), log.blob(inputs["portfolio"]))


def prove_replay(one: Recorded, worker: Worker) -> None:
    """Decide the cycle unchanged. Raises `Failed` where that does not give the record."""
    try:
        found = differences(one.record, worker.decide_stored(one.snapshot, one.portfolio))
    except WorkerLost as error:
        raise Failed(f"the unchanged cycle could not be decided again: {error}; nothing is supposed of it") from None
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise Failed(
            f"the unchanged cycle does not give its record again ({found[0]}{more}), so nothing can be supposed of it; "
            f"run `warrant audit verify --replay`"
        )
