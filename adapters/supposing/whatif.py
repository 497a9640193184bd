"""One recorded cycle, decided again with something changed, and what differs."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.frame import Failed
from adapters.running.worker import Worker, WorkerLost
from adapters.supposing.recorded import Recorded, prove_replay
from engine.supposing.case import Case
from engine.supposing.changes import Supposed
from engine.supposing.difference import Difference, Otherwise, difference, in_words
from engine.telling.as_json import to_json as telling_json
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import instrument, plain
from knowledge.values import Json

HYPOTHETICAL = "hypothetical: nothing is recorded, nothing is sent"


@dataclass(frozen=True)
class WhatIf:
    """What came of it."""

    recorded: Recorded
    changes: tuple[Supposed, ...]
    decision: Json
    found: Difference


def what_if(recorded: Recorded, case: Case, changes: tuple[Supposed, ...]) -> WhatIf:
    """Decide the unchanged cycle, which has to give its record, and then the changed one.

    Raises `Failed`, and `Faulty` where the engines refuse other rules or limits.
    """
    before = recorded.case
    with Worker(before.rulebook, before.limits) as worker:
        prove_replay(recorded, worker)
        if (case.rulebook, case.limits.source) != (before.rulebook, before.limits.source):
            worker.rebind(case.rulebook, case.limits)
        try:
            decision = worker.decide(case.snapshot, case.portfolio)
        except WorkerLost as error:
            raise Failed(f"the changed cycle could not be decided: {error}; change less of it") from None
    return WhatIf(recorded, changes, decision, difference(recorded.record, decision))


def telling(one: WhatIf, symbol: str | None = None) -> Telling:
    """The answer as a tree, of one instrument or of all."""
    shown = [each for each in one.found.instruments if symbol in (None, each.instrument)]
    same = [name for name in one.found.same if symbol in (None, name)]
    parts = [tell("supposed", *(tell(each.words) for each in one.changes))]
    parts += [tell(each) for each in one.found.circumstances]
    parts += map(_otherwise, shown)
    if same:
        parts.append(tell(f"decided the same: {', '.join(same)}"))
    others = len(one.found.instruments) - len(shown)
    if others:
        parts.append(tell(f"{others} other {'instruments are' if others > 1 else 'instrument is'} decided otherwise"))
    parts.append(tell("the unchanged cycle was decided again first, and gave its record byte for byte"))
    return tell(f"what if, of {one.recorded.head}; {HYPOTHETICAL}", *parts)


def _otherwise(one: Otherwise) -> Telling:
    steps = [
        tell(f"{'first cause' if not at else 'then'}: {step.place}", *map(tell, step.sentences)).named(step.place)
        for at, step in enumerate(one.steps)
    ]
    return tell(instrument(one.instrument), ": ", in_words(one.after), "; it was: ", in_words(one.before), *steps)


def to_json(one: WhatIf, symbol: str | None = None) -> Json:
    """The answer for machines."""
    return {
        "hypothetical": True,
        "record_id": one.recorded.record["record_id"],
        "as_of": one.recorded.record["as_of"],
        "supposed": [each.to_json() for each in one.changes],
        "circumstances": [plain(each) for each in one.found.circumstances],
        "instruments": [each.to_json() for each in one.found.instruments if symbol in (None, each.instrument)],
        "same": [name for name in one.found.same if symbol in (None, name)],
        "inputs": one.decision["inputs"],
        "told": telling_json(telling(one, symbol)),
    }
