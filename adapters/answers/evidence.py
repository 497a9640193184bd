"""What an explanation rests on: records of the log and what they name, each held against its tree before it is told.

Kept while the log is read: a rulebook or limits that many decisions name are read once, and a record is proven once. No
more is kept of a record than its hash, so that explaining the thousandth decision costs what the first did.
"""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary, proxy

from adapters.audit.merkle import leaf_hash
from adapters.audit.reader import LogReader, verify_receipt
from adapters.store.faults import LogUnreadable
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from engine.orders.portfolio import Portfolio
from engine.telling.evidence import Evidence
from knowledge.door import snapshot_from_json
from knowledge.values import Json, canonical, parse
from rules.rulebook import Rulebook

_KEPT = 8
"""Rulebooks and limits kept, those used last."""


class Proven:
    """What a log holds, as far as its tree vouches for it."""

    def __init__(self, log: LogReader) -> None:
        # Not to keep a log alive for whose life this is kept.
        self._log: LogReader = proxy(log)
        self._checked: dict[str, bytes] = {}
        self.rulebook = lru_cache(_KEPT)(self._rulebook)
        self.limits = lru_cache(_KEPT)(self._limits)

    def check(self, record: Json) -> None:
        """Raises `LogUnreadable` where the record is not the one that the log's tree holds."""
        name, hashed = record["record_id"], leaf_hash(canonical(record))
        if self._checked.get(name) == hashed:
            return
        receipt = self._log.receipt(name)
        proven = leaf_hash(receipt.leaf) == hashed and verify_receipt(receipt, self._log.root_at(receipt.tree_size))
        if not proven:
            raise LogUnreadable(f"the record {name} is not the one the log was written over")
        self._checked[name] = hashed

    def evidence(self, record: Json) -> Evidence:
        """A decision record with everything it names, each read back from its digest. Raises `LogUnreadable`."""
        self.check(record)
        inputs = record["inputs"]
        return Evidence(
            record,
            snapshot_from_json(parse(self._log.blob(inputs["snapshot"]))),
            Portfolio.from_json(parse(self._log.blob(inputs["portfolio"]))),
            self.rulebook(inputs["rulebook"]),
            self.limits(inputs["limits"]),
        )

    def _rulebook(self, name: str) -> Rulebook:
        return Rulebook.from_json(parse(self._log.blob(name)))

    def _limits(self, name: str) -> Limits:
        return recorded_limits(parse(self._log.blob(name)))


_PROVEN: WeakKeyDictionary[LogReader, Proven] = WeakKeyDictionary()


def proven(log: LogReader) -> Proven:
    """What was read of a log so far; the same as long as the log is open."""
    found = _PROVEN.get(log)
    if found is None:
        found = _PROVEN[log] = Proven(log)
    return found


def evidence_of(log: LogReader, record: Json) -> Evidence:
    """A decision record with everything it names, each read back from its digest.

    Raises `LogUnreadable` where the record is not the one that the log's tree holds: what was changed is not told.
    """
    return proven(log).evidence(record)
