"""A cycle that is supposed of without a process, as the tests of this folder need it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from engine.decide import decide
from engine.supposing.case import Case
from engine.supposing.service import Supposing
from knowledge.values import Json, canonical, parse
from tests.promises.cycles import Cycle, rulebook


@dataclass(frozen=True)
class InProcess:
    """The service for one cycle, asked directly."""

    cycle: Cycle

    @property
    def case(self) -> Case:
        return Case(self.cycle.snapshot, self.cycle.portfolio, rulebook(), self.cycle.limits)

    @cached_property
    def record(self) -> Json:
        return decided(self.case)

    @cached_property
    def _service(self) -> Supposing:
        service, case = Supposing(), self.case
        load = {"op": "load", "rulebook": case.rulebook.to_json(), "limits": case.limits.source}
        assert "faults" not in parse(service.answer(canonical(load)) or b"")
        base = {"snapshot": case.snapshot.to_json(), "portfolio": case.portfolio.to_json()}
        service.answer(canonical({"op": "suppose", "base": base}))
        return service

    def suppose(self, change: Json) -> Json:
        return parse(self._service.answer(canonical({**change, "op": "suppose"})) or b"")["decision"]


def decided(case: Case) -> Json:
    """The decision on a case, the solver included."""
    return decide(case.snapshot, case.rulebook, case.limits, case.portfolio).to_json()
