"""The arithmetic verdict over a log: decisions re-evaluated from what they name by digest, findings looked for anew.

This is a `Recheck` for `adapters.verifying.verify`: it reads the inputs back from the store, through the door again,
and asks `engine.review.recheck`. Limits are parsed once for all records that name them.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.verifying.findings import Surveyed
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from engine.orders.portfolio import Portfolio
from engine.review.recheck import check_record
from knowledge.columns import snapshot_of
from knowledge.door import Refused
from knowledge.faults import Faulty
from knowledge.values import Json, parse, parse_to_compare


class Arithmetic:
    """Re-evaluates decision records in exact fractions. Use it for one walk over a log."""

    def __init__(self) -> None:
        self._limits: dict[str, Limits] = {}
        self._surveyed = Surveyed()
        self.checked = 0
        """Decisions re-evaluated."""

    def __call__(self, record: Json, blob: Callable[[str], bytes]) -> list[str]:
        """One sentence for each thing in the record that its inputs, or the records before it, do not bear out."""
        return [*self._surveyed(record, blob), *self.decided(record, blob)]

    def decided(self, record: Json, blob: Callable[[str], bytes]) -> list[str]:
        """The same of a decision alone, which hangs on no record before it."""
        if record.get("kind") != "decision":
            return []
        inputs = record["inputs"]
        try:
            # `check_record` compares the digests of both with those that the record names.
            snapshot = snapshot_of(parse_to_compare(blob(inputs["snapshot"])))
            portfolio = Portfolio.from_json(parse_to_compare(blob(inputs["portfolio"])))
            limits = self._read(inputs["limits"], blob)
        except KeyError as error:
            return [f"inputs: nothing readable is stored as `{error.args[0]}`, so it cannot be re-evaluated"]
        except (Refused, Faulty) as error:
            return [f"inputs: what is stored cannot be read any more: {error}"]
        self.checked += 1
        return check_record(record, snapshot, portfolio, limits)

    def _read(self, name: str, blob: Callable[[str], bytes]) -> Limits:
        if name not in self._limits:
            self._limits[name] = recorded_limits(parse(blob(name)))
        return self._limits[name]
